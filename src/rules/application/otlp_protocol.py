"""Rule application.otlp-protocol."""

from collections.abc import Iterator
from dataclasses import replace

from domain.assumptions import EndpointServed
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container, Hidden
from domain.ecs.placeholders import placeholder
from domain.otlp import (
    ENDPOINT,
    HTTP_PORT,
    PORTS,
    PROTOCOL,
    Destination,
    Endpoint,
    OtlpDoubt,
    Protocol,
    Route,
    destinations,
    name_of,
    place_of,
    routes,
    silent,
    unread_files,
    unread_secret,
)
from domain.otlp_receivers import otlp_receivers
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

# Each pass corrects one of at most three endpoints and four protocols.
_PASSES = 8


class Kind(Code):
    """What this rule reports."""

    PLACEHOLDER = "protocol-placeholder", "Unknown: the protocol is a placeholder."
    UNKNOWN_PROTOCOL = "protocol-unknown", "The variable names no OTLP protocol."
    MISMATCH = "port-protocol-mismatch", "The protocol is not the one that collectors serve on that port."
    PROTOCOL_UNSET = "protocol-unset", "Port 4317 or 4318 is named, and no protocol is set."
    PROTOCOL_UNCLEAR = "protocol-unclear", "No fix: neither the variable nor a port shows which protocol is meant."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each protocol that its endpoint's port does not serve, or that is none."""
    for container in workload.applications:
        if container.may_have_more_variables and not silent(container):
            yield unread_files(container)
        # Signals that use the same two variables have the same result.
        by_variables = {(route.endpoint_variable, route.protocol_variable): route for route in routes(container)}
        for route in by_variables.values():
            found = _of_route(workload, container, route)
            if found is not None and not (found.code == Kind.MISMATCH and _agreed(workload, container, route)):
                yield found


def fix(workload: Workload, standard: Standard) -> Workload:
    """Correct the values that name no protocol, then the ports."""
    refusals = list[str]()
    start = workload
    for application in workload.applications:
        container = application
        try:
            for _ in range(_PASSES):
                container = _corrected(container)
        except Refusal as refusal:
            refusals.append(str(refusal))
        if container is not application:
            changed = [each.variable for each in destinations(container) if each not in destinations(application)]
            workload = workload.with_container(container).assuming(
                *(EndpointServed(container.name, variable) for variable in changed)
            )
    if refusals and workload is start:
        raise Refusal(Kind.PROTOCOL_UNCLEAR, " ".join(refusals))
    return workload


def _agreed(workload: Workload, container: Container, route: Route) -> bool:
    """Whether the collector's configuration takes this protocol on that port, the other one's by default."""
    there = otlp_receivers(workload, container).at(_port(route))
    if there is None or not there.known or route.protocol_set is None:
        return False
    return there.protocol == ("grpc" if route.protocol_set is Protocol.GRPC else "http")


def _of_route(workload: Workload, container: Container, route: Route) -> Drift | Doubt | None:
    named = name_of(container, route.protocol_variable)
    if isinstance(route.protocol, Hidden):
        return unread_secret(container, route.protocol_variable) if _port(route) or route.endpoint else None
    if isinstance(route.protocol, str) and placeholder(route.protocol):
        where = place_of(container, route.protocol_variable)
        return Doubt(Kind.PLACEHOLDER, where, f"{named} holds a placeholder, so the protocol is not known.")
    if isinstance(route.protocol, str) and route.protocol_set is None:
        return Drift(
            Kind.UNKNOWN_PROTOCOL,
            place_of(container, route.protocol_variable),
            f"{named} names no OTLP protocol. Set it to grpc, http/protobuf or http/json.",
            wanted="grpc, http/protobuf or http/json",
        )
    if isinstance(route.endpoint, Hidden):
        return unread_secret(container, route.endpoint_variable) if route.protocol else None
    port = _port(route)
    if port is None:
        return None
    if route.protocol_set is None:
        return None if container.may_have_more_variables else _unset(workload, container, route, port)
    if route.protocol_set.port == port:
        return None
    why = (
        f"{named} is {route.protocol_set}, which collectors serve on port {route.protocol_set.port}, but"
        f" {name_of(container, route.endpoint_variable)} names port {port}."
    )
    found, wanted = str(port), str(route.protocol_set.port)
    return Drift(Kind.MISMATCH, place_of(container, route.protocol_variable), why, found, wanted)


