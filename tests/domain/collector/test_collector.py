"""What rules learn from a collector configuration: structure, ports, signals, needs, credentials, bundled files."""

from pathlib import Path

import pytest

from domain.collector import (
    CONTAINER_METRICS,
    CollectorConfiguration,
    ConfigurationUnreadable,
    MatchType,
    RegionSource,
    Topic,
    batched,
    bound_ports,
    bundled,
    bundled_paths,
    credentials_in_clear,
    exporter_regions,
    has_reference,
    health_check_listener,
    health_check_port,
    is_unknown_container_metric,
    literal,
    memory_limiter_first,
    metric_names_in_filters,
    metrics_exported_from,
    otlp_listeners,
    region_of,
    signals_taken_by,
    structural_problems,
    wanted_metric_name,
)
from domain.collector.permissions import component_permissions
from domain.collector.releases import ComponentKind, Release

CORPUS = Path(__file__).parents[4] / "shared/corpus/collector-configs"
OLD, NEW = Release(0, 40, 0), Release(0, 47, 0)
CANARY = "s3cr3tc4n4ry"
ANY = "0.0.0.0"  # noqa: S104 - compared with, never bound

SIDECAR = """
extensions:
  health_check:
  pprof: {endpoint: ":1888"}
  zpages:
receivers:
  otlp:
    protocols:
      grpc:
      http: {endpoint: "0.0.0.0:4318"}
  otlp/unused: {protocols: {grpc: {endpoint: "0.0.0.0:5555"}}}
  awsecscontainermetrics:
processors:
  memory_limiter: {check_interval: 1s}
  batch/traces:
  filter/ecs:
    metrics:
      include: {match_type: strict, metric_names: [ecs.task.memory.limit, ecs.task.memory.utilized]}
      exclude: {match_type: regexp, metric_names: ["container.*"]}
  metricstransform:
    transforms:
      - {include: ecs.task.cpu.utilized, action: update}
      - {include: ".*", match_type: regexp}
      - {metric_name: ecs.task.cpu.limit}
exporters:
  awsxray:
  awsemf/2: {region: eu-west-1, log_group_name: "/ecs/{ClusterName}/x", log_stream_name: "{TaskId}", log_retention: 30}
  debug:
service:
  extensions: [health_check, pprof]
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter, batch/traces], exporters: [awsxray, debug]}
    metrics/ecs:
      receivers: [awsecscontainermetrics]
      processors: [filter/ecs, metricstransform]
      exporters: [awsemf/2, debug]
"""


def parse(text: str) -> CollectorConfiguration:
    return CollectorConfiguration.parse(text)


@pytest.fixture
def sidecar() -> CollectorConfiguration:
    return parse(SIDECAR)


def test_components_are_seen_by_id_type_and_name(sidecar: CollectorConfiguration) -> None:
    emf = sidecar.exporters["awsemf/2"]
    assert (emf.kind, emf.type, emf.name, emf.where) == (ComponentKind.EXPORTER, "awsemf", "2", "exporters/awsemf/2")
    assert emf.settings["region"] == "eu-west-1"
    assert sidecar.exporters["awsxray"].settings == {}
    assert sidecar.connectors == {}


def test_pipelines_are_seen_by_signal_and_name(sidecar: CollectorConfiguration) -> None:
    pipeline = sidecar.pipelines["metrics/ecs"]
    assert (pipeline.signal, pipeline.name) == ("metrics", "ecs")
    assert pipeline.processors == ("filter/ecs", "metricstransform")
    assert sidecar.started_extensions == ("health_check", "pprof")


def test_what_no_pipeline_and_no_service_names_is_unused(sidecar: CollectorConfiguration) -> None:
    assert [part.where for part in sidecar.unused()] == ["receivers/otlp/unused", "extensions/zpages"]
    assert not list(structural_problems(sidecar))


def test_settings_cannot_be_changed(sidecar: CollectorConfiguration) -> None:
    with pytest.raises(TypeError):
        sidecar.exporters["awsemf/2"].settings["region"] = "us-east-1"  # type: ignore[index] # that is what is tried


