"""A service on Fargate runs platform version 1.4.0 or later, or LATEST.

Why: before 1.4.0 there is no task metadata endpoint V4, without which the collector's awsecscontainermetrics receiver
stops it at the start; and 1.3.0 starts no new tasks since March 2026. This is asked whether or not a collector stands
there yet: one is to stand there, and it could not start. Services that place tasks by capacity providers are asked as
well; a service that tells no version is not.

Fix: SAFE; the service's platform version becomes LATEST, by UpdateService, which starts a deployment.

Configure: `services.platform_version` is the oldest that is accepted.
"""

from collections.abc import Iterator

from domain.drift import Drift, Refusal
from domain.ecs.fargate import no_collector_on, platform_older
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_LATEST = "LATEST"


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield a drift where the service names an older version."""
    service = workload.service
    found = service.platform_version if service else None
    oldest = standard.services.platform_version
    if found and platform_older(found, oldest):
        stops = ", where the collector does not start" if no_collector_on(found) else ""
        why = (
            f"The service runs on Fargate platform version {found}{stops}; {oldest} or later, or {_LATEST}, is wanted."
        )
        yield Drift("service/platformVersion", why)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Ask for the latest."""
    if workload.service is None:
        raise Refusal("No service is at hand whose platform version could be changed.")
    return workload.with_service(workload.service.with_(platformVersion=_LATEST))


RULE = Rule(
    id="service.platform-version",
    subject=Subject.SERVICE,
    severity=Severity.HIGH,
    check=check,
    fix=fix,
    of_collector=False,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html",
    doc=__doc__,
)
