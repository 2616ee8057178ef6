"""An ADOT collector stands in the task.

Why: without one nothing receives what the applications send, and nothing measures the task: it is blind, and nobody
is told.

Fix: adds the standard's collector as the last container, fed by the standard's parameter and logging beside the
applications. SAFE where the task's size holds it, the applications keep the standard's floor, and roles, parameter
and log group are there and allow it; a larger task is REVIEW, with the next legal size. Refused where the task has
ten containers or no execution role can be had: `secrets` needs one. Refused beside another distribution's collector:
both would bind the same ports. It maps no ports: the containers of a task share their loopback, and a mapping would
only show the collector to the network.

Configure: `collector` (name, image, parameter, essential, cpu, memory, logging) and `applications` (cpu_floor,
memory_floor). `collector.also` names other distributions that are as good.
"""

from collections.abc import Iterator

from domain.drift import Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.container_roles import is_other_collector
from domain.ecs.fargate import Size
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import CONFIG_VARIABLE, Workload
from rules.sidecar._room import Room
from rules.sidecar.log_configuration import log_configuration

MOST_CONTAINERS = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """One drift where containers stand, and no collector among them."""
    if workload.collector is None and workload.task.containers:
        names = ", ".join(container.name for container in workload.task.containers)
        why = "so nothing receives their telemetry"
        if other := _other_distribution(workload):
            why = f"and {other} is another distribution's"
        yield Drift(
            "containers",
            f"The task has {names} and no ADOT collector, {why}; the standard's is {standard.collector.image}.",
        )


def fix(workload: Workload, standard: Standard) -> Workload:
    """The task with the standard's collector as its last container."""
    task, wanted = workload.task, standard.collector
    names = {container.name for container in task.containers}
    if len(task.containers) >= MOST_CONTAINERS:
        raise Refusal(f"The task has {len(task.containers)} containers, and ECS takes no more than {MOST_CONTAINERS}.")
    if other := _other_distribution(workload):
        raise Refusal(
            f"{other} is another distribution's collector, and both would bind the same ports: replace it, or name its"
            " repository in collector.also."
        )
    if task.execution_role is None and standard.roles.execution is None:
        raise Refusal("The task has no execution role and the standard names none; the collector's `secrets` need one.")
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
        after = after.needing_review(f"The task has no execution role; the standard's is {standard.roles.execution}.")
    if agent := next((each.name for each in task.containers if _listens(each)), None):
        after = after.needing_review(f"{agent} may listen on the OTLP ports itself; two containers cannot bind them.")
    if task.task_role is None:
        after = after.needing_review("The task has no task role, so the collector could send nothing to AWS.")
    return after


def _other_distribution(workload: Workload) -> str | None:
    """The name of another distribution's collector in the task."""
    return next((container.name for container in workload.task.containers if is_other_collector(container)), None)


def _listens(container: Container) -> bool:
    """A Datadog agent takes OTLP where these variables ask it to, and maps no port for it."""
    names = (*container.environment, *container.secrets)
    return any(name.startswith("DD_OTLP_CONFIG_RECEIVER_PROTOCOLS_") for name in names)


def _free(name: str, taken: set[str]) -> str:
    """`name`, or the first of `name-2`, `name-3`… that no container has; ECS takes 255 characters."""
    if name not in taken:
        return name
    return next(free for n in range(2, len(taken) + 3) if (free := f"{name[:252]}-{n}") not in taken)


RULE = Rule(
    id="sidecar.present",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    check=check,
    fix=fix,
    of_collector=False,
    reference="https://aws-otel.github.io/docs/setup/ecs",
    doc=__doc__,
)