def test_a_repr_shows_no_value() -> None:
    found = parse(f"exporters: {{datadog: {{api: {{key: {CANARY}}}}}}}\nservice: {{pipelines: {{traces: {{}}}}}}\n")
    parts = (
        found,
        found.exporters["datadog"],
        found.pipelines["traces"],
        *structural_problems(found),
        *component_permissions(found),
    )
    assert CANARY not in repr(parts)
    assert repr(found) == (
        "<CollectorConfiguration: 0 receivers, 0 processors, 1 exporters, 0 extensions, 0 connectors, 1 pipelines>"
    )


W, R = Topic.FORM, Topic.REFERENCES
GOOD = "receivers: {otlp: }\nexporters: {debug: }\n"
PIPELINE = "service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}\n"

CONNECTED = """
receivers: {otlp: }
connectors: {count: }
exporters: {debug: }
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [count]}
    metrics: {receivers: [count], exporters: [debug]}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + PIPELINE, []),
        (GOOD, [(W, "service")]),
        (GOOD + "service: []", [(W, "service")]),
        (GOOD + "service:\n", [(W, "service")]),
        (GOOD + "service: {}", [(W, "service/pipelines")]),
        (GOOD + "service: {pipelines: }", [(W, "service/pipelines")]),
        (GOOD + "service: {pipelines: {}}", [(W, "service/pipelines")]),
        (GOOD + "service: {pipelines: [traces]}", [(W, "service/pipelines")]),
        (GOOD + PIPELINE + "recievers: {}", [(W, "recievers")]),
        (
            "receivers: [otlp]\nexporters: {debug: }\n" + PIPELINE,
            [(W, "receivers"), (R, "service/pipelines/traces/receivers")],
        ),
        (GOOD + "processors: {batch: 10}\n" + PIPELINE, [(W, "processors/batch")]),
        (
            GOOD + "processors: {'ba tch': , batch/: }\n" + PIPELINE,
            [(W, "processors/(a name that is none)"), (W, "processors/batch/")],
        ),
        (GOOD + PIPELINE.replace("traces", "trace"), [(W, "service/pipelines/trace")]),
        (
            GOOD + PIPELINE.replace("exporters: [debug]", "exporters: [debug], exporter: [debug]"),
            [(W, "service/pipelines/traces/exporter")],
        ),
        (
            GOOD + PIPELINE.replace("[otlp]", "{otlp: }"),
            [(W, "service/pipelines/traces/receivers")],
        ),
        (GOOD + PIPELINE.replace("[otlp]", "otlp"), [(W, "service/pipelines/traces/receivers")]),
        (GOOD + PIPELINE.replace("[otlp]", "[otlp, ]"), []),
        (GOOD + PIPELINE.replace("[otlp]", "[otlp, '']"), [(W, "service/pipelines/traces/receivers")]),
        (
            GOOD + PIPELINE.replace("[otlp]", "['otlp!', otlp]"),
            [(W, "service/pipelines/traces/receivers"), (R, "service/pipelines/traces/receivers")],
        ),
        ("receivers: {otlp: }\n" + PIPELINE, [(W, "exporters"), (R, "service/pipelines/traces/exporters")]),
        ("receivers: {otlp: , ' otlp': }\nexporters: {debug: }\n" + PIPELINE, [(W, "receivers/(a name that is none)")]),
        (GOOD + PIPELINE + "---\nother: document\n", [(W, "configuration")]),
        (GOOD + PIPELINE.replace("receivers: [otlp], ", ""), [(R, "service/pipelines/traces/receivers")]),
        (GOOD + PIPELINE.replace("[debug]", "[]"), [(R, "service/pipelines/traces/exporters")]),
        (
            GOOD + PIPELINE.replace("traces: {receivers: [otlp], exporters: [debug]}", "traces: "),
            [(R, "service/pipelines/traces/receivers"), (R, "service/pipelines/traces/exporters")],
        ),
        (GOOD + PIPELINE.replace("[debug]", "[awsxray]"), [(R, "service/pipelines/traces/exporters")]),
        (
            GOOD + PIPELINE.replace("exporters", "processors: [batch], exporters"),
            [(R, "service/pipelines/traces/processors")],
        ),
        (
            GOOD + "processors: {batch: }\n" + PIPELINE.replace("exporters", "processors: [batch, batch], exporters"),
            [(R, "service/pipelines/traces/processors")],
        ),
        (
            GOOD
            + "service: {extensions: [health_check], pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}",
            [(R, "service/extensions")],
        ),
        (
            GOOD + "service: {extensions: {a: }, pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}",
            [(W, "service/extensions")],
        ),
        (
            GOOD + "service: {extension: [], pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}",
            [(W, "service/extension")],
        ),
        (CONNECTED, []),
        (
            "receivers: {otlp: }\nexporters: {debug: {auth: {authenticator: sigv4auth}}}\n" + PIPELINE,
            [(R, "exporters/debug/auth/authenticator")],
        ),
        ("receivers: {otlp/ a: }\nexporters: {debug: }\n" + PIPELINE.replace("[otlp]", "['otlp /a']"), []),
    ],
)
def test_structural_problems_say_where_and_whose_they_are(text: str, expected: list[tuple[Topic, str]]) -> None:
    found = list(structural_problems(parse(text)))
    assert [(problem.topic, problem.where) for problem in found] == expected


def test_a_name_that_is_a_value_is_not_shown() -> None:
    """A secret pasted where a name belongs."""
    text = f"""
