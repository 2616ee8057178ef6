"""Rule config.references."""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, Topic
from domain.collector.releases import Release
from domain.collector.scalars import shown
from domain.drift import Code, Doubt, Drift
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import WELL_FORMED, once, structure_of, well_formed_configuration_of
from rules.config._problems import drift_of


class Kind(Code):
    """What this rule reports."""

    NOT_DEFINED = "not-defined", "A pipeline or the service names a component that is not defined."
    NOT_STARTED = "not-started", "A component names an extension that service.extensions does not list."
    PIPELINE_EMPTY = "pipeline-empty", "A pipeline has no receivers or no exporters."
    PROCESSOR_TWICE = "processor-twice", "A pipeline names a processor more than once."
    UNUSED = "component-unused", "The component is defined and never used."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each undefined name, then what is never used."""
    configuration, doubts = well_formed_configuration_of(workload)
    yield from doubts
    if configuration is not None:
        yield from _drifts(configuration, None)


@once
def _drifts(configuration: CollectorConfiguration, _: Release | None) -> tuple[Drift, ...]:
    structure = structure_of(configuration, None)
    dangling = (drift_of(Kind, problem) for problem in structure if problem.topic is Topic.REFERENCES)
    unused = (f"{part.kind}/{shown(part.id)}" for part in configuration.unused())
    why, note = "It is defined and never used.", Severity.INFORMATIONAL
    return (*dangling, *(Drift(Kind.UNUSED, where, why, severity=note) for where in unused))


RULE = Rule(
    id="config.references",
    title="Components should be defined where they are named, and pipelines have receivers and exporters",
    why="""
        A collector whose configuration names an undefined component exits when it starts, and nothing leaves the task.
        A component that is defined and never used does no harm, but often was meant to be used: INFORMATIONAL.
    """,
    by_hand="Define the component, or remove its name.",
    subject=Subject.PARAMETER,
    severity=Severity.CRITICAL,
    codes=(*Kind, *WELL_FORMED),
    of_configuration=True,
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/#service",
)
