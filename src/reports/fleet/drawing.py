"""Draw a task: its containers, and where its telemetry goes."""

from collections.abc import Collection, Iterator

from domain.collector import LOCAL_EXPORTERS, CollectorConfiguration
from domain.collector.scalars import shown
from domain.ecs.container import Container
from domain.ecs.container_roles import ContainerRole, Recognised
from domain.ecs.fargate import amount
from domain.facts import Known
from domain.otlp import Destination, Signal, destinations, instrumented, place_of
from domain.otlp_receivers import otlp_receivers
from domain.remediation.plan import quotable
from domain.workload import Workload
from reports.fleet.model import Box, Drawing, PathState, TelemetryPath

_SERVICES = {
    "awsemf": "CloudWatch metrics",
    "awscloudwatchlogs": "CloudWatch Logs",
    "awsxray": "X-Ray",
    "prometheusremotewrite": "Prometheus remote write",
    "otlp": "OTLP over gRPC",
    "otlphttp": "OTLP over HTTP",
}
_HIDDEN_IMAGE = "(image hidden)"


def drawing_of(workload: Workload, drifted: Collection[str]) -> Drawing:
    """Return the drawing. `drifted` has the places of drifts: the paths through them are broken."""
    boxes = tuple(_box(each) for each in workload.container_roles.every)
    paths = [*_from_applications(workload, drifted), *_from_collector(workload, drifted)]
    return Drawing(boxes, tuple(dict.fromkeys(paths)))


def _box(found: Recognised) -> Box:
    container = found.container
    ports = (amount(mapping.get("containerPort")) for mapping in container.port_mappings)
    image = container.image
    tag = f":{image.tag}" if image.tag else ""
    return Box(
        name=container.name,
        role=found.role.value,
        image=_HIDDEN_IMAGE if image.hidden else f"{image.name}{tag}",
        ports=tuple(port for port in ports if port is not None),
        essential=container.essential,
    )


def _from_applications(workload: Workload, drifted: Collection[str]) -> Iterator[TelemetryPath]:
    collector = workload.collector
    for application in workload.applications:
        if not instrumented(application):
            if collector is not None:
                yield TelemetryPath(application.name, collector.name, "SDK defaults", PathState.UNKNOWN)
            else:
                yield TelemetryPath(application.name, "no collector", "", PathState.UNKNOWN, outside=True)
            continue
        for destination in destinations(application):
            yield _path(workload, application, destination, drifted)


def _path(
    workload: Workload, application: Container, destination: Destination, drifted: Collection[str]
) -> TelemetryPath:
    sender, collector = application.name, workload.collector
    broken = place_of(application, destination.variable) in drifted
    state = PathState.BROKEN if broken else PathState.WORKS
    endpoint = destination.leads_to
    spoken = destination.protocol_set
    label = _carried(destination)
    if destination.value is None:
        if collector is None:
            return TelemetryPath(sender, "no collector", label, PathState.BROKEN, outside=True)
        where = f"{label} :{spoken.port}" if spoken else label
        return TelemetryPath(sender, collector.name, where, state)
    if endpoint is None:
        return TelemetryPath(sender, "not known", label, PathState.UNKNOWN, outside=True)
    if not endpoint.in_task:
        text = quotable(destination.variable, str(endpoint)) or "outside the task"
        return TelemetryPath(sender, text, label, state, outside=True)
    there = otlp_receivers(workload, application).at(endpoint.port)
    label = f"{label} :{endpoint.port}" if endpoint.port else label
    if there is not None:
        return TelemetryPath(sender, there.container, label, state)
    return TelemetryPath(sender, f"nothing on port {endpoint.port}", label, PathState.BROKEN, outside=True)


def _carried(destination: Destination) -> str:
    every = len(destination.signals) == len(Signal)
    return "all signals" if every else " ".join(signal.value for signal in destination.signals)


def _from_collector(workload: Workload, drifted: Collection[str]) -> Iterator[TelemetryPath]:
    receivers = [each.container.name for each in workload.container_roles.every if _collects(each)]
    collector = workload.collector
    for name in receivers:
        configuration = workload.configuration
        if collector is None or name != collector.name or not isinstance(configuration, Known):
            yield TelemetryPath(name, "not known", "", PathState.UNKNOWN, outside=True)
        elif isinstance(configuration.value, CollectorConfiguration):
            yield from _exports(name, configuration.value, drifted)
        else:
            yield TelemetryPath(name, "nothing: not readable", "", PathState.BROKEN, outside=True)


def _collects(found: Recognised) -> bool:
    return found.role in {ContainerRole.COLLECTOR, ContainerRole.OTHER_COLLECTOR}


def _exports(name: str, configuration: CollectorConfiguration, drifted: Collection[str]) -> Iterator[TelemetryPath]:
    signals = dict[str, dict[str, None]]()
    for pipeline in configuration.pipelines.values():
        for exporter in pipeline.exporters:
            signals.setdefault(exporter, {})[shown(pipeline.signal)] = None
    for exporter, carried in signals.items():
        part = configuration.exporters.get(exporter)
        if part is None and exporter in configuration.connectors:
            continue
        if part is not None and part.canonical in LOCAL_EXPORTERS:
            continue
        where = f"exporters/{shown(exporter)}"
        broken = part is None or any(each == where or each.startswith(f"{where}/") for each in drifted)
        title = _SERVICES.get(part.canonical if part else "", "")
        _, _, instance = exporter.partition("/")
        text = (f"{title} {shown(instance)}" if title and instance else title) or shown(exporter)
        state = PathState.BROKEN if broken else PathState.WORKS
        yield TelemetryPath(name, text, " ".join(carried), state, outside=True)
    if not signals:
        yield TelemetryPath(name, "nothing: no pipeline", "", PathState.BROKEN, outside=True)