'{CANARY} {CANARY}': 1
service: {{pipelines: {{traces: {{receivers: ['{CANARY}=!'], exporters: ['$ {CANARY}']}}}}}}
"""
    assert CANARY not in repr(list(structural_problems(parse(text))))


@pytest.mark.parametrize(
    ("value", "release", "expected"),
    [
        ("${env:X}", NEW, True),
        ("${X}", NEW, True),
        ("a-${env:X:-b}-c", NEW, True),
        ("${file:/x}", NEW, True),
        ("${env:${X}}", NEW, True),
        ("$X", OLD, True),
        ("$X", NEW, False),
        ("$X", None, True),
        ("$$X", OLD, False),
        ("$${env:X}", NEW, False),
        ("$$${env:X}", NEW, True),
        ("plain", None, False),
        ("cost$", None, False),
        (3, None, False),
        (None, None, False),
    ],
)
def test_a_reference_is_known_for_what_it_is_in_the_release(
    value: str, release: Release | None, *, expected: bool
) -> None:
    assert has_reference(value, release) is expected


def test_what_a_scalar_is_sure_to_be() -> None:
    assert literal("pa$$word", NEW) == "pa$word"
    assert literal("$1", NEW) == "$1"
    assert literal("${env:X}", NEW) is None
    assert literal(5) == "5"
    assert literal(value=True) == "true"
    assert literal(("a",)) is None


def test_known_variables_are_put_in_and_others_stay() -> None:
    text = """
exporters:
  awsemf: {region: "${env:AWS_REGION}", namespace: "${AWS_REGION:-x}/$AWS_REGION/$${env:AWS_REGION}/${env:OTHER}"}
  awsxray: {region: "${env:ODD}"}
