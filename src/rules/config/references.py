"""Rule config.references."""

from domain.collector import CollectorConfiguration, Topic
from domain.collector.scalars import shown
from domain.drift import Code, Drift
from domain.rule import Rule
from domain.severity import Severity
from domain.subject import Subject
from rules.config._configuration import WELL_FORMED, configuration_check, structure_of
from rules.config._problems import drift_of


class Kind(Code):
    """What this rule reports."""

    NOT_DEFINED = "not-defined", "A pipeline or the service names a component that is not defined."
    NOT_STARTED = "not-started", "A component names an extension that service.extensions does not list."
    PIPELINE_EMPTY = "pipeline-empty", "A pipeline has no receivers or no exporters."
    PROCESSOR_TWICE = "processor-twice", "A pipeline names a processor more than once."
    UNUSED = "component-unused", "The component is defined and never used."


def _drifts(configuration: CollectorConfiguration) -> tuple[Drift, ...]:
    """Give each undefined name, then what is never used."""
    structure = structure_of(configuration)
    dangling = (drift_of(Kind, problem) for problem in structure if problem.topic is Topic.REFERENCES)
    parts = () if configuration.open_at else configuration.unused()
    unused = (f"{part.kind}/{shown(part.id)}" for part in parts)
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
    check=configuration_check(_drifts),
    reference="https://opentelemetry.io/docs/collector/configuration/#service",
)
