"""Rule config.destinations."""

from collections.abc import Iterator

from domain.collector import destination_problems
from domain.drift import Code, Doubt, Drift
from domain.identical import once
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import READ, configuration_of
from rules.config._problems import drift_of

_problems = once(destination_problems)


class Kind(Code):
    """What this rule reports."""

    UNSIGNED = "unsigned", "Requests to an AWS endpoint are not signed."
    SIGNER_REGION = "signer-region", "Requests are signed for another region than the endpoint's."
    SIGNER_SERVICE = "signer-service", "Requests are signed for another service than the endpoint's."
    LOG_HEADERS = "log-headers", "Headers are missing, without which CloudWatch refuses logs."
    HTTP_ONLY = "http-only", "The endpoint takes OTLP by HTTP only."
    SENDS_TO_ITSELF = "sends-to-itself", "An exporter sends to a receiver of the same collector."
    LOG_GROUP_NAME = "log-group-name", "CloudWatch refuses the name of the log group."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each exporter whose telemetry is refused, or goes round."""
    configuration, doubts = configuration_of(workload)
    yield from doubts
    if configuration is not None:
        yield from (drift_of(Kind, problem) for problem in _problems(configuration, workload.release))


RULE = Rule(
    id="config.destinations",
    title="Exporters should send what their destinations accept",
    why="""
        Amazon Managed Service for Prometheus and CloudWatch's OTLP endpoints answer unsigned requests, and those signed
        for another region or service, with 403. The collector runs, and all data is lost. The same holds for a log
        group whose name CloudWatch refuses, and for an exporter that sends to its own collector's receiver. The rule
        does not evaluate endpoints that come from the environment.
    """,
    by_hand="Let a sigv4auth extension sign for the endpoint's region and service, or write the name in the finding.",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *READ),
    of_configuration=True,
    check=check,
    reference="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html",
)
