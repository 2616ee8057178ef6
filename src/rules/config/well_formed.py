"""Rule config.well-formed."""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, ConfigurationUnreadable, ProblemTopic
from domain.collector.releases import Release
from domain.drift import Code, Doubt, Drift
from domain.facts import Absent, FactKind, Known, Unavailable
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import READ, WHERE, configuration_of, once


class Kind(Code):
    """What this rule reports."""

    UNPARSABLE = "not-parsed", "The configuration cannot be parsed."
    MALFORMED = "malformed", "A part of the configuration has the wrong form."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield one drift where the configuration cannot be parsed, else one for each part of the wrong form."""
    match workload.configuration:
        case Known(found):
            if isinstance(found, ConfigurationUnreadable):
                yield Drift(Kind.UNPARSABLE, WHERE, str(found))
                return
            yield from _drifts(found, None)
        case Absent() | Unavailable():
            yield from configuration_of(workload)[1]


@once
def _drifts(configuration: CollectorConfiguration, _: Release | None) -> tuple[Drift, ...]:
    return tuple(
        Drift(Kind.MALFORMED, problem.where, f"It {problem.why}")
        for problem in configuration.problems()
        if problem.topic is ProblemTopic.WELL_FORMED
    )


RULE = Rule(
    id="config.well-formed",
    title="The collector's configuration is YAML that the collector can read, with a service that has pipelines",
    why="""
        The collector parses the parameter when it starts, and exits where it cannot. Nothing leaves the task then, and
        an essential collector stops the application with it.
    """,
    by_hand="""
        Correct the parameter's text at the place that the finding names. Tasks read it when they start.
    """,
    subject=Subject.PARAMETER,
    severity=Severity.CRITICAL,
    codes=(*Kind, *READ),
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/",
)
