"""Time to read a typical collector configuration: with Outrider, and with PyYAML alone (it checks nothing)."""

from collections.abc import Iterator

import yaml

from bench.clock import Row, cost
from domain.collector import (
    CollectorConfiguration,
    bound_ports,
    destination_problems,
    option_problems,
    structural_problems,
    variable_problems,
)
from domain.collector.permissions import component_permissions
from domain.collector.releases import Release

TYPICAL = """\
extensions:
  health_check:
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "0.0.0.0:4317"}
      http: {endpoint: "0.0.0.0:4318"}
  awsecscontainermetrics:
    collection_interval: 20s
processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 25}
  batch/traces: {timeout: 1s, send_batch_size: 50}
  batch/metrics: {timeout: 60s}
  filter:
    metrics:
      include:
        match_type: strict
        metric_names: [ecs.task.memory.utilized, ecs.task.memory.reserved, ecs.task.cpu.utilized, ecs.task.cpu.reserved]
exporters:
  awsxray: {region: "${env:AWS_REGION}"}
  awsemf:
    namespace: ECS/Application
    log_group_name: /ecs/application/metrics
    log_retention: 30
service:
  extensions: [health_check]
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter, batch/traces], exporters: [awsxray]}
    metrics: {receivers: [otlp], processors: [memory_limiter, batch/metrics], exporters: [awsemf]}
    metrics/ecs: {receivers: [awsecscontainermetrics], processors: [filter, batch/metrics], exporters: [awsemf]}
"""


def judge() -> None:
    """Read it and compute what the rules need."""
    configuration = CollectorConfiguration.parse(TYPICAL)
    release = Release(0, 47, 0)
    list(structural_problems(configuration))
    option_problems(configuration, release)
    variable_problems(configuration, release)
    destination_problems(configuration, release)
    bound_ports(configuration, release)
    component_permissions(configuration, release)


def rows() -> Iterator[Row]:
    """Measure loading, parsing, and what the rules need."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    size = f"{len(TYPICAL):,} bytes"
    # A safe loader, either way.
    alone = cost(lambda: yaml.load(TYPICAL, loader), rounds=100)  # noqa: S506
    yield alone.row(f"yaml.load alone, {loader.__name__}, {size}")
    yield cost(lambda: CollectorConfiguration.parse(TYPICAL), rounds=100).row("parse", "about 500 µs")
    yield cost(judge, rounds=100).row("parse, problems, ports, needs", "2,000 µs")
