"""Rule service.platform-version."""

from collections.abc import Iterator

from domain.assumptions import OnFargate
from domain.drift import Code, Drift, Refusal
from domain.ecs.fargate import no_collector_on, platform_older
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_LATEST = "LATEST"


class Kind(Code):
    """What this rule reports."""

    TOO_OLD = "platform-too-old", "The service's platform version is older than the standard's."
    NO_SERVICE = "no-service", "No fix: the service is not known."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield a drift where the service names an older version."""
    service = workload.service
    found = service.platform_version if service else None
    oldest = standard.services.platform_version
    if found and platform_older(found, oldest):
        stops = ", where the collector does not start" if no_collector_on(found) else ""
        why = f"The service runs on Fargate platform version {found}{stops}. Use {oldest} or later, or {_LATEST}."
        yield Drift(Kind.TOO_OLD, "service/platformVersion", why, found, _LATEST)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Request the latest."""
    if workload.service is None:
        raise Refusal(Kind.NO_SERVICE, "No service is known whose platform version could be changed.")
    return workload.with_service(workload.service.with_(platformVersion=_LATEST)).assuming(OnFargate())


RULE = Rule(
    id="service.platform-version",
    title="Fargate services should run platform version 1.4.0 or later, or LATEST",
    why="""
        Before 1.4.0 there is no task metadata endpoint V4, without which the collector's awsecscontainermetrics
        receiver stops the collector when it starts, and 1.3.0 starts no new tasks since March 2026. The rule applies
        whether or not the task has a collector yet, because an added collector could not start. It also applies to
        services with capacity providers, and not to a service without a platform version.
    """,
    remedy="""
        SAFE. UpdateService sets the service's platform version to LATEST, which starts a deployment. REVIEW where the
        service names neither a launch type nor a capacity provider. In mode deploy, a correction of the family sets it
        with the corrected revision; in another mode it leaves such a service, as its tasks would not start.
    """,
    configure="`services.platform_version` is the oldest that is accepted.",
    subject=Subject.SERVICE,
    severity=Severity.HIGH,
    codes=tuple(Kind),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html",
)
