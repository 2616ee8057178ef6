"""What ECS would refuse to register, and what Fargate would.

Only what is evident stands here: nothing that AWS takes is refused, and what AWS alone can know is left to it.

Sources: the task definition parameters page of the Amazon ECS developer guide, the RegisterTaskDefinition reference,
and the words with which RegisterTaskDefinition refuses.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from domain.ecs.container import Container
from domain.ecs.fargate import amount
from domain.ecs.task_definition import DESCRIBED_ONLY, TaskDefinition
from domain.ecs.values import Json, mapping_of, objects_of, text_of, texts_of, truth_of

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_CONTAINERS, _TAGS, _TAG_KEY, _TAG_VALUE, _IMAGE = 10, 50, 128, 256, 255
_BYTES, _ENVIRONMENT_FILES, _EXIT_CODES, _PORTS = 65_536, 10, 50, 65_535
_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
_AWSLOGS = ("awslogs-group", "awslogs-region", "awslogs-stream-prefix")
_CONDITIONS = frozenset({"START", "COMPLETE", "SUCCESS", "HEALTHY"})
_WINDOWS_CPU = 1024
# Seconds, save for the retries.
_HEALTH: Final = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}
_RESTART_PERIOD, _START_TIMEOUT, _STOP_TIMEOUT = (60, 1800), (2, 120), (0, 120)
_STORAGE = (21, 200)  # GiB
_NOT_ON_FARGATE = ("links", "privileged", "extraHosts", "hostname", "dockerSecurityOptions")
_LINUX_NOT_ON_FARGATE = ("devices", "sharedMemorySize", "maxSwap", "swappiness")
_ECR = re.compile(r"\d{12}\.dkr[.-]ecr[.-]")


def illegal(task: TaskDefinition) -> tuple[str, ...]:
    """Why it would be refused, in sentences; nothing where nothing is evident.

    Fargate is asked unless the definition names other places only.
    """
    found = [*_of_the_task(task), *_of_volumes(task), *_of_logging(task), *_of_tags(task), *_of_dependencies(task)]
    for container in task.containers:
        found += _of_container(container)
    if not task.launch_types or "FARGATE" in task.launch_types:
        found += [*_on_fargate(task), *_of_size(task)]
        for container in task.containers:
            found += _container_on_fargate(container)
    return tuple(dict.fromkeys(found))


# --- whatever it runs on ----------------------------------------------------------------------------------------------


def _of_the_task(task: TaskDefinition) -> Iterator[str]:
    if not _NAME.fullmatch(task.family):
        yield "The family's name is not one to 255 letters, digits, underscores and hyphens."
    count = len(task.containers)
    if not 0 < count <= _CONTAINERS:
        yield f"It has {count} containers; one to {_CONTAINERS} are allowed."
    elif not any(container.essential for container in task.containers):
        yield "None of its containers is essential; at least one must be."
    for name, times in Counter(container.name for container in task.containers).items():
        if not _NAME.fullmatch(name):
            yield f"A container's name ({_short(name)}) is not one to 255 letters, digits, underscores and hyphens."
        elif times > 1:
            yield f"{times} containers are called {name}."
    size = len(json.dumps(_registered(task), separators=(",", ":"), ensure_ascii=False, default=str).encode())
    if size > _BYTES:
        yield f"It has {size} bytes; {_BYTES} are allowed."
    if task.execution_role is None and any(container.secrets for container in task.containers):
        yield "It has secrets and no execution role that could read them."


def _of_logging(task: TaskDefinition) -> Iterator[str]:
    routed = any(container.log_driver == "awsfirelens" for container in task.containers)
    router = any(container.firelens for container in task.containers)
    if routed and not router:
        yield "A container logs by awsfirelens, and none has a firelensConfiguration."
    if router and not routed:
        yield "A container has a firelensConfiguration, and none logs by awsfirelens."


def _registered(task: TaskDefinition) -> Json:
    """What is certain to count: without what only a description has, and without the tags, which stand apart."""
    return {name: value for name, value in task.json.items() if name not in DESCRIBED_ONLY and name != "tags"}


def _of_volumes(task: TaskDefinition) -> Iterator[str]:
    volumes = {text_of(volume.get("name")) for volume in objects_of(task.json.get("volumes"))}
    names = {container.name for container in task.containers}
    for container in task.containers:
        for mount in objects_of(container.json.get("mountPoints")):
            volume = text_of(mount.get("sourceVolume"))
            if volume and volume not in volumes:
                yield f"{container.name} mounts the volume {_short(volume)}, which the task does not have."
        for other in objects_of(container.json.get("volumesFrom")):
            source = text_of(other.get("sourceContainer"))
            if source and source not in names:
                yield f"{container.name} takes the volumes of {_short(source)}, which is no container of the task."


def _of_tags(task: TaskDefinition) -> Iterator[str]:
    tags = [
        (text_of(tag.get("key")) or "", text_of(tag.get("value")) or "") for tag in objects_of(task.json.get("tags"))
    ]
    ours = [(key, value) for key, value in tags if not key.lower().startswith("aws:")]  # AWS's own do not count
    if len(ours) > _TAGS:
        yield f"It has {len(ours)} tags; {_TAGS} are allowed."
    for key, times in Counter(key for key, _ in ours).items():
        if times > 1:
            yield f"{times} tags have the key {_short(key)}."
        if not 0 < len(key) <= _TAG_KEY:
            yield f"The key of a tag ({_short(key)}) has {len(key)} characters; one to {_TAG_KEY} are allowed."
    for key, value in ours:
        if len(value) > _TAG_VALUE:
            yield f"The value of the tag {_short(key)} has {len(value)} characters; {_TAG_VALUE} are allowed."


def _of_dependencies(task: TaskDefinition) -> Iterator[str]:
    by_name = {container.name: container for container in task.containers}
    for container in task.containers:
        for name, condition in container.depends_on:
            target = by_name.get(name)
            if condition not in _CONDITIONS:
                yield f"{container.name} waits for {_short(name)} to be {_short(condition)}, which is no condition."
            elif target is None:
                yield f"{container.name} waits for {_short(name)}, which is no container of the task."
            elif condition in {"COMPLETE", "SUCCESS"} and target.essential:
                yield f"{container.name} waits for {name} to end ({condition}), and {name} is essential."
            elif condition == "HEALTHY" and target.health_check is None:
                yield f"{container.name} waits for {name} to be HEALTHY, and {name} has no health check."


def _of_container(container: Container) -> Iterator[str]:
    name, json_ = _short(container.name), container.json
    image = text_of(json_.get("image")) or ""
    if not image:
        yield f"{name} has no image."
    elif len(image.partition("@")[0]) > _IMAGE:
        yield f"The image of {name} has more than {_IMAGE} characters."
    limit, reserved = container.memory_limit, container.memory_reservation
    if limit is not None and reserved is not None and limit < reserved:
        yield f"{name} reserves {reserved} MiB of memory and may use only {limit}."
    if len(objects_of(json_.get("environmentFiles"))) > _ENVIRONMENT_FILES:
        yield f"{name} has more than {_ENVIRONMENT_FILES} environment files."
    secrets = [text_of(secret.get("name")) for secret in objects_of(json_.get("secrets"))]
    for secret, times in Counter(secrets).items():
        if times > 1 or secret in container.environment:
            yield f"{name} sets {_short(secret or '')} as a secret and once more; the name of a secret must be unique."
    yield from _of_health_check(name, container.health_check)
    policy = mapping_of(json_.get("restartPolicy"))
    if policy:
        yield from _outside(f"The restart policy of {name}", policy, "restartAttemptPeriod", _RESTART_PERIOD)
        if truth_of(policy.get("enabled")) is None:
            yield f"The restart policy of {name} does not say whether it is enabled."
        codes = policy.get("ignoredExitCodes")
        if isinstance(codes, list) and len(codes) > _EXIT_CODES:
            yield f"The restart policy of {name} ignores more than {_EXIT_CODES} exit codes."


def _of_health_check(name: str, check: Json | None) -> Iterator[str]:
    if check is None:
        return
    if not texts_of(check.get("command")):
        yield f"The health check of {name} has no command."
    for member, bounds in _HEALTH.items():
        yield from _outside(f"The health check of {name}", check, member, bounds)


# --- on Fargate -------------------------------------------------------------------------------------------------------


def _on_fargate(task: TaskDefinition) -> Iterator[str]:
    if task.network_mode != "awsvpc":
        yield f"Its network mode is {_short(task.network_mode or 'bridge')}; Fargate has awsvpc only."
    if objects_of(task.json.get("placementConstraints")):
        yield "It has placementConstraints, which Fargate does not support."
    if task.json.get("ipcMode"):
        yield "It has an ipcMode, which Fargate does not support."
    if task.json.get("pidMode") not in {None, "", "task"}:
        yield "Its pidMode is not task, the only one that Fargate has."
    storage = mapping_of(task.json.get("ephemeralStorage"))
    yield from _outside("The ephemeral storage", storage, "sizeInGiB", _STORAGE)
    for volume in objects_of(task.json.get("volumes")):
        name = _short(text_of(volume.get("name")) or "")
        if mapping_of(volume.get("host")).get("sourcePath"):
            yield f"The volume {name} has a host path (sourcePath), which Fargate does not support."
        if mapping_of(volume.get("dockerVolumeConfiguration")):
            yield f"The volume {name} is Docker's (dockerVolumeConfiguration), which Fargate does not support."
    if task.execution_role is None:
        yield from _without_execution_role(task)
    yield from _of_ports(task)


def _without_execution_role(task: TaskDefinition) -> Iterator[str]:
    for container in task.containers:
        if container.log_driver == "awslogs":
            yield f"{container.name} logs by awslogs, and without an execution role Fargate cannot."
        if _ECR.match(text_of(container.json.get("image")) or ""):
            yield f"The image of {container.name} is in ECR, and without an execution role Fargate cannot pull it."


def _of_ports(task: TaskDefinition) -> Iterator[str]:
    """One protocol's port is mapped once in a task, whichever container has it."""
    mapped = Counter[tuple[int, str]]()
    for container in task.containers:
        for mapping in container.port_mappings:
            port, host = amount(mapping.get("containerPort")), amount(mapping.get("hostPort"))
            if port is None:
                continue
            if not 0 <= port <= _PORTS:
                yield f"{container.name} maps the port {port}, which there is not."
            if host and host != port:
                yield f"{container.name} maps the host port {host} to {port}; on Fargate both are the same."
            mapped[port, "udp" if text_of(mapping.get("protocol")) == "udp" else "tcp"] += 1
    for (port, protocol), times in mapped.items():
        if times > 1:
            yield f"The port {port} ({protocol}) is mapped {times} times; once in a task is allowed."


