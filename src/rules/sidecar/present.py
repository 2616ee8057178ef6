"""Rule sidecar.present."""

from collections.abc import Iterator

from domain.assumptions import FactKnown
from domain.collector.distributions import NONE, Language
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.container_roles import Recognised
from domain.ecs.fargate import Size
from domain.ecs.recognition import Answer, Evidence
from domain.ecs.values import truth_of
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.sidecar._evidence import reasons_of
from rules.sidecar._room import Room, RoomCode
from rules.sidecar.command_line import reading
from rules.sidecar.log_configuration import LogCode, log_configuration

MOST_CONTAINERS = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""

_DEPENDS_ON = (FactKind.CONFIGURATION, FactKind.EXECUTION_ROLE, FactKind.TASK_ROLE, FactKind.LOG_GROUPS)


class Kind(Code):
    """What this rule reports."""

    ABSENT = "collector-absent", "The task has no collector, and nothing in it receives OTLP."
    OTHER_COLLECTOR = "other-collector", "Another collector than the standard's receives the telemetry."
    POSSIBLE_COLLECTOR = "possible-collector", "A container may be a collector; it is not the standard's."
    UNKNOWN_IMAGE = "image-placeholder", "Unknown: the image of what may be the collector is a template's placeholder."
    TOO_MANY_CONTAINERS = "too-many-containers", "No fix: the task has as many containers as ECS accepts."
    RECEIVED = "telemetry-received", "No fix: another collector receives the telemetry."
    MAY_BE_RECEIVED = "telemetry-may-be-received", "No fix: a container may be a collector."
    NO_EXECUTION_ROLE = "execution-role-missing", "No fix: `secrets` needs an execution role, and none is known."
    DEFAULT_ROLE = "default-role", "Approval: the task gets the standard's execution role."
    NO_TASK_ROLE = "task-role-missing", "Approval: without a task role the collector may send nothing to AWS."
    CONTROL_FAILS = "control-fails", "Approval: a Security Hub control that the task passes would fail."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield one drift where the task has containers, and none of them is the standard's collector."""
    if workload.collector is not None or not workload.task.containers or workload.kind.id == NONE:
        return
    wanted = standard.collector.image
    receiver = _receiver(workload)
    if receiver is None:
        names = ", ".join(container.name for container in workload.task.containers)
        why = (
            f"The task has {names} and no collector, so nothing in it receives OTLP. The standard's collector is"
            f" {wanted}."
        )
        yield Drift(Kind.ABSENT, "containers", why, wanted=wanted)
        return
    name, found = receiver.container.name, str(receiver.container.image)
    if Evidence.UNKNOWN_IMAGE in receiver.recognition.evidence:
        why = f"The image of {name} is a template's placeholder; it may become the standard's collector."
        yield Doubt(Kind.UNKNOWN_IMAGE, f"containers/{name}/image", why)
        return
    reasons = reasons_of(receiver)
    if receiver.recognition.answer is Answer.IS:
        code, why = Kind.OTHER_COLLECTOR, f"{name} receives the task's telemetry: {reasons}."
    else:
        code, why = Kind.POSSIBLE_COLLECTOR, f"{name} may receive the task's telemetry: {reasons}."
    why = f"{why} It is not the standard's collector, {wanted}."
    yield Drift(code, f"containers/{name}/image", why, found, wanted, Severity.MEDIUM)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Add the standard's collector as the last container."""
    task, wanted = workload.task, standard.collector
    if len(task.containers) >= MOST_CONTAINERS:
        why = f"The task has {len(task.containers)} containers, and ECS accepts no more than {MOST_CONTAINERS}."
        raise Refusal(Kind.TOO_MANY_CONTAINERS, why)
    if receiver := _receiver(workload):
        raise _already_there(receiver)
    if task.execution_role is None and standard.roles.execution is None:
        why = "The task has no execution role and the standard names none. The collector's `secrets` need one."
        raise Refusal(Kind.NO_EXECUTION_ROLE, why)
    name = _free(wanted.name, {container.name for container in task.containers})
    room = Room.of(workload, standard, Size(wanted.cpu, wanted.memory))
    after = room.applied(workload.with_task(task.adding(_collector(workload, standard, name))), name)
    after = after.assuming(*(FactKnown(kind) for kind in _DEPENDS_ON))
    if task.execution_role is None:
        why = f"The task has no execution role. It gets the standard's, {standard.roles.execution}."
        after = after.needing_approval(Kind.DEFAULT_ROLE, why)
    if task.task_role is None:
        why = "The task has no task role, so the collector may send nothing to AWS."
        after = after.needing_approval(Kind.NO_TASK_ROLE, why)
    for control, member in _controls_lost(workload, standard):
        why = f"{name} sets no {member}, so the Security Hub control {control}, which the task passes now, would fail."
        after = after.needing_approval(Kind.CONTROL_FAILS, why)
    return after


