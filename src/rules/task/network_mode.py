"""The task's network mode is awsvpc.

Why: Fargate knows no other, and only in awsvpc do the containers of a task share localhost, by which an application
reaches its collector. ECS refuses anything else when a Fargate task definition is registered, so this speaks of files
and of definitions that name no launch type.

Fix: REVIEW; sets awsvpc and takes out host ports that differ from their container's, which awsvpc does not allow. The
service then needs subnets and security groups. Refused where containers use `links`.
"""

from collections.abc import Iterator

from domain.drift import Drift, Refusal
from domain.ecs.values import Json, texts_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_WANTED = "awsvpc"


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield a drift where the mode is another, or none."""
    mode = workload.task.network_mode
    if mode != _WANTED:
        found = f"is {mode}" if mode else "is not set, which means bridge"
        yield Drift("networkMode", f"The network mode {found}; Fargate needs {_WANTED}.")


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set awsvpc, and free the host ports that it does not allow."""
    linked = [container.name for container in workload.task.containers if texts_of(container.json.get("links"))]
    if linked:
        raise Refusal(
            f"{' and '.join(linked)} uses links, which {_WANTED} has not: let it reach the others on localhost."
        )
    task = workload.task.with_(networkMode=_WANTED)
    for container in task.containers:
        if any(_stray(mapping) for mapping in container.port_mappings):
            freed = [
                {key: value for key, value in mapping.items() if key != "hostPort"} if _stray(mapping) else mapping
                for mapping in container.port_mappings
            ]
            task = task.with_container(container.with_(portMappings=freed))
    return workload.with_task(task).needing_review(
        f"in {_WANTED} every task has a network interface of its own: the service needs subnets and security groups,"
        " and load balancers need targets by IP."
    )


def _stray(mapping: Json) -> bool:
    host = mapping.get("hostPort")
    return host is not None and host != mapping.get("containerPort")


RULE = Rule(
    id="task.network-mode",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    check=check,
    fix=fix,
    of_collector=False,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html",
    doc=__doc__,
)