def _unset(workload: Workload, container: Container, route: Route, port: int) -> Drift:
    """The note on a port whose protocol is left to the SDK: HTTP by the specification, gRPC in some SDKs."""
    there = otlp_receivers(workload, container).at(port)
    http = there.protocol == "http" if there is not None and there.protocol else port == HTTP_PORT
    served, other, wanted = ("HTTP", "gRPC", Protocol.HTTP_PROTOBUF) if http else ("gRPC", "HTTP", Protocol.GRPC)
    why = (
        f"{name_of(container, route.endpoint_variable)} names port {port}, the port of {served}, and {PROTOCOL} is not"
        f" set. An SDK that uses {other} by default fails there. Set the protocol to {wanted}."
    )
    place = place_of(container, route.endpoint_variable)
    return Drift(Kind.PROTOCOL_UNSET, place, why, wanted=wanted, severity=Severity.INFORMATIONAL)


def _port(route: Route) -> int | None:
    """The port of an endpoint in the task, where it is one of the two."""
    endpoint = route.leads_to
    return endpoint.port if endpoint and endpoint.in_task and endpoint.port in PORTS else None


def _corrected(container: Container) -> Container:
    """With the first fault corrected; Refusal where nothing shows which protocol is meant."""
    every = tuple(routes(container))
    for route in every:
        if isinstance(route.protocol, str) and route.protocol_set is None and not placeholder(route.protocol):
            return container.with_otel(route.protocol_variable, _meant(container, route, route.protocol))
    for route in every:
        port, protocol = _port(route), route.protocol_set
        if port is not None and protocol is not None and protocol.port != port:
            return _at_port_of(container, route, protocol, every)
    return container


def _meant(container: Container, route: Route, word: str) -> str:
    start = word.strip().lower()
    if start.startswith("http"):
        return Protocol.HTTP_JSON if "json" in start else Protocol.HTTP_PROTOBUF
    if start.startswith("grpc"):
        return Protocol.GRPC
    match _port(route):
        case 4317:
            return Protocol.GRPC
        case 4318:
            return Protocol.HTTP_PROTOBUF
        case _:
            raise Refusal(
                Kind.PROTOCOL_UNCLEAR,
                f"{container.name}: neither {route.protocol_variable} nor a port shows which protocol is meant. Set the"
                " protocol by hand.",
            )


def _at_port_of(container: Container, route: Route, protocol: Protocol, every: tuple[Route, ...]) -> Container:
    endpoint = route.leads_to
    assert endpoint is not None  # noqa: S101 - it has a port
    shared = any(
        other.endpoint_variable == route.endpoint_variable
        and (other.protocol_set is None or other.protocol_set.port != protocol.port)
        for other in every
    )
    # Where others use this endpoint with another protocol, or an unknown one, this signal gets its own.
    alone = route.endpoint_variable == ENDPOINT and shared and route.protocol_variable != PROTOCOL
    variable = route.signal.endpoint_variable if alone else route.endpoint_variable
    moved = replace(endpoint, port=protocol.port)
    signals = (route.signal,)
    if protocol is Protocol.GRPC and endpoint.path.startswith("/v1/"):
        moved = replace(moved, path="")
    return container.with_otel(variable, str(_served(Destination(variable, None, signals, protocol), moved)))


def _served(destination: Destination, endpoint: Endpoint) -> Endpoint:
    return replace(endpoint, path=destination.path_served(endpoint.path, by_http=destination.by_http(endpoint.port)))


RULE = Rule(
    id="application.otlp-protocol",
    title="OTLP ports and protocols should agree: 4317 is gRPC, 4318 is HTTP",
    why="""
        A collector answers gRPC on 4317 and HTTP on 4318. Requests of the other protocol fail, and SDKs report it only
        in their own log. A port without a protocol is INFORMATIONAL: by the specification SDKs use http/protobuf then,
        and some use grpc.
    """,
    remedy="""
        The port follows the protocol. SAFE where the collector's configuration is known to take OTLP there, and nothing
        takes it on the present port. REVIEW where the present port is served: some exporters speak one protocol
        whatever the variable says (`otlptracehttp` of Go), and work today. SAFE there where a system property of Java
        sets the protocol, because Java's agent uses it. A signal that uses another protocol than the rest gets an
        endpoint of its own. A value that names no protocol becomes the protocol that it, or the port, means.
    """,
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=(*Kind, *OtlpDoubt),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://opentelemetry.io/docs/specs/otel/protocol/exporter/",
)
