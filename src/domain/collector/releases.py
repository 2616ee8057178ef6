"""What each release of the ADOT collector holds: releases, components, their names and aliases.

The facts are in `releases.toml` next to this module, and are read once. `tools/adot_releases.py` adds the next release.
Source: the collector's own component registry at each release tag, and the factories' type names upstream.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Self

_VERSION = re.compile(r"v?(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """One release of the collector, ordered by version: `v0.41.2` is before `v0.42.0`, though published later."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `v0.47.0` (or `0.47.0`). Raises ValueError with a sentence."""
        release = cls.of_tag(text)
        if release is None:
            raise ValueError(f"{text[:40]!r} is not a release: write it as v0.47.0.")
        return release

    @classmethod
    def of_tag(cls, tag: str) -> Self | None:
        """Give the release that an image tag names, or None where the tag names none (`latest`, `stable`, a digest)."""
        match = _VERSION.fullmatch(tag)
        return cls(*map(int, match.groups())) if match else None

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"


LOCALHOST_SINCE = Release(0, 41, 0)
"""From here on, listeners bind localhost where the configuration names no host, and a bare `$NAME` is plain text."""


class ComponentKind(StrEnum):
    """The five sections of a collector configuration that define components."""

    RECEIVER = "receivers"
    PROCESSOR = "processors"
    EXPORTER = "exporters"
    EXTENSION = "extensions"
    CONNECTOR = "connectors"

    @property
    def noun(self) -> str:
        """The kind in the singular: `receiver`."""
        return self.value.removesuffix("s")


NEEDS_EC2: frozenset[tuple[ComponentKind, str]] = frozenset({(ComponentKind.RECEIVER, "awscontainerinsightreceiver")})
"""Components that read the host's files and so stop the collector on Fargate."""

_TAKE_OTLP: Mapping[str, str] = MappingProxyType({
    "jaeger": "Jaeger",
    "jaeger_thrift": "Jaeger",
    "jaeger_thrift_http": "Jaeger",
    "opencensus": "what takes OpenCensus",
    "honeycomb": "Honeycomb",
    "lightstep": "Lightstep",
    "newrelic": "New Relic",
    "tempo": "Tempo",
    "elastic": "Elastic",
})  # fmt: skip
"""Exporters that other distributions had, by what they sent to."""


class ReleaseStanding(StrEnum):
    """The status of a component name in one release."""

    KNOWN = "known"
    UNKNOWN_NAME = "unknown-name"
    REMOVED = "removed-since"
    NOT_YET = "not-yet"
    ALIAS_NOT_YET = "alias-not-yet"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """The standing of one component name in one release; `sentence` says what to use instead where something does."""

    standing: ReleaseStanding
    sentence: str
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """One component: its name in a configuration, its Go module, the releases from `since` to before `removed`."""

    kind: ComponentKind
    name: str
    module: str
    since: Release
    removed: Release | None = None
    instead: str | None = None
    alias: str | None = None
    alias_since: Release | None = None

    def exists_in(self, release: Release) -> bool:
        """Tell if this release holds the component."""
        return self.since <= release and (self.removed is None or release < self.removed)


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """All releases that are known, oldest first, and every component that any of them held."""

    releases: tuple[Release, ...]
    published: Mapping[Release, date]
    components: Mapping[tuple[ComponentKind, str], ComponentFacts]
    aliases: Mapping[tuple[ComponentKind, str], ComponentFacts]


def default_module(kind: ComponentKind, name: str) -> str:
    """Name the Go module as most components do: `memory_limiter` of processors → `memorylimiterprocessor`."""
    return name.replace("_", "") + kind.noun


@cache
def release_facts() -> ReleaseFacts:
    """Read the packaged facts, once."""
    data = tomllib.loads(Path(__file__).with_name("releases.toml").read_text(encoding="utf-8"))
    releases = tuple(sorted(map(Release.parse, data["releases"])))
    components: dict[tuple[ComponentKind, str], ComponentFacts] = {}
    for kind in ComponentKind:
        for name, row in data.get(kind.value, {}).items():
            components[kind, name] = ComponentFacts(
                kind=kind,
                name=name,
                module=row.get("module") or default_module(kind, name),
                since=Release.parse(row["since"]) if "since" in row else releases[0],
                removed=Release.parse(row["removed"]) if "removed" in row else None,
                instead=row.get("instead"),
                alias=row.get("alias"),
                alias_since=Release.parse(row["alias_since"]) if "alias_since" in row else None,
            )
    aliases = {(facts.kind, facts.alias): facts for facts in components.values() if facts.alias}
    published = {Release.parse(name): date.fromisoformat(row[0]) for name, row in data["releases"].items()}
    return ReleaseFacts(releases, published, components, aliases)


@dataclass(frozen=True, slots=True)
class SupportEnded:
    """That a release is no longer accepted: after which day, and which release is the newest."""

    since: date
    newest: Release


