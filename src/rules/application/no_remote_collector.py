"""Rule application.no-remote-collector."""

from collections.abc import Iterator

from domain.collector.distributions import NONE
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.masking import HIDDEN
from domain.otlp import (
    Destination,
    OtlpDoubt,
    destinations,
    endpoints_set,
    name_of,
    place_of,
    unread_text,
)
from domain.remediation.plan import quotable
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    LEAVES_TASK = "endpoint-leaves-task", "The endpoint leads out of the task."
    CONTAINER_NAME = "endpoint-container-name", "The endpoint names a container, which Fargate does not resolve."
    NO_COLLECTOR = "no-collector", "No fix: the task has no collector to send to."
    DESTINATION_MOVES = "destination-moves", "Approval: the collector has to export to the present destination."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each endpoint variable in use that leads out of the task, where the standard wants a collector in it."""
    if workload.kind.id == NONE:
        return
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
        raise Refusal(Kind.NO_COLLECTOR, "The task has no collector to send to. Fix sidecar.present first.")
    for application in workload.applications:
        container = application
        for destination in destinations(application):
            endpoint = destination.leads_to
            if endpoint is None or endpoint.in_task:
                continue
            container = container.with_otel(destination.variable, str(destination.of_sidecar(endpoint)))
            workload = workload.needing_approval(
                Kind.DESTINATION_MOVES,
                f"{name_of(application, destination.variable)} of {application.name} would point to the collector."
                " Make sure that the collector's configuration exports to the present destination.",
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
    variable, name = destination.variable, name_of(container, destination.variable)
    found = quotable(variable, text) or HIDDEN
    wanted = quotable(variable, str(destination.of_sidecar(endpoint))) or HIDDEN
    if workload.task.container(endpoint.host) is not None:
        # A habit from Docker Compose.
        code, fault = Kind.CONTAINER_NAME, "the containers of a Fargate task cannot reach one another by name"
    else:
        code, fault = Kind.LEAVES_TASK, "that leads out of the task"
    why = f"{name} is {found}, but {fault}. Set it to {wanted}, the collector in the task."
    yield Drift(code, place_of(container, variable), why, found, wanted)


RULE = Rule(
    id="application.no-remote-collector",
    title="Applications should send their telemetry to the collector in their own task",
    why="""
        Telemetry that an application sends to another collector or to a vendor bypasses the batching, the filters and
        the credentials of its collector, is lost when the remote endpoint is slow, and does not appear in the
        collector's configuration.
    """,
    remedy="""
        REVIEW. The endpoint becomes the collector's on localhost, with the port and path that the protocol needs.
        Before you approve it, make sure that the collector's configuration exports to the destination that the
        application uses now. Refused where the task has no collector.
    """,
    configure="`collectors` with `kind: none` names the applications that send their telemetry out themselves.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=(*Kind, *OtlpDoubt),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://aws-otel.github.io/docs/setup/ecs",
)
