"""The ports that a collector binds with a configuration.

Only what runs binds: receivers and exporters of pipelines, extensions that the service starts, the own metrics.
Default ports are those of the components' factories upstream; the default host became localhost with v0.41.0.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from domain.collector.configuration import CollectorConfiguration, Component, Options, mapping, within
from domain.collector.reading import Value
from domain.collector.references import has_reference, literal
from domain.collector.releases import LOCALHOST_SINCE, ComponentKind, Release
from domain.collector.scalars import shown

type Transport = Literal["tcp", "udp"]

OWN_METRICS_PORT = 8888
HEALTH_CHECK_PORT = 13133
_HIGHEST_PORT = 65535
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ANYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, never bound
_PORT = re.compile(r":(\d{1,5})$", re.ASCII)

_OTLP_PORTS = {"grpc": 4317, "http": 4318}
_JAEGER: dict[str, tuple[int, Transport]] = {
    "grpc": (14250, "tcp"),
    "thrift_http": (14268, "tcp"),
    "thrift_compact": (6831, "udp"),
    "thrift_binary": (6832, "udp"),
}
_EXTENSION_PORTS = {"health_check": HEALTH_CHECK_PORT, "pprof": 1777, "zpages": 55679, "awsproxy": 2000}


@dataclass(frozen=True, slots=True)
class Listener:
    """One bound port. `port` or `host` is None where it comes from the environment or is not known.

    `protocol` is `grpc` or `http` for OTLP, else empty. `part` is the path of names: `receivers/otlp/protocols/grpc`.
    """

    part: str
    transport: Transport
    port: int | None
    host: str | None = None
    protocol: str = ""

    @property
    def serves_the_task(self) -> bool | None:
        """Tell if the other containers of the task reach it on localhost; None where the host is not known."""
        return None if self.host is None else self.host in _LOOPBACK | _ANYWHERE

    @property
    def place(self) -> str:
        """The path of the address, as it may be shown."""
        return shown(self.part) if self.part.startswith("service/") else f"{shown(self.part)}/endpoint"

    def excludes(self, other: "Listener") -> bool:
        """Tell if the other one cannot listen while this one does."""
        if self.port is None or (self.port, self.transport) != (other.port, other.transport):
            return False
        hosts = {host for host in (self.host, other.host) if host is not None}
        if None in (self.host, other.host):
            return False
        of_ipv4 = not any(":" in host for host in hosts)
        return len(hosts) == 1 or "::" in hosts or (of_ipv4 and ("0.0.0.0" in hosts or hosts <= _LOOPBACK))  # noqa: S104 - compared with, never bound


def bound_ports(configuration: CollectorConfiguration, release: Release | None = None) -> tuple[Listener, ...]:
    """Give every port that the collector binds, its own metrics included."""
    found = [listener for part in configuration.used for listener in _of_component(part, release)]
    return (*found, *_own_metrics(configuration.telemetry, release))


def otlp_listeners(configuration: CollectorConfiguration, release: Release | None = None) -> tuple[Listener, ...]:
    """Give the OTLP listeners of the receivers that pipelines use, by protocol."""
    return tuple(
        listener
        for part in configuration.used
        if part.kind is ComponentKind.RECEIVER and part.canonical == "otlp"
        for listener in _otlp(part, release)
    )


def health_check_listener(configuration: CollectorConfiguration, release: Release | None = None) -> Listener | None:
    """Give where the health_check extension answers, if one is defined and the service starts it."""
    part = _health_check(configuration)
    return next(_of_component(part, release), None) if part is not None else None


def health_check_hindrance(configuration: CollectorConfiguration, release: Release | None = None) -> str:
    """Name the option for which `http://127.0.0.1:PORT/` is not answered with 200; empty if none is known.

    ADOT's /healthcheck asks for this address: of it only the port can be set.
    """
    part = _health_check(configuration)
    if part is None:
        return ""
    path, listener = literal(part.settings.get("path"), release), health_check_listener(configuration, release)
    host = listener.host if listener else None
    checks = (
        ("path", path not in {None, "", "/"}),
        ("tls", part.settings.get("tls") is not None),
        ("endpoint", host not in {None, "localhost", "127.0.0.1", *_ANYWHERE}),
    )
    return next((option for option, hinders in checks if hinders), "")


def _health_check(configuration: CollectorConfiguration) -> Component | None:
    used = (part for part in configuration.used if part.kind is ComponentKind.EXTENSION)
    return next((part for part in used if part.canonical == "health_check"), None)


def _of_component(  # noqa: C901 - one case a component
    part: Component, release: Release | None
) -> Iterator[Listener]:
    settings = part.settings
    match part.kind, part.canonical:
        case ComponentKind.RECEIVER, "otlp":
            yield from _otlp(part, release)
        case ComponentKind.RECEIVER, "awsxray":
            yield _listener(Listener(part.where, "udp", 2000), settings.get("endpoint"), release)
            proxy = within(settings, "proxy_server", "endpoint")
            yield _listener(Listener(f"{part.where}/proxy_server", "tcp", 2000), proxy, release)
        case ComponentKind.RECEIVER, "statsd":
            transport = literal(settings.get("transport"), release) or "udp"
            if not transport.startswith("unix"):
                protocol: Transport = "tcp" if transport.startswith("tcp") else "udp"
                yield _listener(Listener(part.where, protocol, 8125), settings.get("endpoint"), release)
        case ComponentKind.RECEIVER, "zipkin":
            yield _listener(Listener(part.where, "tcp", 9411), settings.get("endpoint"), release)
        case ComponentKind.RECEIVER, "jaeger":
            protocols = mapping(settings.get("protocols"))
            for name, (port, jaeger_transport) in _JAEGER.items():
                if name in protocols:
                    unset = Listener(f"{part.where}/protocols/{name}", jaeger_transport, port)
                    yield _listener(unset, within(protocols, name, "endpoint"), release)
        case ComponentKind.EXPORTER, "prometheus":
            yield _listener(Listener(part.where, "tcp", None), settings.get("endpoint"), release)
        # health_check's `use_v2` changes nothing: upstream's gate extension.healthcheck.useComponentStatus is off.
        case ComponentKind.EXTENSION, ("health_check" | "pprof" | "zpages" | "awsproxy") as extension:
            unset = Listener(part.where, "tcp", _EXTENSION_PORTS[extension])
            yield _listener(unset, settings.get("endpoint"), release)
        case _:
            pass


def _otlp(part: Component, release: Release | None) -> Iterator[Listener]:
    protocols = mapping(part.settings.get("protocols"))
    for name, port in _OTLP_PORTS.items():
        if name in protocols and within(protocols, name, "transport") not in {"unix", "unixgram", "unixpacket"}:
            unset = Listener(f"{part.where}/protocols/{name}", "tcp", port, protocol=name)
            yield _listener(unset, within(protocols, name, "endpoint"), release)


def _own_metrics(telemetry: Options, release: Release | None) -> Iterator[Listener]:
    metrics = mapping(telemetry.get("metrics"))
    where = "service/telemetry/metrics"
    if literal(metrics.get("level"), release) in {"none", "None"}:
        return
    readers = metrics.get("readers")
    if isinstance(readers, tuple):
        for reader in readers:
            prometheus = within(mapping(reader), "pull", "exporter", "prometheus")
            if isinstance(prometheus, tuple) or "prometheus" not in mapping(
                within(mapping(reader), "pull", "exporter")
            ):
                continue
            given = mapping(prometheus)
            yield Listener(
                f"{where}/readers",
                "tcp",
                _number(given.get("port", OWN_METRICS_PORT), release),
                literal(given.get("host", "localhost"), release),
            )
        return
    address = metrics.get("address")
    if address is None:
        yield Listener(where, "tcp", OWN_METRICS_PORT)
    else:
        yield _listener(Listener(where, "tcp", OWN_METRICS_PORT), address, release)


def _listener(unset: Listener, endpoint: Value, release: Release | None) -> Listener:
    """Give the listener at an endpoint; `unset` has what holds where no endpoint is set, the host apart."""
    if endpoint is None or endpoint == "":
        host = None if release is None else "localhost" if release >= LOCALHOST_SINCE else "0.0.0.0"  # noqa: S104 - a fact, not a bind
        return replace(unset, host=host)
    text = endpoint if isinstance(endpoint, str) else str(endpoint)
    found = _PORT.search(text)
    if found is None:
        return replace(unset, port=None)
    host = text[: found.start()].rpartition("://")[2].strip("[]")
    known = None if has_reference(host, release) else host or "0.0.0.0"  # noqa: S104 - ":4317" binds every address
    return replace(unset, port=_port(found[1]), host=known)


def _number(value: Value, release: Release | None) -> int | None:
    text = literal(value, release)
    found = _PORT.fullmatch(f":{text}") if text is not None else None
    return _port(found[1]) if found else None


def _port(digits: str) -> int | None:
    """Give a port number; None for one that no port has, which the collector refuses."""
    return port if 0 < (port := int(digits)) <= _HIGHEST_PORT else None
