"""Collectors ride beside their applications: no service is nothing but a collector, and none runs as a daemon.

Why: a central collector sees neither the container metrics nor the metadata of the tasks that send to it, is one
point of failure for all of them, and takes their telemetry over the network in clear.

Fix: none; a service is taken down by people, once its senders have a collector beside them. One that is meant to be
central is listed as a gateway.

Configure: `services.gateways` lists the services that are meant to be central, as `cluster/service` patterns.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from domain.drift import Drift
from domain.ecs.values import text_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield a drift for a service whose task holds a collector and no application."""
    service = workload.service
    if service is None or workload.applications or not workload.container_roles.collectors:
        return
    if any(fnmatchcase(service.title, pattern) for pattern in standard.services.gateways):
        return
    if (text_of(service.json.get("schedulingStrategy")) or "").upper() == "DAEMON":
        why = f"{service.title} runs a collector as a daemon; a collector beside each application is wanted."
        yield Drift("service/schedulingStrategy", why)
    else:
        why = (
            f"{service.title} is nothing but a collector; one beside each application is wanted, or the service among"
            " the standard's gateways."
        )
        yield Drift("service/taskDefinition", why)


RULE = Rule(
    id="service.no-central-collector",
    subject=Subject.SERVICE,
    severity=Severity.LOW,
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/application-metrics-prometheus.html",
    doc=__doc__,
)
