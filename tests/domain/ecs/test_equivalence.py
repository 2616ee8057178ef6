"""Two task definitions mean the same where ECS would make the same of them, and only there."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ecs.equivalence import equivalent
from domain.ecs.task_definition import TaskDefinition
from tests.strategies import json_values, task_definitions

PORT = {"containerPort": 80}
HTTP = {"containerPort": 8080, "name": "http"}
A, B = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}
CHECK = {"command": ["CMD", "/healthcheck"]}
WAITS = [{"containerName": "x", "condition": "START"}, {"containerName": "y", "condition": "HEALTHY"}]
MOUNTS = [{"sourceVolume": "v", "containerPath": "/a"}, {"sourceVolume": "v", "containerPath": "/a/b"}]


def task(**members: Any) -> TaskDefinition:
    return TaskDefinition(
        {"family": "web", "networkMode": "awsvpc", "containerDefinitions": [{"name": "app"}]} | members
    )


def app(**members: Any) -> TaskDefinition:
    return task(containerDefinitions=[{"name": "app", **members}])


SAME = {
    "essential": (app(), app(essential=True)),
    "essential as text": (app(essential="false"), app(essential=False)),
    "no CPU": (app(), app(cpu=0)),
    "amounts": (task(cpu="1024", memory="2048"), task(cpu="1 vCPU", memory="2 GB")),
    "amounts as numbers": (task(cpu="1024"), task(cpu=1024)),
    "a null": (app(), app(command=None, healthCheck=None)),
    "an empty list": (app(), app(command=[], links=[], environment=[], mountPoints=[])),
    "empty objects": (
        app(logConfiguration={"logDriver": "splunk"}),
        app(logConfiguration={"logDriver": "splunk", "options": {}, "secretOptions": []}),
    ),
    "switches that are off": (
        app(),
        app(privileged=False, interactive=False, linuxParameters={"initProcessEnabled": False}),
    ),
    "the order of variables": (app(environment=[A, B]), app(environment=[B, A])),
    "the order of secrets": (app(secrets=[A, B]), app(secrets=[B, A])),
    "the order of containers": (
        task(containerDefinitions=[{"name": "a"}, {"name": "b"}]),
        task(containerDefinitions=[{"name": "b"}, {"name": "a"}]),
    ),
    "the order of ports": (app(portMappings=[PORT, HTTP]), app(portMappings=[HTTP, PORT])),
    "the order of dependencies": (app(dependsOn=WAITS), app(dependsOn=WAITS[::-1])),
    "the order of compatibilities": (
        task(requiresCompatibilities=["EC2", "FARGATE"]),
        task(requiresCompatibilities=["FARGATE", "EC2"]),
    ),
    "the order of tags": (task(tags=[{"key": "a"}, {"key": "b"}]), task(tags=[{"key": "b"}, {"key": "a"}])),
    "a protocol that is tcp": (app(portMappings=[PORT]), app(portMappings=[PORT | {"protocol": "tcp"}])),
    "a host port that is the container's": (app(portMappings=[PORT]), app(portMappings=[PORT | {"hostPort": 80}])),
    "the defaults of a health check": (
        app(healthCheck=CHECK),
        app(healthCheck=CHECK | {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}),
    ),
    "a restart policy that is off": (app(), app(restartPolicy={"enabled": False, "ignoredExitCodes": [0]})),
    "the default of a restart policy": (
        app(restartPolicy={"enabled": True}),
        app(restartPolicy={"enabled": True, "restartAttemptPeriod": 300}),
    ),
    "mounts that may be written to": (
        app(mountPoints=MOUNTS),
        app(mountPoints=[one | {"readOnly": False} for one in MOUNTS]),
    ),
    "a volume on the host": (task(volumes=[{"name": "v"}]), task(volumes=[{"name": "v", "host": {}}])),
    "what only a description has": (task(), task(revision=7, status="ACTIVE", requiresAttributes=[{"name": "x"}])),
    "tags of Outrider's and AWS's": (
        task(tags=[{"key": "team", "value": "shop"}]),
        task(
            tags=[
                {"key": "team", "value": "shop"},
                {"key": "outrider:plan", "value": "x"},
                {"key": "aws:x", "value": "y"},
            ]
        ),
    ),
}

DIFFERENT = {
    "essential": (app(), app(essential=False)),
    "CPU": (app(), app(cpu=1)),
    "an amount": (task(cpu="1024"), task(cpu="2 vCPU")),
    "the order of a command": (app(command=["a", "b"]), app(command=["b", "a"])),
    "the order of files": (app(environmentFiles=[A, B]), app(environmentFiles=[B, A])),
    "the order of mounts": (app(mountPoints=MOUNTS), app(mountPoints=MOUNTS[::-1])),
    "which value of a name is last": (
        app(environment=[A, A | {"value": "2"}]),
        app(environment=[A | {"value": "2"}, A]),
    ),
    "a variable": (app(environment=[A]), app(environment=[A, B])),
    "an empty variable": (app(environment=[]), app(environment=[{"name": "A", "value": ""}])),
    "a number and a truth": (app(**{"x-new": 1}), app(**{"x-new": True})),
    "an unknown object that is empty": (app(), app(**{"x-new": {}})),
    "a host port of bridge mode": (
        task(networkMode="bridge", containerDefinitions=[{"name": "app", "portMappings": [PORT]}]),
        task(networkMode="bridge", containerDefinitions=[{"name": "app", "portMappings": [PORT | {"hostPort": 80}]}]),
    ),
    "a protocol": (app(portMappings=[PORT]), app(portMappings=[PORT | {"protocol": "udp"}])),
    "a health check": (app(), app(healthCheck=CHECK)),
    "how often": (app(healthCheck=CHECK), app(healthCheck=CHECK | {"interval": 10})),
    "a restart policy": (app(), app(restartPolicy={"enabled": True})),
    "a log option": (
        app(logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "a"}}),
        app(logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "b"}}),
    ),
    "a tag": (task(), task(tags=[{"key": "team", "value": "shop"}])),
    "a role": (task(), task(taskRoleArn="web")),
    "an image": (app(image="web:1"), app(image="web:2")),
}


@pytest.mark.parametrize("name", SAME)
def test_what_means_the_same(name: str) -> None:
    one, another = SAME[name]
    assert one.json != another.json, "else the case shows nothing"
    assert equivalent(one, another)
    assert equivalent(another, one)


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_does_not(name: str) -> None:
    one, another = DIFFERENT[name]
    assert not equivalent(one, another)
    assert not equivalent(another, one)


@given(task_definitions(), st.sampled_from(["image", "command", "x-new"]), json_values)
def test_another_value_of_a_member_that_has_no_default_is_another_meaning(
    found: dict[str, Any], member: str, value: Any
) -> None:
    changed = copy.deepcopy(found)
    changed["containerDefinitions"][0][member] = value
    was = found["containerDefinitions"][0].get(member)
    was, now = (None if each == [] else json.dumps(each, sort_keys=True) for each in (was, value))
    nothing = {None, "null"}
    same = was == now or {was, now} <= nothing
    assert equivalent(TaskDefinition(found), TaskDefinition(changed)) is same


@given(json_values)
def test_any_document_can_be_asked(value: Any) -> None:
    for member in ("containerDefinitions", "tags", "volumes", "cpu", "requiresCompatibilities"):
        odd = TaskDefinition({member: value})
        assert equivalent(odd, odd)
    for member in ("portMappings", "healthCheck", "restartPolicy", "logConfiguration", "environment", "dependsOn"):
        odd = app(**{member: value})
        assert equivalent(odd, odd)
