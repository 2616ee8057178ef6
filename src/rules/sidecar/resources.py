"""The collector reserves the standard's CPU and memory, and all containers fit into the task.

Why: what a container does not reserve, it gets only while nobody else wants it. A collector that starves drops
telemetry just when the task is busy, and one without a share of memory takes the applications' and has the task
killed.

Fix: raises `cpu` and `memoryReservation`. SAFE where the task holds them and the applications keep the standard's
floor; a hard limit that must rise is REVIEW, and so is a larger task, with the next legal size and the word that it
costs more.

Configure: `collector.cpu`, `collector.memory`, `applications.cpu_floor`, `applications.memory_floor`.
"""

from collections.abc import Iterator

from domain.drift import Drift
from domain.ecs.container import Container
from domain.ecs.fargate import Size
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar._room import Room


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """What the collector reserves too little, then what all containers reserve too much."""
    collector, wanted = workload.collector, standard.collector
    if collector is None:
        return
    where, cpu, memory = f"containers/{collector.name}", collector.cpu, collector.memory
    if not cpu and not memory and wanted.cpu and wanted.memory:
        yield Drift(
            where,
            f"The collector reserves nothing; the standard's are {wanted.cpu} CPU units and {wanted.memory} MiB.",
            Severity.LOW,
        )
    else:
        if cpu < wanted.cpu:
            found = f"{cpu} CPU units" if cpu else "no CPU"
            yield Drift(f"{where}/cpu", f"The collector reserves {found}; the standard's are {wanted.cpu} units.")
        if memory < wanted.memory:
            member = "memory" if collector.memory_limit and not collector.memory_reservation else "memoryReservation"
            found = f"{memory} MiB" if memory else "no memory"
            yield Drift(f"{where}/{member}", f"The collector reserves {found}; the standard's are {wanted.memory} MiB.")
    task_cpu, task_memory, containers = workload.task.cpu, workload.task.memory, workload.task.containers
    if task_cpu is not None and (reserved := sum([each.cpu for each in containers])) > task_cpu:
        yield Drift("cpu", f"The containers reserve {reserved} CPU units, and the task has {task_cpu}.")
    if task_memory is not None and (reserved := sum([each.memory for each in containers])) > task_memory:
        yield Drift("memory", f"The containers reserve {reserved} MiB, and the task has {task_memory}.")


def fix(workload: Workload, standard: Standard) -> Workload:
    """The reservations raised, and the task where they do not fit."""
    collector, wanted = workload.collector, standard.collector
    if collector is None:
        return workload
    changed, limit_rises = _reserving(collector, wanted.cpu, wanted.memory)
    after = Room.of(workload, standard, Size(changed.cpu, changed.memory)).applied(
        workload.with_container(changed), collector.name
    )
    if limit_rises:
        after = after.needing_review(
            f"The collector's hard limit rises from {collector.memory_limit} to {changed.memory_limit} MiB."
        )
    return after


def _reserving(collector: Container, cpu: int, memory: int) -> tuple[Container, bool]:
    """The collector with at least so much of both, and whether its hard limit had to rise for it."""
    if collector.cpu < cpu:
        collector = collector.with_(cpu=cpu)
    if collector.memory >= memory:
        return collector, False
    limit = collector.memory_limit
    if limit is None or (collector.memory_reservation and limit > memory):
        return collector.with_(memoryReservation=memory), False
    # ECS wants the limit above the reservation: without one the limit is what is reserved.
    return collector.with_(memory=memory, memoryReservation=None), limit < memory


RULE = Rule(
    id="sidecar.resources",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size",
    doc=__doc__,
)
