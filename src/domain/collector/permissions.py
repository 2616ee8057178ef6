"""What the parts of a configuration call in AWS: needs as plain data, and the regions they talk to.

Only parts that run need anything. A part that assumes a role needs just that: the rest is the other role's matter.
Source: each component's own AWS calls upstream; awsemf writes log events and never calls PutMetricData.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.collector.configuration import CollectorConfiguration, Component, mapping, within
from domain.collector.reading import Value
from domain.collector.references import has_reference, literal
from domain.collector.releases import ComponentKind, Release
from domain.collector.signing import LOG_HEADERS, SignedService, headers_of, signed_endpoints, signer_of

_LOGS = ("logs:PutLogEvents", "logs:CreateLogStream", "logs:CreateLogGroup")
_SAMPLING = ("xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries")
_TRACES = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_OTLP_ACTIONS: Mapping[SignedService, tuple[str, ...]] = {
    SignedService.METRICS: ("cloudwatch:PutMetricData",),
    SignedService.TRACES: _TRACES,
    SignedService.LOGS: ("logs:PutLogEvents",),
}
_OBSERVER = (
    "ecs:ListTasks",
    "ecs:DescribeTasks",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:DescribeContainerInstances",
    "ec2:DescribeInstances",
)
_MSK_WRITE = ("kafka-cluster:Connect", "kafka-cluster:WriteData", "kafka-cluster:DescribeTopic")
# What Amazon MSK asks of a consumer group's member.
_MSK_READ = (
    "kafka-cluster:Connect",
    "kafka-cluster:ReadData",
    "kafka-cluster:DescribeTopic",
    "kafka-cluster:DescribeGroup",
    "kafka-cluster:AlterGroup",
)
_WORKSPACE = re.compile(r"://aps-workspaces[.-][^/]*/workspaces/(?P<id>[A-Za-z0-9-]+)(?:/|$)")
_APS_REGION = re.compile(r"://aps-workspaces(?:-fips)?\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.", re.ASCII)
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


class RegionSource(StrEnum):
    """How a part comes by its region."""

    CONFIGURED = "configured"
    ENVIRONMENT = "environment"  # a reference: known when the task starts
    DEFAULT = "default"  # nothing is set: the SDK's, which is the task's


@dataclass(frozen=True, slots=True)
class PartRegion:
    """The region that a part talks to; `region` is None unless it is CONFIGURED."""

    part: str
    source: RegionSource
    region: str | None = None


@dataclass(frozen=True, slots=True)
class ComponentPermission:
    """One action that a part asks of the TASK role, with what is known of the resource.

    In `log_group` and `log_stream` a `*` stands for text that is known only at run time. A hint is None where the
    action has no such resource, or it comes from the environment. `region` None: see `region_source`.
    """

    part: str
    action: str
    why: str
    region: str | None = None
    region_source: RegionSource = RegionSource.DEFAULT
    log_group: str | None = None
    log_stream: str | None = None
    role_arn: str | None = None
    workspace: str | None = None
    cluster: str | None = None
    topic: str | None = None


def component_permissions(
    configuration: CollectorConfiguration, release: Release | None = None
) -> tuple[ComponentPermission, ...]:
    """Give what the configuration needs of the task role, in the order of definition."""
    found = (need for part in configuration.used for need in _of_component(configuration, part, release))
    return tuple(dict.fromkeys(found))


def exporter_regions(configuration: CollectorConfiguration, release: Release | None = None) -> tuple[PartRegion, ...]:
    """Give the region of each running part that sends to AWS: exporters, and what signs for Prometheus exporters."""
    found: list[PartRegion] = []
    for part in configuration.used:
        if part.kind is ComponentKind.EXPORTER:
            found += [region for region in (region_of(part, release),) if region]
            if signer := signer_of(configuration, part):
                found.append(_region(signer.where, signer.settings.get("region"), release))
    return tuple(dict.fromkeys(found))


def region_of(part: Component, release: Release | None = None) -> PartRegion | None:
    """Give the region that one component talks to; None for a component that is not known to talk to AWS."""
    match part.kind, part.canonical:
        case ComponentKind.EXPORTER, ("awsemf" | "awsxray" | "awscloudwatchlogs"):
            return _region(part.where, part.settings.get("region"), release)
        case ComponentKind.EXPORTER, "awsprometheusremotewrite":
            return _region(part.where, within(part.settings, "aws_auth", "region"), release)
        case ComponentKind.EXPORTER, "prometheusremotewrite":
            endpoint = part.settings.get("endpoint")
            if has_reference(endpoint, release):
                return PartRegion(part.where, RegionSource.ENVIRONMENT)
            found = _APS_REGION.search(endpoint) if isinstance(endpoint, str) else None
            return PartRegion(part.where, RegionSource.CONFIGURED, found["region"]) if found else None
        case ComponentKind.EXPORTER, "otlphttp":
            places = {endpoint.region for endpoint in signed_endpoints(part, release)}
            return PartRegion(part.where, RegionSource.CONFIGURED, min(places)) if places else None
        case ((ComponentKind.EXPORTER | ComponentKind.RECEIVER), "kafka") if _on_msk(part):
            return _region(part.where, within(part.settings, "auth", "sasl", "aws_msk", "region"), release)
        case ComponentKind.RECEIVER, "awsxray":
            return _region(part.where, within(part.settings, "proxy_server", "region"), release)
        case ComponentKind.EXTENSION, ("awsproxy" | "sigv4auth"):
            return _region(part.where, part.settings.get("region"), release)
        case ComponentKind.EXTENSION, "ecs_observer":
            return _region(part.where, part.settings.get("cluster_region"), release)
        case _:
            return None


def _of_component(  # noqa: C901 - one case a component
    configuration: CollectorConfiguration, part: Component, release: Release | None
) -> Iterator[ComponentPermission]:
    settings = part.settings
    match part.kind, part.canonical:
        case ComponentKind.EXPORTER, ("awsemf" | "awscloudwatchlogs"):
            yield from _as_role(part, settings.get("role_arn"), _log_needs(part, release), release)
        case ComponentKind.EXPORTER, "awsxray":
            sending = _plain(part, _TRACES, "sends segments to X-Ray", release)
            yield from _as_role(part, settings.get("role_arn"), sending, release)
        case ComponentKind.RECEIVER, "awsxray":
            sampling = _plain(part, _SAMPLING, "answers the X-Ray SDKs' sampling requests", release)
            yield from _as_role(part, within(settings, "proxy_server", "role_arn"), sampling, release)
        case ComponentKind.EXTENSION, "awsproxy":
            sampling = _plain(part, _SAMPLING, "passes the X-Ray SDKs' sampling requests on", release)
            yield from _as_role(part, settings.get("role_arn"), sampling, release)
        case ComponentKind.EXPORTER, "prometheusremotewrite":
            if signer := signer_of(configuration, part):
                writing = _remote_write(part, release)
                yield from _as_role(signer, within(signer.settings, "assume_role", "arn"), writing, release)
        case ComponentKind.EXPORTER, "awsprometheusremotewrite":
            yield from _as_role(part, within(settings, "aws_auth", "role_arn"), _remote_write(part, release), release)
        case ComponentKind.EXPORTER, "otlphttp":
            if signer := signer_of(configuration, part):
                sending = _otlp_needs(part, release)
                yield from _as_role(signer, within(signer.settings, "assume_role", "arn"), sending, release)
        case ComponentKind.EXTENSION, "ecs_observer":
            cluster = literal(settings.get("cluster_name"), release)
            finding = _plain(part, _OBSERVER, "finds the tasks to scrape", release)
            yield from (replace(need, cluster=cluster) for need in finding)
        case ((ComponentKind.EXPORTER | ComponentKind.RECEIVER), "kafka") if _on_msk(part):
            writes = part.kind is ComponentKind.EXPORTER
            actions, why = (_MSK_WRITE, "writes to Kafka on MSK") if writes else (_MSK_READ, "reads from Kafka on MSK")
            topic = literal(settings.get("topic"), release)
            needs = _plain(part, actions, f"{why} with IAM", release)
            yield from (replace(need, topic=topic) for need in needs)
        case _:
            pass


def _plain(
    part: Component, actions: tuple[str, ...], why: str, release: Release | None
) -> Iterator[ComponentPermission]:
    place = region_of(part, release)
    region, source = (place.region, place.source) if place else (None, RegionSource.DEFAULT)
    for action in actions:
        yield ComponentPermission(part.where, action, why, region, source)


def _as_role(
    part: Component, role: Value, needed: Iterator[ComponentPermission], release: Release | None
) -> Iterator[ComponentPermission]:
    """Replace what is needed by sts:AssumeRole where the part takes on a role."""
    if role is None or role == "":
        yield from needed
    else:
        yield ComponentPermission(
            part.where, "sts:AssumeRole", "takes on the role that it names", role_arn=literal(role, release)
        )


def _log_needs(part: Component, release: Release | None) -> Iterator[ComponentPermission]:
    group, stream = _log_names(part, release)
    what = "writes metrics as log events" if part.canonical == "awsemf" else "writes logs"
    needs = [*_plain(part, _LOGS, what, release)]
    retention = part.settings.get("log_retention")
    if has_reference(retention, release) or literal(retention, release) not in {None, "", "0"}:
        needs += _plain(part, ("logs:PutRetentionPolicy",), "sets the retention of its log group", release)
    yield from (replace(need, log_group=group, log_stream=stream) for need in needs)


def _log_names(part: Component, release: Release | None) -> tuple[str | None, str | None]:
    group, stream = part.settings.get("log_group_name"), part.settings.get("log_stream_name")
    if part.canonical == "awscloudwatchlogs":  # knows no placeholders
        return literal(group, release), literal(stream, release)
    # Without a group, awsemf writes to /metrics/<namespace>, and the namespace may come from the resource.
    namespace = part.settings.get("namespace")
    group = group or f"/metrics/{namespace or '*'}"
    return _with_wildcards(group, release), _with_wildcards(stream or "otel-stream*", release)


def _with_wildcards(name: Value, release: Release | None) -> str | None:
    known = literal(name, release)
    return None if known is None else _PLACEHOLDER.sub("*", known)


def _remote_write(part: Component, release: Release | None) -> Iterator[ComponentPermission]:
    endpoint = literal(part.settings.get("endpoint"), release) or ""
    found = _WORKSPACE.search(endpoint)
    why = "writes metrics to Amazon Managed Service for Prometheus"
    for need in _plain(part, ("aps:RemoteWrite",), why, release):
        yield replace(need, workspace=found["id"] if found else None)


def _otlp_needs(part: Component, release: Release | None) -> Iterator[ComponentPermission]:
    """The permissions that CloudWatch's OTLP endpoints require of the signer."""
    headers = headers_of(part)
    group, stream = (literal(headers.get(name), release) for name in LOG_HEADERS)
    for endpoint in signed_endpoints(part, release):
        for action in _OTLP_ACTIONS.get(endpoint.service, ()):
            logs = endpoint.service is SignedService.LOGS
            yield ComponentPermission(
                part.where,
                action,
                f"sends to the OTLP endpoint of {endpoint.service}",
                endpoint.region,
                RegionSource.CONFIGURED,
                log_group=group if logs else None,
                log_stream=stream if logs else None,
            )


def _on_msk(part: Component) -> bool:
    mechanism = within(part.settings, "auth", "sasl", "mechanism")
    return isinstance(mechanism, str) and mechanism.startswith("AWS_MSK_IAM")


def _region(part: str, value: Value, release: Release | None) -> PartRegion:
    if value is None or value == "":
        return PartRegion(part, RegionSource.DEFAULT)
    known = literal(value, release)
    if known is None or mapping(value):
        return PartRegion(part, RegionSource.ENVIRONMENT)
    return PartRegion(part, RegionSource.CONFIGURED, known)
