"""The applications' side of X-Ray: the daemon's address, the sampler's endpoint, and what answers there.

Sources: the X-Ray daemon's guide (`AWS_XRAY_DAEMON_ADDRESS` is `address:port`, or one for each transport:
`tcp:address:port udp:address:port`), and AWS's X-Ray remote samplers for OpenTelemetry (`OTEL_TRACES_SAMPLER_ARG` is a
list of `key=value` with `endpoint`, by default http://localhost:2000).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from domain.collector import CollectorConfiguration, bound_ports
from domain.collector.distributions import Receives
from domain.collector.listeners import Transport
from domain.collector.releases import Release
from domain.ecs.container import Container
from domain.ecs.container_roles import ContainerRole, Recognised
from domain.ecs.fargate import amount
from domain.ecs.recognition import Answer
from domain.identical import once
from domain.otlp import Endpoint, value_of
from domain.workload import Workload

SAMPLER: Final = "OTEL_TRACES_SAMPLER"
SAMPLER_ARGUMENT: Final = "OTEL_TRACES_SAMPLER_ARG"
PORT: Final = 2000
_DAEMON: Final = "xray-daemon"
_BIND: Final = ("-b", "--bind", "-t", "--bind-tcp", "-c", "--config")
_ADDRESS: Final = re.compile(r"(?:(?P<transport>tcp|udp):)?(?P<host>\[[^\]\s]*\]|[^:\s]*):(?P<port>\d{1,5})", re.ASCII)
_ENDPOINT: Final = re.compile(r"(?:^|,)\s*endpoint\s*=(?P<endpoint>[^,]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """One address of the daemon, as it is written from `start` to `end` of the variable's text."""

    transport: Transport
    host: str
    port: int
    start: int
    end: int

    @property
    def in_task(self) -> bool:
        """Return whether it is the task itself."""
        return Endpoint(None, "", self.host.strip("[]"), self.port, "", "").in_task

    @property
    def is_bare_name(self) -> bool:
        """Return whether it is a name without a domain, and no IP address."""
        return bool(self.host) and not set(".:[") & set(self.host)


def daemon_addresses(text: str) -> tuple[Address, ...]:
    """Return the addresses of AWS_XRAY_DAEMON_ADDRESS; none where the text is of another form.

    One without a transport counts for segments, which go by UDP.
    """
    found, end = list[Address](), 0
    for match in _ADDRESS.finditer(text):
        if text[end : match.start()].strip():
            return ()
        transport: Transport = "tcp" if match["transport"] == "tcp" else "udp"
        found.append(Address(transport, match["host"], int(match["port"]), match.start("host"), match.end("host")))
        end = match.end()
    return tuple(found) if not text[end:].strip() else ()


def samples_by_xray(container: Container) -> bool:
    """Return whether the SDK asks X-Ray for sampling rules."""
    return (value_of(container, SAMPLER) or "").strip().lower() == "xray"


@dataclass(frozen=True, slots=True)
class SamplerEndpoint:
    """Where the sampler asks for rules, and where that is written in its argument; not written: the default."""

    text: str
    start: int = 0
    end: int = 0

    @property
    def leads_to(self) -> Endpoint | None:
        return Endpoint.parse(self.text)


def sampler_endpoint(container: Container) -> SamplerEndpoint:
    """Return the endpoint of the sampler's argument, else the default one."""
    found = _ENDPOINT.search(value_of(container, SAMPLER_ARGUMENT) or "")
    if found is None or not (text := found["endpoint"].strip()):
        return SamplerEndpoint(f"http://localhost:{PORT}")
    start = found.start("endpoint") + found["endpoint"].index(text)
    return SamplerEndpoint(text, start, start + len(text))


@dataclass(frozen=True, slots=True)
class XrayListeners:
    """The ports of the task where X-Ray's protocol is answered; `elsewhere` are containers of which it is not known."""

    ports: frozenset[tuple[int, Transport]]
    elsewhere: tuple[str, ...]


def xray_listeners(workload: Workload, sender: Container) -> XrayListeners:
    """Return what answers X-Ray's protocol in the task besides the application that uses it."""
    ports, elsewhere = set[tuple[int, Transport]](), list[str]()
    for found in workload.container_roles.every:
        if found.container.name == sender.name or found.role is ContainerRole.INIT:
            continue
        for each in _of_container(workload, found):
            if each is None:
                elsewhere.append(found.container.name)
            else:
                ports.add(each)
    return XrayListeners(frozenset(ports), tuple(dict.fromkeys(elsewhere)))


def _of_container(workload: Workload, found: Recognised) -> Iterator[tuple[int, Transport] | None]:
    """Yield the ports where a container answers; None where that is not known."""
    container, known = found.container, found.distribution
    if known is not None and known.id == _DAEMON:
        bound = any(word.startswith(_BIND) for word in (*container.entry_point, *container.command))
        yield from (None,) if bound else ((PORT, "udp"), (PORT, "tcp"))
        return
    if container is workload.collector and (configuration := workload.read_configuration) is not None:
        yield from _configured(configuration, workload.release)
        return
    receives = known is not None and known.receives is not Receives.NEVER
    if receives or found.recognition.answer is not Answer.IS_NOT or _may_be_a_daemon(container):
        yield None


def _may_be_a_daemon(container: Container) -> bool:
    named = f"{container.image.name} {container.name}".lower().replace("-", "")
    return "xray" in named or any(amount(each.get("containerPort")) == PORT for each in container.port_mappings)


@once
def _configured(
    configuration: CollectorConfiguration, release: Release | None
) -> tuple[tuple[int, Transport] | None, ...]:
    return tuple(
        None if each.port is None or each.serves_the_task is None else (each.port, each.transport)
        for each in bound_ports(configuration, release)
        if each.part.startswith(("receivers/awsxray", "extensions/awsproxy")) and each.serves_the_task is not False
    )
