"""Rule application.otlp-endpoint."""

from collections.abc import Iterator

from domain.assumptions import EndpointServed
from domain.collector.distributions import NONE
from domain.drift import Code, Doubt, Drift
from domain.ecs.container import Container
from domain.ecs.recognition import APPLICATION_SIGNALS_PORTS
from domain.facts import Known
from domain.masking import HIDDEN
from domain.otlp import (
    ENDPOINT,
    HTTP_PORT,
    Destination,
    Endpoint,
    OtlpDoubt,
    destinations,
    endpoints_set,
    name_of,
    place_of,
    unread_text,
)
from domain.otlp_receivers import otlp_receivers
from domain.remediation.plan import quotable
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload


class Kind(Code):
    """What this rule reports."""

    NOT_SERVED = "endpoint-not-served", "No collector serves the endpoint: its scheme, host, port or path is wrong."
    NO_RECEIVER = "receiver-absent", "The endpoint is in the task, and nothing in it receives telemetry."
    MISSING = "endpoint-missing", "No endpoint is set, and the standard requires one."
    NO_AGENT = "agent-unknown", "Unknown: no CloudWatch agent is known that takes Application Signals."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each endpoint variable that leads into the task and to no collector."""
    for container in workload.applications:
        for found in endpoints_set(container):
            match found:
                case Doubt():
                    yield found
                case destination, text:
                    yield from _judge(workload, container, destination, text)
        if _lacks_endpoint(workload, container, standard):
            wanted = "http://localhost:4317 or http://localhost:4318"
            why = f"{ENDPOINT} is not set, and the standard requires it. Set it to {wanted}."
            yield Drift(Kind.MISSING, place_of(container, ENDPOINT), why, wanted=wanted)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Correct each endpoint variable, and set the generic one where the standard requires one."""
    for application in workload.applications:
        container = application
        receivers = otlp_receivers(workload, application)
        for destination in destinations(application):
            endpoint = destination.leads_to
            if endpoint is None or not endpoint.in_task or _nothing_receives(workload):
                continue
            wanted = receivers.reached(destination, endpoint)
            if wanted == endpoint:
                continue
            container = container.with_otel(destination.variable, str(wanted))
            workload = workload.assuming(EndpointServed(application.name, destination.variable))
        if _lacks_endpoint(workload, application, standard):
            protocol = destinations(application)[0].protocol_set
            port = protocol.port if protocol else HTTP_PORT
            container = container.with_otel(ENDPOINT, f"http://localhost:{port}")
            workload = workload.assuming(EndpointServed(application.name, ENDPOINT))
        if container is not application:
            workload = workload.with_container(container)
    return workload


def _nothing_receives(workload: Workload) -> bool:
    """Whether the task is to have no collector, and has nothing that may be one."""
    roles = workload.container_roles
    return workload.kind.id == NONE and not roles.receivers


def _lacks_endpoint(workload: Workload, container: Container, standard: Standard) -> bool:
    required = standard.applications.require_endpoint and workload.kind.id != NONE
    possible = {each.container.name for each in workload.container_roles.possible} if required else set()
    if not required or container.may_have_more_variables or container.name in possible:  # a collector needs none
        return False
    found = destinations(container)
    return bool(found) and all(destination.value is None for destination in found)


def _judge(workload: Workload, container: Container, destination: Destination, text: str) -> Iterator[Drift | Doubt]:
    endpoint, where = destination.leads_to, place_of(container, destination.variable)
    if endpoint is None:
        yield unread_text(container, destination.variable)
        return
    if not endpoint.in_task:
        return
    unreceived = _nothing_receives(workload)
    if destination.usual and not (unreceived or isinstance(workload.configuration, Known)):
        return  # the common case, and quick to see
    name, found = name_of(container, destination.variable), quotable(destination.variable, text) or HIDDEN
    if unreceived:
        why = (
            f"{name} is {found}, but nothing in the task receives telemetry, and the standard wants no collector in it."
            " Set it to where the telemetry is to go."
        )
        yield Drift(Kind.NO_RECEIVER, where, why, found)
        return
    receivers = otlp_receivers(workload, container)
    if endpoint != (wanted := receivers.reached(destination, endpoint)):
        faults = " and ".join(_faults(destination, endpoint, wanted))
        right = quotable(destination.variable, str(wanted)) or HIDDEN
        yield Drift(Kind.NOT_SERVED, where, f"{name} is {found}, but {faults}. Set it to {right}.", found, right)
    elif endpoint.port in APPLICATION_SIGNALS_PORTS and receivers.at(endpoint.port) is None:
        why = f"No CloudWatch agent is known in the task, which takes Application Signals on port {endpoint.port}."
        yield Doubt(Kind.NO_AGENT, where, why)


def _faults(destination: Destination, endpoint: Endpoint, wanted: Endpoint) -> Iterator[str]:
    if endpoint.scheme != wanted.scheme:
        yield _of_scheme(endpoint.scheme, wanted.scheme)
    if not endpoint.host:
        yield "it names no host"
    if endpoint.port is None:
        yield "it names no port"
    elif endpoint.port != wanted.port:
        yield f"no collector listens on port {endpoint.port} by default"
    if endpoint.path != wanted.path:
        own = destination.own
        yield f"it is used as written and needs the path {own.path}" if own else "SDKs add a signal's path themselves"


def _of_scheme(found: str | None, wanted: str | None) -> str:
    match found:
        case None:
            return "it has no scheme"
        case "https":
            return "nothing in the task serves TLS by default"
        case "http":
            return "the receiver there serves TLS"
        case _:
            return f"its scheme is not {wanted}"


RULE = Rule(
    id="application.otlp-endpoint",
    title="OTLP endpoints inside the task should be ones that a collector serves",
    why="""
        SDKs drop telemetry without an error when nothing answers. Most of them refuse an address without a scheme,
        nothing in the task serves TLS by default, and an HTTP endpoint for one signal is used as written, without its
        path being added. An endpoint that is not set is compliant: SDKs send to localhost by default. Endpoints outside
        the task belong to application.no-remote-collector.
    """,
    remedy="""
        Corrects scheme, port and path, and keeps what is right: a port that a collector listens on by its
        configuration, and those of a CloudWatch agent, 4315 and 4316. SAFE where the collector's configuration is known
        to take OTLP there. REVIEW where it is not known, where neither port nor protocol shows which of the two ports
        is meant, and where another container in the task may listen on the present port.
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
