"""Container image references, as Docker and ECR write them."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache

from domain.masking import HIDDEN
from domain.places import Place

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.aws)/"
)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9+._-]*:[^/@]*")


@dataclass(frozen=True)
class Image:
    """`repository[:tag][@digest]`; `repository` keeps its registry."""

    repository: str
    tag: str | None
    digest: str | None

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> "Image":
        """Parse any text: a template's placeholder becomes an odd repository, never an error."""
        rest, _, digest = text.strip().partition("@")
        if digest and not _DIGEST.fullmatch(digest):  # a user and a password before the registry, which no text shows
            return cls(f"{HIDDEN}@{text.strip().rpartition('@')[2]}", None, None)
        if (begins := rest.find(":{{")) > 0:  # a placeholder may have colons of its own: {{resolve:ssm:tag}}
            return cls(rest[:begins], rest[begins + 1 :], digest or None)
        head, colon, tag = rest.rpartition(":")
        if colon and "/" not in tag:  # a colon before a slash is a registry's port
            return cls(head, tag or None, digest or None)
        return cls(rest, None, digest or None)

    @property
    def hidden(self) -> bool:
        """Whether a part of it is hidden."""
        return self.repository.startswith(HIDDEN)

    @cached_property
    def name(self) -> str:
        """Return the whole last part of the repository: `aws-otel-collector`."""
        return self.repository.rpartition("/")[2]

    @cached_property
    def version(self) -> tuple[int, ...]:
        """The numbers of its tag in their order: `1.300055.0b1095` → 1, 300055, 0, 1095. Empty without a tag."""
        return version_of(self.tag or "")

    @property
    def private_place(self) -> Place | None:
        """Return the account and region of its private ECR registry; None for every other registry."""
        found = _ECR.match(self.repository)
        return Place(found["account"], found["region"]) if found else None

    @property
    def private_repository(self) -> str | None:
        """Return the name in its private ECR registry: `ecr-public/aws-observability/aws-otel-collector`."""
        return self.repository.partition("/")[2] if self.private_place else None

    def __str__(self) -> str:
        return self.repository + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


@lru_cache(maxsize=4096)
def version_of(text: str) -> tuple[int, ...]:
    """The numbers of a release in their order, to compare releases of one distribution by."""
    return tuple(int(number) for number in re.findall(r"\d{1,9}", text))


def never_matches(pattern: str) -> str | None:
    """Why a pattern of repositories can match none, or not what it seems to; None where it may match."""
    if any(sign.isspace() for sign in pattern) or "://" in pattern:
        return "a repository's name has no spaces and no scheme"
    if "@" in pattern or ":" in pattern.rpartition("/")[2]:
        return "a repository's name has neither tag nor digest"
    if "/" not in pattern:
        if "*" in pattern:
            return None
        return f"it names no registry; write docker.io/{pattern} for Docker Hub's, */*{pattern} for that of any"
    registry, path = _halves(pattern)
    if path != path.lower():
        return "the names of repositories are lower-case"
    if registry == "*" and "/" not in path and not path.startswith("*"):
        return f"its `*` stands for the registry alone, and repositories have an owner; write */*{path}"
    return None


@lru_cache(maxsize=4096)
def repository_matches(repository: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a repository matches one of the patterns.

    The registry and the path are matched separately: `*` in a registry's name must not match a path that anybody may
    choose. A pattern without a slash is matched with the whole.
    """
    return any(_matches(repository, pattern) for pattern in patterns)


def _matches(repository: str, pattern: str) -> bool:
    if "/" not in pattern:
        return fnmatchcase(repository, pattern)
    return all(fnmatchcase(found, wanted) for found, wanted in zip(_halves(repository), _halves(pattern), strict=True))


def _halves(repository: str) -> tuple[str, str]:
    registry, slash, rest = repository.partition("/")
    # Docker's own rule for a registry: it has a dot or a port, or is localhost. `*` stands for any.
    named = slash and (any(sign in registry for sign in ".:*") or registry == "localhost")
    return (registry, rest) if named else ("docker.io", repository)
