"""The metrics that the functions emit. The dashboard and the alarms are tested against this module.

Each metric has one dimension. CloudWatch charges for each of its values, so none is the name of a family, service,
account or resource. docs/runbook.md explains each metric and what all of them cost.

They are printed in CloudWatch's embedded metric format when an invocation ends, without any call.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from operations.wiring.shared import sessions
from settings import settings


class Dimension(StrEnum):
    """The dimension of a metric."""

    FUNCTION = "service"  # the name that Powertools uses, in logs too
    RULE = "rule"
    CAUSE = "cause"
    CHANGE = "change"
    SEVERITY = "severity"
    OUTCOME = "outcome"
    GUARD = "guard"
    AWS_SERVICE = "aws_service"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's name, dimension and unit."""

    name: str
    by: Dimension = Dimension.FUNCTION
    unit: MetricUnit = MetricUnit.Count


MESSAGES = Metric("Messages")
FAILED_MESSAGES = Metric("FailedMessages")
SECONDS_TO_FINDING = Metric("SecondsToFinding", unit=MetricUnit.Seconds)
EVENT_LAG = Metric("EventLag", unit=MetricUnit.Seconds)
MISSED_CHANGES = Metric("MissedChanges")
COMPLIANT_VERDICTS = Metric("CompliantVerdicts")
DRIFTED_VERDICTS = Metric("DriftedVerdicts")
UNKNOWN_VERDICTS = Metric("UnknownVerdicts")
EXEMPT_VERDICTS = Metric("ExemptVerdicts")
DRIFTED_BY_RULE = Metric("DriftedVerdicts", Dimension.RULE)
UNKNOWN_BY_CAUSE = Metric("UnknownVerdicts", Dimension.CAUSE)
UNREAD_FACTS = Metric("UnreadFacts")
TRANSITIONS = Metric("Transitions", Dimension.CHANGE)
OPEN_FINDINGS = Metric("OpenFindings", Dimension.SEVERITY)
SWEPT_FAMILIES = Metric("SweptFamilies")
SWEPT_SERVICES = Metric("SweptServices")
COVERAGE_GAPS = Metric("CoverageGaps")
SLACK_MESSAGES = Metric("SlackMessages")
ALERTS_IN_DIGESTS = Metric("AlertsInDigests")
CORRECTIONS = Metric("Corrections", Dimension.OUTCOME)
CORRECTIONS_REFUSED = Metric("CorrectionsRefused", Dimension.GUARD)
AWS_CALLS = Metric("AwsCalls", Dimension.AWS_SERVICE)
AWS_RETRIES = Metric("AwsRetries", Dimension.AWS_SERVICE)


@dataclass(slots=True)
class Recorder:
    """What one function counts during an invocation."""

    function: str
    _counts: Counter[tuple[Metric, str]] = field(default_factory=Counter)
    _seconds: list[tuple[Metric, float]] = field(default_factory=list)

    def count(self, metric: Metric, number: int = 1, *, of: str = "") -> None:
        """`of` is the dimension's value, by default the function. A number of 0 is emitted too."""
        self._counts[metric, of or self.function] += number

    def seconds(self, metric: Metric, value: float) -> None:
        self._seconds.append((metric, value))

    def written[**P, R](self, handler: Callable[P, R]) -> Callable[P, R]:
        """Wrap a handler: after each call everything recorded is printed, even if the handler raises."""

        @wraps(handler)
        def recording(*arguments: P.args, **named: P.kwargs) -> R:
            try:
                return handler(*arguments, **named)
            finally:
                self._write()

        return recording

    def _write(self) -> None:
        """Write one document for each value of a dimension, as the format requires."""
        for service, sent in sessions().traffic.taken().items():
            self.count(AWS_CALLS, sent.calls, of=service)
            if sent.retries:
                self.count(AWS_RETRIES, sent.retries, of=service)
        recorded = defaultdict[tuple[Dimension, str], list[tuple[Metric, float]]](list)
        for (metric, value), number in self._counts.items():
            recorded[metric.by, value].append((metric, number))
        for metric, seconds in self._seconds:
            recorded[metric.by, self.function].append((metric, seconds))
        self._counts.clear()
        self._seconds.clear()
        for (dimension, value), numbers in recorded.items():
            document = EphemeralMetrics(namespace=settings().metrics)
            document.add_dimension(dimension.value, value)
            for metric, value_of in numbers:
                document.add_metric(metric.name, metric.unit, value_of)
            document.flush_metrics()
