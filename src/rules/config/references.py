"""Rule config.references."""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, ProblemTopic
from domain.collector.configuration import shown
from domain.collector.releases import Release
from domain.drift import Code, Doubt, Drift
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import WELL_FORMED, once, well_formed_configuration_of


class Kind(Code):
    """What this rule reports."""

    DANGLING = "reference-dangling", "A name is not defined, a pipeline is incomplete, or names a processor twice."
    UNUSED = "component-unused", "The component is defined and never used."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each undefined name, then what is never used."""
    configuration, doubts = well_formed_configuration_of(workload)
    yield from doubts
    if configuration is not None:
        yield from _drifts(configuration, None)


@once
def _drifts(configuration: CollectorConfiguration, _: Release | None) -> tuple[Drift, ...]:
    dangling = (
        Drift(Kind.DANGLING, problem.where, f"It {problem.why}")
        for problem in configuration.problems()
        if problem.topic is ProblemTopic.REFERENCES
    )
    unused = (f"{part.kind}/{shown(part.id)}" for part in configuration.unused())
    why, note = "It is defined and never used.", Severity.INFORMATIONAL
    return (*dangling, *(Drift(Kind.UNUSED, where, why, severity=note) for where in unused))


RULE = Rule(
    id="config.references",
    title="Every named component is defined, and every pipeline has receivers and exporters",
    why="""
        A collector whose configuration names an undefined component exits when it starts, and nothing leaves the task.
        A component that is defined and never used does no harm, but often was meant to be used: INFORMATIONAL.
    """,
    by_hand="Define the component, or remove its name.",
    subject=Subject.PARAMETER,
    severity=Severity.CRITICAL,
    codes=(*Kind, *WELL_FORMED),
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/#service",
)
