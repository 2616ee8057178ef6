"""Rule application.otlp-endpoint."""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, otlp_listeners
from domain.drift import Code, Doubt, Drift
from domain.ecs.container import Container
from domain.facts import Known
from domain.otlp import (
    ENDPOINT,
    HTTP_PORT,
    PORTS,
    Destination,
    Endpoint,
    OtlpDoubt,
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


class Kind(Code):
    """What this rule reports."""

    NOT_SERVED = "endpoint-not-served", "No collector serves the endpoint: its scheme, host, port or path is wrong."
    MISSING = "endpoint-missing", "No endpoint is set, and the standard requires one."
    PORT_IN_USE = "port-in-use", "Approval: another container may listen on the port that the endpoint names now."
    PORT_GUESSED = "port-guessed", "Approval: neither port nor protocol is set, so the default of HTTP is used."


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
            why = f"{ENDPOINT} is not set, and the standard requires it. Set it to {wanted}."
            yield Drift(Kind.MISSING, place_of(container, ENDPOINT), why, wanted=wanted)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Correct each endpoint variable, and set the generic one where the standard requires one."""
    for application in workload.applications:
        container = application
        for destination in destinations(application):
            endpoint, wanted = destination.leads_to, destination.wanted
            if endpoint is None or wanted is None:
                continue
            container = container.with_variable(destination.variable, str(wanted))
            if uncertain := _uncertain(workload, destination, endpoint):
                workload = workload.needing_approval(*uncertain)
        if _lacks_endpoint(application, standard):
            protocol = destinations(application)[0].speaks
            port = protocol.port if protocol else HTTP_PORT
            container = container.with_variable(ENDPOINT, f"http://localhost:{port}")
            if protocol is None:
                workload = workload.needing_approval(Kind.PORT_GUESSED, _guessed(application, ENDPOINT))
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
        found, right = quotable(name, text) or "", quotable(name, str(wanted)) or ""
        why = f"{name} is {found}, but {faults}. Set it to {right}."
        yield Drift(Kind.NOT_SERVED, place_of(container, name), why, found, right)


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
        yield f"it is used as written and needs the path {own.path}" if own else "SDKs add a signal's path themselves"


def _uncertain(workload: Workload, destination: Destination, endpoint: Endpoint) -> tuple[Kind, str] | None:
    """Why a corrected port needs approval; None where it is certain."""
    if endpoint.port in PORTS:
        return None
    if endpoint.port is not None and _may_be_served(workload, endpoint.port):
        why = f"Another container may listen on port {endpoint.port}, which {destination.variable} names now."
        return Kind.PORT_IN_USE, why
    if destination.port_meant(endpoint) is None:
        why = (
            f"{destination.variable} names no port, and no protocol is set. It gets {HTTP_PORT}, the default port of"
            " HTTP. An SDK that uses gRPC needs 4317."
        )
        return Kind.PORT_GUESSED, why
    return None


def _guessed(container: Container, variable: str) -> str:
    return (
        f"{container.name} sets no OTLP protocol. {variable} gets {HTTP_PORT}, the default port of HTTP. An SDK that"
        " uses gRPC needs 4317."
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
    title="An OTLP endpoint inside the task is one that a collector serves: http:// and port 4317 or 4318",
    why="""
        SDKs drop telemetry without an error when nothing answers. Most of them refuse an address without a scheme,
        nothing in the task serves TLS by default, and an HTTP endpoint for one signal is used as written, without its
        path being added. An endpoint that is not set is compliant: SDKs send to localhost by default. Endpoints outside
        the task belong to application.no-remote-collector.
    """,
    remedy="""
        SAFE. Corrects scheme, port and path, and keeps what is right. REVIEW where neither port nor protocol shows
        which of the two ports is meant, or where another container in the task may listen on the present port.
    """,
    configure="`applications.require_endpoint` makes an endpoint that is not set a drift.",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *OtlpDoubt),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://opentelemetry.io/docs/specs/otel/protocol/exporter/",
)
