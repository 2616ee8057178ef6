"""Which collector images a standard approves."""

from domain.ecs.images import Image, repository_matches
from domain.standard import Standard


def approved(image: Image, standard: Standard) -> bool:
    """Whether it comes from a repository that the standard lists, or from that of the standard's own image."""
    wanted = standard.collector
    return (
        repository_matches(image.repository, wanted.repositories)
        or image.repository == Image.parse(wanted.image).repository
    )
