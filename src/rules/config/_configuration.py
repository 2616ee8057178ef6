"""The collector's configuration as rules read it, or the doubts where they cannot; and its analysis, made once."""

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
from domain.drift import Code, Doubt
from domain.facts import Absent, Known, Unavailable
from domain.permissions import Identical
from domain.workload import Workload

WHERE = "configuration"
_REMEMBERED = 256


class ConfigurationDoubt(Code):
    """Why a rule has no configuration to evaluate."""

    UNPARSABLE = "configuration-unparsable", "Unknown: the configuration cannot be parsed."
    ABSENT = "configuration-absent", "Unknown: the parameter with the configuration does not exist."
    UNREAD = "configuration-unread", "Unknown: the configuration could not be read."


class WellFormedDoubt(Code):
    """Why a rule does not evaluate a configuration that config.well-formed reports."""

    MALFORMED = "configuration-malformed", "Unknown: config.well-formed drifts."


class ReferencesDoubt(Code):
    """Why a rule does not evaluate a configuration that config.references reports."""

    DANGLING = "configuration-dangling", "Unknown: config.references drifts."


READ: tuple[Code, ...] = tuple(ConfigurationDoubt)
"""The codes of `configuration_of`."""
WELL_FORMED = (*READ, *WellFormedDoubt)
"""Those of `well_formed_configuration_of`."""
SOUND = (*WELL_FORMED, *ReferencesDoubt)
"""Those of `sound_configuration_of`."""

type Available = tuple[CollectorConfiguration | None, tuple[Doubt, ...]]


def configuration_of(workload: Workload) -> Available:
    """Give the configuration; else the doubt in its place.

    There is no doubt where a parameter could not be read: the engine reports that itself.
    """
    match workload.configuration:
        case Known(found):
            if isinstance(found, ConfigurationUnreadable):
                return None, (Doubt(ConfigurationDoubt.UNPARSABLE, WHERE, "The configuration cannot be parsed."),)
            return found, ()
        case Absent():
            why = "The parameter that holds the configuration does not exist."
            return None, (Doubt(ConfigurationDoubt.ABSENT, WHERE, why),)
        case Unavailable() if workload.parameter_reference and isinstance(workload.facts.parameter, Unavailable):
            return None, ()
        case Unavailable(reason=reason) as unread:
            why = f"The configuration is not known: {reason}."
            return None, (Doubt(ConfigurationDoubt.UNREAD, WHERE, why, fact=unread),)


def well_formed_configuration_of(workload: Workload) -> Available:
    """The same, with a doubt where config.well-formed drifts: one cause is reported once."""
    configuration, doubts = configuration_of(workload)
    if configuration is not None and Topic.FORM in _problem_topics(configuration):
        return None, (Doubt(WellFormedDoubt.MALFORMED, WHERE, "The configuration is not well-formed."),)
    return configuration, doubts


def sound_configuration_of(workload: Workload) -> Available:
    """The same, with a doubt where config.references drifts, too."""
    configuration, doubts = well_formed_configuration_of(workload)
    if configuration is not None and _problem_topics(configuration):
        why = "The configuration names components that are not defined."
        return None, (Doubt(ReferencesDoubt.DANGLING, WHERE, why),)
    return configuration, doubts


def once[T](
    find: Callable[[CollectorConfiguration, Release | None], T],
) -> Callable[[CollectorConfiguration, Release | None], T]:
    """Compute once for a configuration and a release: many families share one parameter."""

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


def _problem_topics(configuration: CollectorConfiguration) -> frozenset[Topic]:
    found = structure_of(configuration, None)
    return frozenset(problem.topic for problem in found if problem.effect is Effect.REFUSED)
