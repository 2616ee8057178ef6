"""A service on Fargate runs platform version 1.4.0 or later, or LATEST.

Why: before 1.4.0 there is no task metadata endpoint V4, without which the collector's awsecscontainermetrics receiver
stops it at the start; and 1.3.0 starts no new tasks since March 2026. This is asked whether or not a collector stands
there yet: one is to stand there, and it could not start. Services that place tasks by capacity providers are asked as
well; a service that tells no version is not.

Fix: SAFE; the service's platform version becomes LATEST, by UpdateService, which starts a deployment.

Configure: `services.platform_version` is the oldest that is accepted.
"""

from collections.abc import Iterator
from functools import lru_cache

from domain.rule import Drift, Refusal, Rule, Severity, Subject
from domain.standard import Standard
from domain.workload import Workload

_LATEST = "LATEST"
_METADATA = (1, 4, 0)  # brought the task metadata endpoint V4


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield a drift where the service names an older version."""
    service = workload.service
    found = service.platform_version if service else None
    if not found or found.upper() == _LATEST:
        return
    oldest = standard.services.platform_version
    numbers, wanted = _numbers(found), _numbers(oldest)
    if numbers is not None and wanted is not None and numbers < wanted:
        stops = ", where the collector does not start" if numbers < _METADATA else ""
        why = (
            f"The service runs on Fargate platform version {found}{stops}; {oldest} or later, or {_LATEST}, is wanted."
        )
        yield Drift("service/platformVersion", why)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Ask for the latest."""
    if workload.service is None:
        raise Refusal("No service is at hand whose platform version could be changed.")
    return workload.with_service(workload.service.with_(platformVersion=_LATEST))


@lru_cache(maxsize=64)
def _numbers(version: str) -> tuple[int, ...] | None:
    """None where it is no version of the form 1.4.0."""
    parts = version.strip().split(".")
    if not all(part.isascii() and part.isdigit() and len(part) < len("1000000") for part in parts):
        return None
    return tuple(int(part) for part in parts)


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
