"""The role of each container, decided once for all rules."""

from enum import StrEnum
from typing import NamedTuple

from domain.collector.distributions import Distribution, Receives, distribution_of
from domain.ecs.container import Container
from domain.ecs.recognition import (
    APPLICATION_SIGNALS_PORTS,
    Answer,
    CollectorKind,
    Evidence,
    Recognition,
    recognise,
)
from domain.ecs.task_definition import TaskDefinition
from domain.otlp import destinations

COLLECTOR_NAME = "aws-otel-collector"
_PROXIES = frozenset({"aws-appmesh-envoy", "envoy", "ecs-service-connect-agent"})
_ENDS = frozenset({"COMPLETE", "SUCCESS"})
_ONLY_UNKNOWN = frozenset({Evidence.UNKNOWN_IMAGE, Evidence.INSTRUMENTED, Evidence.OTHER_PORTS})
_APPLICATION_SIGNALS = "OTEL_AWS_APPLICATION_SIGNALS_ENABLED"


class ContainerRole(StrEnum):
    """The role of a container in its task."""

    COLLECTOR = "collector"
    OTHER_COLLECTOR = "other collector"
    INIT = "init container"
    LOG_ROUTER = "log router"
    SERVICE_PROXY = "service proxy"
    AGENT = "agent"
    APPLICATION = "application"


class Recognised(NamedTuple):
    """A container, its role, and whether it is a collector."""

    container: Container
    role: ContainerRole
    recognition: Recognition

    @property
    def distribution(self) -> Distribution | None:
        """The distribution that its image is known to be."""
        return self.recognition.distribution


def role_of(container: Container, recognition: Recognition, task: TaskDefinition) -> ContainerRole:
    """Return the role of one container: the first that fits, in the order below."""
    if _ends(container, task) and (_has_a_subcommand(container) or not (recognition.wanted or recognition.by_image)):
        return ContainerRole.INIT
    if recognition.wanted:
        return ContainerRole.COLLECTOR
    if recognition.answer is Answer.IS:
        return ContainerRole.OTHER_COLLECTOR
    if container.firelens is not None:
        return ContainerRole.LOG_ROUTER
    if container.image.name in _PROXIES or container.name == task.proxy_container:
        return ContainerRole.SERVICE_PROXY
    known = recognition.distribution
    if known is not None and known.receives is not Receives.ALWAYS:
        return ContainerRole.AGENT
    return ContainerRole.APPLICATION


def _ends(container: Container, task: TaskDefinition) -> bool:
    """Return whether others start only after it has ended. ECS refuses this of an essential container."""
    if container.essential:
        return False
    name = container.name
    return any(on == name and condition in _ENDS for each in task.containers for on, condition in each.depends_on)


def _has_a_subcommand(container: Container) -> bool:
    """Return whether a collector's image does something else than collect, such as `validate --config=…`."""
    words = (*container.entry_point[1:], *container.command)
    return bool(words) and not words[0].startswith("-")


class ContainerRoles(NamedTuple):
    """A task's containers by their role; `every` has all of them, in the task's order.

    `collectors` are those that the standard requires; `other_collectors` receive telemetry too. `possible` may be
    collectors: they are also in `applications` or `others`.
    """

    every: tuple[Recognised, ...]
    collectors: tuple[Container, ...]
    other_collectors: tuple[Recognised, ...]
    possible: tuple[Recognised, ...]
    applications: tuple[Container, ...]
    others: tuple[Container, ...]

    @classmethod
    def of(cls, task: TaskDefinition, kind: CollectorKind) -> "ContainerRoles":
        every = recognised(task, kind)
        collectors, applications, others = list[Container](), list[Container](), list[Container]()
        other_collectors, possible = list[Recognised](), list[Recognised]()
        for found in every:
            container, role, recognition = found
            match role:
                case ContainerRole.COLLECTOR:
                    collectors.append(container)
                case ContainerRole.OTHER_COLLECTOR:
                    other_collectors.append(found)
                case ContainerRole.APPLICATION:
                    applications.append(container)
                case ContainerRole.INIT | ContainerRole.LOG_ROUTER | ContainerRole.SERVICE_PROXY | ContainerRole.AGENT:
                    others.append(container)
            if recognition.answer is Answer.MAY_BE and role is not ContainerRole.INIT:
                possible.append(found)
        if len(applications) == 1:
            # A task has an application: it is this one, if nothing but a template's placeholder speaks against it.
            possible = [found for found in possible if not _ONLY_UNKNOWN.issuperset(found.recognition.evidence)]
        return cls(
            every, tuple(collectors), tuple(other_collectors), tuple(possible), tuple(applications), tuple(others)
        )

    @property
    def receivers(self) -> tuple[Recognised, ...]:
        """What receives telemetry or may, and is not the collector that the standard wants."""
        return (*self.other_collectors, *self.possible)


def recognised(task: TaskDefinition, kind: CollectorKind) -> tuple[Recognised, ...]:
    """Every container of a task with its part, in the task's order."""
    found = list[Recognised]()
    for container in task.containers:
        known = distribution_of(container.image.repository)
        of_agent = known is not None and not known.ports.isdisjoint(APPLICATION_SIGNALS_PORTS)
        recognition = recognise(container, kind, _application_signals(task) if of_agent else frozenset())
        found.append(Recognised(container, role_of(container, recognition, task), recognition))
    return tuple(found)


def _application_signals(task: TaskDefinition) -> frozenset[int]:
    """The ports of Application Signals that containers of the task send to; an SDK's default is one of them."""
    ports = set[int]()
    for container in task.containers:
        if container.environment.get(_APPLICATION_SIGNALS, "").strip().lower() == "true":
            ports.add(4316)
        for each in destinations(container):
            endpoint = each.leads_to
            if endpoint is not None and endpoint.in_task and endpoint.port in APPLICATION_SIGNALS_PORTS:
                ports.add(endpoint.port)
    return frozenset(ports)
