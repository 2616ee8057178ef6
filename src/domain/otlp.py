"""Where an application sends its telemetry with OTLP: the OTEL_ variables as the SDKs read them.

Sources: the OpenTelemetry specification's pages on the OTLP exporter (a per-signal variable has priority over the
generic one and is used verbatim, HTTP appends the signal's path to the generic one, a scheme is required) and on
environment variables (an empty value counts as unset, enumerations are not case-sensitive).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, lru_cache

from domain.drift import Code, Doubt
from domain.ecs.container import Container, Hidden
from domain.ecs.placeholders import placeholder

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
RESOURCE_ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES"
SERVICE_NAME = "OTEL_SERVICE_NAME"

_DISABLED = "OTEL_SDK_DISABLED"
_LOOPBACK = frozenset({"", "localhost", "::1", "0.0.0.0", "::"})  # noqa: S104 - compared with, never bound
_LARGEST_PORT = 65535
_PORT_DIGITS = 5
_OCTETS = 4


class Signal(StrEnum):
    """A kind of telemetry."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"

    @property
    def endpoint_variable(self) -> str:
        return f"OTEL_EXPORTER_OTLP_{self.name}_ENDPOINT"

    @property
    def protocol_variable(self) -> str:
        return f"OTEL_EXPORTER_OTLP_{self.name}_PROTOCOL"

    @property
    def exporter_variable(self) -> str:
        return f"OTEL_{self.name}_EXPORTER"

    @property
    def path(self) -> str:
        """Return the HTTP path on which an OTLP receiver accepts the signal."""
        return f"/v1/{self.value}"


# Made once: every rule needs them for every container.
_VARIABLES = tuple((s, s.exporter_variable, s.endpoint_variable, s.protocol_variable) for s in Signal)
_PATHS = tuple(signal.path for signal in Signal)


class Protocol(StrEnum):
    """The transport of OTLP."""

    GRPC = "grpc"
    HTTP_PROTOBUF = "http/protobuf"
    HTTP_JSON = "http/json"

    @property
    def port(self) -> int:
        """Return the default port of collectors."""
        return 4317 if self is Protocol.GRPC else 4318

    @classmethod
    def read(cls, text: str) -> "Protocol | None":
        """Parse a protocol; None if the text is not one."""
        return _PROTOCOLS.get(text.strip().lower())


_PROTOCOLS = {protocol.value: protocol for protocol in Protocol}
PORTS = frozenset(protocol.port for protocol in Protocol)
HTTP_PORT = Protocol.HTTP_PROTOBUF.port


@dataclass(frozen=True)
class Endpoint:
    """The parts of an endpoint. Parts that may hold a secret are not in the repr.

    `scheme` is lower-case, None if not written; `port` is None if not written or not a number.
    """

    scheme: str | None
    credentials: str = field(repr=False)
    host: str
    port: int | None
    path: str
    rest: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "Endpoint | None":
        """Parse an endpoint; None if the destination is not known: a template's placeholder, a socket."""
        text = text.strip()
        if placeholder(text) or text.startswith("unix:"):
            return None
        scheme, slashes, after = text.partition("://")
        if not slashes:
            scheme, after = "", text.removeprefix("//")
        end = next((i for i, character in enumerate(after) if character in "/?#"), len(after))
        credentials, at, address = after[:end].rpartition("@")
        cut = next((i for i, character in enumerate(after) if i >= end and character in "?#"), len(after))
        host, port = _host_and_port(address)
        return cls(scheme.lower() or None, credentials + at, host, port, after[end:cut], after[cut:])

    @cached_property
    def in_task(self) -> bool:
        """Return whether the destination is the task itself: containers of an awsvpc task share the loopback."""
        host = self.host.lower().rstrip(".")
        if host in _LOOPBACK:
            return True
        octets = host.split(".")
        return octets[0] == "127" and len(octets) == _OCTETS and all(o.isascii() and o.isdigit() for o in octets)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        scheme = "" if self.scheme is None else f"{self.scheme}://"
        return f"{scheme}{self.credentials}{host}{port}{self.path}{self.rest}"


def _host_and_port(address: str) -> tuple[str, int | None]:
    if address.startswith("["):
        host, _, after = address[1:].partition("]")
        return host, _port(after.removeprefix(":"))
    if address.count(":") > 1:  # an IPv6 address without one or both brackets
        return address.strip("[]"), None
    host, _, port = address.partition(":")
    return host, _port(port)


def _port(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) > _PORT_DIGITS:
        return None
    return int(text) if 0 < int(text) <= _LARGEST_PORT else None


