"""Rule config.fargate."""

from collections.abc import Iterator

from domain.collector import (
    CollectorConfiguration,
    Effect,
    Problem,
    ProblemCode,
    Topic,
    bound_ports,
    fargate_problems,
    memory_limits,
    scraped_hosts,
    written_paths,
)
from domain.drift import Code, Doubt, Drift
from domain.identical import once
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import READ, configuration_of
from rules.config._problems import drift_of, in_fargate
from rules.config._writable import HOME, has_home, may_write


class Kind(Code):
    """What this rule reports."""

    NEEDS_HOST = "needs-host", "The component reads files of an EC2 host."
    NEEDS_CLUSTER = "needs-cluster", "The component calls the Kubernetes API."
    NOT_WRITABLE = "not-writable", "The collector's user may not write the file."
    VOLUME_OWNER = "volume-owner-unknown", "Unknown: another container may let the collector write to the volume."
    CONTAINER_NAME = "container-name", "The address has the name of a container, which is not found in a task."
    LIMIT_ABOVE_MEMORY = "limit-above-memory", "The memory limit is above the memory of the container."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each part that cannot work in the task."""
    configuration, doubts = configuration_of(workload)
    yield from doubts
    if configuration is None:
        return
    for problem in _found(workload, configuration):
        yield drift_of(Kind, problem, in_fargate(workload, problem))
    yield from _files(workload, configuration)


def _files(workload: Workload, configuration: CollectorConfiguration) -> Iterator[Drift | Doubt]:
    for written in _written(configuration, workload.release):
        match may_write(workload, written.path):
            case False:
                home = HOME if has_home(workload) else ""
                problem = Problem(Topic.FARGATE, ProblemCode.NOT_WRITABLE, written.where, Effect.STOPS, nearest=home)
                yield drift_of(Kind, problem, in_fargate(workload, problem))
            case None:
                why = "It is on a volume that is root's, unless another container that mounts it changes the owner."
                yield Doubt(Kind.VOLUME_OWNER, written.where, why)
            case True:
                pass


def _found(workload: Workload, configuration: CollectorConfiguration) -> Iterator[Problem]:
    yield from _parts(configuration)
    names = {container.name for container in workload.task.containers} - {"localhost"}
    for scraped in _scraped(configuration, workload.release):
        if scraped.host in names:
            yield Problem(Topic.FARGATE, ProblemCode.CONTAINER_NAME, scraped.where, Effect.LOST, found=scraped.host)
    for listener in _bound(configuration, workload.release):
        if listener.host in names:
            yield Problem(
                Topic.FARGATE, ProblemCode.CONTAINER_NAME, listener.place, Effect.STOPS, found=listener.host or ""
            )
    yield from _limits(workload, configuration)


def _limits(workload: Workload, configuration: CollectorConfiguration) -> Iterator[Problem]:
    """Yield each limit that is above what the container may use: the kernel stops it first."""
    memory = workload.present_collector.memory_limit
    available = memory or workload.task.memory
    for limit in _memory_limits(configuration) if available else ():
        if available and limit.mib > available:
            whose = "container" if memory else "task"
            yield Problem(
                Topic.FARGATE,
                ProblemCode.LIMIT_ABOVE_MEMORY,
                limit.where,
                Effect.LOST,
                found=str(limit.mib),
                wanted=(str(available),),
                limit=whose,
            )


_parts = once(fargate_problems)
_memory_limits = once(memory_limits)
_written = once(written_paths)
_scraped = once(scraped_hosts)
_bound = once(bound_ports)


RULE = Rule(
    id="config.fargate",
    title="Collector configurations should need nothing that a Fargate task does not have",
    why="""
        `awscontainerinsightreceiver` reads files of an EC2 host, the `eks` detector and Prometheus'
        `kubernetes_sd_configs` call the Kubernetes API, and `ecs_observer` writes to /etc by default, where the
        image's user (4317) may not write: the collector exits. ADOT's image has no /tmp, and its user may write
        below /home/aoc alone, unless the root file system is read-only. A bind mount of Fargate belongs to
        root. A target by a container's name is never found, because containers of a task have no host names,
        and a receiver that listens at such a name keeps the collector from starting. A memory_limiter whose
        limit is above the container's memory never acts: the kernel stops the collector first, and its data is
        lost; this is MEDIUM. If nothing shows that the task runs on Fargate, what only Fargate lacks is MEDIUM.
    """,
    by_hand="""
        Remove the part, write below /home/aoc or to a volume that the collector's user may write to, use localhost, and
        limit memory below the container's.
    """,
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *READ),
    of_configuration=True,
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html",
)
