"""Which collector images a standard approves."""

from domain.collector.distributions import distribution_of
from domain.ecs.images import Image, repository_matches
from domain.standard import Standard


def approved(image: Image, standard: Standard) -> bool:
    """Whether it comes from a repository that the standard lists, or from that of the standard's own image."""
    wanted = standard.collector
    return (
        repository_matches(image.repository, wanted.repositories)
        or image.repository == Image.parse(wanted.image).repository
    )


def holds(image: Image, standard: Standard) -> bool:
    """Whether its repository is known to hold the tag of the standard's image.

    It does where it is the standard's own, or one where the distribution publishes every release. A mirror may hold any
    part of them, under tags of its own.
    """
    wanted = Image.parse(standard.collector.image)
    known = distribution_of(wanted.repository)
    return image.repository == wanted.repository or (
        known is not None and {image.repository, wanted.repository} <= set(known.published)
    )
