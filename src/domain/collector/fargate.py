"""What a Fargate task does not give a collector: a host, a cluster, files that it may write, names of containers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from domain.collector.configuration import CollectorConfiguration, Component, Options, mapping, within
from domain.collector.problems import Effect, Problem, ProblemCode, Topic
from domain.collector.reading import Value
from domain.collector.references import literal
from domain.collector.releases import NEEDS_EC2, ComponentKind, Release

_EKS: Final = "eks"
"""The detector that the collector cannot even make outside a cluster."""
_CLUSTER_DETECTORS: Final = frozenset({_EKS, "k8snode", "k8s_api", "kubeadm"})
_OBSERVER_DEFAULT: Final = "/etc/ecs_sd_targets.yaml"
_STORAGE_DEFAULT: Final = "/var/lib/otelcol/file_storage"


@dataclass(frozen=True, slots=True)
class WrittenPath:
    """A path that a component writes to, or makes files below."""

    where: str
    path: str


@dataclass(frozen=True, slots=True)
class ScrapedHost:
    """A host that the prometheus receiver scrapes by a name of one label."""

    where: str
    host: str


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """A limit in MiB at which a memory_limiter refuses data."""

    where: str
    mib: int


def memory_limits(configuration: CollectorConfiguration) -> tuple[MemoryLimit, ...]:
    """Give the limits of the memory_limiter processors that run."""
    return tuple(
        MemoryLimit(f"{part.place}/limit_mib", limit)
        for part in configuration.used
        if part.kind is ComponentKind.PROCESSOR and part.canonical == "memory_limiter"
        if isinstance(limit := part.settings.get("limit_mib"), int) and not isinstance(limit, bool)
    )


def fargate_problems(configuration: CollectorConfiguration) -> tuple[Problem, ...]:
    """Give the parts that need a host or a cluster."""
    return tuple(problem for part in configuration.used for problem in _of_component(part))


def written_paths(configuration: CollectorConfiguration, release: Release | None = None) -> tuple[WrittenPath, ...]:
    """Give the paths that running parts write to, as far as they are written out."""
    return tuple(path for part in configuration.used for path in _written(part, release))


def scraped_hosts(configuration: CollectorConfiguration, release: Release | None = None) -> tuple[ScrapedHost, ...]:
    """Give the targets whose host is one label: a container's name, if anything in the task."""
    return tuple(
        host
        for part in configuration.used
        if part.kind is ComponentKind.RECEIVER and part.canonical == "prometheus"
        for host in _hosts(part, release)
    )


def _problem(code: ProblemCode, where: str, effect: Effect, found: str = "") -> Problem:
    return Problem(Topic.FARGATE, code, where, effect, found=found)


def _of_component(part: Component) -> Iterator[Problem]:
    settings = part.settings
    match part.kind, part.canonical:
        case ComponentKind.RECEIVER, "prometheus":
            yield from _of_jobs(part)
        case kind, name if (kind, name) in NEEDS_EC2:
            yield _problem(ProblemCode.NEEDS_HOST, part.place, Effect.STOPS, part.type)
        case ComponentKind.PROCESSOR, "resourcedetection":
            detectors = settings.get("detectors")
            for index, detector in enumerate(detectors if isinstance(detectors, tuple) else ()):
                if isinstance(detector, str) and detector in _CLUSTER_DETECTORS:
                    effect = Effect.REFUSED if detector == _EKS else Effect.STOPS
                    yield _problem(ProblemCode.NEEDS_CLUSTER, f"{part.place}/detectors[{index}]", effect, detector)
        case ComponentKind.PROCESSOR, "k8sattributes":
            if settings.get("passthrough") is not True:
                yield _problem(ProblemCode.NEEDS_CLUSTER, part.place, Effect.STOPS, part.type)
        case ComponentKind.EXPORTER, "loadbalancing":
            if within(settings, "resolver", "k8s") is not None:
                yield _problem(ProblemCode.NEEDS_CLUSTER, f"{part.place}/resolver/k8s", Effect.STOPS, "k8s")
        case _:
            pass


def _written(part: Component, release: Release | None) -> Iterator[WrittenPath]:
    settings = part.settings
    paths: dict[str, Value]
    match part.kind, part.canonical:
        case ComponentKind.EXTENSION, "ecs_observer":
            paths = {"result_file": settings.get("result_file", _OBSERVER_DEFAULT)}
        case ComponentKind.EXTENSION, "file_storage":
            paths = {"directory": settings.get("directory", _STORAGE_DEFAULT)}
            compaction = mapping(settings.get("compaction"))
            if any(compaction.get(when) is True for when in ("on_start", "on_rebound")):
                paths["compaction/directory"] = compaction.get("directory", _STORAGE_DEFAULT)
        case ComponentKind.EXPORTER, "file":
            paths = {"path": settings.get("path")}
        case _:
            paths = {}
    for key, value in paths.items():
        if path := literal(value, release):
            yield WrittenPath(f"{part.place}/{key}", path)


def _jobs(part: Component) -> Iterator[tuple[str, Options]]:
    """Yield the jobs of a prometheus receiver, each with its place."""
    jobs = within(part.settings, "config", "scrape_configs")
    for number, job in enumerate(jobs if isinstance(jobs, tuple) else ()):
        yield f"{part.place}/config/scrape_configs[{number}]", mapping(job)


def _of_jobs(part: Component) -> Iterator[Problem]:
    found = "kubernetes_sd_configs"
    for where, job in _jobs(part):
        if _is_within_cluster(job.get(found)):
            yield _problem(ProblemCode.NEEDS_CLUSTER, f"{where}/{found}", Effect.LOST, found)


def _is_within_cluster(discoveries: Value) -> bool:
    """Tell if one asks the cluster that the collector itself is in: no address and no file names another."""
    found = discoveries if isinstance(discoveries, tuple) else ()
    return any(not (mapping(each).get("api_server") or mapping(each).get("kubeconfig_file")) for each in found)


def _hosts(part: Component, release: Release | None) -> Iterator[ScrapedHost]:
    for job_where, job in _jobs(part):
        groups = job.get("static_configs")
        for index, group in enumerate(groups if isinstance(groups, tuple) else ()):
            targets = mapping(group).get("targets")
            where = f"{job_where}/static_configs[{index}]/targets"
            for place, target in enumerate(targets if isinstance(targets, tuple) else ()):
                host = (literal(target, release) or "").partition(":")[0]
                if host and "." not in host and host != "localhost":
                    yield ScrapedHost(f"{where}[{place}]", host)
