"""The collector's configuration as rules read it, or the doubts where they cannot."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from domain.collector import (
    CollectorConfiguration,
    ConfigurationUnreadable,
    Effect,
    Problem,
    ProblemCode,
    Topic,
    structural_problems,
)
from domain.collector.releases import NEEDS_EC2, ComponentKind, canonical_type
from domain.drift import Code, Doubt, Drift
from domain.facts import Absent, Known, Unavailable
from domain.identical import once
from domain.rule import Check
from domain.standard import Standard
from domain.workload import Workload

WHERE = "configuration"


class ConfigurationDoubt(Code):
    """Why a rule has no configuration to evaluate."""

    UNPARSABLE = "configuration-unparsable", "Unknown: the configuration cannot be parsed."
    ABSENT = "configuration-absent", "Unknown: the parameter with the configuration does not exist."
    UNREAD = "configuration-unread", "Unknown: the configuration could not be read."
    UNSEEN = "configuration-unseen", "Unknown: a variable gives a part of the configuration."
    FOR_EC2 = "configuration-for-ec2", "Unknown: the bundled file is for EC2, as sidecar.config-effective reports."


class WellFormedDoubt(Code):
    """Why a rule does not evaluate a configuration that config.well-formed reports."""

    MALFORMED = "configuration-malformed", "Unknown: config.well-formed drifts."


class ReferencesDoubt(Code):
    """Why a rule does not evaluate a part of a configuration that config.references reports."""

    DANGLING = "configuration-dangling", "Unknown: a component that decides is not defined, as config.references says."


READ: tuple[Code, ...] = tuple(ConfigurationDoubt)
"""The codes of `configuration_of`."""
WELL_FORMED = (*READ, *WellFormedDoubt)
"""Those of `well_formed_configuration_of`."""
DEFINED = (*WELL_FORMED, *ReferencesDoubt)
"""Those, and that of `dangling`."""

type Available = tuple[CollectorConfiguration | None, tuple[Doubt, ...]]


def configuration_of(workload: Workload) -> Available:
    """Give the configuration, else the doubt in its place; both where a variable gives whole sections of it.

    There is no doubt where a parameter could not be read: the engine reports that itself.
    """
    match workload.configuration:
        case Known(found):
            if isinstance(found, ConfigurationUnreadable):
                return None, (Doubt(ConfigurationDoubt.UNPARSABLE, WHERE, "The configuration cannot be parsed."),)
            if found.excerpt and any((part.kind, part.canonical) in NEEDS_EC2 for part in found.used):
                why = "The collector cannot run with this file of its image, which is for EC2."
                return None, (Doubt(ConfigurationDoubt.FOR_EC2, WHERE, why),)
            return found, _doubts(found.unseen_at)
        case Absent():
            why = "The parameter that holds the configuration does not exist."
            return None, (Doubt(ConfigurationDoubt.ABSENT, WHERE, why),)
        case Unavailable() if workload.configuration_unread:
            return None, ()
        case Unavailable(reason=reason) as unread:
            why = f"The configuration is not known: {reason}."
            return None, (Doubt(ConfigurationDoubt.UNREAD, WHERE, why, fact=unread),)


def well_formed_configuration_of(workload: Workload) -> Available:
    """The same, with a doubt where config.well-formed drifts, or a variable decides which components run."""
    configuration, doubts = configuration_of(workload)
    if configuration is None:
        return None, doubts
    if _is_malformed(configuration):
        return None, (Doubt(WellFormedDoubt.MALFORMED, WHERE, "The configuration is not well-formed."),)
    return configuration, _doubts(configuration.open_at)


def _doubts(where: str) -> tuple[Doubt, ...]:
    """Give the doubt where a variable gives a part of the configuration; none where the place is empty."""
    why = f"A variable gives {where} when the collector starts, and what it holds is not known."
    return (Doubt(ConfigurationDoubt.UNSEEN, WHERE, why),) if where else ()


def configuration_check(
    find: Callable[[CollectorConfiguration], tuple[Drift | Doubt, ...]], *, all_of_it: bool = False
) -> Check:
    """Give the check of a rule that a well-formed configuration alone decides.

    One that reports what is missing needs `all_of_it`, without a variable in its place.
    """
    found = once(find)

    def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
        configuration, doubts = well_formed_configuration_of(workload)
        yield from doubts
        if configuration is not None and not (all_of_it and configuration.open_at):
            yield from found(configuration)

    return check


def undefined(configuration: CollectorConfiguration, kind: ComponentKind) -> frozenset[str]:
    """Give the component types of a kind that pipelines name and nothing defines: config.references reports them."""
    found = structure_of(configuration)
    names = (each.found for each in found if each.code is ProblemCode.NOT_DEFINED and each.wanted == (kind.value,))
    return frozenset(canonical_type(kind, name.partition("/")[0]) for name in names)


def dangling(what: str) -> Doubt:
    """Give the doubt where a part that decides is not defined: one cause is reported once."""
    return Doubt(ReferencesDoubt.DANGLING, WHERE, f"The configuration names {what} that is not defined.")


def in_its_file(configuration: CollectorConfiguration, drift: Drift) -> Drift:
    """Give the drift with the way out where the configuration is a file of the image, which nobody can edit."""
    if not configuration.excerpt:
        return drift
    return replace(drift, why=f"{drift.why} The file is part of the image, so use a parameter instead.")


@once
def structure_of(configuration: CollectorConfiguration) -> tuple[Problem, ...]:
    """Give what is wrong with the configuration's structure."""
    return tuple(structural_problems(configuration))


def _is_malformed(configuration: CollectorConfiguration) -> bool:
    found = structure_of(configuration)
    return any(problem.topic is Topic.FORM and problem.effect is Effect.REFUSED for problem in found)
