"""Which calls a collector makes, where, and which credentials are in its configuration."""

import pytest

from domain.collector import CollectorConfiguration, RegionSource, credentials_in_clear, exporter_regions
from domain.collector.permissions import component_permissions, region_of
from tests.domain.collector.configurations import CANARY, NEW, OLD, parse, prometheus, running

LOGS = {"logs:PutLogEvents", "logs:CreateLogStream", "logs:CreateLogGroup"}
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
SAMPLING = {"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries"}
MSK = "{brokers: [b], topic: spans, auth: {sasl: {mechanism: AWS_MSK_IAM_OAUTHBEARER, aws_msk: {region: eu-west-1}}}}"


@pytest.mark.parametrize(
    ("kind", "component", "settings", "actions"),
    [
        ("exporters", "awsemf", "", LOGS),
        ("exporters", "awsemf", "{log_retention: 0}", LOGS),
        ("exporters", "awsemf", "{log_retention: 14}", LOGS | {"logs:PutRetentionPolicy"}),
        ("exporters", "awsemf", "{log_retention: '${env:DAYS}'}", LOGS | {"logs:PutRetentionPolicy"}),
        ("exporters", "awsemf", "{role_arn: 'arn:aws:iam::1:role/x', log_retention: 14}", {"sts:AssumeRole"}),
        ("exporters", "awscloudwatchlogs", "{log_group_name: g, log_stream_name: s}", LOGS),
        ("exporters", "awsxray", "", TRACES),
        ("exporters", "awsxray", "{role_arn: ''}", TRACES),
        ("exporters", "awsxray", "{role_arn: '${env:ROLE}'}", {"sts:AssumeRole"}),
        ("receivers", "awsxray", "", SAMPLING),
        ("receivers", "awsxray", "{proxy_server: {role_arn: 'arn:aws:iam::1:role/x'}}", {"sts:AssumeRole"}),
        ("extensions", "awsproxy", "", SAMPLING),
        ("extensions", "sigv4auth", "", set()),
        ("exporters", "awsprometheusremotewrite", "{endpoint: 'https://x'}", {"aps:RemoteWrite"}),
        ("exporters", "prometheusremotewrite", "{endpoint: 'https://x'}", set()),
        (
            "exporters",
            "kafka",
            MSK,
            {"kafka-cluster:Connect", "kafka-cluster:WriteData", "kafka-cluster:DescribeTopic"},
        ),
        ("exporters", "kafka", "{auth: {sasl: {mechanism: PLAIN}}}", set()),
        ("exporters", "datadog", "", set()),
        ("receivers", "awsecscontainermetrics", "", set()),
    ],
)
def test_a_running_part_needs_what_it_calls(kind: str, component: str, settings: str, actions: set[str]) -> None:
    found = component_permissions(parse(running(kind, component, settings)))
    assert {need.action for need in found} == actions
    assert {need.part for need in found} <= {f"{kind}/{component}"}


def test_a_kafka_receiver_on_msk_reads() -> None:
    found = component_permissions(parse(running("receivers", "kafka", MSK)))
    assert {"kafka-cluster:Connect", "kafka-cluster:ReadData"} < {need.action for need in found}
    assert {(need.topic, need.region) for need in found} == {("spans", "eu-west-1")}


def test_the_ecs_observer_lists_and_describes() -> None:
    settings = "{cluster_name: prod, cluster_region: eu-west-1}"
    found = component_permissions(parse(running("extensions", "ecs_observer", settings)))
    assert {need.action.partition(":")[2] for need in found} == {
        "ListTasks",
        "DescribeTasks",
        "ListServices",
        "DescribeServices",
        "DescribeTaskDefinition",
        "DescribeContainerInstances",
        "DescribeInstances",
    }
    assert {(need.cluster, need.region) for need in found} == {("prod", "eu-west-1")}


