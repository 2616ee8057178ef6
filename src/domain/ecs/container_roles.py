"""The role of each container, decided once for all rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.ecs.container import Container
from domain.ecs.images import repository_matches
from domain.ecs.task_definition import TaskDefinition

COLLECTOR_NAME = "aws-otel-collector"

# Whole last parts of repositories that are agents rather than applications.
_AGENTS = frozenset({
    "amazon-ssm-agent",
    "aws-for-fluent-bit",
    "aws-xray-daemon",
    "cloudwatch-agent",
    "datadog-agent",
    "fluent-bit",
    "fluentd",
    "newrelic-fluentbit-output",
    "nri-ecs",
    "xray-daemon",
})  # fmt: skip
# Whole last parts of repositories of OpenTelemetry collectors other than ADOT. They count as applications, unless the
# standard names them as collectors.
_OTHER_COLLECTORS = frozenset({
    "alloy",
    "ddot-collector",
    "dynatrace-otel-collector",
    "opentelemetry-collector",
    "opentelemetry-collector-contrib",
    "opentelemetry-collector-k8s",
    "opentelemetry-collector-otlp",
    "splunk-otel-collector",
})  # fmt: skip
_AGENT_OWNERS = ("datadog", "newrelic", "dynatrace", "splunk")
_PROXIES = frozenset({"aws-appmesh-envoy", "envoy", "ecs-service-connect-agent"})


class ContainerRole(StrEnum):
    """The role of a container in its task."""

    COLLECTOR = "collector"
    LOG_ROUTER = "log router"
    SERVICE_PROXY = "service proxy"
    AGENT = "agent"
    APPLICATION = "application"


def is_collector(container: Container, patterns: Sequence[str] = ()) -> bool:
    """Return whether the repository's last part is the collector's, or it matches one of the standard's patterns."""
    image = container.image
    return image.name == COLLECTOR_NAME or bool(patterns and repository_matches(image.repository, tuple(patterns)))


def is_other_collector(container: Container) -> bool:
    """Return whether it is another distribution's collector, by the whole last part of its repository."""
    return container.image.name in _OTHER_COLLECTORS


def role_of(container: Container, task: TaskDefinition, patterns: Sequence[str]) -> ContainerRole:
    """Return the role of one container: the first that fits, in the order below."""
    image = container.image
    if is_collector(container, patterns):
        return ContainerRole.COLLECTOR
    if container.firelens is not None:
        return ContainerRole.LOG_ROUTER
    name = image.name
    if name in _PROXIES or container.name == task.proxy_container:
        return ContainerRole.SERVICE_PROXY
    if name in _AGENTS:
        return ContainerRole.AGENT
    if name == "agent" and image.repository.rpartition("/")[0].rpartition("/")[2] in _AGENT_OWNERS:
        return ContainerRole.AGENT
    return ContainerRole.APPLICATION


@dataclass(frozen=True, slots=True)
class ContainerRoles:
    """A task's containers by their role."""

    collectors: tuple[Container, ...]
    applications: tuple[Container, ...]
    others: tuple[Container, ...]

    @classmethod
    def of(cls, task: TaskDefinition, patterns: Sequence[str]) -> "ContainerRoles":
        collectors, applications, others = list[Container](), list[Container](), list[Container]()
        for container in task.containers:
            match role_of(container, task, patterns):
                case ContainerRole.COLLECTOR:
                    collectors.append(container)
                case ContainerRole.APPLICATION:
                    applications.append(container)
                case _:
                    others.append(container)
        return cls(tuple(collectors), tuple(applications), tuple(others))
