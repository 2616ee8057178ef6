"""The collector's configuration is YAML that the collector can read, with a service that has pipelines.

Why: the collector parses the parameter when it starts, and exits where it cannot. Nothing then leaves the task, and a
collector that is essential takes the application down with it.

Fix: none. Correct the parameter's text at the place named; tasks read it when they start.
"""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, ConfigurationUnreadable, ProblemTopic
from domain.collector.releases import Release
from domain.drift import Doubt, Drift
from domain.facts import Absent, FactKind, Known, Unavailable
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import WHERE, configuration_of, once


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield what cannot be parsed, or each part that has the wrong form."""
    match workload.configuration:
        case Known(found):
            if isinstance(found, ConfigurationUnreadable):
                yield Drift(WHERE, str(found))
                return
            yield from _drifts(found, None)
        case Absent() | Unavailable():
            yield from configuration_of(workload)[1]


@once
def _drifts(configuration: CollectorConfiguration, _: Release | None) -> tuple[Drift, ...]:
    return tuple(
        Drift(problem.where, f"{problem.where} {problem.why}")
        for problem in configuration.problems()
        if problem.topic is ProblemTopic.WELL_FORMED
    )


RULE = Rule(
    id="config.well-formed",
    subject=Subject.PARAMETER,
    severity=Severity.CRITICAL,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/",
    doc=__doc__,
)