@pytest.mark.parametrize(
    ("settings", "group", "stream"),
    [
        ("{log_group_name: '/ecs/{ClusterName}/x', log_stream_name: '{TaskId}'}", "/ecs/*/x", "*"),
        ("{log_group_name: '/ecs/x'}", "/ecs/x", "otel-stream*"),
        ("{namespace: Mine}", "/metrics/Mine", "otel-stream*"),
        ("", "/metrics/*", "otel-stream*"),
        ("{log_group_name: '${env:GROUP}'}", None, "otel-stream*"),
    ],
)
def test_log_needs_name_the_group_and_stream(settings: str, group: str | None, stream: str | None) -> None:
    found = component_permissions(parse(running("exporters", "awsemf", settings)), NEW)
    assert {(need.log_group, need.log_stream) for need in found} == {(group, stream)}


def test_nothing_ever_needs_put_metric_data(sidecar: CollectorConfiguration) -> None:
    actions = {need.action for need in component_permissions(sidecar)}
    assert actions == LOGS | TRACES | {"logs:PutRetentionPolicy"}


WORKSPACE = "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-0a1b2c3d/api/v1/remote_write"


def test_a_signed_prometheus_exporter_needs_remote_write_on_its_workspace() -> None:
    (need,) = component_permissions(parse(prometheus(WORKSPACE)))
    assert (need.action, need.workspace, need.region) == ("aps:RemoteWrite", "ws-0a1b2c3d", "eu-west-1")
    (aliased,) = component_permissions(parse(prometheus(WORKSPACE, exporter="prometheus_remote_write")))
    assert aliased.action == "aps:RemoteWrite"
    (unknown,) = component_permissions(parse(prometheus("${env:ENDPOINT}")))
    assert (unknown.action, unknown.workspace, unknown.region_source) == (
        "aps:RemoteWrite",
        None,
        RegionSource.ENVIRONMENT,
    )


def test_a_signer_that_takes_on_a_role_or_never_starts() -> None:
    (need,) = component_permissions(parse(prometheus(WORKSPACE, "{assume_role: {arn: 'arn:aws:iam::1:role/writer'}}")))
    assert (need.part, need.action, need.role_arn) == (
        "extensions/sigv4auth",
        "sts:AssumeRole",
        "arn:aws:iam::1:role/writer",
    )
    assert component_permissions(parse(prometheus(WORKSPACE, started="[]"))) == ()


def test_regions_are_configured_from_the_environment_or_the_tasks() -> None:
    text = prometheus(WORKSPACE, "{region: '${env:AWS_REGION}'}")
    found = [(place.part, place.source, place.region) for place in exporter_regions(parse(text), NEW)]
    assert found == [
        ("exporters/prometheusremotewrite", RegionSource.CONFIGURED, "eu-west-1"),
        ("extensions/sigv4auth", RegionSource.ENVIRONMENT, None),
    ]
    resolved = exporter_regions(parse(text).with_variables({"AWS_REGION": "us-east-1"}, NEW), NEW)
    assert resolved[1].region == "us-east-1"
    elsewhere = parse(running("exporters", "prometheusremotewrite", "{endpoint: 'https://prometheus.example'}"))
    assert exporter_regions(elsewhere) == ()
    default = region_of(parse(running("exporters", "awsxray")).exporters["awsxray"])
    assert default is not None
    assert (default.source, default.region) == (RegionSource.DEFAULT, None)


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (f"{{api: {{key: {CANARY}}}}}", ["exporters/x/api/key"]),
        (f"{{access_token: {CANARY}}}", ["exporters/x/access_token"]),
        (f"{{account_token: {CANARY}}}", ["exporters/x/account_token"]),
        ("{password: 12345}", ["exporters/x/password"]),
        (f"{{headers: {{Authorization: Bearer {CANARY}, x-tenant: a}}}}", ["exporters/x/headers/Authorization"]),
        (f"{{headers: [{{key: api-key, value: {CANARY}}}]}}", ["exporters/x/headers/api-key"]),
        (f"{{endpoint: 'https://user:{CANARY}@host/path'}}", ["exporters/x/endpoint"]),
        (
            f"{{config: {{scrape_configs: [{{basic_auth: {{username: u, password: {CANARY}}}}}]}}}}",
            ["exporters/x/config/scrape_configs/basic_auth/password"],
        ),
        ("{api: {key: '${env:KEY}'}}", []),
        ("{headers: {Authorization: 'Bearer ${env:TOKEN}'}}", []),
        ("{password: ''}", []),
        ("{password: }", []),
        ("{token_file: /run/token, bearer_token_file: /x}", []),
        ("{attributes: [{key: service, value: x}]}", []),
        ("{endpoint: 'https://host:4317'}", []),
        ("{auth: {authenticator: sigv4auth}}", []),
    ],
)
def test_credentials_in_plain_text_are_reported_by_place_alone(settings: str, where: list[str]) -> None:
    found = list(credentials_in_clear(parse(f"exporters: {{x: {settings}}}"), NEW))
    assert found == where
    assert CANARY not in repr(found)


