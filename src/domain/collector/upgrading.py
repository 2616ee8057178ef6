"""What another release makes of a configuration: what it refuses, and what it calls otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.collector.configuration import CollectorConfiguration
from domain.collector.judging import option_problems
from domain.collector.problems import Effect
from domain.collector.releases import Release, ReleaseStanding, component_status, release_facts
from domain.collector.variables import variable_problems


@dataclass(frozen=True, slots=True)
class Renamed:
    """A component that a release calls otherwise since `since`; its older name is still good."""

    where: str
    found: str
    wanted: str
    since: Release


def newly_refused(
    configuration: CollectorConfiguration, before: Release | None, after: Release, *, templated: bool = False
) -> tuple[str, ...]:
    """Give the places that a release refuses, and that the one before it takes, as far as both are known.

    Of a text that is `templated`, `${…}` may be a value that a tool fills in: it is not the collector's to refuse.
    """
    earlier = (
        frozenset(_refused(configuration, before, templated=templated)) if before is not None else frozenset[str]()
    )
    return tuple(
        dict.fromkeys(where for where in _refused(configuration, after, templated=templated) if where not in earlier)
    )


def _refused(configuration: CollectorConfiguration, release: Release, *, templated: bool) -> Iterator[str]:
    for part in configuration.components:
        standing = component_status(part.kind, part.type, release).standing
        if standing not in {ReleaseStanding.KNOWN, ReleaseStanding.UNDECIDABLE}:
            yield part.place
    yield from (problem.where for problem in option_problems(configuration, release))
    problems = () if templated else variable_problems(configuration, release)
    yield from (problem.where for problem in problems if problem.effect is Effect.REFUSED)


def renamed_in(configuration: CollectorConfiguration, release: Release) -> tuple[Renamed, ...]:
    """Give the components that have a newer name in a release than the configuration uses."""
    known = release_facts().components
    return tuple(
        Renamed(part.place, part.type, facts.alias, facts.alias_since)
        for part in configuration.components
        if (facts := known.get((part.kind, part.type))) is not None and facts.alias and facts.exists_in(release)
        if facts.alias_since is not None and facts.alias_since <= release
    )
