"""Every value of the configuration is one that the collector takes.

Why: components look at their values before they start, and the collector exits where one of them refuses: a
memory_limiter without an interval or a limit, a batch whose largest size is below its size, a log_retention that
CloudWatch does not have, an exporter without an endpoint.

Judged for the releases whose options are known: see config.options.

Fix: none. Write a value that the finding names.
"""

from collections.abc import Iterator

from domain.collector import Topic
from domain.drift import Doubt, Drift
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._problems import of_options


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each value that a component refuses."""
    yield from of_options(workload, {Topic.VALUES})


RULE = Rule(
    id="config.values",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://aws-otel.github.io/docs/components/",
    doc=__doc__,
)
