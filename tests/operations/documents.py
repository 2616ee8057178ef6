"""Task definitions, policies and configurations that keep every rule here, and such that do not."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from domain.places import Place
from tests.aws_fake.aws import ACCOUNT, REGION

type Json = dict[str, Any]

PLACE = Place(ACCOUNT, REGION)
PARAMETER = "/fargate/otel-collector-config"
REPOSITORY = "public.ecr.aws/aws-observability/aws-otel-collector"
IMAGE = f"{REPOSITORY}:v0.49.0"
CANARY = "c4nary-s3cret-p4ss"

CONFIG = """\
extensions: {health_check: }
receivers: {otlp: {protocols: {grpc: , http: }}}
processors: {batch: }
exporters: {awsxray: }
service:
  extensions: [health_check]
  pipelines: {traces: {receivers: [otlp], processors: [batch], exporters: [awsxray]}}
"""
BROKEN = "receivers:\n  otlp:\n - exporters: [awsxray]\n"

EXECUTION = (
    "ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage",
    "logs:CreateLogStream", "logs:PutLogEvents", "ssm:GetParameters", "secretsmanager:GetSecretValue",
)  # fmt: skip
TASK = ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets")


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def trusting(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def definition(family: str = "web", *, collector: Mapping[str, Any] | None = None, **members: Any) -> Json:
    """A task definition that keeps every rule here; `collector` changes members of its collector."""
    sidecar: Json = {
        "name": "adot-collector",
        "image": IMAGE,
        "cpu": 256,
        "memoryReservation": 512,
        "essential": False,
        "command": ["--config=env:AOT_CONFIG_CONTENT"],
        "secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": PARAMETER}],
        "logConfiguration": logs("collector"),
    }
    sidecar = {key: value for key, value in (sidecar | dict(collector or {})).items() if value is not None}
    return copy.deepcopy({
        "family": family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "1024",
        "memory": "2048",
        "executionRoleArn": role_arn("web-execution"),
        "taskRoleArn": role_arn("web-task"),
        "containerDefinitions": [application(), sidecar],
        "tags": [{"key": "team", "value": "shop"}],
    } | members)  # fmt: skip


def application(**members: Any) -> Json:
    return {
        "name": "app",
        "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web:1.4.2",
        "essential": True,
        "cpu": 256,
        "environment": [
            {"name": "DATABASE_PASSWORD", "value": CANARY},
            {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://localhost:4318"},
            {"name": "OTEL_EXPORTER_OTLP_HEADERS", "value": f"authorization={CANARY}"},
        ],
        "logConfiguration": logs("app"),
    } | members


def without_collector(family: str = "web", **members: Any) -> Json:
    return definition(family, **({"containerDefinitions": [application()]} | members))


def logs(prefix: str) -> Json:
    options = {"awslogs-group": "/ecs/web", "awslogs-region": REGION, "awslogs-stream-prefix": prefix}
    return {"logDriver": "awslogs", "options": options}


FLOATING = {"image": f"{REPOSITORY}:latest"}
