"""The collector's configuration is YAML that the collector can read, with a service that has pipelines.

Why: the collector parses the parameter when it starts, and exits where it cannot. Nothing then leaves the task, and a
collector that is essential takes the application down with it. A file that is longer than a parameter may be (8 KB)
cannot be written there: MEDIUM; more than 4 KB needs the advanced tier: INFORMATIONAL.

Fix: none. Correct the parameter's text at the place named; tasks read it when they start.
"""

from collections.abc import Iterator

from domain.collector import ConfigurationUnreadable, Topic
from domain.drift import Doubt, Drift
from domain.facts import Absent, FactKind, Known, Unavailable
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import WHERE, configuration_of, structure_of
from rules.config._problems import drift_of

_STANDARD_BYTES, _ADVANCED_BYTES = 4096, 8192


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield what cannot be parsed, or each part that has the wrong form."""
    match workload.configuration:
        case Known(found):
            if isinstance(found, ConfigurationUnreadable):
                yield Drift(WHERE, str(found))
                return
            yield from _size(workload)
            problems = structure_of(found, None)
            yield from (drift_of(problem) for problem in problems if problem.topic is Topic.FORM)
        case Absent() | Unavailable():
            yield from configuration_of(workload)[1]


def _size(workload: Workload) -> Iterator[Drift]:
    """Yield one drift where a text that is yet to be written is longer than a parameter may be."""
    match workload.facts.parameter:
        case Known(parameter) if not parameter.version:
            length = len(parameter.text.encode("utf-8", "surrogatepass"))
        case _:
            return
    has = f"The configuration has {length:,} bytes"
    if length > _ADVANCED_BYTES:
        yield Drift(WHERE, f"{has}; a parameter holds {_ADVANCED_BYTES:,} at most.", Severity.MEDIUM)
    elif length > _STANDARD_BYTES:
        yield Drift(WHERE, f"{has}, so its parameter has to be of the advanced tier.", Severity.INFORMATIONAL)


RULE = Rule(
    id="config.well-formed",
    subject=Subject.PARAMETER,
    severity=Severity.CRITICAL,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://opentelemetry.io/docs/collector/configuration/",
    doc=__doc__,
)
