"""What takes OTLP in a task, and on which ports: as its configuration says, else by its distribution's default."""

from dataclasses import dataclass

from domain.collector import CollectorConfiguration, otlp_listeners
from domain.collector.configuration import mapping, within
from domain.collector.distributions import OWN_BUILD, Receives
from domain.collector.releases import ComponentKind, Release
from domain.ecs.container import Container
from domain.ecs.container_roles import ContainerRole
from domain.ecs.fargate import amount
from domain.ecs.recognition import APPLICATION_SIGNALS_PORTS, Answer
from domain.identical import once
from domain.otlp import PORTS, Destination, Endpoint, Protocol
from domain.workload import Workload


@dataclass(frozen=True, slots=True)
class OtlpPort:
    """A port of the task where a container takes OTLP.

    `known` tells that its configuration says so; else it is the default of its distribution. `protocol` is `grpc` or
    `http`, empty where that is not known.
    """

    container: str
    port: int
    known: bool = False
    protocol: str = ""
    tls: bool = False


@dataclass(frozen=True, slots=True)
class OtlpReceivers:
    """All that takes OTLP in a task.

    `elsewhere` names the other containers that may take it on any port: what they listen on is not known.
    """

    ports: tuple[OtlpPort, ...]
    elsewhere: tuple[str, ...]
    sender: Container

    def who_may_listen(self, port: int) -> tuple[str, ...]:
        """The containers that may listen on a port where nothing is known to: the sender too, if it maps that port."""
        mapped = (amount(mapping.get("containerPort")) for mapping in self.sender.port_mappings)
        return (self.sender.name, *self.elsewhere) if port in mapped else self.elsewhere

    def at(self, port: int | None) -> OtlpPort | None:
        """What takes OTLP on a port: by its configuration, else by default."""
        found = [each for each in self.ports if each.port == port]
        return next((each for each in found if each.known), found[0] if found else None)

    def reached(self, destination: Destination, endpoint: Endpoint) -> Endpoint:
        """Where an endpoint in the task is to lead so that something takes what is sent: what is right stays.

        The ports of Application Signals stay too: what listens there is no collector's default.
        """
        port = endpoint.port
        if port is None or not (self.at(port) or port in PORTS or port in APPLICATION_SIGNALS_PORTS):
            port = self._port_for(destination.protocol_set or Protocol.HTTP_PROTOBUF)
        there = self.at(port)
        http = there.protocol == "http" if there is not None and there.protocol else None
        return destination.within_task(endpoint, port, tls=there is not None and there.tls, http=http)

    def _port_for(self, protocol: Protocol) -> int:
        """The default port of a protocol, or the one that a configuration names instead."""
        spoken = "grpc" if protocol is Protocol.GRPC else "http"
        own = [each.port for each in self.ports if each.known and each.protocol == spoken]
        return protocol.port if protocol.port in own or not own else own[0]


def otlp_receivers(workload: Workload, sender: Container) -> OtlpReceivers:
    """What takes OTLP in the task besides the application that sends it."""
    ports, elsewhere = list[OtlpPort](), list[str]()
    for container, role, recognition in workload.container_roles.every:
        known = recognition.distribution
        if container.name == sender.name or role is ContainerRole.INIT:
            continue
        if known is not None and known.receives is Receives.NEVER:
            continue
        if container is workload.collector and (configuration := workload.read_configuration) is not None:
            found = _configured(configuration, container.name, workload.release)
            ports += (each for each in found if each is not None)
            if None in found:
                elsewhere.append(container.name)
            continue
        if recognition.answer is Answer.IS:
            assumed = known or (workload.distribution if role is ContainerRole.COLLECTOR else OWN_BUILD)
            ports += (OtlpPort(container.name, port) for port in sorted(assumed.ports))
        elsewhere.append(container.name)
    return OtlpReceivers(tuple(ports), tuple(elsewhere), sender)


@once
def _configured(
    configuration: CollectorConfiguration, name: str, release: Release | None
) -> tuple[OtlpPort | None, ...]:
    """The ports that a configuration takes OTLP on; None for one that its text does not show."""
    secured = {
        f"{part.where}/protocols/{protocol}"
        for part in configuration.used
        if part.kind is ComponentKind.RECEIVER and part.canonical == "otlp"
        for protocol in ("grpc", "http")
        if mapping(within(part.settings, "protocols", protocol, "tls"))
    }
    listeners = tuple(
        OtlpPort(name, each.port, known=True, protocol=each.protocol, tls=each.part in secured)
        if each.port is not None and each.serves_the_task is not None
        else None
        for each in otlp_listeners(configuration, release)
        if each.serves_the_task is not False
    )
    return (*listeners, None) if configuration.open_at else listeners
