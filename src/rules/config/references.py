"""Every component that a pipeline or the service names is defined, and every pipeline has receivers and exporters.

Why: a collector that is told to use what is nowhere defined exits when it starts, and nothing leaves the task. What
is defined and never used does no harm, but is often what was meant to be used: INFORMATIONAL.

Fix: none. Define the component, or take its name out.
"""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, Topic
from domain.collector.releases import Release
from domain.collector.scalars import shown
from domain.drift import Doubt, Drift
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import once, structure_of, well_formed_configuration_of
from rules.config._problems import drift_of


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each dangling name, then what is never used."""
    configuration, doubts = well_formed_configuration_of(workload)
    yield from doubts
    if configuration is not None:
        yield from _drifts(configuration, None)


@once
def _drifts(configuration: CollectorConfiguration, _: Release | None) -> tuple[Drift, ...]:
    dangling = (drift_of(problem) for problem in structure_of(configuration, None) if problem.topic is Topic.REFERENCES)
    unused = (f"{part.kind}/{shown(part.id)}" for part in configuration.unused())
    return (
        *dangling,
        *(Drift(where, f"{where} is defined and never used.", Severity.INFORMATIONAL) for where in unused),
    )


RULE = Rule(
    id="config.references",
    subject=Subject.PARAMETER,
    severity=Severity.CRITICAL,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/#service",
    doc=__doc__,
)
