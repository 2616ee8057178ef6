"""Task definitions, services, roles and events of a local cloud."""

import json
import time
from collections.abc import Callable
from typing import Any

from local.cloud import Cloud

FARGATE = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "512", "memory": "1024"}
APP = {"name": "app", "image": "app:1", "environment": [{"name": "PASSWORD", "value": "canary"}]}
COLLECTOR = {"name": "collector", "image": "collector:1", "essential": False}
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def register(cloud: Cloud, family: str, **more: Any) -> Any:
    definition = {"family": family, "containerDefinitions": [APP, COLLECTOR], **FARGATE, **more}
    return cloud.client("ecs").register_task_definition(**definition)["taskDefinition"]


def serve(cloud: Cloud, family: str, **more: Any) -> Any:
    settings = {"launchType": "FARGATE", "desiredCount": 2, "deploymentConfiguration": BREAKER, **more}
    return cloud.client("ecs").create_service(serviceName=family, taskDefinition=family, **settings)["service"]


def events(cloud: Cloud, kind: str, about: str) -> list[Any]:
    """The published events of this detail type about `about`."""
    return [e for e in cloud.control("GET", "events") if e["detail-type"] == kind and about in json.dumps(e)]


def until[T](look: Callable[[], T], seconds: float = 20) -> T:
    """What `look` gives as soon as it is something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "It did not come about."
        time.sleep(0.02)
    return found


def role(cloud: Cloud, name: str, *statements: dict[str, Any]) -> str:
    """A role with these statements, which anybody in the account may take; its name."""
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    for index, statement in enumerate(statements):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
        cloud.client("iam").put_role_policy(RoleName=name, PolicyName=f"p{index}", PolicyDocument=policy)
    return name
