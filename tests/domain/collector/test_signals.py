"""Which ports a collector binds, which signals it takes, and how it exports and batches them."""

import pytest

from domain.collector import (
    CONTAINER_METRICS,
    CollectorConfiguration,
    MatchType,
    batched,
    bound_ports,
    health_check_listener,
    is_unknown_container_metric,
    memory_limiter_first,
    metric_names_in_filters,
    metrics_exported_from,
    otlp_listeners,
    signals_taken_by,
    wanted_metric_name,
)
from domain.collector.releases import Release
from tests.domain.collector.configurations import NEW, OLD, parse, running

ANY = "0.0.0.0"  # noqa: S104 - compared with, never bound


def ports(text: str, release: Release | None = NEW) -> set[tuple[str, int | None, str | None]]:
    return {(found.transport, found.port, found.host) for found in bound_ports(parse(text), release)}


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
def test_the_collectors_own_metrics_bind_8888_unless_configured_otherwise(
    telemetry: str, expected: set[int | None]
) -> None:
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
    started = health_check_listener(sidecar, NEW)
    assert started is not None
    assert started.port == 13133
    assert health_check_listener(parse("extensions: {health_check: }\nservice: {extensions: []}")) is None
    assert health_check_listener(parse("service: {extensions: [health_check]}")) is None
    moved = parse(
        "extensions: {health_check/2: {endpoint: 'localhost:${env:PORT}'}}\nservice: {extensions: [health_check/2]}"
    )
    elsewhere = health_check_listener(moved, NEW)
    assert elsewhere is not None
    assert elsewhere.port is None


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
