"""What exporters send is accepted where it arrives: signed as AWS wants it, to a log group that there can be.

Why: Amazon Managed Service for Prometheus and CloudWatch's OTLP endpoints answer unsigned requests, and those signed
for another region or service, with 403. The collector runs, and everything is lost. So it is with a log group whose
name CloudWatch refuses, and with an exporter that sends to its own collector's receiver.

Endpoints that come from the environment are not judged.

Fix: none. Let a sigv4auth extension sign for the endpoint's region and service, or write the name that is wanted.
"""

from collections.abc import Iterator

from domain.collector import destination_problems
from domain.drift import Doubt, Drift
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import configuration_of, once
from rules.config._problems import drift_of

_problems = once(destination_problems)


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each exporter whose telemetry is refused, or goes round."""
    configuration, doubts = configuration_of(workload)
    yield from doubts
    if configuration is not None:
        yield from (drift_of(problem) for problem in _problems(configuration, workload.release))


RULE = Rule(
    id="config.destinations",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html",
    doc=__doc__,
)
