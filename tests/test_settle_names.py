"""Fixes are not made where it cannot be said which container is meant."""

import pytest

import engine
from domain.ecs.task_definition import TaskDefinition
from domain.places import Place
from domain.remediation.plan import Fixed
from domain.standard import default_standard
from domain.workload import Workload
from rules import CATALOGUE

COLLECTOR = "public.ecr.aws/aws-observability/aws-otel-collector:latest"


@pytest.mark.parametrize("names", [("app", "app"), ("app", None), ("", "collector")])
def test_containers_that_are_not_distinguished_by_name_are_skipped(names: tuple[str | None, str | None]) -> None:
    images = ("web:1.0.0", COLLECTOR)
    containers = [{"name": name, "image": image} for name, image in zip(names, images, strict=True)]
    task = TaskDefinition(
        {"family": "web", "requiresCompatibilities": ["FARGATE"], "cpu": "512", "memory": "1024"}
        | {"executionRoleArn": "arn:aws:iam::123456789012:role/x", "containerDefinitions": containers}
    )
    settled = engine.settle(Workload(Place("123456789012", "eu-west-1"), task), default_standard(), CATALOGUE)
    assert settled.after.task == task
    refused = [repair for repair in settled.repairs if repair.rule == "sidecar.image-pinned"]
    assert [repair.outcome for repair in refused] == [Fixed.REFUSED]
    assert [reason.code for reason in refused[0].reasons] == [engine.EngineCode.AMBIGUOUS_NAMES]
