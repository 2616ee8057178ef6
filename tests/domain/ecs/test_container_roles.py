from typing import Any

import pytest

from domain.collector.distributions import Receives, distributions
from domain.ecs.container import Container
from domain.ecs.container_roles import ContainerRole, ContainerRoles, Recognised, recognised
from domain.ecs.recognition import WEIGHTS, Answer, CollectorKind, Evidence, recognise
from domain.ecs.task_definition import TaskDefinition

ADOT = CollectorKind()
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def task(*containers: dict[str, Any], **members: Any) -> TaskDefinition:
    return TaskDefinition({"containerDefinitions": list(containers), **members})


def variables(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def ports(*numbers: int) -> list[dict[str, int]]:
    return [{"containerPort": number} for number in numbers]


def answer(members: dict[str, Any], kind: CollectorKind = ADOT) -> Answer:
    return recognise(Container({"name": "c", "image": "example/thing:1.0.0", **members}), kind).answer


def roles(*containers: dict[str, Any], kind: CollectorKind = ADOT, **members: Any) -> dict[str, ContainerRole]:
    found = recognised(task(*containers, **members), kind)
    return {each.container.name: each.role for each in found}


class TestAnImageThatIsKnown:
    """The standard's own image, and distributions."""

    @pytest.mark.parametrize(
        ("image", "role"),
        [
            ("public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0", ContainerRole.COLLECTOR),
            ("amazon/aws-otel-collector", ContainerRole.COLLECTOR),
            ("aws-otel-collector@sha256:abc", ContainerRole.COLLECTOR),
            (f"{ECR}/ecr-public/aws-observability/aws-otel-collector:v0.49.0", ContainerRole.COLLECTOR),
            ("amazon/aws-otel-collector-sample-app:v1.0.0", ContainerRole.APPLICATION),
            ("otel/opentelemetry-collector-contrib:0.140.0", ContainerRole.OTHER_COLLECTOR),
            (
                "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector:0.140.0",
                "other collector",
            ),
            ("signoz/signoz-otel-collector:0.88.13", ContainerRole.OTHER_COLLECTOR),
            ("hyperdx/aws-ecs-opentelemetry-sidecar:1.0.0", ContainerRole.OTHER_COLLECTOR),
            ("quay.io/signalfx/splunk-otel-collector:0.120.0", ContainerRole.OTHER_COLLECTOR),
            ("newrelic/nrdot-collector-host:1.2.0", ContainerRole.OTHER_COLLECTOR),
            ("docker.elastic.co/elastic-agent/elastic-otel-collector:9.0.0", ContainerRole.OTHER_COLLECTOR),
            ("public.ecr.aws/sumologic/sumologic-otel-collector:0.120.0", ContainerRole.OTHER_COLLECTOR),
            ("honeycombio/refinery:2.9.0", ContainerRole.OTHER_COLLECTOR),
            ("gcr.io/example/chronocollector:v0.100.0", ContainerRole.OTHER_COLLECTOR),
            (f"{ECR}/docker-hub/jaegertracing/all-in-one:1.60", ContainerRole.OTHER_COLLECTOR),
            ("public.ecr.aws/datadog/agent:7", ContainerRole.AGENT),
            ("example/agent:7", ContainerRole.APPLICATION),
            ("amazon/aws-xray-daemon:3.x", ContainerRole.AGENT),
            ("public.ecr.aws/cloudwatch-agent/cloudwatch-agent:latest", ContainerRole.AGENT),
            ("grafana/alloy:v1.5.0", ContainerRole.AGENT),
            ("840364872350.dkr.ecr.eu-west-1.amazonaws.com/aws-appmesh-envoy:v1.29.0.0-prod", "service proxy"),
            ("envoyproxy/envoy:v1.30.0", ContainerRole.SERVICE_PROXY),
            ("nginx:1.27", ContainerRole.APPLICATION),
            ("", ContainerRole.APPLICATION),
        ],
    )
    def test_it_tells_the_part(self, image: str, role: ContainerRole) -> None:
        assert roles({"name": "c", "image": image}) == {"c": role}

    @pytest.mark.parametrize("kind", distributions().values(), ids=lambda each: each.id)
    def test_every_distribution_is_found_by_each_of_its_names(self, kind: Any) -> None:
        for pattern in kind.repositories:
            name = pattern.replace("*", "")
            found = recognise(Container({"name": "c", "image": f"registry.example/mirror/{name}:1"}), ADOT)
            assert found.distribution is not None, name
            assert found.distribution.receives is kind.receives, name

    def test_a_collector_of_the_wanted_kind_is_wanted_whatever_it_is(self) -> None:
        agent = {"name": "cw", "image": "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300055.0b1095"}
        adot = {"name": "adot", "image": "amazon/aws-otel-collector:v0.49.0"}
        found = roles(agent, adot, kind=CollectorKind("cloudwatch-agent"))
        assert found == {"cw": ContainerRole.COLLECTOR, "adot": ContainerRole.OTHER_COLLECTOR}

    def test_where_no_collector_is_wanted_every_one_is_another(self) -> None:
        found = roles({"name": "adot", "image": "amazon/aws-otel-collector"}, kind=CollectorKind("none"))
        assert found == {"adot": ContainerRole.OTHER_COLLECTOR}

    def test_the_standards_own_image_and_patterns_make_a_collector(self) -> None:
        image = {"image": "registry.example/observability/telemetry:1.2.3"}
        assert answer(image) is Answer.IS_NOT
        assert answer(image, CollectorKind(repository="registry.example/observability/telemetry")) is Answer.IS
        assert answer(image, CollectorKind(also=("registry.example/*/telemetry",))) is Answer.IS
        assert answer(image, CollectorKind(also=("telemetry",))) is Answer.IS_NOT


class TestAnAgent:
    """Agents take OTLP where something makes them."""

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"image": "public.ecr.aws/datadog/agent:7"}, Answer.IS_NOT),
            (
                {
                    "image": "public.ecr.aws/datadog/agent:7",
                    "environment": variables(DD_OTLP_CONFIG_RECEIVER_PROTOCOLS_GRPC_ENDPOINT="0.0.0.0:4317"),
                },
                Answer.IS,
            ),
            ({"image": "datadog/agent:7-full", "environment": variables(DD_OTELCOLLECTOR_ENABLED="true")}, Answer.IS),
            (
                {
                    "image": "registry.example/monitoring:3",
                    "environment": variables(DD_OTLP_CONFIG_RECEIVER_PROTOCOLS_HTTP_ENDPOINT="localhost:4318"),
                },
                Answer.IS,
            ),
            ({"image": "datadog/agent:7", "environmentFiles": [{"type": "s3", "value": "x"}]}, Answer.MAY_BE),
            ({"image": "amazon/aws-for-fluent-bit:stable"}, Answer.IS_NOT),
            ({"image": "fluent/fluent-bit:3", "command": ["-i", "opentelemetry", "-o", "stdout"]}, Answer.IS),
            ({"image": "fluent/fluent-bit:3", "command": ["-i", "forward", "-o", "opentelemetry"]}, Answer.IS_NOT),
            ({"image": "fluent/fluent-bit:3", "portMappings": ports(4318)}, Answer.MAY_BE),
            ({"image": "timberio/vector:0.40.0-alpine"}, Answer.MAY_BE),
            ({"image": "grafana/alloy:v1.5.0"}, Answer.MAY_BE),
            ({"image": "grafana/alloy:v1.5.0", "portMappings": ports(4317, 4318)}, Answer.IS),
            ({"image": "amazon/aws-xray-daemon:3.x", "portMappings": ports(4317, 4318, 13133)}, Answer.IS_NOT),
        ],
    )
    def test_it_is_a_collector_where_it_takes_otlp(self, members: dict[str, Any], expected: Answer) -> None:
        assert answer(members) is expected

    @pytest.mark.parametrize(
        ("environment", "expected"),
        [
            ({}, Answer.MAY_BE),
            ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, Answer.MAY_BE),
            ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4316/v1/traces"}, Answer.IS),
            ({"OTEL_AWS_APPLICATION_SIGNALS_ENABLED": "true"}, Answer.IS),
            ({"OTEL_AWS_APPLICATION_SIGNALS_ENABLED": "false"}, Answer.MAY_BE),
        ],
    )
    def test_a_cloudwatch_agent_is_one_where_application_signals_go_to_it(
        self, environment: dict[str, str], expected: Answer
    ) -> None:
        agent = {
            "name": "cw",
            "image": "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300055.0b1095",
            "secrets": [{"name": "CW_CONFIG_CONTENT", "valueFrom": "ecs-cwagent"}],
        }
        app = {"name": "app", "image": "shop:1", "environment": variables(**environment)}
        found: dict[str, Recognised] = {each.container.name: each for each in recognised(task(agent, app), ADOT)}
        assert found["cw"].recognition.answer is expected
        assert found["app"].recognition.answer is Answer.IS_NOT