def test_a_bare_variable_is_no_credential() -> None:
    """Old releases read the variable. New ones take the text as it is, which config.variables reports."""
    found = parse("exporters: {x: {password: $PASSWORD}}")
    assert list(credentials_in_clear(found, OLD)) == []
    assert list(credentials_in_clear(found, NEW)) == []


OTLP_ENDPOINTS = """
extensions: {sigv4auth: {region: eu-west-1, assume_role: {arn: "%s"}}}
receivers: {otlp: {protocols: {grpc: }}}
exporters:
  otlphttp:
    metrics_endpoint: https://monitoring.eu-west-1.amazonaws.com/v1/metrics
    traces_endpoint: https://xray.eu-west-1.amazonaws.com/v1/traces
    logs_endpoint: https://logs.eu-west-1.amazonaws.com/v1/logs
    headers: {X-Aws-Log-Group: /otlp/web, x-aws-log-stream: web}
    auth: {authenticator: sigv4auth}
service:
  extensions: [sigv4auth]
  pipelines:
    metrics: {receivers: [otlp], exporters: [otlphttp]}
    traces: {receivers: [otlp], exporters: [otlphttp]}
    logs: {receivers: [otlp], exporters: [otlphttp]}
"""


def test_what_cloudwatchs_otlp_endpoints_require_of_the_one_who_signs() -> None:
    needs = component_permissions(parse(OTLP_ENDPOINTS % ""), NEW)
    assert {(need.action, need.region, need.log_group, need.log_stream) for need in needs} == {
        ("cloudwatch:PutMetricData", "eu-west-1", None, None),
        ("xray:PutTraceSegments", "eu-west-1", None, None),
        ("xray:PutTelemetryRecords", "eu-west-1", None, None),
        ("logs:PutLogEvents", "eu-west-1", "/otlp/web", "web"),
    }


def test_a_signer_that_takes_on_a_role_needs_just_that() -> None:
    role = "arn:aws:iam::123456789012:role/telemetry"
    (need,) = component_permissions(parse(OTLP_ENDPOINTS % role), NEW)
    assert (need.part, need.action, need.role_arn) == ("extensions/sigv4auth", "sts:AssumeRole", role)


def test_an_unsigned_exporter_needs_nothing_and_its_endpoint_tells_the_region() -> None:
    unsigned = parse((OTLP_ENDPOINTS % "").replace("    auth: {authenticator: sigv4auth}\n", ""))
    assert component_permissions(unsigned, NEW) == ()
    assert [(place.part, place.region) for place in exporter_regions(unsigned, NEW)] == [
        ("exporters/otlphttp", "eu-west-1")
    ]


def test_headers_may_be_a_list() -> None:
    text = (OTLP_ENDPOINTS % "").replace(
        "{X-Aws-Log-Group: /otlp/web, x-aws-log-stream: web}", "[{name: x-aws-log-group, value: /otlp/api}]"
    )
    (logs,) = (need for need in component_permissions(parse(text), NEW) if need.action == "logs:PutLogEvents")
    assert (logs.log_group, logs.log_stream) == ("/otlp/api", None)
