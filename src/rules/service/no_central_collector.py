"""Rule service.no-central-collector."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from domain.drift import Code, Drift
from domain.ecs.values import text_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    ONLY_COLLECTOR = "collector-service", "The service runs only a collector."
    DAEMON = "collector-daemon", "The service runs a collector as a daemon."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield a drift for a service whose task has a collector and no application."""
    service = workload.service
    roles = workload.container_roles
    if service is None or roles.applications or not (roles.collectors or roles.other_collectors):
        return
    if any(fnmatchcase(service.title, pattern) for pattern in standard.services.gateways):
        return
    if (text_of(service.json.get("schedulingStrategy")) or "").upper() == "DAEMON":
        why = f"{service.title} runs a collector as a daemon. Run a collector as a sidecar of each application instead."
        yield Drift(Kind.DAEMON, "service/schedulingStrategy", why, "DAEMON", "REPLICA")
    else:
        why = (
            f"{service.title} runs only a collector. Run a collector as a sidecar of each application instead, or list"
            " the service among the standard's gateways."
        )
        yield Drift(Kind.ONLY_COLLECTOR, "service/taskDefinition", why)


RULE = Rule(
    id="service.no-central-collector",
    title="Collectors should run as sidecars, and not as a service or daemon of their own",
    why="""
        A central collector sees neither the container metrics nor the metadata of the tasks that send to it, is a
        single point of failure for all of them, and receives their telemetry unencrypted over the network.
    """,
    by_hand="""
        Give the senders a collector of their own, then delete the service. If it is meant to be central, list it as a
        gateway.
    """,
    configure="""
        `services.gateways` lists the services that are meant to be central, as `cluster/service` patterns.
    """,
    subject=Subject.SERVICE,
    severity=Severity.LOW,
    codes=tuple(Kind),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/application-metrics-prometheus.html",
)