class TestAnImageThatIsNotKnown:
    """What speaks for a collector is added up."""

    @pytest.mark.parametrize(
        "members",
        [
            {"image": f"{ECR}/platform/otel-collector:1.4.0"},
            {"image": f"{ECR}/otel/collector:7"},
            {"image": "example/my-aws-otel-collector:1.0.0"},
            {"image": "example/otelcol-custom"},
            {"image": "example/opentelemetry-sidecar"},
            {"environment": variables(AOT_CONFIG_CONTENT="x")},
            {"secrets": [{"name": "CW_OTEL_CONFIG_CONTENT", "valueFrom": "/x"}]},
            {"command": ["--config=env:TELEMETRY"]},
            {"command": ["--config", "/etc/otelcol/config.yaml"]},
            {"portMappings": ports(4317, 13133)},
            {"name": "otel-collector", "portMappings": ports(4317)},
            {"name": "adot-collector", "image": "${COLLECTOR_IMAGE}"},
        ],
        ids=str,
    )
    def test_it_is_a_collector(self, members: dict[str, Any]) -> None:
        assert answer(members) is Answer.IS

    @pytest.mark.parametrize(
        "members",
        [
            {"portMappings": ports(4317)},
            {"portMappings": ports(8080, 4317)},
            {"name": "otel-collector"},
            {"name": "otel"},
            {"image": "example/data-collector:3"},
            {"command": ["--config=/etc/thing.yaml"]},
            {"secrets": [{"name": "OTEL_CONFIG", "valueFrom": "/x"}]},
            {"image": "${IMAGE}"},
            {"image": "{{ image }}:{{ tag }}"},
            {"image": "<IMAGE1_NAME>"},
        ],
        ids=str,
    )
    def test_it_may_be_one(self, members: dict[str, Any]) -> None:
        assert answer(members) is Answer.MAY_BE

    @pytest.mark.parametrize(
        "members",
        [
            {},
            {"image": "example/collector-api:3", "name": "collector-api"},
            {"image": "aottestbed/aws-otel-collector-sample-app:java-0.1.0", "name": "aws-otel-emitter"},
            {"image": "public.ecr.aws/aws-observability/adot-autoinstrumentation-java:v2.11.0"},
            {"image": "example/protocol:3"},
            {"image": "example/otel-demo"},
            {"image": "example/orders:${TAG}"},
            {"image": "${REGISTRY}/orders:1.0"},
            {"image": "${IMAGE}", "portMappings": ports(8080)},
            {"image": "${IMAGE}", "environment": variables(OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4317")},
            {"image": "${IMAGE}", "environment": variables(OTEL_SERVICE_NAME="orders")},
            {"portMappings": ports(4317), "environment": variables(OTEL_SERVICE_NAME="orders")},
            {"portMappings": ports(80, 8888)},
            {"command": ["--config", "/etc/thing.toml"]},
        ],
        ids=str,
    )
    def test_it_is_none(self, members: dict[str, Any]) -> None:
        assert answer(members) is Answer.IS_NOT

    def test_an_endpoint_out_of_the_task_is_no_reason_against_it(self) -> None:
        environment = variables(OTEL_EXPORTER_OTLP_ENDPOINT="https://otlp.example.com")
        assert answer({"image": f"{ECR}/platform/otel-collector:1.4.0", "environment": environment}) is Answer.IS

    def test_the_evidence_is_enabled(self) -> None:
        container = Container({"name": "otel", "image": "example/x", "portMappings": ports(4317, 13133)})
        assert recognise(container, ADOT).evidence == (
            Evidence.SIMILAR_NAME,
            Evidence.OTLP_PORT,
            Evidence.HEALTH_PORT,
        )

    def test_every_evidence_has_a_weight(self) -> None:
        assert WEIGHTS.keys() == set(Evidence)


class TestTheTask:
    """What a container is for the others."""

    def test_a_router_and_a_proxy_are_enabled_by_the_task(self) -> None:
        router = {"name": "log", "image": "example/router", "firelensConfiguration": {"type": "fluentbit"}}
        proxy = {"name": "mesh", "image": "example/proxy"}
        assert roles(router, proxy, proxyConfiguration={"containerName": "mesh"}) == {
            "log": ContainerRole.LOG_ROUTER,
            "mesh": ContainerRole.SERVICE_PROXY,
        }

    def test_what_others_wait_for_to_end_is_an_init_container(self) -> None:
        app = {"name": "app", "image": "shop:1", "dependsOn": [{"containerName": "copy", "condition": "SUCCESS"}]}
        copy = {"name": "copy", "image": "example/otel-collector-config:1", "essential": False}
        assert roles(copy, app)["copy"] is ContainerRole.INIT
        assert not ContainerRoles.of(task(copy, app), ADOT).receivers
        assert roles(copy | {"essential": True}, app)["copy"] is not ContainerRole.INIT

    @pytest.mark.parametrize(
        ("members", "role"),
        [
            ({"command": ["validate", "--config=env:AOT_CONFIG_CONTENT"]}, ContainerRole.INIT),
            ({"entryPoint": ["/awscollector", "validate"], "command": ["--config=/etc/a.yaml"]}, ContainerRole.INIT),
            ({"command": ["validate"], "essential": True}, ContainerRole.COLLECTOR),
            ({"command": ["--config=env:AOT_CONFIG_CONTENT"]}, ContainerRole.COLLECTOR),
            ({"entryPoint": ["/awscollector"]}, ContainerRole.COLLECTOR),
            ({}, ContainerRole.COLLECTOR),
        ],
    )
    def test_one_of_the_collectors_image_is_an_init_container_where_it_does_not_collect(
        self, members: dict[str, object], role: ContainerRole
    ) -> None:
        """A collector that is awaited by mistake stays one: task.depends-on reports that."""
        check = {"name": "check", "image": "amazon/aws-otel-collector:v0.49.0", "essential": False} | members
        app = {"name": "app", "image": "shop:1", "dependsOn": [{"containerName": "check", "condition": "SUCCESS"}]}
        assert roles(check, app)["check"] is role

    def test_a_known_collector_that_others_wait_for_is_a_collector_still(self) -> None:
        app = {"name": "app", "image": "shop:1", "dependsOn": [{"containerName": "adot", "condition": "COMPLETE"}]}
        adot = {"name": "adot", "image": "amazon/aws-otel-collector:v0.49.0", "essential": False}
        assert roles(adot, app)["adot"] is ContainerRole.COLLECTOR

    def test_a_collector_that_routes_logs_is_a_collector(self) -> None:
        router = {"name": "c", "image": "amazon/aws-otel-collector", "firelensConfiguration": {"type": "fluentbit"}}
        assert roles(router) == {"c": ContainerRole.COLLECTOR}

    def test_every_container_has_its_part_in_the_tasks_order(self) -> None:
        names = {
            "a": "web",
            "b": "aws-otel-collector",
            "c": "agent-of-ours",
            "d": "fluent-bit",
            "e": "aws-otel-collector",
        }
        found = ContainerRoles.of(task(*({"name": name, "image": image} for name, image in names.items())), ADOT)
        assert [container.name for container in found.collectors] == ["b", "e"]
        assert [container.name for container in found.applications] == ["a", "c"]
        assert [container.name for container in found.others] == ["d"]

    def test_a_possible_collector_is_an_application_too(self) -> None:
        found = ContainerRoles.of(task({"name": "otlp-in", "image": "shop:1", "portMappings": ports(4317)}), ADOT)
        assert [each.container.name for each in found.possible] == ["otlp-in"]
        assert [container.name for container in found.applications] == ["otlp-in"]


def test_the_collectors_that_a_standard_may_name_say_what_their_images_are() -> None:
    for each in distributions().values():
        if each.published:
            assert each.receives in {Receives.ALWAYS, Receives.CONFIGURED}, each.id