def _receiver(workload: Workload) -> Recognised | None:
    """What receives the task's telemetry, or may; the surest first."""
    return next(iter(workload.container_roles.receivers), None)


def _already_there(receiver: Recognised) -> Refusal:
    """Why no collector is added to a task that has one, or may have one."""
    name, reasons = receiver.container.name, reasons_of(receiver)
    if receiver.recognition.answer is Answer.IS:
        why = (
            f"{name} receives the task's telemetry ({reasons}), and two collectors would bind the same ports. Replace"
            f" {name}, or name its repository in collector.also or its kind in collectors."
        )
        return Refusal(Kind.RECEIVED, why)
    why = (
        f"{name} may receive the task's telemetry ({reasons}), and two collectors would bind the same ports. Add the"
        f" collector by hand, or name the repository of {name} in applications.repositories if it is no collector."
    )
    return Refusal(Kind.MAY_BE_RECEIVED, why)


def _collector(workload: Workload, standard: Standard, name: str) -> Container:
    """The container to add. It maps no ports: the containers of a task share localhost."""
    wanted = standard.collector
    members: dict[str, object] = {"name": name, "image": wanted.image, "essential": wanted.essential}
    if not wanted.essential:
        members["restartPolicy"] = {"enabled": True}
    members |= {"cpu": wanted.cpu, "memoryReservation": wanted.memory}
    if workload.kind.distribution.language is Language.OTEL:
        members["command"] = [reading(wanted.variable)]
    members["secrets"] = [{"name": wanted.variable, "valueFrom": wanted.parameter}]
    if wanted.user is not None:
        members["user"] = wanted.user
    if wanted.readonly_root_filesystem:
        members["readonlyRootFilesystem"] = True
    members["logConfiguration"] = log_configuration(workload, standard, standard.collector.logging.driver)
    return Container(members)


def _controls_lost(workload: Workload, standard: Standard) -> Iterator[tuple[str, str]]:
    """The controls of Security Hub that the task passes, and would fail with a collector that the standard sets up so.

    https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html
    """
    containers, wanted = workload.task.containers, standard.collector
    user = (wanted.user or "root").partition(":")[0]
    if user in _ROOT and not any(each.user in _ROOT for each in containers):
        yield "ECS.20", "user other than root"
    if not wanted.readonly_root_filesystem and all(
        truth_of(each.json.get("readonlyRootFilesystem")) is True for each in containers
    ):
        yield "ECS.5", "readonlyRootFilesystem"


_ROOT = frozenset({"", "root", "0"})


def _free(name: str, taken: set[str]) -> str:
    """`name`, or the first of `name-2`, `name-3`… that no container has; ECS accepts 255 characters."""
    if name not in taken:
        return name
    return next(free for n in range(2, len(taken) + 3) if (free := f"{name[:252]}-{n}") not in taken)


RULE = Rule(
    id="sidecar.present",
    title="Tasks should have the standard's collector container",
    why="""
        Without a collector nothing receives the telemetry that the applications send, and nothing measures the task.
        Another collector than the standard's is not set up, patched and configured as the organization's are.
    """,
    remedy="""
        Adds the standard's collector as the last container, with the standard's parameter for its configuration, and
        its log where the applications' logs go. It runs as the standard's user on a read-only root filesystem, so that
        the Security Hub controls ECS.5 and ECS.20 pass as before. SAFE where the task's size holds it, the applications
        reserve CPU and keep the standard's floor, and roles, parameter and log group are known and allow it. REVIEW
        where one of these facts is not known, where the task needs the next larger size, and where another container
        reserves no CPU. Refused where the task has ten
        containers, where it has no execution role and the standard names none (`secrets` needs one), and where another
        container is a collector or may be one: both would bind the same ports. The collector maps no ports: the
        containers of a task share localhost, and a mapping would only expose the collector to the network.
    """,
    configure="""
        `collector` (kind, name, image, parameter, essential, cpu, memory, user, readonly_root_filesystem, logging) and
        `applications` (cpu_floor, memory_floor). `collectors` names another kind for some task definitions,
        `collector.also` repositories that are as good, `applications.repositories` those that are no collectors.
    """,
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *RoomCode, *LogCode),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://aws-otel.github.io/docs/setup/ecs",
)
