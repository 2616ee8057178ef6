"""Tasks that no service starts run on Fargate platform version 1.4.0 or later, or LATEST.

Why: before 1.4.0 there is no task metadata endpoint V4, without which the collector's awsecscontainermetrics receiver
stops it at the start; and 1.3.0 starts no new tasks since March 2026. RunTask takes a version beside the task
definition. What is judged is how tasks of the family were last started or seen in each cluster, for thirty days; after
that, or when they are seen on a version that is accepted, the finding closes. Files tell nothing of it.

Fix: none; have whoever starts the tasks ask for LATEST, or for no version: the schedule, workflow or pipeline that
calls RunTask.

Configure: `services.platform_version` is the oldest that is accepted.
"""

from collections.abc import Iterator

from domain.drift import Drift
from domain.ecs.fargate import no_collector_on, platform_older
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield a drift for each cluster where tasks were started on an older version."""
    oldest = standard.services.platform_version
    for cluster, found in workload.standalone:
        if platform_older(found, oldest):
            stops = ", where the collector does not start" if no_collector_on(found) else ""
            why = (
                f"Tasks that no service started ran in {cluster} on Fargate platform version {found}{stops};"
                f" {oldest} or later, or LATEST, is wanted."
            )
            yield Drift(f"tasks/{cluster}/platformVersion", why)


RULE = Rule(
    id="task.platform-version",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    check=check,
    of_collector=False,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html",
    doc=__doc__,
)