@dataclass(frozen=True)
class Route:
    """Where one signal is sent, and how: the two variables that decide it, and their values.

    A value is None if nothing sets the variable; then the generic variable is named.
    """

    signal: Signal
    endpoint_variable: str
    endpoint: str | Hidden | None = field(repr=False)
    protocol_variable: str
    protocol: str | Hidden | None = field(repr=False)

    @cached_property
    def protocol_set(self) -> Protocol | None:
        """Return the protocol; None if it is not set or not valid."""
        return Protocol.read(self.protocol) if isinstance(self.protocol, str) else None

    @cached_property
    def leads_to(self) -> Endpoint | None:
        """Return the endpoint; None if it is not set or not valid."""
        return Endpoint.parse(self.endpoint) if isinstance(self.endpoint, str) else None


@dataclass(frozen=True)
class Destination:
    """One endpoint variable, and the signals that use it. `protocol_set` is the protocol that they all share."""

    variable: str
    value: str | Hidden | None = field(repr=False)
    signals: tuple[Signal, ...]
    protocol_set: Protocol | None

    @cached_property
    def leads_to(self) -> Endpoint | None:
        """Return the endpoint; None if it is not set or not valid."""
        return Endpoint.parse(self.value) if isinstance(self.value, str) else None

    @cached_property
    def usual(self) -> bool:
        """Return whether it is a well-formed endpoint of a default OTLP port in the task."""
        endpoint = self.leads_to
        if endpoint is None or not endpoint.in_task or endpoint.port not in PORTS:
            return False
        return endpoint == self.within_task(endpoint, endpoint.port, tls=False, http=None)

    @property
    def own(self) -> Signal | None:
        """Return the signal whose variable this is; None for the generic one."""
        return None if self.variable == ENDPOINT else self.signals[0]

    def port_meant(self, endpoint: Endpoint) -> int | None:
        """Return the port that its protocol or path requires; None if neither decides."""
        if self.protocol_set is not None:
            return self.protocol_set.port
        return HTTP_PORT if endpoint.path.startswith("/v1/") else None

    def by_http(self, port: int | None) -> bool:
        return self.protocol_set is not Protocol.GRPC if self.protocol_set else port == HTTP_PORT

    def within_task(self, endpoint: Endpoint, port: int, *, tls: bool, http: bool | None) -> Endpoint:
        """Return the endpoint that reaches the OTLP receiver on this port; parts that are right stay as written.

        `http` is whether the receiver takes HTTP there; None if only the application's protocol, or the port, decides.
        """
        by_http = self.by_http(port) if http is None or self.protocol_set else http
        path, scheme = self.path_served(endpoint.path, by_http=by_http), "https" if tls else "http"
        return replace(endpoint, scheme=scheme, host=endpoint.host or "localhost", port=port, path=path)

    def of_sidecar(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint of the sidecar collector, instead of the host that this one names."""
        given = endpoint.port if endpoint.port in PORTS else None
        port = (self.protocol_set.port if self.protocol_set else given) or self.port_meant(endpoint) or HTTP_PORT
        path = self.own.path if self.own and self.by_http(port) else ""
        return Endpoint("http", "", "localhost", port, path, "")

    def path_served(self, path: str, *, by_http: bool) -> str:
        """Return the path that reaches a receiver with default paths; a custom path stays."""
        if not by_http:
            return path
        if self.own is None:
            written = path.rstrip("/")
            suffix = next((each for each in _PATHS if written.endswith(each)), None)
            return path if suffix is None else written.removesuffix(suffix).rstrip("/")
        return self.own.path if not path.strip("/") or path.startswith("/v1/") else path


def instrumented(container: Container) -> bool:
    """Return whether the definition sets any OTEL_ variable."""
    return container.otel != ((), ())


def silent(container: Container) -> bool:
    """Return whether its SDK is switched off."""
    return _off(value_of(container, _DISABLED))


def routes(container: Container) -> tuple[Route, ...]:
    """Return the route of each signal that is exported with OTLP; empty if the SDK is switched off.

    Environment files are not read. To be certain, check `may_have_more_variables` too.
    """
    return _routes(*_decisive(*container.otel))


def destinations(container: Container) -> tuple[Destination, ...]:
    """Return the endpoint variables in use, each once. A generic one that every signal overrides is not in use."""
    return _destinations(*_decisive(*container.otel))


# Cached: several rules need it for the same container, one after the other.
@lru_cache(maxsize=256)
def _decisive(
    set_plainly: tuple[tuple[str, str], ...], secrets: tuple[str, ...]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the variables that decide where telemetry is sent, and the names of the secrets among them."""
    return tuple([item for item in set_plainly if item[0] in _DECISIVE]), tuple([n for n in secrets if n in _DECISIVE])


_DECISIVE = frozenset({ENDPOINT, PROTOCOL, _DISABLED}.union(*(variables[1:] for variables in _VARIABLES)))


# Cached: four rules need it for every container, and most containers of a fleet have the same variables.
@lru_cache(maxsize=4096)
def _routes(set_plainly: tuple[tuple[str, str], ...], secrets: tuple[str, ...]) -> tuple[Route, ...]:
    given: dict[str, str | Hidden] = {name: text for name, value in set_plainly if (text := value.strip())}
    if _off(given.get(_DISABLED)):
        return ()
    given |= dict.fromkeys(secrets, Hidden("secrets"))
    found = list[Route]()
    for signal, exporter, own_endpoint, own_protocol in _VARIABLES:
        if not _by_otlp(given.get(exporter)):
            continue
        endpoint = own_endpoint if own_endpoint in given else ENDPOINT
        protocol = own_protocol if own_protocol in given else PROTOCOL
        found.append(Route(signal, endpoint, given.get(endpoint), protocol, given.get(protocol)))
    return tuple(found)


@lru_cache(maxsize=4096)
def _destinations(set_plainly: tuple[tuple[str, str], ...], secrets: tuple[str, ...]) -> tuple[Destination, ...]:
    grouped = dict[str, list[Route]]()
    for route in _routes(set_plainly, secrets):
        grouped.setdefault(route.endpoint_variable, []).append(route)
    found = list[Destination]()
    for variable, group in grouped.items():
        spoken = {route.protocol_set for route in group}
        protocol_set = group[0].protocol_set if len(spoken) == 1 else None
        found.append(Destination(variable, group[0].endpoint, tuple(route.signal for route in group), protocol_set))
    return tuple(found)


def _off(value: str | Hidden | None) -> bool:
    return isinstance(value, str) and value.strip().lower() == "true"


def _by_otlp(exporters: str | Hidden | None) -> bool:
    """Return whether a list of exporters has an OTLP one (`otlp`, Python's `otlp_proto_grpc`); unset means OTLP."""
    if not isinstance(exporters, str):
        return True
    named = [name for item in exporters.split(",") if (name := item.strip().lower())]
    return not named or any(name.startswith("otlp") for name in named)


def place_of(container: Container, variable: str) -> str:
    """Return the path that names a variable in drifts; of a Java system property, that of the variable that sets it."""
    if variable in container.otel_properties:
        return f"containers/{container.name}/environment/{container.otel_properties[variable].option}"
    member = "secrets" if variable in container.secrets else "environment"
    return f"containers/{container.name}/{member}/{variable}"


def name_of(container: Container, variable: str) -> str:
    """Return a variable's name, or that of the Java system property that decides instead."""
    found = container.otel_properties.get(variable)
    return found.name if found else variable


def value_of(container: Container, variable: str) -> str | None:
    """Return what an OTEL_ variable is set to in plain text, by itself or by a Java system property."""
    found = container.otel_properties.get(variable)
    return found.value if found else container.environment.get(variable)


class OtlpDoubt(Code):
    """Why the value of an OTEL_ variable is not known."""

    SECRET = "variable-from-secret", "Unknown: an OTEL_ variable that decides comes from a secret, which is not read."
    PLACEHOLDER = "endpoint-placeholder", "Unknown: the endpoint is a placeholder or names a socket."
    FILE = "environment-file", "Unknown: an environment file or a placeholder may set OTEL_ variables."


def unread_secret(container: Container, variable: str) -> Doubt:
    """Return the doubt if a variable that decides is a secret."""
    why = f"{variable} comes from a secret, so its value is not known from the task definition."
    return Doubt(OtlpDoubt.SECRET, place_of(container, variable), why)


def unread_text(container: Container, variable: str) -> Doubt:
    """Return the doubt if `Endpoint.parse` finds no endpoint."""
    why = f"{name_of(container, variable)} holds a placeholder or names a socket, so its destination is not known."
    return Doubt(OtlpDoubt.PLACEHOLDER, place_of(container, variable), why)


def unread_files(container: Container) -> Doubt:
    """Return the doubt if an environment file may set a variable that decides."""
    member = container.unread_variables
    by = "An environment file, which is not read," if member == "environmentFiles" else f"A placeholder in `{member}`"
    return Doubt(OtlpDoubt.FILE, f"containers/{container.name}/{member}", f"{by} may set OTEL_ variables.")


def endpoints_set(container: Container) -> Iterator[Doubt | tuple[Destination, str]]:
    """Yield each endpoint variable with its value; a Doubt if the value is not known, or a file may set it."""
    if container.may_have_more_variables and not silent(container):
        yield unread_files(container)
    for destination in destinations(container):
        match destination.value:
            case Hidden():
                yield unread_secret(container, destination.variable)
            case str() as text:
                yield destination, text
            case None:
                pass