@lru_cache(maxsize=1024)
def support_ended(release: Release, today: date, days: int) -> SupportEnded | None:
    """Whether a release is out of support; None for one of the newest minor release, or of the one before it in time.

    ADOT supports a release until the next minor one; `days` is how long after that it is still accepted here, as long
    as no further minor release appears. Only what was published by `today` counts, so an answer of the past stays true.
    """
    first = dict[tuple[int, int], date]()
    for known, day in release_facts().published.items():
        if day <= today:
            minor = (known.major, known.minor)
            first[minor] = min(day, first.get(minor, day))
    later = sorted(minor for minor in first if minor > (release.major, release.minor))
    if not later:
        return None
    since = first[later[0]] + timedelta(days=days)
    if len(later) > 1:
        since = min(since, first[later[1]])
    elif today <= since:
        return None
    newest = max(known for known, day in release_facts().published.items() if day <= today)
    return SupportEnded(since, newest)


def newest_known() -> Release:
    """Give the newest release whose components are known."""
    return release_facts().releases[-1]


def canonical_type(kind: ComponentKind, component_type: str) -> str:
    """Give the older name of a component that has two (`otlp_http` → `otlphttp`); others come back as they are."""
    facts = release_facts().aliases.get((kind, component_type))
    return facts.name if facts else component_type


def component_status(
    kind: ComponentKind, component_type: str, release: Release, fits: Callable[[str], bool] | None = None
) -> ComponentStatus:
    """Return the status of a component type in a release. Only a name that `fits` is given instead of an unknown one.

    UNDECIDABLE for a release older than the oldest or newer than the newest that is known. The sentence quotes the type
    as it was given: it is a name, never a value.
    """
    known = release_facts()
    if not known.releases[0] <= release <= known.releases[-1]:
        side = "older than the oldest" if release < known.releases[0] else "newer than the newest"
        bound = known.releases[0] if release < known.releases[0] else known.releases[-1]
        return ComponentStatus(ReleaseStanding.UNDECIDABLE, f"{release} is {side} release that is known ({bound}).")
    noun = f"{kind.noun} {component_type}"
    if facts := known.components.get((kind, component_type)):
        return _standing_of(facts, noun, release)
    if facts := known.aliases.get((kind, component_type)):
        if facts.alias_since is not None and release < facts.alias_since:
            sentence = (
                f"The name {component_type} is known from {facts.alias_since} on; in {release} write {facts.name}."
            )
            return ComponentStatus(ReleaseStanding.ALIAS_NOT_YET, sentence, facts.name)
        return _standing_of(facts, noun, release)
    return _unknown(kind, component_type, release, fits)


def _standing_of(facts: ComponentFacts, noun: str, release: Release) -> ComponentStatus:
    if facts.removed is not None and release >= facts.removed:
        advice = f"use {facts.instead}" if facts.instead else "take it out"
        return ComponentStatus(
            ReleaseStanding.REMOVED, f"The {noun} was removed in {facts.removed}: {advice}.", facts.instead
        )
    if release < facts.since:
        return ComponentStatus(
            ReleaseStanding.NOT_YET, f"The {noun} came with {facts.since}: {release} does not have it."
        )
    return ComponentStatus(ReleaseStanding.KNOWN, f"{release} has the {noun}.")


def _unknown(
    kind: ComponentKind, component_type: str, release: Release, fits: Callable[[str], bool] | None
) -> ComponentStatus:
    known = release_facts()
    start = f"No ADOT release has {_with_article(kind)} named {component_type}"
    if kind is ComponentKind.EXPORTER and component_type in _TAKE_OTLP:
        why = f"{start}: use otlp or otlphttp, for {_TAKE_OTLP[component_type]} takes OTLP."
        return ComponentStatus(ReleaseStanding.UNKNOWN_NAME, why, "otlp")
    if kind is ComponentKind.CONNECTOR:
        return ComponentStatus(ReleaseStanding.UNKNOWN_NAME, f"{start}: it has no connectors at all.")
    there = {name: facts for (of, name), facts in known.components.items() if of is kind and facts.exists_in(release)}
    plain = component_type.replace("_", "").replace("-", "").lower()
    spelled = [name for name, facts in there.items() if plain in (facts.module, name.replace("_", ""))]
    similar = spelled or get_close_matches(component_type, there, n=3, cutoff=0.8)
    near = [name for name in similar if fits is None or fits(name)]
    if near:
        return ComponentStatus(ReleaseStanding.UNKNOWN_NAME, f"{start}: write {near[0]}.", near[0])
    elsewhere = [
        of for (of, name), facts in known.components.items() if name == component_type and facts.exists_in(release)
    ]
    if elsewhere:
        nouns = " and ".join(_with_article(of) for of in elsewhere)
        return ComponentStatus(ReleaseStanding.UNKNOWN_NAME, f"{start}: it has {nouns} of this name.")
    return ComponentStatus(
        ReleaseStanding.UNKNOWN_NAME, f"{start}: take it out, or use a component that the release has."
    )


def _with_article(kind: ComponentKind) -> str:
    return f"{'an' if kind.noun.startswith('e') else 'a'} {kind.noun}"