"""
    known = {"AWS_REGION": "eu-west-1", "ODD": "${env:AWS_REGION}"}
    new = parse(text).with_variables(known, NEW)
    assert new.exporters["awsemf"].settings == {
        "region": "eu-west-1",
        "namespace": "eu-west-1/$AWS_REGION/$${env:AWS_REGION}/${env:OTHER}",
    }
    assert literal(new.exporters["awsxray"].settings["region"], NEW) == "${env:AWS_REGION}"
    old = parse(text).with_variables(known, OLD)
    assert old.exporters["awsemf"].settings["namespace"] == "eu-west-1/eu-west-1/$${env:AWS_REGION}/${env:OTHER}"


def ports(text: str, release: Release | None = NEW) -> set[tuple[str, int | None, str | None]]:
    return {(found.transport, found.port, found.host) for found in bound_ports(parse(text), release)}


def running(kind: str, component: str, settings: str = "") -> str:
    """A configuration in which this component runs, and nothing else that binds."""
    receiver = component if kind == "receivers" else "nop"
    exporter = component if kind == "exporters" else "nop"
    return f"""
{kind}: {{{component}: {settings}}}
service:
  extensions: [{component if kind == "extensions" else ""}]
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{metrics: {{receivers: [{receiver}], exporters: [{exporter}]}}}}
"""


@pytest.mark.parametrize(
    ("kind", "component", "settings", "expected"),
    [
        (
            "receivers",
            "otlp",
            "{protocols: {grpc: , http: }}",
            {("tcp", 4317, "localhost"), ("tcp", 4318, "localhost")},
        ),
        ("receivers", "otlp/2", "{protocols: {http: {endpoint: ':9999'}}}", {("tcp", 9999, ANY)}),
        ("receivers", "otlp", "{protocols: {grpc: {endpoint: '${env:HOST}:4317'}}}", {("tcp", 4317, None)}),
        ("receivers", "otlp", "{protocols: {grpc: {endpoint: '${env:ENDPOINT}'}}}", {("tcp", None, None)}),
        ("receivers", "otlp", "{protocols: {grpc: {endpoint: '[::1]:4317'}}}", {("tcp", 4317, "::1")}),
        ("receivers", "otlp", "{protocols: {grpc: {endpoint: '/run/otlp.sock', transport: unix}}}", set()),
        ("receivers", "otlp", "{protocols: {grpc: {endpoint: 'localhost:99999'}}}", {("tcp", None, "localhost")}),
        ("receivers", "otlp", "{protocols: }", set()),
        ("receivers", "otlp", "", set()),
        ("receivers", "awsxray", "", {("udp", 2000, "localhost"), ("tcp", 2000, "localhost")}),
        (
            "receivers",
            "awsxray",
            "{proxy_server: {endpoint: '0.0.0.0:2001'}}",
            {("udp", 2000, "localhost"), ("tcp", 2001, ANY)},
        ),
        ("receivers", "statsd", "{endpoint: '0.0.0.0:8126'}", {("udp", 8126, ANY)}),
        ("receivers", "statsd", "{transport: tcp}", {("tcp", 8125, "localhost")}),
        ("receivers", "statsd", "{transport: unixgram, endpoint: /run/statsd.sock}", set()),
        ("receivers", "zipkin", "", {("tcp", 9411, "localhost")}),
        (
            "receivers",
            "jaeger",
            "{protocols: {grpc: , thrift_compact: }}",
            {("tcp", 14250, "localhost"), ("udp", 6831, "localhost")},
        ),
        ("receivers", "prometheus", "{config: {}}", set()),
        ("exporters", "prometheus", "{endpoint: '0.0.0.0:8889'}", {("tcp", 8889, ANY)}),
        ("extensions", "health_check", "", {("tcp", 13133, "localhost")}),
        ("extensions", "pprof", "{endpoint: ':1888'}", {("tcp", 1888, ANY)}),
        ("extensions", "zpages", "", {("tcp", 55679, "localhost")}),
        ("extensions", "awsproxy", "", {("tcp", 2000, "localhost")}),
        ("extensions", "sigv4auth", "", set()),
    ],
)
def test_running_parts_bind_their_ports(
    kind: str, component: str, settings: str, expected: set[tuple[str, int | None, str | None]]
) -> None:
    assert ports(running(kind, component, settings)) == expected


@pytest.mark.parametrize(
    ("telemetry", "expected"),
    [
        ("", {8888}),
        ("{metrics: {level: detailed}}", {8888}),
        ("{metrics: {level: none}}", set()),
        ("{metrics: {address: ':9090'}}", {9090}),
        ("{metrics: {readers: [{pull: {exporter: {prometheus: {host: 0.0.0.0, port: 9091}}}}]}}", {9091}),
        ("{metrics: {readers: [{pull: {exporter: {prometheus: {port: '${env:PORT}'}}}}]}}", {None}),
        ("{metrics: {readers: [{periodic: {exporter: {otlp: {}}}}]}}", set()),
        ("{logs: {level: debug}}", {8888}),
    ],
)
def test_the_collectors_own_metrics_bind_8888_unless_told_otherwise(telemetry: str, expected: set[int | None]) -> None:
    assert {port for _, port, _ in ports(f"service: {{telemetry: {telemetry}}}")} == expected


def test_only_what_runs_binds(sidecar: CollectorConfiguration) -> None:
    assert {found.port for found in bound_ports(sidecar, NEW)} == {4317, 4318, 13133, 1888, 8888}


def test_the_default_host_became_localhost_with_the_release(sidecar: CollectorConfiguration) -> None:
    def host(release: Release | None) -> tuple[str | None, bool | None]:
        grpc = next(found for found in otlp_listeners(sidecar, release) if found.protocol == "grpc")
        return grpc.host, grpc.serves_the_task

    assert host(OLD) == (ANY, True)
    assert host(Release(0, 41, 0)) == ("localhost", True)
    assert host(None) == (None, None)


def test_otlp_listeners_name_protocol_host_and_port(sidecar: CollectorConfiguration) -> None:
    assert [(found.part, found.protocol, found.port) for found in otlp_listeners(sidecar, NEW)] == [
        ("receivers/otlp/protocols/grpc", "grpc", 4317),
        ("receivers/otlp/protocols/http", "http", 4318),
    ]


def test_the_health_check_counts_only_when_the_service_starts_it(sidecar: CollectorConfiguration) -> None:
    assert health_check_port(sidecar, NEW) == 13133
    assert health_check_port(parse("extensions: {health_check: }\nservice: {extensions: []}")) is None
    assert health_check_port(parse("service: {extensions: [health_check]}")) is None
    moved = parse(
        "extensions: {health_check/2: {endpoint: 'localhost:${env:PORT}'}}\nservice: {extensions: [health_check/2]}"
    )
    assert health_check_listener(moved, NEW) is not None
    assert health_check_port(moved, NEW) is None


def test_signals_are_those_of_the_pipelines_that_the_receiver_feeds(sidecar: CollectorConfiguration) -> None:
    assert signals_taken_by(sidecar, "otlp") == {"traces"}
    assert signals_taken_by(sidecar, "awsecscontainermetrics") == {"metrics"}
    assert signals_taken_by(sidecar, "statsd") == frozenset()
    assert signals_taken_by(parse(running("receivers", "file_log")), "filelog") == {"metrics"}


def test_metrics_are_exported_when_something_sends_them_out(sidecar: CollectorConfiguration) -> None:
    assert metrics_exported_from(sidecar, "awsecscontainermetrics") == ("awsemf/2",)
    assert metrics_exported_from(parse(running("receivers", "awsecscontainermetrics")), "awsecscontainermetrics") == ()
    assert metrics_exported_from(sidecar, "otlp") == ()


@pytest.mark.parametrize(
    ("exporter", "processors", "expected"),
    [
        ("", "[]", False),
        ("", "[batch/metrics]", True),
        ("{sending_queue: {queue_size: 10}}", "[]", True),
        ("{sending_queue: {enabled: true}}", "[]", True),
        ("{sending_queue: {enabled: false}}", "[]", False),
        ("{sending_queue: }", "[]", False),
    ],
)
def test_a_batch_processor_or_a_sending_queue_batches(exporter: str, processors: str, *, expected: bool) -> None:
    found = parse(
        f"receivers: {{otlp: }}\nprocessors: {{batch/metrics: }}\nexporters: {{otlp: {exporter}}}\n"
        f"service: {{pipelines: {{traces: {{receivers: [otlp], processors: {processors}, exporters: [otlp]}}}}}}"
    )
    assert batched(found, found.pipelines["traces"]) is expected


def test_memory_limiter_must_come_first(sidecar: CollectorConfiguration) -> None:
    assert memory_limiter_first(sidecar.pipelines["traces"])
    assert not memory_limiter_first(sidecar.pipelines["metrics/ecs"])
    late = parse("service: {pipelines: {traces: {processors: [batch, memory_limiter]}}}")
    assert not memory_limiter_first(late.pipelines["traces"])


def test_metric_names_come_with_their_place_and_kind_of_match(sidecar: CollectorConfiguration) -> None:
    assert [(found.where, found.name, found.match) for found in metric_names_in_filters(sidecar)] == [
        ("processors/filter/ecs/metrics/include/metric_names", "ecs.task.memory.limit", MatchType.STRICT),
        ("processors/filter/ecs/metrics/include/metric_names", "ecs.task.memory.utilized", MatchType.STRICT),
        ("processors/filter/ecs/metrics/exclude/metric_names", "container.*", MatchType.REGEXP),
        ("processors/metricstransform/transforms/include", "ecs.task.cpu.utilized", MatchType.STRICT),
        ("processors/metricstransform/transforms/include", ".*", MatchType.REGEXP),
        ("processors/metricstransform/transforms/include", "ecs.task.cpu.limit", MatchType.STRICT),
    ]


def test_the_container_metrics_are_those_that_the_receiver_makes() -> None:
    assert len(CONTAINER_METRICS) == 2 * 26 + 3
    assert {
        "ecs.task.memory.usage.limit",
        "container.cpu.usage.vcpu",
        "ecs.task.network.io.usage.tx_dropped",
        "ecs.task.ephemeral_storage.utilized",
        "container.duration",
    } <= CONTAINER_METRICS
    assert not CONTAINER_METRICS & {"container.ephemeral_storage.utilized", "ecs.task.duration"}
    assert is_unknown_container_metric("ecs.task.memory.limit")
    assert not is_unknown_container_metric("ecs.task.memory.usage.limit")
    assert not is_unknown_container_metric("http_requests_total")
    assert wanted_metric_name("ecs.task.memory.limit") == "ecs.task.memory.reserved"
    assert wanted_metric_name("ecs.task.cpu.limit") == "ecs.task.cpu.reserved"
    assert wanted_metric_name("ecs.task.nonsense") is None


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


def prometheus(
    endpoint: str, signer: str = "", started: str = "[sigv4auth]", exporter: str = "prometheusremotewrite"
) -> str:
    return f"""
