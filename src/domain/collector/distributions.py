"""The distributions that are known: collectors, and agents that may receive telemetry.

The facts are in `distributions.toml` in this package, one line a distribution, read once. A new one is a new line.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

OTLP_PORTS = frozenset({4317, 4318})
"""Where collectors take OTLP by default: by gRPC and by HTTP."""

_RELEASE_TAG = r"v?\d+\.\d+\.\d+(?:[-+][\w.-]+)?"


class Receives(StrEnum):
    """Whether a distribution takes OTLP."""

    ALWAYS = "always"
    CONFIGURED = "configured"
    ENABLED = "enabled"
    NEVER = "never"


class Language(StrEnum):
    """The language of a collector's configuration, as far as it is read here."""

    OTEL = "otel"
    """A collector's YAML, with receivers, exporters and pipelines."""
    CLOUDWATCH = "cloudwatch"
    """The JSON of the CloudWatch agent."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """What is known of one distribution's image. None is what is not known, or differs between releases.

    There is one of each, so they are compared by identity.
    """

    id: str
    title: str
    repositories: tuple[str, ...] = ()
    receives: Receives = Receives.ALWAYS
    enabled_by: tuple[str, ...] = ()
    ports: frozenset[int] = OTLP_PORTS
    variables: tuple[str, ...] = ()
    language: Language = Language.OTEL
    tags: str = _RELEASE_TAG
    shell: bool | None = None
    user: str | None = None
    readonly: bool | None = None
    health_check: str | None = None
    published: tuple[str, ...] = ()

    def is_release_tag(self, tag: str) -> bool:
        """Whether a tag names one release, and so does not float."""
        return re.fullmatch(self.tags, tag) is not None

    @property
    def is_adot(self) -> bool:
        """Whether it is ADOT: the one whose releases, components and bundled files are known."""
        return self.id == ADOT


ADOT = "adot"
OWN = "own"
"""The kind of an image that the organisation builds itself: nothing is known of it but what the standard says."""
NONE = "none"
"""The kind of workloads that need no collector."""

OWN_BUILD = Distribution(OWN, "the organisation's own collector")


@cache
def distributions() -> Mapping[str, Distribution]:
    """The distributions by their id, in the file's order."""
    rows = tomllib.loads(Path(__file__).with_name("distributions.toml").read_text(encoding="utf-8"))
    return MappingProxyType({key: _distribution(key, row) for key, row in rows.items()})


def _distribution(key: str, row: Mapping[str, object]) -> Distribution:
    def texts(name: str) -> tuple[str, ...]:
        value = row.get(name, ())
        return tuple(map(str, value)) if isinstance(value, list) else ()

    def text(name: str) -> str | None:
        value = row.get(name)
        return None if value is None else str(value)

    def truth(name: str) -> bool | None:
        value = row.get(name)
        return value if isinstance(value, bool) else None

    ports, language = texts("ports"), text("language")
    known = {each.value for each in Language}
    return Distribution(
        id=key,
        title=str(row["title"]),
        repositories=tuple(pattern.lower() for pattern in texts("repositories")),
        receives=Receives(text("receives") or ""),
        enabled_by=texts("enabled_by"),
        ports=frozenset(map(int, ports)) or OTLP_PORTS,
        variables=texts("variables"),
        language=Language(language) if language in known else Language.OTHER,
        tags=text("tags") or _RELEASE_TAG,
        shell=truth("shell"),
        user=text("user"),
        readonly=truth("readonly"),
        health_check=text("health_check"),
        published=texts("published"),
    )


@lru_cache(maxsize=4096)
def distribution_of(repository: str) -> Distribution | None:
    """The distribution that a repository holds, by its last part or its last two, in any registry."""
    parts = repository.lower().split("/")
    last, owned = parts[-1], "/".join(parts[-2:])
    names, forms = _patterns()
    found = names.get(owned) or names.get(last)
    if found is not None:
        return found
    # Most repositories hold none, and one expression tells so.
    match = forms.fullmatch(owned)
    return None if match is None else distributions()[str(match.lastgroup).replace("_", "-")]


@cache
def _patterns() -> tuple[Mapping[str, Distribution], re.Pattern[str]]:
    """The patterns without wildcards; those with them as one expression, a group for each distribution."""
    names, forms = dict[str, Distribution](), list[str]()
    for key, each in distributions().items():
        wild = list[str]()
        for pattern in each.repositories:
            if not set("*?[") & set(pattern):
                names.setdefault(pattern, each)
            else:
                owner = "" if "/" in pattern else "(?:[^/]*/)?"
                wild.append(owner + pattern.replace(".", r"\.").replace("*", ".*").replace("?", "."))
        if wild:
            forms.append(f"(?P<{key.replace('-', '_')}>{'|'.join(wild)})")
    return MappingProxyType(names), re.compile("|".join(forms), re.DOTALL)


@cache
def configuration_variables() -> frozenset[str]:
    """The variables that hold the configuration of some distribution."""
    return frozenset(name for each in distributions().values() for name in each.variables)
