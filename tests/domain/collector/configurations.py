"""Configurations of the tests here, and how they are read."""

from domain.collector import CollectorConfiguration
from domain.collector.releases import Release

OLD, NEW = Release(0, 40, 0), Release(0, 47, 0)
CANARY = "s3cr3tc4n4ry"
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
