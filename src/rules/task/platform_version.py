"""Rule task.platform-version."""

from collections.abc import Iterator

from domain.drift import Code, Drift
from domain.ecs.fargate import no_collector_on, platform_older
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    TOO_OLD = "platform-too-old", "Tasks were started on a platform version older than the standard's."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield a drift for each cluster where tasks were started on an older version."""
    oldest = standard.services.platform_version
    for cluster, found in workload.standalone:
        if platform_older(found, oldest):
            stops = ", where the collector does not start" if no_collector_on(found) else ""
            why = (
                f"Tasks that no service started ran in {cluster} on Fargate platform version {found}{stops}."
                f" Use {oldest} or later, or LATEST."
            )
            yield Drift(Kind.TOO_OLD, f"tasks/{cluster}/platformVersion", why, found, "LATEST")


RULE = Rule(
    id="task.platform-version",
    title="Tasks that no service starts should run on Fargate platform version 1.4.0 or later, or LATEST",
    why="""
        Before 1.4.0 there is no task metadata endpoint V4, without which the collector's awsecscontainermetrics
        receiver stops the collector when it starts, and 1.3.0 starts no new tasks since March 2026. RunTask names a
        version in addition to the task definition. The rule evaluates how tasks of the family were last started or seen
        in each cluster, for thirty days. After that, or when they are seen on a version that is accepted, the finding
        closes. Files contain no platform version.
    """,
    by_hand="""
        Change what starts the tasks (the schedule, workflow or pipeline that calls RunTask): request LATEST, or no
        version.
    """,
    configure="`services.platform_version` is the oldest that is accepted.",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=tuple(Kind),
    of_collector=False,
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html",
)
