"""Rule task.network-mode."""

from collections.abc import Iterator

from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.placeholders import placeholder
from domain.ecs.values import Json, texts_of
from domain.masking import word
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_WANTED = "awsvpc"


class Kind(Code):
    """What this rule reports."""

    NOT_AWSVPC = "mode-not-awsvpc", "The network mode is another than awsvpc, or none."
    PLACEHOLDER = "mode-placeholder", "Unknown: the network mode is a placeholder."
    LINKS = "links-used", "No fix: a container uses links, which awsvpc does not support."
    NEEDS_NETWORK = "service-network-needed", "Approval: the service needs subnets, security groups and targets by IP."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield a drift where the mode is another, or none."""
    mode = workload.task.network_mode
    if mode and placeholder(mode):
        yield Doubt(Kind.PLACEHOLDER, "networkMode", "The network mode is a placeholder.")
    elif mode != _WANTED:
        mode = word(mode) if mode else mode
        is_ = f"is {mode}" if mode else "is not set, which means bridge"
        why = f"The network mode {is_}. Fargate needs {_WANTED}."
        yield Drift(Kind.NOT_AWSVPC, "networkMode", why, mode or "", _WANTED)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set awsvpc, and remove the host ports that it does not allow."""
    linked = [container.name for container in workload.task.containers if texts_of(container.json.get("links"))]
    if linked:
        why = f"{' and '.join(linked)} uses links, which {_WANTED} does not support. Use localhost instead."
        raise Refusal(Kind.LINKS, why)
    task = workload.task.with_(networkMode=_WANTED)
    for container in task.containers:
        if any(_stray(mapping) for mapping in container.port_mappings):
            freed = [
                {key: value for key, value in mapping.items() if key != "hostPort"} if _stray(mapping) else mapping
                for mapping in container.port_mappings
            ]
            task = task.with_container(container.with_(portMappings=freed))
    return workload.with_task(task).needing_approval(
        Kind.NEEDS_NETWORK,
        f"In {_WANTED} every task has a network interface of its own: the service needs subnets and security groups,"
        " and load balancers need targets by IP.",
    )


def _stray(mapping: Json) -> bool:
    host = mapping.get("hostPort")
    return host is not None and host != mapping.get("containerPort")


RULE = Rule(
    id="task.network-mode",
    title="Fargate tasks should use the network mode awsvpc",
    why="""
        Fargate supports no other mode, and only in awsvpc do the containers of a task share localhost, by which an
        application reaches its collector. ECS refuses other modes when a Fargate task definition is registered, so this
        rule matters for files and for definitions that name no launch type.
    """,
    remedy="""
        REVIEW. Sets awsvpc and removes host ports that differ from their container's, which awsvpc does not allow. The
        service then needs subnets and security groups. Refused where containers use `links`.
    """,
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=tuple(Kind),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html",
)
