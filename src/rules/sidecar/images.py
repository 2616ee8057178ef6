"""What a standard says of a collector's image."""

from fnmatch import fnmatchcase
from functools import lru_cache

from domain.images import Image
from domain.standard import Standard


def approved(image: Image, standard: Standard) -> bool:
    """Whether it comes from a repository that the standard lists, or from that of the standard's own image."""
    wanted = standard.collector
    return _listed(image.repository, wanted.repositories) or image.repository == Image.parse(wanted.image).repository


@lru_cache(maxsize=1024)
def _listed(repository: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(repository, pattern) for pattern in patterns)


def placeholder(text: str) -> bool:
    """Whether a template's placeholder stands in the text: `${TAG}`, `{{tag}}`, `<TAG>`, `$TAG`, `%TAG%`."""
    return not _PLACEHOLDERS.isdisjoint(text)


_PLACEHOLDERS = frozenset("${}<>%")
