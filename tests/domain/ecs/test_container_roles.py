from typing import Any

import pytest

from domain.ecs.container import Container
from domain.ecs.container_roles import ContainerRole, ContainerRoles, is_collector, role_of
from domain.ecs.task_definition import TaskDefinition


def task(*containers: dict[str, Any], **members: Any) -> TaskDefinition:
    return TaskDefinition({"containerDefinitions": list(containers), **members})


@pytest.mark.parametrize(
    ("image", "part"),
    [
        ("public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0", ContainerRole.COLLECTOR),
        ("amazon/aws-otel-collector", ContainerRole.COLLECTOR),
        ("aws-otel-collector@sha256:abc", ContainerRole.COLLECTOR),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ecr-public/aws-observability/aws-otel-collector:v0.49.0",
            ContainerRole.COLLECTOR,
        ),
        ("amazon/aws-otel-collector-sample-app:v1.0.0", ContainerRole.APPLICATION),
        ("example/my-aws-otel-collector:1.0.0", ContainerRole.APPLICATION),
        ("otel/opentelemetry-collector-contrib:0.140.0", ContainerRole.APPLICATION),
        ("public.ecr.aws/datadog/agent:7", ContainerRole.AGENT),
        ("example/agent:7", ContainerRole.APPLICATION),
        ("amazon/aws-xray-daemon:3.x", ContainerRole.AGENT),
        ("public.ecr.aws/cloudwatch-agent/cloudwatch-agent:latest", ContainerRole.AGENT),
        ("840364872350.dkr.ecr.eu-west-1.amazonaws.com/aws-appmesh-envoy:v1.29.0.0-prod", ContainerRole.SERVICE_PROXY),
        ("envoyproxy/envoy:v1.30.0", ContainerRole.SERVICE_PROXY),
        ("nginx:1.27", ContainerRole.APPLICATION),
        ("", ContainerRole.APPLICATION),
    ],
)
def test_an_image_tells_the_part(image: str, part: ContainerRole) -> None:
    container = Container({"name": "c", "image": image})
    assert role_of(container, task(), ()) is part


def test_the_standards_patterns_make_a_collector() -> None:
    container = Container({"name": "c", "image": "registry.example/observability/otel:1.2.3"})
    assert not is_collector(container)
    assert is_collector(container, ["registry.example/*/otel"])
    assert not is_collector(container, ["otel"])


def test_a_router_and_a_proxy_are_told_by_the_task() -> None:
    router = {"name": "log", "image": "example/router", "firelensConfiguration": {"type": "fluentbit"}}
    proxy = {"name": "mesh", "image": "example/proxy"}
    definition = task(router, proxy, proxyConfiguration={"containerName": "mesh"})
    assert [role_of(container, definition, ()) for container in definition.containers] == [
        ContainerRole.LOG_ROUTER,
        ContainerRole.SERVICE_PROXY,
    ]


def test_a_cast_has_every_container_once_in_the_tasks_order() -> None:
    names = {"a": "web", "b": "aws-otel-collector", "c": "agent-of-ours", "d": "fluent-bit", "e": "aws-otel-collector"}
    cast = ContainerRoles.of(task(*({"name": name, "image": image} for name, image in names.items())), ())
    assert [container.name for container in cast.collectors] == ["b", "e"]
    assert [container.name for container in cast.applications] == ["a", "c"]
    assert [container.name for container in cast.others] == ["d"]
