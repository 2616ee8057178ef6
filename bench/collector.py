"""Time to read a typical collector configuration: ours, against PyYAML alone (the floor; it refuses nothing).

    python bench/collector.py

Goal: about 0.5 ms for a configuration as teams keep it in a parameter.
"""

import sys
from pathlib import Path
from timeit import repeat

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from domain.adot_releases import Release
from domain.collector import CollectorConfiguration, bound_ports, needs

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
    """Read and ask what the rules ask."""
    configuration = CollectorConfiguration.parse(TYPICAL)
    release = Release(0, 47, 0)
    list(configuration.problems())
    bound_ports(configuration, release)
    needs(configuration, release)


def milliseconds(function: object, rounds: int = 200) -> float:
    """Best of five, per call."""
    return min(repeat(function, number=rounds, repeat=5)) / rounds * 1000  # type: ignore[arg-type] # timeit takes any callable


if __name__ == "__main__":
    judge()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    print(f"typical configuration, {len(TYPICAL):,} bytes, {loader.__name__}")
    print(f"  yaml.load alone          {milliseconds(lambda: yaml.load(TYPICAL, loader)):7.3f} ms")  # noqa: S506 - a safe one, either way
    print(f"  parse                    {milliseconds(lambda: CollectorConfiguration.parse(TYPICAL)):7.3f} ms")
    print(f"  parse, problems, needs   {milliseconds(judge):7.3f} ms")
