"""An application's OTLP endpoint inside the task is one that a collector serves: http://, and port 4317 or 4318.

Why: SDKs drop telemetry without a word when nothing answers. An address without a scheme is refused by most of them,
nothing in the task serves TLS by default, and a per-signal HTTP endpoint is used as it stands, without its path being
added. An unset endpoint is good: SDKs send to localhost by default. An endpoint outside the task is the matter of
application.no-remote-collector alone.

Fix: SAFE; corrects scheme, port and path, and keeps what is right. REVIEW where neither port nor protocol tells which
of the two ports is meant, or where something else in the task may listen on the port that is named now.

Configure: `applications.require_endpoint` makes an unset endpoint a drift.
"""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, otlp_listeners
from domain.drift import Doubt, Drift
from domain.ecs.container import Container
from domain.facts import Known
from domain.otlp import (
    ENDPOINT,
    HTTP_PORT,
    PORTS,
    Destination,
    Endpoint,
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
    """Yield each endpoint variable that leads into the task and to no collector."""
    for container in workload.applications:
        for found in endpoints_set(container):
            match found:
                case Doubt():
                    yield found
                case destination, text:
                    yield from _judge(container, destination, text)
        if _lacks_endpoint(container, standard):
            wanted = "http://localhost:4317 or http://localhost:4318"
            why = f"{ENDPOINT} is not set, and the standard requires it; {wanted} is wanted."
            yield Drift(place_of(container, ENDPOINT), why)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Correct each endpoint variable, and set the generic one where the standard requires one."""
    for application in workload.applications:
        container = application
        for destination in destinations(application):
            endpoint, wanted = destination.leads_to, destination.wanted
            if endpoint is None or wanted is None:
                continue
            container = container.with_variable(destination.variable, str(wanted))
            if reason := _uncertain(workload, destination, endpoint):
                workload = workload.needing_review(reason)
        if _lacks_endpoint(application, standard):
            protocol = destinations(application)[0].speaks
            port = protocol.port if protocol else HTTP_PORT
            container = container.with_variable(ENDPOINT, f"http://localhost:{port}")
            if protocol is None:
                workload = workload.needing_review(_guessed(application, ENDPOINT))
        if container is not application:
            workload = workload.with_container(container)
    return workload


def _lacks_endpoint(container: Container, standard: Standard) -> bool:
    if not standard.applications.require_endpoint or container.has_environment_files:
        return False
    found = destinations(container)
    return bool(found) and all(destination.value is None for destination in found)


def _judge(container: Container, destination: Destination, text: str) -> Iterator[Drift | Doubt]:
    endpoint, wanted, name = destination.leads_to, destination.wanted, destination.variable
    if endpoint is None:
        yield unread_text(container, name)
    elif wanted is not None:
        faults = " and ".join(_faults(destination, endpoint, wanted))
        why = f"{name} is {quotable(name, text)}, but {faults}; {quotable(name, str(wanted))} is wanted."
        yield Drift(place_of(container, name), why)


def _faults(destination: Destination, endpoint: Endpoint, wanted: Endpoint) -> Iterator[str]:
    match endpoint.scheme:
        case "http":
            pass
        case "https":
            yield "nothing in the task serves TLS by default"
        case None:
            yield "it has no scheme"
        case _:
            yield "its scheme is not http"
    if not endpoint.host:
        yield "it names no host"
    if endpoint.port is None:
        yield "it names no port"
    elif endpoint.port not in PORTS:
        yield f"no collector listens on port {endpoint.port} by default"
    if endpoint.path != wanted.path:
        own = destination.own
        yield f"it is used as it stands and needs the path {own.path}" if own else "SDKs add a signal's path themselves"


def _uncertain(workload: Workload, destination: Destination, endpoint: Endpoint) -> str | None:
    """Why a person must look at a corrected port; None where it is certain."""
    if endpoint.port in PORTS:
        return None
    if endpoint.port is not None and _may_be_served(workload, endpoint.port):
        return f"something else in the task may listen on port {endpoint.port}, which {destination.variable} names now."
    if destination.port_meant(endpoint) is None:
        return (
            f"{destination.variable} tells neither port nor protocol: {HTTP_PORT}, the default, is HTTP's, and an SDK"
            " that speaks gRPC needs 4317."
        )
    return None


def _guessed(container: Container, variable: str) -> str:
    return (
        f"{container.name} sets no OTLP protocol: {variable} gets HTTP's port {HTTP_PORT}, the default, and an SDK that"
        " speaks gRPC needs 4317."
    )


def _may_be_served(workload: Workload, port: int) -> bool:
    if workload.container_roles.others:
        return True
    mapped = (
        mapping.get("containerPort") for container in workload.task.containers for mapping in container.port_mappings
    )
    if port in mapped:
        return True
    match workload.configuration:
        case Known(CollectorConfiguration() as configuration):
            return any(listener.port == port for listener in otlp_listeners(configuration))
        case _:
            return False


RULE = Rule(
    id="application.otlp-endpoint",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    check=check,
    fix=fix,
    of_collector=False,
    reference="https://opentelemetry.io/docs/specs/otel/protocol/exporter/",
    doc=__doc__,
)
