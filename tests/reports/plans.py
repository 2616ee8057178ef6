"""Plans between documents, and of workloads with secrets where people put them."""

from dataclasses import replace
from typing import Any

import engine
from domain.drift import Safety
from domain.ecs.task_definition import TaskDefinition
from domain.places import Place, Revision
from domain.remediation.plan import Plan, changes_between
from domain.standard import Standard
from domain.workload import Workload
from rules import CATALOGUE
from tests.reports.samples import CANARY, IMAGE
from tests.strategies import PLACE

DESCRIBED: dict[str, Any] = {
    "revision": 7, "status": "ACTIVE", "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.x"}],
    "compatibilities": ["EC2", "FARGATE"], "registeredAt": "2026-11-23T09:14:02+00:00", "registeredBy": "arn:x",
}  # fmt: skip


def plan_of(before: dict[str, Any], after: dict[str, Any], family: str = "web", place: Place = PLACE) -> Plan:
    """A plan from one document to another, both as a revision is described."""
    described = DESCRIBED | {"taskDefinitionArn": Revision(place, family, 7).arn}
    one, other = (Workload(place, TaskDefinition(described | each)) for each in (before, after))
    return Plan(one, other, (), Safety.SAFE, (), (), changes_between(one, other))


def planned(workload: Workload, standard: Standard) -> Plan:
    """The plan of all rules of the task's, with secrets where people put them."""
    task = workload.task.to_aws() | DESCRIBED | {"taskDefinitionArn": Revision(workload.place, "web", 7).arn}
    for each in task.get("containerDefinitions") or []:
        if isinstance(each.get("environment"), list):
            each["environment"].append({"name": "PASSWORD", "value": CANARY})
        each["dockerLabels"] = {"token": CANARY}
        each["x-new"] = {"token": [CANARY]}
    workload = replace(workload, task=TaskDefinition(task), service=None)
    settled = engine.settle(workload, standard, CATALOGUE)
    return engine.plan(settled, settled.after, standard, ())


LOGS = {"awslogs-group": "/ecs/web", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs"}

BEFORE: dict[str, Any] = {
    "family": "web",
    "cpu": "256",
    "containerDefinitions": [
        {
            "name": "app",
            "image": "web:1",
            "links": ["db"],
            "environment": [
                {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://otel.example:4317"},
                {"name": "TOKEN", "value": CANARY},
                {"name": "OLD", "value": CANARY},
            ],
        },
        {"name": "db", "image": "db:1"},
    ],
}
AFTER: dict[str, Any] = {
    "family": "web",
    "cpu": "1024",
    "executionRoleArn": "arn:aws:iam::123456789012:role/web-execution",
    "requiresCompatibilities": ["FARGATE"],
    "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
    "containerDefinitions": [
        {
            "name": "app",
            "image": "web:1",
            "environment": [
                {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://localhost:4317"},
                {"name": "TOKEN", "value": CANARY},
                {"name": "OTEL_RESOURCE_ATTRIBUTES", "value": f"token={CANARY}"},
            ],
        },
        {
            "name": "adot-collector",
            "image": f"{IMAGE}:v0.49.0",
            "essential": False,
            "command": ["--config=env:AOT_CONFIG_CONTENT"],
            "dockerLabels": {"com.example.x": CANARY},
            "logConfiguration": {"logDriver": "awslogs", "options": LOGS},
        },
    ],
}


def rewritten() -> Plan:
    """One that changes, adds and takes out, in the open and hidden."""
    return plan_of(BEFORE, AFTER)
