"""Rule sidecar.present."""

from collections.abc import Iterator

from domain.drift import Code, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.container_roles import is_other_collector
from domain.ecs.fargate import Size
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import CONFIG_VARIABLE, Workload
from rules.sidecar._room import Room, RoomCode
from rules.sidecar.log_configuration import LogCode, log_configuration

MOST_CONTAINERS = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""


class Kind(Code):
    """What this rule reports."""

    ABSENT = "collector-absent", "The task has no collector."
    OTHER_DISTRIBUTION = "other-distribution", "The task has another distribution's collector."
    TOO_MANY_CONTAINERS = "too-many-containers", "No fix: the task has as many containers as ECS accepts."
    PORTS_TAKEN = "ports-taken", "No fix: another distribution's collector binds the same ports."
    NO_EXECUTION_ROLE = "execution-role-missing", "No fix: `secrets` needs an execution role, and none is known."
    DEFAULT_ROLE = "default-role", "Approval: the task gets the standard's execution role."
    AGENT_LISTENS = "agent-listens", "Approval: an agent in the task may listen on the OTLP ports."
    NO_TASK_ROLE = "task-role-missing", "Approval: without a task role the collector may send nothing to AWS."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift where the task has containers, and no collector among them."""
    if workload.collector is None and workload.task.containers:
        names = ", ".join(container.name for container in workload.task.containers)
        code, then = Kind.ABSENT, "so nothing receives their telemetry"
        if other := _other_distribution(workload):
            code, then = Kind.OTHER_DISTRIBUTION, f"and {other} is another distribution's"
        wanted = standard.collector.image
        why = f"The task has {names} and no ADOT collector, {then}. The standard's image is {wanted}."
        yield Drift(code, "containers", why, wanted=wanted)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Add the standard's collector as the last container."""
    task, wanted = workload.task, standard.collector
    names = {container.name for container in task.containers}
    if len(task.containers) >= MOST_CONTAINERS:
        why = f"The task has {len(task.containers)} containers, and ECS accepts no more than {MOST_CONTAINERS}."
        raise Refusal(Kind.TOO_MANY_CONTAINERS, why)
    if other := _other_distribution(workload):
        raise Refusal(
            Kind.PORTS_TAKEN,
            f"{other} is another distribution's collector, and both would bind the same ports. Replace it, or name its"
            " repository in collector.also.",
        )
    if task.execution_role is None and standard.roles.execution is None:
        why = "The task has no execution role and the standard names none. The collector's `secrets` need one."
        raise Refusal(Kind.NO_EXECUTION_ROLE, why)
    name = _free(wanted.name, names)
    members: dict[str, object] = {"name": name, "image": wanted.image, "essential": wanted.essential}
    if not wanted.essential:
        members["restartPolicy"] = {"enabled": True}
    members |= {
        "cpu": wanted.cpu,
        "memoryReservation": wanted.memory,
        "command": [f"--config=env:{CONFIG_VARIABLE}"],
        "secrets": [{"name": CONFIG_VARIABLE, "valueFrom": wanted.parameter}],
        "logConfiguration": log_configuration(workload, standard),
    }
    room = Room.of(workload, standard, Size(wanted.cpu, wanted.memory))
    after = room.applied(workload.with_task(task.adding(Container(members))), name)
    if task.execution_role is None:
        why = f"The task has no execution role. It gets the standard's, {standard.roles.execution}."
        after = after.needing_approval(Kind.DEFAULT_ROLE, why)
    if agent := next((each.name for each in task.containers if _listens(each)), None):
        why = f"{agent} may listen on the OTLP ports itself. Two containers cannot bind them."
        after = after.needing_approval(Kind.AGENT_LISTENS, why)
    if task.task_role is None:
        why = "The task has no task role, so the collector may send nothing to AWS."
        after = after.needing_approval(Kind.NO_TASK_ROLE, why)
    return after


def _other_distribution(workload: Workload) -> str | None:
    """The name of another distribution's collector in the task."""
    return next((container.name for container in workload.task.containers if is_other_collector(container)), None)


def _listens(container: Container) -> bool:
    """A Datadog agent receives OTLP where these variables are set, and maps no port for it."""
    names = (*container.environment, *container.secrets)
    return any(name.startswith("DD_OTLP_CONFIG_RECEIVER_PROTOCOLS_") for name in names)


def _free(name: str, taken: set[str]) -> str:
    """`name`, or the first of `name-2`, `name-3`… that no container has; ECS accepts 255 characters."""
    if name not in taken:
        return name
    return next(free for n in range(2, len(taken) + 3) if (free := f"{name[:252]}-{n}") not in taken)


RULE = Rule(
    id="sidecar.present",
    title="The task has an ADOT collector",
    why="""
        Without a collector nothing receives the telemetry that the applications send, and nothing measures the task.
    """,
    remedy="""
        Adds the standard's collector as the last container, with the standard's parameter for its configuration, and
        its log where the applications' logs go. SAFE where the task's size holds it, the applications keep the
        standard's floor, and roles, parameter and log group exist and allow it. REVIEW where the task needs the next
        larger size. Refused where the task has ten containers, where it has no execution role and the standard names
        none (`secrets` needs one), and where it has another distribution's collector: both would bind the same ports.
        The collector maps no ports: the containers of a task share localhost, and a mapping would only expose the
        collector to the network.
    """,
    configure="""
        `collector` (name, image, parameter, essential, cpu, memory, logging) and `applications` (cpu_floor,
        memory_floor). `collector.also` names other distributions that are accepted.
    """,
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *RoomCode, *LogCode),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://aws-otel.github.io/docs/setup/ecs",
)
