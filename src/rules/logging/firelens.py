"""Where awsfirelens is used, one essential log router takes what is sent.

Why: with no router ECS does not start the task; when a router that is not essential dies, the applications run on and
their logs are lost; and Fargate reads a router's configuration from a file in its image only.

Fix: makes the router essential. REVIEW, because the task then stops with its router. Refused for what a change to the
task definition cannot mend: no router, two of them, or a configuration file that is not in the image.
"""

from collections.abc import Iterator

from domain.drift import Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.values import mapping_of, text_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Nothing where no container logs by awsfirelens."""
    users = [each.name for each in workload.task.containers if each.log_driver == "awsfirelens"]
    if not users:
        return
    routers = _routers(workload)
    if not routers:
        yield Drift(
            "containers",
            f"The logs of {', '.join(users)} go to awsfirelens, and no container has a firelensConfiguration.",
        )
    for further in routers[1:]:
        yield Drift(
            f"containers/{further.name}/firelensConfiguration",
            f"{further.name} is a log router beside {routers[0].name}; ECS takes one in a task.",
        )
    for router in routers[:1]:
        if not router.essential:
            yield Drift(
                f"containers/{router.name}/essential",
                f"The log router {router.name} is not essential, so logs are lost when it stops; true is wanted.",
            )
        kind = _file_type(router)
        if kind not in {None, "file"}:
            yield Drift(
                f"containers/{router.name}/firelensConfiguration/options/config-file-type",
                f"The log router's config-file-type is {kind}; Fargate takes file only.",
            )


def fix(workload: Workload, standard: Standard) -> Workload:
    """The router made essential."""
    routers = _routers(workload)
    if not routers:
        raise Refusal("Which log router the task should have is for people to say.")
    if len(routers) > 1:
        raise Refusal("Which of the log routers should stay is for people to say.")
    router = routers[0]
    if _file_type(router) not in {None, "file"}:
        raise Refusal("The log router's configuration must be put into its image, which a task definition cannot do.")
    return workload.with_container(router.with_(essential=True)).needing_review(
        f"The task will stop when its log router {router.name} stops."
    )


def _routers(workload: Workload) -> list[Container]:
    return [each for each in workload.task.containers if each.firelens is not None]


def _file_type(router: Container) -> str | None:
    return text_of(mapping_of(mapping_of(router.firelens).get("options")).get("config-file-type"))


RULE = Rule(
    id="logging.firelens",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    check=check,
    fix=fix,
    of_collector=False,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html",
    doc=__doc__,
)
