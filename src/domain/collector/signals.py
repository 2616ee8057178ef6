"""What flows through a configuration's pipelines: signals, batching, protection, and the container metrics."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from domain.collector.configuration import CollectorConfiguration, Pipeline, mapping, within
from domain.collector.reading import Value
from domain.collector.references import has_reference
from domain.collector.releases import ComponentKind, canonical_type

LOCAL_EXPORTERS = frozenset({"debug", "logging", "file"})
"""Exporters that send nothing out of the task."""

_SUFFIXES = frozenset(
    {"memory.usage", "memory.usage.max", "memory.usage.limit", "memory.reserved", "memory.utilized"}
    | {f"cpu.usage.{name}" for name in ("total", "kernelmode", "usermode", "system", "vcpu")}
    | {f"cpu.{name}" for name in ("cores", "onlines", "reserved", "utilized")}
    | {"network.rate.rx", "network.rate.tx"}
    | {
        f"network.io.usage.{way}_{what}"
        for way, what in product(("rx", "tx"), ("bytes", "packets", "errors", "dropped"))
    }
    | {"storage.read_bytes", "storage.write_bytes"}
)

CONTAINER_METRICS: frozenset[str] = frozenset(
    {f"{prefix}.{suffix}" for prefix in ("ecs.task", "container") for suffix in _SUFFIXES}
    | {"ecs.task.ephemeral_storage.utilized", "ecs.task.ephemeral_storage.reserved", "container.duration"}
)
"""Every metric that the awsecscontainermetrics receiver makes."""

_MEANT = {"memory.limit": "memory.reserved", "cpu.limit": "cpu.reserved", "memory.used": "memory.utilized"}


class MatchType(StrEnum):
    """How a filter compares names."""

    STRICT = "strict"
    REGEXP = "regexp"


@dataclass(frozen=True, slots=True)
class FilterName:
    """A metric name (or pattern) that a processor selects by; `where` is the path of names."""

    where: str
    name: str
    match: MatchType


def signals_taken_by(configuration: CollectorConfiguration, receiver_type: str) -> frozenset[str]:
    """Give the signals of the pipelines that a receiver of this type feeds."""
    return frozenset(pipeline.signal for pipeline in _fed_by(configuration, receiver_type))


def metrics_exported_from(configuration: CollectorConfiguration, receiver_type: str) -> tuple[str, ...]:
    """Give the exporter ids that send this receiver's metrics out of the task. `debug` and `file` do not count."""
    found = (
        exporter
        for pipeline in _fed_by(configuration, receiver_type)
        if pipeline.signal == "metrics"
        for exporter in pipeline.exporters
        if (exporter in configuration.exporters or exporter in configuration.connectors)
        and exporter.partition("/")[0] not in LOCAL_EXPORTERS
    )
    return tuple(dict.fromkeys(found))


def batched(configuration: CollectorConfiguration, pipeline: Pipeline) -> bool:
    """Tell if the pipeline has a batch processor, or an exporter whose sending_queue is set and not switched off."""
    if any(name.partition("/")[0] == "batch" for name in pipeline.processors):
        return True
    parts = (configuration.exporters.get(name) for name in pipeline.exporters)
    return any(part is not None and _queues(part.settings.get("sending_queue")) for part in parts)


def memory_limiter_first(pipeline: Pipeline) -> bool:
    """Tell if the pipeline's first processor is memory_limiter: behind others it limits too late."""
    return bool(pipeline.processors) and pipeline.processors[0].partition("/")[0] == "memory_limiter"


def metric_names_in_filters(configuration: CollectorConfiguration) -> Iterator[FilterName]:
    """Yield the metric names that running filter and metricstransform processors name, patterns included.

    OTTL conditions are not searched; names with references are left out.
    """
    for part in configuration.used:
        if part.kind is not ComponentKind.PROCESSOR:
            continue
        if part.canonical == "filter":
            for way in ("include", "exclude"):
                body = mapping(within(part.settings, "metrics", way))
                where = f"{part.where}/metrics/{way}/metric_names"
                yield from _names(where, body.get("metric_names"), body.get("match_type"))
        elif part.canonical == "metricstransform":
            transforms = part.settings.get("transforms")
            for transform in transforms if isinstance(transforms, tuple) else ():
                body = mapping(transform)
                # `metric_name` is what `include` was called before; both were never given together.
                name = body.get("include", body.get("metric_name"))
                yield from _names(f"{part.where}/transforms/include", (name,), body.get("match_type"))


def wanted_metric_name(name: str) -> str | None:
    """Give the real name that a wrong one stands for, where that is clear (`ecs.task.memory.limit`)."""
    for prefix in ("ecs.task.", "container."):
        if name.startswith(prefix) and (meant := _MEANT.get(name.removeprefix(prefix))):
            return prefix + meant
    return None


def is_unknown_container_metric(name: str) -> bool:
    """Tell if a name is shaped like a container metric and none has it."""
    return name.startswith(("ecs.task.", "container.")) and name not in CONTAINER_METRICS


def _fed_by(configuration: CollectorConfiguration, receiver_type: str) -> Iterator[Pipeline]:
    for pipeline in configuration.pipelines.values():
        ids = (name for name in pipeline.receivers if name in configuration.receivers)
        if any(canonical_type(ComponentKind.RECEIVER, name.partition("/")[0]) == receiver_type for name in ids):
            yield pipeline


def _queues(queue: Value) -> bool:
    settings = mapping(queue)
    return bool(settings) and settings.get("enabled", True) is not False


def _names(where: str, names: Value, match_type: Value) -> Iterator[FilterName]:
    match = MatchType.REGEXP if match_type == "regexp" else MatchType.STRICT
    for name in names if isinstance(names, tuple) else ():
        if isinstance(name, str) and not has_reference(name):
            yield FilterName(where, name, match)