def _of_size(task: TaskDefinition) -> Iterator[str]:
    size = task.size
    if size is None:
        yield "It has no CPU and memory of the task's own, which Fargate requires."
        return
    if not size.legal:
        yield f"{size} is no size that Fargate has."
    if task.windows and size.cpu < _WINDOWS_CPU:
        yield f"It has {size.cpu} CPU units; Windows needs at least {_WINDOWS_CPU} on Fargate."
    cpu, memory = sum(c.cpu for c in task.containers), sum(c.memory for c in task.containers)
    if cpu > size.cpu:
        yield f"Its containers reserve {cpu} CPU units, and the task has {size.cpu}."
    if memory > size.memory:
        yield f"Its containers reserve {memory} MiB of memory, and the task has {size.memory}."
    for container in task.containers:
        if (container.memory_limit or 0) > size.memory:
            yield f"{container.name} may use {container.memory_limit} MiB of memory, and the task has {size.memory}."


def _container_on_fargate(container: Container) -> Iterator[str]:
    name, json_ = _short(container.name), container.json
    for member in _NOT_ON_FARGATE:
        if json_.get(member) and truth_of(json_[member]) is not False:
            yield f"{name} has {member}, which Fargate does not support."
    linux = mapping_of(json_.get("linuxParameters"))
    for member in _LINUX_NOT_ON_FARGATE:
        if linux.get(member):
            yield f"{name} has linuxParameters/{member}, which Fargate does not support."
    if set(texts_of(mapping_of(linux.get("capabilities")).get("add"))) - {"SYS_PTRACE"}:
        yield f"{name} adds kernel capabilities; Fargate lets only SYS_PTRACE be added."
    if any(item.get("type") == "GPU" for item in objects_of(json_.get("resourceRequirements"))):
        yield f"{name} asks for a GPU, which Fargate does not have."
    yield from _outside(name, json_, "startTimeout", _START_TIMEOUT)
    yield from _outside(name, json_, "stopTimeout", _STOP_TIMEOUT)
    driver = container.log_driver
    if driver is not None and driver not in _LOG_DRIVERS:
        yield f"{name} logs by {_short(driver)}; Fargate has {', '.join(_LOG_DRIVERS)}."
    if driver == "awslogs" and (missing := [option for option in _AWSLOGS if not container.log_options.get(option)]):
        yield f"{name} logs by awslogs without {' and '.join(missing)}, which Fargate requires."


# --- shared -----------------------------------------------------------------------------------------------------------


def _outside(whose: str, members: Mapping[str, object], member: str, bounds: tuple[int, int]) -> Iterator[str]:
    """Where a number is there, and outside its bounds."""
    number = amount(members.get(member))
    if number is not None and not bounds[0] <= number <= bounds[1]:
        yield f"{whose} has the {member} {number}; {bounds[0]} to {bounds[1]} are allowed."


def _short(name: str) -> str:
    """A name from outside, as a sentence may quote it."""
    return name if len(name) <= 64 else f"{name[:63]}…"
