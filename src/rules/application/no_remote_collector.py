"""An application sends its telemetry to the collector beside it, not to another collector or a vendor.

Why: what leaves the task by itself misses the batching, the filters and the credentials of the collector, is lost
when the far end is slow, and is seen by nobody who looks at the collector's configuration.

Fix: REVIEW; the endpoint becomes the collector's on localhost, with the port and path that the protocol asks for.
Whoever approves it sees to it that the collector's configuration exports to where the telemetry went. Refused where
no collector stands.
"""

from collections.abc import Iterator

from domain.drift import Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.otlp import (
    Destination,
    destinations,
    endpoints_set,
    place_of,
    unread_text,
)
from domain.remediation.plan import quotable
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each endpoint variable in use that leads out of the task."""
    for container in workload.applications:
        for found in endpoints_set(container):
            match found:
                case Doubt():
                    yield found
                case destination, text:
                    yield from _judge(workload, container, destination, text)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Send to the collector on localhost instead."""
    if workload.collector is None:
        raise Refusal("No collector stands in the task to send to; sidecar.present comes first.")
    for application in workload.applications:
        container = application
        for destination in destinations(application):
            endpoint = destination.leads_to
            if endpoint is None or endpoint.in_task:
                continue
            container = container.with_variable(destination.variable, str(destination.beside(endpoint)))
            workload = workload.needing_review(
                f"{application.name}'s {destination.variable} would name the collector; let the collector's"
                " configuration export to where it leads now."
            )
        if container is not application:
            workload = workload.with_container(container)
    return workload


def _judge(workload: Workload, container: Container, destination: Destination, text: str) -> Iterator[Drift | Doubt]:
    endpoint = destination.leads_to
    if endpoint is None:
        yield unread_text(container, destination.variable)
        return
    if endpoint.in_task:
        return
    name = destination.variable
    wanted = quotable(name, str(destination.beside(endpoint)))
    if workload.task.container(endpoint.host) is not None:
        # A habit from Docker Compose.
        fault = "containers of a Fargate task do not find one another by name"
    else:
        fault = "that leads out of the task"
    yield Drift(
        place_of(container, name),
        f"{name} is {quotable(name, text)}, but {fault}; {wanted}, the collector beside it, is wanted.",
    )


RULE = Rule(
    id="application.no-remote-collector",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    check=check,
    fix=fix,
    of_collector=False,
    reference="https://aws-otel.github.io/docs/setup/ecs",
    doc=__doc__,
)
