"""The collector's configuration as rules read it, or why they cannot; and what follows from it, found out once."""

from collections.abc import Callable
from functools import lru_cache, wraps

from domain.collector import (
    CollectorConfiguration,
    ConfigurationUnreadable,
    Effect,
    Problem,
    Topic,
    structural_problems,
)
from domain.collector.releases import Release
from domain.drift import Doubt
from domain.facts import Absent, Known, Unavailable
from domain.permissions import Identical
from domain.workload import Workload

WHERE = "configuration"
_REMEMBERED = 256

type AtHand = tuple[CollectorConfiguration | None, tuple[Doubt, ...]]


def configuration_of(workload: Workload) -> AtHand:
    """Give the configuration; else the doubt that stands in for it.

    There is no doubt where a parameter could not be read: the engine says so itself.
    """
    match workload.configuration:
        case Known(found):
            if isinstance(found, ConfigurationUnreadable):
                return None, (Doubt(WHERE, "The configuration cannot be parsed."),)
            return found, ()
        case Absent():
            return None, (Doubt(WHERE, "The parameter that holds the configuration does not exist."),)
        case Unavailable() if workload.parameter_reference:
            return None, ()
        case Unavailable(reason):
            return None, (Doubt(WHERE, f"It cannot be told: {reason}."),)


def well_formed_configuration_of(workload: Workload) -> AtHand:
    """The same, with a doubt where config.well-formed has something to say of it: one cause is told once."""
    configuration, doubts = configuration_of(workload)
    if configuration is not None and Topic.FORM in _troubles(configuration, None):
        return None, (Doubt(WHERE, "The configuration is not well-formed."),)
    return configuration, doubts


def sound_configuration_of(workload: Workload) -> AtHand:
    """The same, with a doubt where config.references has something to say of it too."""
    configuration, doubts = well_formed_configuration_of(workload)
    if configuration is not None and _troubles(configuration, None):
        return None, (Doubt(WHERE, "The configuration names parts that are not defined."),)
    return configuration, doubts


def once[T](
    find: Callable[[CollectorConfiguration, Release | None], T],
) -> Callable[[CollectorConfiguration, Release | None], T]:
    """Find something out once for a configuration and a release: many families share one parameter."""

    @lru_cache(maxsize=_REMEMBERED)
    def remembered(same: Identical[CollectorConfiguration], release: Release | None) -> T:
        return find(same.thing, release)

    @wraps(find)
    def found(configuration: CollectorConfiguration, release: Release | None) -> T:
        return remembered(Identical(configuration), release)

    return found


@once
def structure_of(configuration: CollectorConfiguration, _: Release | None) -> tuple[Problem, ...]:
    """Give what is wrong with the configuration's structure."""
    return tuple(structural_problems(configuration))


def _troubles(configuration: CollectorConfiguration, _: Release | None) -> frozenset[Topic]:
    found = structure_of(configuration, None)
    return frozenset(problem.topic for problem in found if problem.effect is Effect.REFUSED)
