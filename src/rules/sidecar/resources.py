"""Rule sidecar.resources."""

from collections.abc import Iterator

from domain.drift import Code, Doubt, Drift
from domain.ecs.container import Container
from domain.ecs.fargate import Size, amount
from domain.ecs.placeholders import is_filled_in
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar._room import Room, RoomCode


class Kind(Code):
    """What this rule reports."""

    NOTHING = "nothing-reserved", "The collector reserves neither CPU nor memory."
    CPU_LOW = "cpu-too-low", "The collector reserves less CPU than the standard's."
    MEMORY_LOW = "memory-too-low", "The collector reserves less memory than the standard's."
    CPU_OVERCOMMITTED = "cpu-overcommitted", "The containers reserve more CPU than the task has."
    MEMORY_OVERCOMMITTED = "memory-overcommitted", "The containers reserve more memory than the task has."
    PLACEHOLDER = "reservation-placeholder", "Unknown: what a container reserves is a placeholder."
    LIMIT_RISES = "limit-rises", "Approval: the collector's hard memory limit rises."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield what the collector reserves too little, then what all containers reserve too much."""
    collector, wanted = workload.present_collector, standard.collector
    where, cpu, memory = f"containers/{collector.name}", collector.cpu, collector.memory
    open_cpu, open_memory = _open_cpu(collector), _open_memory(collector)
    if not cpu and not memory and wanted.cpu and wanted.memory and not open_cpu and not open_memory:
        right = f"{wanted.cpu} CPU units and {wanted.memory} MiB"
        why = f"The collector reserves neither CPU nor memory. The standard reserves {right}."
        yield Drift(Kind.NOTHING, where, why, "0", right, Severity.LOW)
    else:
        if cpu < wanted.cpu and not open_cpu:
            found = f"{cpu} CPU units" if cpu else "no CPU"
            why = f"The collector reserves {found}. The standard reserves {wanted.cpu} CPU units."
            yield Drift(Kind.CPU_LOW, f"{where}/cpu", why, str(cpu), str(wanted.cpu))
        if memory < wanted.memory and not open_memory:
            member = "memory" if collector.memory_limit and not collector.memory_reservation else "memoryReservation"
            found = f"{memory} MiB" if memory else "no memory"
            why = f"The collector reserves {found}. The standard reserves {wanted.memory} MiB."
            yield Drift(Kind.MEMORY_LOW, f"{where}/{member}", why, str(memory), str(wanted.memory))
    task_cpu, task_memory, containers = workload.task.cpu, workload.task.memory, workload.task.containers
    if task_cpu is not None and (reserved := sum([each.cpu for each in containers])) > task_cpu:
        why = f"The containers reserve {reserved} CPU units, and the task has {task_cpu}."
        yield Drift(Kind.CPU_OVERCOMMITTED, "cpu", why, str(task_cpu), str(reserved))
    if task_memory is not None and (reserved := sum([each.memory for each in containers])) > task_memory:
        why = f"The containers reserve {reserved} MiB, and the task has {task_memory}."
        yield Drift(Kind.MEMORY_OVERCOMMITTED, "memory", why, str(task_memory), str(reserved))
    for each in containers:
        if member := _open_cpu(each) or _open_memory(each):
            why = f"What {each.name} reserves is a placeholder."
            yield Doubt(Kind.PLACEHOLDER, f"containers/{each.name}/{member}", why)


def _open_cpu(container: Container) -> str:
    return _open(container, "cpu")


def _open_memory(container: Container) -> str:
    """Return the member that reserves memory, if it is a placeholder; else nothing."""
    return _open(container, "memoryReservation") or ("" if container.memory else _open(container, "memory"))


def _open(container: Container, member: str) -> str:
    value = container.json.get(member)
    return member if is_filled_in(value) and amount(value) is None else ""


def fix(workload: Workload, standard: Standard) -> Workload:
    """Raise the reservations, and the task's size where they do not fit."""
    collector, wanted = workload.present_collector, standard.collector
    changed, limit_rises = _reserving(collector, wanted.cpu, wanted.memory)
    after = Room.of(workload, standard, Size(changed.cpu, changed.memory)).applied(
        workload.with_container(changed), collector.name
    )
    if limit_rises:
        why = f"The collector's hard limit rises from {collector.memory_limit} to {changed.memory_limit} MiB."
        after = after.needing_approval(Kind.LIMIT_RISES, why)
    return after


def _reserving(collector: Container, cpu: int, memory: int) -> tuple[Container, bool]:
    """The collector with at least this CPU and memory, and whether its hard limit had to rise."""
    if collector.cpu < cpu and not _open_cpu(collector):
        collector = collector.with_(cpu=cpu)
    if collector.memory >= memory or _open_memory(collector):
        return collector, False
    limit = collector.memory_limit
    if limit is None or (collector.memory_reservation and limit > memory):
        return collector.with_(memoryReservation=memory), False
    # ECS requires a limit above the reservation. Without a reservation the limit is what is reserved.
    return collector.with_(memory=memory, memoryReservation=None), limit < memory


RULE = Rule(
    id="sidecar.resources",
    title="Collectors should reserve the standard's CPU and memory, and all containers should fit into the task",
    why="""
        A container gets what it does not reserve only while no other container needs it. A collector without enough CPU
        drops telemetry when the task is busy, and one without reserved memory takes the applications' memory until the
        task is killed.
    """,
    remedy="""
        Raises `cpu` and `memoryReservation`. SAFE where the task holds them and the applications reserve CPU and keep
        the standard's floor. REVIEW where a hard limit must rise, where another container reserves no CPU, so that a
        busy collector would leave it almost none, where a size is a template's placeholder, and where the task needs
        the next larger size, which costs more.
    """,
    configure="`collector.cpu`, `collector.memory`, `applications.cpu_floor`, `applications.memory_floor`.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=(*Kind, *RoomCode),
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size",
)
