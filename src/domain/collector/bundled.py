"""The configurations that the collector's image carries, as facts: components, pipelines, ports, names that rules read.

Written down from what each release's image holds; not the files: settings that no rule reads are left out.
A release whose file is not known for sure has none here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from domain.collector.configuration import CollectorConfiguration, mapping
from domain.collector.reading import ConfigurationUnreadable, Value
from domain.collector.releases import Release

type _Parts = dict[str, Value]

OTHER_BUNDLED = (
    *("/etc/eks/", "/etc/apprunner/"),
    *("/etc/ecs/otel-agent-ecs-default-config.yaml", "/etc/ecs/container-insights/otel-agent-default-config.yaml"),
)
"""Folders and files that some images hold, too, and of which nothing is known here."""


@dataclass(frozen=True, slots=True)
class _Edition:
    """What one file holds in the releases from `since` to before `until`; without a body, it is no YAML at `line`."""

    path: str
    since: str
    until: str | None
    body: Mapping[str, Value] | None
    line: int | None = None

    def holds_in(self, release: Release) -> bool:
        return Release.parse(self.since) <= release and (self.until is None or release < Release.parse(self.until))


def bundled_paths() -> frozenset[str]:
    """Give the path of every bundled file that is known in any release."""
    return frozenset(edition.path for edition in _editions())


def bundled(path: str, release: Release) -> CollectorConfiguration | None:
    """Give what a file of the image holds (`/etc/ecs/ecs-amp.yaml`, `file:` allowed); None where that is not known.

    Raises ConfigurationUnreadable for the files that some releases ship broken.
    """
    plain = path.removeprefix("file:")
    for edition in _editions():
        if edition.path != plain or not edition.holds_in(release):
            continue
        if edition.body is None:
            sentence = (
                f"The file {plain} that {release} carries is not valid YAML: take another release, or a parameter."
            )
            raise ConfigurationUnreadable(sentence, edition.line, 1)
        return CollectorConfiguration(edition.body, excerpt=True)
    return None


def _frozen(value: Value) -> Value:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    return value


def _otlp(http_port: int = 4318) -> _Parts:
    return {"otlp": {"protocols": {"grpc": {"endpoint": "0.0.0.0:4317"}, "http": {"endpoint": f"0.0.0.0:{http_port}"}}}}


_XRAY: _Parts = {"awsxray": {"endpoint": "0.0.0.0:2000", "transport": "udp"}}
_STATSD: _Parts = {"statsd": {"endpoint": "0.0.0.0:8125"}}
_CONTAINERS: _Parts = {"awsecscontainermetrics": None}
_BATCHES: _Parts = {"batch/traces": None, "batch/metrics": None}
_BATCH: _Parts = {"batch/metrics": None}
_DETECT: _Parts = {"resourcedetection": None}
_RENAMED = tuple(
    f"ecs.task.{name}"
    for name in (
        *("memory.utilized", "memory.reserved", "cpu.utilized", "cpu.reserved"),
        *("network.rate.rx", "network.rate.tx", "storage.read_bytes", "storage.write_bytes"),
    )
)
_FILTER: _Parts = {
    "filter": {"metrics": {"include": {"match_type": "strict", "metric_names": (*_RENAMED, "container.duration")}}}
}
_TRANSFORM: _Parts = {
    "metricstransform": {"transforms": tuple({"include": name} for name in _RENAMED)},
    "resource": None,
}
_PERFORMANCE: Value = {
    "namespace": "ECS/ContainerInsights",
    "log_group_name": "/aws/ecs/containerinsights/{ClusterName}/performance",
    "log_stream_name": "{TaskId}",
}
_APPLICATION: Value = {"namespace": "ECS/AWSOTel/Application", "log_group_name": "/aws/ecs/application/metrics"}
_XRAY_OUT: _Parts = {"awsxray": None}


def _pipeline(receivers: str, processors: str, exporters: str) -> Value:
    return {
        "receivers": tuple(receivers.split()),
        "processors": tuple(processors.split()),
        "exporters": tuple(exporters.split()),
    }


def _body(
    receivers: _Parts, processors: _Parts, exporters: _Parts, pipelines: _Parts, extensions: _Parts | None = None
) -> Mapping[str, Value]:
    started: _Parts = {"health_check": None} if extensions is None else extensions
    body: Value = {
        "extensions": started,
        "receivers": receivers,
        "processors": processors,
        "exporters": exporters,
        "service": {"pipelines": pipelines, "extensions": tuple(started)},
    }
    return mapping(_frozen(body))


def _default(http_port: int) -> Mapping[str, Value]:
    return _body(
        _otlp(http_port) | _XRAY | _STATSD,
        _BATCHES,
        _XRAY_OUT | {"awsemf": _APPLICATION},
        {
            "traces": _pipeline("otlp awsxray", "batch/traces", "awsxray"),
            "metrics": _pipeline("otlp statsd", "batch/metrics", "awsemf"),
        },
    )


def _image_default() -> Mapping[str, Value]:
    return _body(
        _otlp() | _XRAY,
        _BATCHES,
        _XRAY_OUT | {"awsemf": None},
        {
            "traces": _pipeline("otlp awsxray", "batch/traces", "awsxray"),
            "metrics": _pipeline("otlp", "batch/metrics", "awsemf"),
        },
    )


def _task_metrics(http_port: int) -> Mapping[str, Value]:
    return _body(
        _otlp(http_port) | _XRAY | _STATSD | _CONTAINERS,
        _BATCHES | _FILTER | _TRANSFORM,
        _XRAY_OUT | {"awsemf/application": _APPLICATION, "awsemf/performance": _PERFORMANCE},
        {
            "traces": _pipeline("otlp awsxray", "batch/traces", "awsxray"),
            "metrics/application": _pipeline("otlp statsd", "batch/metrics", "awsemf/application"),
            "metrics/performance": _pipeline(
                "awsecscontainermetrics", "filter metricstransform resource", "awsemf/performance"
            ),
        },
    )


def _cloudwatch(*, xray: bool) -> Mapping[str, Value]:
    traces: _Parts = {"traces": _pipeline("otlp", "resourcedetection batch/traces", "awsxray")} if xray else {}
    return _body(
        _otlp() | _CONTAINERS,
        (_BATCHES if xray else _BATCH) | _DETECT | _FILTER | _TRANSFORM,
        (_XRAY_OUT if xray else {}) | {"awsemf/application": _APPLICATION, "awsemf/performance": _PERFORMANCE},
        traces
        | {
            "metrics/application": _pipeline("otlp", "resourcedetection resource batch/metrics", "awsemf/application"),
            "metrics/performance": _pipeline(
                "awsecscontainermetrics", "filter metricstransform resource", "awsemf/performance"
            ),
        },
    )


def _applications_to_cloudwatch(*, xray: bool) -> Mapping[str, Value]:
    traces: _Parts = {"traces": _pipeline("otlp", "resourcedetection batch/traces", "awsxray")} if xray else {}
    return _body(
        _otlp(),
        (_BATCHES if xray else _BATCH) | _DETECT | {"resource": None},
        (_XRAY_OUT if xray else {}) | {"awsemf/application": _APPLICATION},
        traces
        | {"metrics/application": _pipeline("otlp", "resourcedetection resource batch/metrics", "awsemf/application")},
    )


def _prometheus(*, xray: bool, scrape: bool, reference: str, signed: bool) -> Mapping[str, Value]:
    """Metrics to Amazon Managed Service for Prometheus, from OTLP or scraped; `reference`: how variables stand."""
    exporter = "prometheusremotewrite" if signed else "awsprometheusremotewrite"
    settings: _Parts = {"endpoint": reference.format("AWS_PROMETHEUS_ENDPOINT")}
    extensions: _Parts = {"health_check": None}
    if signed:
        settings["auth"] = {"authenticator": "sigv4auth"}
        extensions["sigv4auth"] = {"region": reference.format("AWS_REGION")}
    traces: _Parts = {"traces": _pipeline("otlp", "resourcedetection batch/traces", "awsxray")} if xray else {}
    return _body(
        (_otlp() if xray or not scrape else {}) | _CONTAINERS | ({"prometheus": None} if scrape else {}),
        (_BATCHES if xray else _BATCH) | _DETECT | _FILTER,
        (_XRAY_OUT if xray else {}) | {exporter: settings},
        traces
        | {
            "metrics/application": _pipeline(
                "prometheus" if scrape else "otlp", "resourcedetection batch/metrics", exporter
            ),
            "metrics": _pipeline("awsecscontainermetrics", "filter", exporter),
        },
        extensions,
    )


def _instance(debugger: str, *, health_check: bool = True) -> Mapping[str, Value]:
    log_names: Value = {
        "namespace": "ECS/ContainerInsights",
        "log_group_name": "/aws/ecs/containerinsights/{ClusterName}/performance",
        "log_stream_name": "instanceTelemetry/{ContainerInstanceId}",
    }
    return _body(
        {"awscontainerinsightreceiver": {"container_orchestrator": "ecs"}},
        _BATCH,
        {"awsemf": log_names, debugger: None},
        {"metrics": _pipeline("awscontainerinsightreceiver", "batch/metrics", f"awsemf {debugger}")},
        None if health_check else {},
    )


def _prometheus_editions() -> tuple[_Edition, ...]:
    found: list[_Edition] = []
    for name, xray, scrape in (
        ("ecs-amp", False, False),
        ("ecs-amp-xray", True, False),
        ("ecs-amp-prometheus", False, True),
        ("ecs-amp-xray-prometheus", True, True),
    ):
        path = f"/etc/ecs/{name}.yaml"
        unsigned = _prometheus(xray=xray, scrape=scrape, reference="${}", signed=False)
        bare = _prometheus(xray=xray, scrape=scrape, reference="${}", signed=True)
        braced = _prometheus(xray=xray, scrape=scrape, reference="${{env:{}}}", signed=True)
        found += [_Edition(path, "v0.14.0", "v0.21.0", unsigned), _Edition(path, "v0.21.0", "v0.41.1", bare)]
        if scrape:
            # v0.41.1 has an unquoted ${env:…} in a [list], which is no YAML; v0.41.2 or v0.42.0 fixed it.
            found.append(_Edition(path, "v0.41.1", "v0.41.2", None, line=22 if xray else 16))
            found.append(_Edition(path, "v0.42.0", None, braced))
        else:
            found.append(_Edition(path, "v0.41.1", None, braced))
    return tuple(found)


@cache
def _editions() -> tuple[_Edition, ...]:
    task_metrics = "/etc/ecs/container-insights/otel-task-metrics-config.yaml"
    instance_metrics = "/etc/ecs/otel-instance-metrics-config.yaml"
    xray_only = _body(
        _otlp(),
        {"batch/traces": None} | _DETECT,
        _XRAY_OUT,
        {"traces": _pipeline("otlp", "resourcedetection batch/traces", "awsxray")},
    )
    return (
        _Edition("/etc/otel-config.yaml", "v0.19.0", None, _image_default()),
        _Edition("/etc/ecs/ecs-default-config.yaml", "v0.8.0", "v0.19.0", _default(55681)),
        _Edition("/etc/ecs/ecs-default-config.yaml", "v0.19.0", None, _default(4318)),
        _Edition(task_metrics, "v0.8.0", "v0.19.0", _task_metrics(55681)),
        _Edition(task_metrics, "v0.19.0", None, _task_metrics(4318)),
        _Edition("/etc/ecs/ecs-xray.yaml", "v0.19.0", None, xray_only),
        # Both were rewritten between v0.14 and v0.19; what the ones between hold is not known for sure.
        _Edition("/etc/ecs/ecs-cloudwatch.yaml", "v0.14.0", "v0.15.0", _cloudwatch(xray=False)),
        _Edition("/etc/ecs/ecs-cloudwatch-xray.yaml", "v0.14.0", "v0.15.0", _cloudwatch(xray=True)),
        _Edition("/etc/ecs/ecs-cloudwatch.yaml", "v0.19.0", None, _applications_to_cloudwatch(xray=False)),
        _Edition("/etc/ecs/ecs-cloudwatch-xray.yaml", "v0.19.0", None, _applications_to_cloudwatch(xray=True)),
        _Edition(instance_metrics, "v0.12.0", "v0.23.0", _instance("logging", health_check=False)),
        _Edition(instance_metrics, "v0.23.0", "v0.41.0", _instance("logging")),
        # v0.42.0 has no logging exporter, so debug came by then; which one v0.41 names is not known.
        _Edition(instance_metrics, "v0.42.0", None, _instance("debug")),
        *_prometheus_editions(),
    )
