"""Whether two task definitions are equivalent: some differences ECS does not keep, or they have no meaning.

Only these are ignored: defaults from the task definition parameters page, the way amounts are written, and the order of
lists whose order has no meaning.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from domain.ecs.fargate import amount
from domain.ecs.task_definition import DESCRIBED_ONLY, TaskDefinition
from domain.ecs.values import Json, text_of, texts_of, truth_of

# Values that mean the same as a missing member.
_CONTAINER: Final[Json] = {
    "cpu": 0, "disableNetworking": False, "essential": True, "interactive": False, "privileged": False,
    "pseudoTerminal": False, "readonlyRootFilesystem": False, "versionConsistency": "enabled",
}  # fmt: skip
_HEALTH_CHECK: Final[Json] = {"interval": 30, "retries": 3, "startPeriod": 0, "timeout": 5}
_RESTART_POLICY: Final[Json] = {"restartAttemptPeriod": 300}
_LINUX: Final[Json] = {"initProcessEnabled": False}
_MOUNT: Final[Json] = {"readOnly": False}
_PORT: Final[Json] = {"hostPort": 0, "protocol": "tcp"}
_ASIDE = ("aws:", "outrider:")
COST = 2**12
"""How slow a fingerprint is to make: scrypt's n, some 10 ms and 4 MiB."""
_EMPTY_OBJECTS = frozenset({"dockerLabels", "host", "linuxParameters", "options"})

_AMOUNTS = frozenset({"cpu", "memory", "memoryReservation"})
_TRUTHS = frozenset(
    name for defaults in (_CONTAINER, _LINUX, _MOUNT) for name, value in defaults.items() if isinstance(value, bool)
)


def equivalent(before: TaskDefinition, after: TaskDefinition) -> bool:
    """Return whether tasks of the two definitions are the same.

    Members that only a description has are ignored, as are the tags of AWS and of Outrider.
    """
    return _plain(before) == _plain(after)


def fingerprint(task: TaskDefinition, salt: str) -> str:
    """A digest of all that a definition contains, the same for equivalent ones and in no other way readable.

    It is slow to make on purpose: what a digest of environment values was made of could otherwise be found by trying.
    """
    return hashlib.scrypt(_plain(task).encode(errors="replace"), salt=salt.encode(), n=COST, r=8, p=1, dklen=16).hex()


def _plain(task: TaskDefinition) -> str:
    awsvpc = task.network_mode == "awsvpc"
    found = {name: value for name, value in task.json.items() if name not in DESCRIBED_ONLY}
    found["containerDefinitions"] = _each(found.get("containerDefinitions"), lambda one: _container(one, awsvpc=awsvpc))
    found["requiresCompatibilities"] = sorted(text.upper() for text in texts_of(found.get("requiresCompatibilities")))
    found["tags"] = [[key, value] for key, value in sorted(task.tags.items()) if not key.lower().startswith(_ASIDE)]
    found["volumes"] = _each(found.get("volumes"), lambda one: _without(one, {}))
    return json.dumps(_without(found, {}), sort_keys=True, default=str)


def _container(container: Json, *, awsvpc: bool) -> Json:
    found = dict(container)
    for member, change in _MEMBERS.items():
        if isinstance(found.get(member), Mapping):
            found[member] = change(found[member])
    for member in ("environment", "secrets"):
        found[member] = _each(found.get(member), dict)
    for member in ("mountPoints", "volumesFrom"):  # order matters: one may be inside another
        if isinstance(found.get(member), list):
            found[member] = [_without(one, _MOUNT) if isinstance(one, Mapping) else one for one in found[member]]
    found["dependsOn"] = _each(found.get("dependsOn"), _dependency)
    found["portMappings"] = _each(found.get("portMappings"), lambda one: _port(one, awsvpc=awsvpc))
    found["ulimits"] = _each(found.get("ulimits"), dict)
    return _without(found, _CONTAINER)


def _dependency(one: Json) -> Json:
    return {**one, "condition": (text_of(one.get("condition")) or "").upper()}


def _port(one: Json, *, awsvpc: bool) -> Json:
    """With awsvpc the host port is the container port, written or not."""
    found = _without(one, _PORT)
    return {**found, "hostPort": found.get("hostPort", found.get("containerPort"))} if awsvpc else found


def _policy(policy: Json) -> Json | None:
    """A disabled policy counts as none."""
    return None if truth_of(policy.get("enabled")) is False else _without(policy, _RESTART_POLICY)


def _logging(logging: Json) -> Json:
    return _without({**logging, "secretOptions": _each(logging.get("secretOptions"), dict)}, {})


_MEMBERS: Final[Mapping[str, Callable[[Json], Json | None]]] = {
    "healthCheck": lambda check: _without(check, _HEALTH_CHECK),
    "linuxParameters": lambda linux: _without(linux, _LINUX),
    "logConfiguration": _logging,
    "restartPolicy": _policy,
}


def _each(value: Any, change: Callable[[Json], Json]) -> Any:
    """Return the changed objects of a list, sorted; any other value as it is."""
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        return value
    changed = [change(one) for one in value]
    named = all(text_of(one.get("name")) for one in changed)
    return sorted(changed, key=lambda one: str(one["name"]) if named else json.dumps(one, sort_keys=True, default=str))


def _without(members: Json, defaults: Json) -> Json:
    """Remove empty members and defaults, and read amounts and booleans in any form."""
    found = dict[str, Any]()
    for name, value in members.items():
        plain = _read(name, value)
        as_default = name in defaults and type(plain) is type(defaults[name]) and plain == defaults[name]
        if plain in (None, []) or (plain == {} and name in _EMPTY_OBJECTS) or as_default:
            continue
        found[name] = plain
    return found


def _read(name: str, value: Any) -> Any:
    read = amount(value) if name in _AMOUNTS else truth_of(value) if name in _TRUTHS else None
    return value if read is None else read
