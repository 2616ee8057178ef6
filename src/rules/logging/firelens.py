"""Rule logging.firelens."""

from collections.abc import Iterator

from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.placeholders import is_filled_in
from domain.ecs.values import mapping_of, text_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    NO_ROUTER = "router-missing", "Containers log by awsfirelens, and no container is a log router."
    SECOND_ROUTER = "router-second", "The task has more than one log router."
    NOT_ESSENTIAL = "router-not-essential", "The log router is not essential."
    CONFIG_FILE_TYPE = "config-file-type", "The router's config-file-type is not file."
    PLACEHOLDER = "router-placeholder", "Unknown: whether a container is a log router is a placeholder."
    WHICH_ROUTER = "router-undecided", "No fix: which log router the task should have has to be decided."
    NOT_IN_IMAGE = "config-not-in-image", "No fix: the router's configuration has to be put into its image."
    STOPS_TASK = "router-stops-task", "Approval: the task stops when its log router stops."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each fault of the log router; none where no container logs by awsfirelens."""
    users = [each.name for each in workload.task.containers if each.log_driver == "awsfirelens"]
    if not users:
        return
    routers = _routers(workload)
    given = (each.json.get("firelensConfiguration") for each in workload.task.containers)
    if not routers and any(map(is_filled_in, given)):
        yield Doubt(Kind.PLACEHOLDER, "containers", "Whether a container is a log router is a placeholder.")
        return
    if not routers:
        why = f"The logs of {', '.join(users)} go to awsfirelens, and no container has a firelensConfiguration."
        yield Drift(Kind.NO_ROUTER, "containers", why)
    for further in routers[1:]:
        where = f"containers/{further.name}/firelensConfiguration"
        why = f"{further.name} and {routers[0].name} are both log routers. ECS accepts one in a task."
        yield Drift(Kind.SECOND_ROUTER, where, why, further.name)
    for router in routers[:1]:
        if not router.essential:
            why = (
                f"The log router {router.name} is not essential, so logs are lost when it stops. Set essential to true."
            )
            yield Drift(Kind.NOT_ESSENTIAL, f"containers/{router.name}/essential", why, "false", "true")
        kind = _file_type(router)
        if kind not in {None, "file"}:
            where = f"containers/{router.name}/firelensConfiguration/options/config-file-type"
            why = f"The log router's config-file-type is {kind}. Fargate supports only file."
            yield Drift(Kind.CONFIG_FILE_TYPE, where, why, kind or "", "file")


def fix(workload: Workload, standard: Standard) -> Workload:
    """Make the router essential."""
    routers = _routers(workload)
    if not routers:
        raise Refusal(Kind.WHICH_ROUTER, "Decide which log router the task should have, and add it.")
    if len(routers) > 1:
        raise Refusal(Kind.WHICH_ROUTER, "Decide which of the log routers to keep, and remove the others.")
    router = routers[0]
    if _file_type(router) not in {None, "file"}:
        raise Refusal(Kind.NOT_IN_IMAGE, "Put the log router's configuration into its image.")
    return workload.with_container(router.with_(essential=True)).needing_approval(
        Kind.STOPS_TASK, f"The task will stop when its log router {router.name} stops."
    )


def _routers(workload: Workload) -> list[Container]:
    return [each for each in workload.task.containers if each.firelens is not None]


def _file_type(router: Container) -> str | None:
    return text_of(mapping_of(mapping_of(router.firelens).get("options")).get("config-file-type"))


RULE = Rule(
    id="logging.firelens",
    title="Tasks that use awsfirelens should have exactly one log router, and it should be essential",
    why="""
        Without a router ECS does not start the task. When a router that is not essential stops, the applications keep
        running and their logs are lost. Fargate reads a router's configuration only from a file in its image.
    """,
    remedy="""
        REVIEW. Makes the router essential, so the task stops when its router stops. Refused for what a change to the
        task definition cannot correct: no router, two routers, or a configuration file that is not in the image.
    """,
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html",
)
