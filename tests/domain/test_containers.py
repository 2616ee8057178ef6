from typing import Any

import pytest

from domain.containers import Cast, Part, is_collector, part_of
from domain.documents import Container, TaskDefinition


def task(*containers: dict[str, Any], **members: Any) -> TaskDefinition:
    return TaskDefinition({"containerDefinitions": list(containers), **members})


@pytest.mark.parametrize(
    ("image", "part"),
    [
        ("public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0", Part.COLLECTOR),
        ("amazon/aws-otel-collector", Part.COLLECTOR),
        ("aws-otel-collector@sha256:abc", Part.COLLECTOR),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ecr-public/aws-observability/aws-otel-collector:v0.49.0",
            Part.COLLECTOR,
        ),
        ("amazon/aws-otel-collector-sample-app:v1.0.0", Part.APPLICATION),
        ("example/my-aws-otel-collector:1.0.0", Part.APPLICATION),
        ("otel/opentelemetry-collector-contrib:0.140.0", Part.APPLICATION),
        ("public.ecr.aws/datadog/agent:7", Part.AGENT),
        ("example/agent:7", Part.APPLICATION),
        ("amazon/aws-xray-daemon:3.x", Part.AGENT),
        ("public.ecr.aws/cloudwatch-agent/cloudwatch-agent:latest", Part.AGENT),
        ("840364872350.dkr.ecr.eu-west-1.amazonaws.com/aws-appmesh-envoy:v1.29.0.0-prod", Part.SERVICE_PROXY),
        ("envoyproxy/envoy:v1.30.0", Part.SERVICE_PROXY),
        ("nginx:1.27", Part.APPLICATION),
        ("", Part.APPLICATION),
    ],
)
def test_an_image_tells_the_part(image: str, part: Part) -> None:
    container = Container({"name": "c", "image": image})
    assert part_of(container, task(), ()) is part


def test_the_standards_patterns_make_a_collector() -> None:
    container = Container({"name": "c", "image": "registry.example/observability/otel:1.2.3"})
    assert not is_collector(container)
    assert is_collector(container, ["registry.example/*/otel"])
    assert not is_collector(container, ["otel"])


def test_a_router_and_a_proxy_are_told_by_the_task() -> None:
    router = {"name": "log", "image": "example/router", "firelensConfiguration": {"type": "fluentbit"}}
    proxy = {"name": "mesh", "image": "example/proxy"}
    definition = task(router, proxy, proxyConfiguration={"containerName": "mesh"})
    assert [part_of(container, definition, ()) for container in definition.containers] == [
        Part.LOG_ROUTER,
        Part.SERVICE_PROXY,
    ]


def test_a_cast_has_every_container_once_in_the_tasks_order() -> None:
    names = {"a": "web", "b": "aws-otel-collector", "c": "agent-of-ours", "d": "fluent-bit", "e": "aws-otel-collector"}
    cast = Cast.of(task(*({"name": name, "image": image} for name, image in names.items())), ())
    assert [container.name for container in cast.collectors] == ["b", "e"]
    assert [container.name for container in cast.applications] == ["a", "c"]
    assert [container.name for container in cast.others] == ["d"]
