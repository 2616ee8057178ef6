"""Where a collector's configuration comes from, and what is known of it."""

from typing import Any

import pytest

from domain.collector import CollectorConfiguration, ConfigurationUnreadable
from domain.collector.releases import Release
from domain.ecs.recognition import CollectorKind
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, Facts, Known, Parameter, Unavailable
from domain.places import Place
from domain.workload import Workload

IMAGE = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"
BODY = "receivers: {statsd: }"
PARAMETER = Known(Parameter(arn="arn:p", name="/otel", type="String", text="receivers: {zipkin: }"))


def workload(facts: Facts | None = None, **members: Any) -> Workload:
    container = {"name": "adot", "image": IMAGE, **members}
    task = TaskDefinition({"family": "web", "containerDefinitions": [container]})
    return Workload(Place("123456789012", "eu-west-1"), task, facts=facts or Facts())


def receivers(judged: Workload) -> set[str]:
    assert isinstance(judged.configuration, Known)
    assert isinstance(judged.configuration.value, CollectorConfiguration)
    return set(judged.configuration.value.receivers)


def variable(name: str, value: str) -> dict[str, Any]:
    return {"environment": [{"name": name, "value": value}]}


def secret(value_from: str) -> dict[str, Any]:
    return {"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": value_from}]}


def test_a_parameter_that_feeds_the_collector_is_what_it_reads() -> None:
    assert receivers(workload(Facts(parameter=PARAMETER), **secret("/otel"))) == {"zipkin"}
    assert isinstance(workload(Facts(parameter=Absent()), **secret("/otel")).configuration, Absent)
    assert isinstance(workload(**secret("/otel")).configuration, Unavailable)


def test_a_plain_variable_beats_every_file() -> None:
    judged = workload(
        Facts(parameter=PARAMETER),
        command=["--config=/etc/ecs/ecs-xray.yaml"],
        **variable("AOT_CONFIG_CONTENT", BODY),
    )
    assert receivers(judged) == {"statsd"}


def test_a_variable_that_the_command_names() -> None:
    assert receivers(workload(command=["--config", "env:MINE"], **variable("MINE", BODY))) == {"statsd"}


@pytest.mark.parametrize("command", [["--config=/etc/ecs/ecs-xray.yaml"], ["--config", "file:/etc/ecs/ecs-xray.yaml"]])
def test_a_file_of_the_image_is_evaluated_by_its_content(command: list[str]) -> None:
    assert receivers(workload(command=command)) == {"otlp"}


def test_the_image_has_a_default_that_a_command_takes_away() -> None:
    assert receivers(workload()) == {"otlp", "awsxray"}
    assert isinstance(workload(command=["--set=a=b"]).configuration, Unavailable)


def test_a_file_that_the_release_ships_broken_does_not_parse() -> None:
    image = IMAGE.replace("v0.49.0", "v0.41.1")
    judged = workload(image=image, command=["--config=/etc/ecs/ecs-amp-prometheus.yaml"])
    assert isinstance(judged.configuration, Known)
    assert isinstance(judged.configuration.value, ConfigurationUnreadable)


@pytest.mark.parametrize(
    "members",
    [
        {"command": ["--config=https://example.com/a.yaml"]},
        {"command": ["--config=/etc/ecs/ecs-xray.yaml", "--config=/etc/ecs/ecs-amp.yaml"]},
        {"command": ["--config=/etc/mine.yaml"]},
        {"command": ["--config=/etc/ecs/ecs-xray.yaml"], "image": IMAGE.replace("v0.49.0", "latest")},
        secret("arn:aws:secretsmanager:eu-west-1:123456789012:secret:otel-AbCdEf"),
        {"environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::b/k"}]},
    ],
)
def test_what_cannot_be_read_is_unavailable_unless_its_text_was_given(members: dict[str, Any]) -> None:
    assert isinstance(workload(**members).configuration, Unavailable)
    assert isinstance(workload(Facts(parameter=Absent()), **members).configuration, Unavailable)
    assert receivers(workload(Facts(parameter=PARAMETER), **members)) == {"zipkin"}


@pytest.mark.parametrize(
    ("image", "release"),
    [
        (IMAGE, "v0.49.0"),
        (f"{IMAGE}@sha256:{'0' * 64}", "v0.49.0"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/aws-otel-collector:v0.47.0", "v0.47.0"),
        (IMAGE.replace("v0.49.0", "latest"), None),
        (f"public.ecr.aws/aws-observability/aws-otel-collector@sha256:{'0' * 64}", None),
    ],
)
def test_the_release_is_what_the_tag_of_adots_own_image_names(image: str, release: str | None) -> None:
    assert workload(image=image).release == (Release.parse(release) if release else None)


def test_another_distribution_has_no_release_of_adot() -> None:
    container = {"name": "otel", "image": "otel/opentelemetry-collector-contrib:0.130.0"}
    task = TaskDefinition({"family": "web", "containerDefinitions": [container]})
    judged = Workload(Place("1", "eu-west-1"), task, kinds=lambda _: CollectorKind(also=("otel/*",)))
    assert judged.collector is not None
    assert judged.release is None