extensions: {{sigv4auth: {signer}}}
receivers: {{prometheus: }}
exporters:
  {exporter}: {{endpoint: "{endpoint}", auth: {{authenticator: sigv4auth}}}}
service:
  extensions: {started}
  pipelines: {{metrics: {{receivers: [prometheus], exporters: [{exporter}]}}}}
"""


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
def test_credentials_in_clear_are_told_by_place_alone(settings: str, where: list[str]) -> None:
    found = list(credentials_in_clear(parse(f"exporters: {{x: {settings}}}"), NEW))
    assert found == where
    assert CANARY not in repr(found)


def test_a_bare_variable_is_no_credential() -> None:
    """Old releases read the variable. New ones take the text as it is, which config.variables reports."""
    found = parse("exporters: {x: {password: $PASSWORD}}")
    assert list(credentials_in_clear(found, OLD)) == []
    assert list(credentials_in_clear(found, NEW)) == []


# Which file of the corpus is that bundled one, in which releases. A file without a release in its name is the newest.
EDITIONS = [
    ("/etc/otel-config.yaml", "_config.yaml", ["v0.49.0"]),
    ("/etc/ecs/ecs-default-config.yaml", "__v0.8.0_config_ecs_ecs-default-config.yaml", ["v0.8.0", "v0.17.0"]),
    ("/etc/ecs/ecs-default-config.yaml", "_config_ecs_ecs-default-config.yaml", ["v0.49.0"]),
    *(
        (
            "/etc/ecs/container-insights/otel-task-metrics-config.yaml",
            f"_{prefix}config_ecs_container-insights_otel-task-metrics-config.yaml",
            tags,
        )
        for prefix, tags in (("_v0.8.0_", ["v0.8.0"]), ("_v0.19.0_", ["v0.19.0"]), ("", ["v0.49.0"]))
    ),
    *(
        (f"/etc/ecs/{name}.yaml", f"_{prefix}config_ecs_{name}.yaml", tags)
        for name in ("ecs-amp", "ecs-amp-xray", "ecs-amp-prometheus", "ecs-amp-xray-prometheus")
        for prefix, tags in (
            ("_v0.14.0_", ["v0.14.0"]),
            ("_v0.14.1_", ["v0.14.1", "v0.20.1"]),
            ("_v0.21.0_", ["v0.21.0", "v0.41.0"]),
            ("", ["v0.42.0", "v0.49.0"]),
        )
    ),
    ("/etc/ecs/ecs-cloudwatch.yaml", "__v0.14.0_config_ecs_ecs-cloudwatch.yaml", ["v0.14.0"]),
    ("/etc/ecs/ecs-cloudwatch-xray.yaml", "__v0.14.0_config_ecs_ecs-cloudwatch-xray.yaml", ["v0.14.0"]),
    *(
        ("/etc/ecs/otel-instance-metrics-config.yaml", f"_{prefix}config_ecs_otel-instance-metrics-config.yaml", tags)
        for prefix, tags in (("_v0.12.0_", ["v0.12.0"]), ("_v0.23.0_", ["v0.23.0"]), ("", ["v0.49.0"]))
    ),
]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the corpus beside the project")
@pytest.mark.parametrize(
    ("path", "file", "tag"), [(path, file, tag) for path, file, tags in EDITIONS for tag in tags], ids=str
)
def test_bundled_facts_are_those_of_the_file_in_the_image(path: str, file: str, tag: str) -> None:
    release = Release.parse(tag)
    (source,) = CORPUS.glob(f"aws-observability+aws-otel-collector_{file}")
    theirs, ours = parse(source.read_text()), bundled(path, release)
    assert ours is not None
    for kind in ComponentKind:
        assert set(ours.defined(kind)) == set(theirs.defined(kind)), kind
    assert ours.pipelines == theirs.pipelines
    assert ours.started_extensions == theirs.started_extensions
    assert set(bound_ports(ours, release)) == set(bound_ports(theirs, release))
    assert set(component_permissions(ours, release)) == set(component_permissions(theirs, release))
    assert set(exporter_regions(ours, release)) == set(exporter_regions(theirs, release))
    assert set(metric_names_in_filters(ours)) == set(metric_names_in_filters(theirs))


@pytest.mark.parametrize("path", ["/etc/ecs/ecs-amp-prometheus.yaml", "/etc/ecs/ecs-amp-xray-prometheus.yaml"])
def test_a_file_that_a_release_ships_broken_is_unreadable(path: str) -> None:
    with pytest.raises(ConfigurationUnreadable, match=r"v0\.41\.1 carries is not valid YAML"):
        bundled(path, Release.parse("v0.41.1"))
    assert bundled(path, Release.parse("v0.41.2")) is None


def test_a_file_or_release_that_is_not_known_has_no_facts() -> None:
    assert bundled("/etc/ecs/other.yaml", NEW) is None
    assert bundled("/etc/ecs/ecs-cloudwatch.yaml", Release(0, 17, 0)) is None
    assert bundled("/etc/ecs/ecs-amp.yaml", Release(0, 1, 0)) is None
    assert bundled("file:/etc/ecs/ecs-xray.yaml", NEW) is not None


@pytest.mark.parametrize(("path", "signals"), [("", {"metrics"}), ("-xray", {"metrics", "traces"})])
def test_later_files_for_cloudwatch_export_what_applications_send_alone(path: str, signals: set[str]) -> None:
    found = bundled(f"/etc/ecs/ecs-cloudwatch{path}.yaml", NEW)
    assert found is not None
    assert signals_taken_by(found, "otlp") == signals
    assert metrics_exported_from(found, "otlp") == ("awsemf/application",)
    assert metrics_exported_from(found, "awsecscontainermetrics") == ()


@pytest.mark.parametrize("path", sorted(bundled_paths()))
def test_no_bundled_configuration_has_a_structural_problem(path: str) -> None:
    for tag in ("v0.14.0", "v0.23.0", "v0.49.0"):
        found = bundled(path, Release.parse(tag))
        assert found is None or not list(structural_problems(found))


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


def test_what_cloudwatchs_otlp_endpoints_ask_of_whoever_signs() -> None:
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
