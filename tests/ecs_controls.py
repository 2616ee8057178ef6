"""AWS's own controls over ECS task definitions and services, as predicates: which of them a document fails.

Source: the page "Security Hub CSPM controls for Amazon ECS" of the Security Hub user guide; the parameters are those
that cannot be customised. ECS.1 was retired in March 2026 and is kept here, because accounts still show it. With them
is a rule of AWS Config's conformance pack for ECS, which the controls of other standards are built on.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from domain.ecs.container import Container
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import mapping_of, objects_of, text_of, truth_of

SECRET_KEYS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"})


def _root(container: Container) -> bool:
    user = (text_of(container.json.get("user")) or "").partition(":")[0]
    return user in {"", "root", "0"}


def _privileged(container: Container) -> bool:
    return truth_of(container.json.get("privileged")) is True


def _volumes(task: TaskDefinition) -> Iterator[Mapping[str, Any]]:
    for volume in objects_of(task.json.get("volumes")):
        if efs := mapping_of(volume.get("efsVolumeConfiguration")):
            yield efs


# Each says that the control FAILS.
OF_TASK_DEFINITIONS: Mapping[str, Callable[[TaskDefinition], bool]] = {
    "ECS.1 secure networking modes and user definitions": lambda task: (
        task.network_mode == "host" and any(not _privileged(each) and _root(each) for each in task.containers)
    ),
    "ECS.3 not the host's process namespace": lambda task: task.json.get("pidMode") == "host",
    "ECS.4 containers run as non-privileged": lambda task: any(map(_privileged, task.containers)),
    "ECS.5 read-only root filesystems": lambda task: any(
        truth_of(each.json.get("readonlyRootFilesystem")) is not True for each in task.containers
    ),
    "ECS.8 no secrets as environment variables": lambda task: any(
        SECRET_KEYS & each.environment.keys() for each in task.containers
    ),
    "ECS.9 a logging configuration": lambda task: any(not each.log_driver for each in task.containers),
    "ECS.17 not the host network mode": lambda task: task.network_mode == "host",
    "ECS.18 EFS volumes encrypted in transit": lambda task: any(
        efs.get("transitEncryption") != "ENABLED" for efs in _volumes(task)
    ),
    "ECS.20 non-root users in Linux containers": lambda task: not task.windows and any(map(_root, task.containers)),
    "ECS.21 non-administrators in Windows containers": lambda task: (
        task.windows
        and any(
            (text_of(each.json.get("user")) or "ContainerAdministrator") == "ContainerAdministrator"
            for each in task.containers
        )
    ),
    "ecs-task-definition-nonroot-user": lambda task: any(map(_root, task.containers)),
}

OF_SERVICES: Mapping[str, Callable[[Service], bool]] = {
    "ECS.2 no public IP addresses": lambda service: (
        mapping_of(mapping_of(service.json.get("networkConfiguration")).get("awsvpcConfiguration")).get(
            "assignPublicIp"
        )
        == "ENABLED"
    ),
    "ECS.10 the latest Fargate platform version": lambda service: (
        service.json.get("platformVersion") not in {None, "LATEST", "1.4.0"}
    ),
}


def failed(task: TaskDefinition, service: Service | None = None) -> frozenset[str]:
    """The controls that a task definition, and the service that runs it, fail."""
    found = {name for name, fails in OF_TASK_DEFINITIONS.items() if fails(task)}
    if service is not None:
        found |= {name for name, fails in OF_SERVICES.items() if fails(service)}
    return frozenset(found)
