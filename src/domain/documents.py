"""ECS documents: frozen, typed views over the JSON as it was received.

Properties read what rules need and bear with what AWS and people write (numbers as strings, nulls, missing keys,
things of the wrong type). `with_(…)` gives a changed copy, `to_aws()` the JSON itself. A view never changes the JSON
beneath it, and nothing that was received is lost, renamed or reordered. Environment values never show in a repr.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, Self

from domain.fargate import Size, amount
from domain.images import Image

type Json = Mapping[str, Any]

# What DescribeTaskDefinition tells of a revision and RegisterTaskDefinition does not take. Registering does not go by
# this list but by botocore's model; tests/test_documents.py holds it against that.
DESCRIBED_ONLY: Final = frozenset({
    "compatibilities", "deleteRequestedAt", "deregisteredAt", "registeredAt", "registeredBy", "requiresAttributes",
    "revision", "status", "taskDefinitionArn",
})  # fmt: skip
NOT_KEPT: Final = "(not kept)"

_MISSING: Json = {}
# To ask whether a thing is a Mapping costs several times what it costs to see that it is a dict, as JSON's objects are.
_OBJECT: Final = (dict, Mapping)
_LIST: Final = (list, tuple)


def text_of(value: object) -> str | None:
    """A string or number as text; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def moment_of(value: object) -> datetime | None:
    """A time as ISO 8601 text; None for anything else. Without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def truth_of(value: object) -> bool | None:
    """A boolean, also where it was written as text; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    return None


def mapping_of(value: object) -> Json:
    """An object; an empty one for anything else."""
    return value if value and isinstance(value, _OBJECT) else _MISSING


def objects_of(value: object) -> tuple[Json, ...]:
    """The objects of a list; what is no object is passed over."""
    return tuple([item for item in value if isinstance(item, _OBJECT)]) if value and isinstance(value, _LIST) else ()


def texts_of(value: object) -> tuple[str, ...]:
    """The texts of a list; a bare text stands for a list of one."""
    if isinstance(value, str):
        return (value,)
    if not value or not isinstance(value, _LIST):
        return ()
    return tuple([text for item in value if (text := text_of(item)) is not None])


def pairs_of(value: object, key: str, content: str) -> dict[str, str]:
    """`[{"name": …, "value": …}]` as a mapping; the last of a name wins, as it does in a container."""
    return {name: text_of(item.get(content)) or "" for item in objects_of(value) if (name := text_of(item.get(key)))}


@dataclass(frozen=True)
class Document:
    """What all views share: the JSON, a changed copy of it, and the way back."""

    json: Json = field(repr=False)

    def with_(self, **members: object) -> Self:
        """A copy with these members set, in their old places where they had one; None takes a member out."""
        kept = {name: members.get(name, value) for name, value in self.json.items()}
        added = {name: value for name, value in members.items() if name not in kept}
        return type(self)(
            {name: value for name, value in (kept | added).items() if value is not None or name not in members}
        )

    def to_aws(self) -> dict[str, Any]:
        """The JSON as AWS gave it or as we changed it: a deep copy, the caller's to keep."""
        return copy.deepcopy(dict(self.json))


@dataclass(frozen=True)
class Hidden:
    """A variable that is set, to a value that cannot be known from the task definition."""

    source: str


@dataclass(frozen=True)
class Container(Document):
    """One entry of `containerDefinitions`."""

    @cached_property
    def name(self) -> str:
        return text_of(self.json.get("name")) or ""

    @cached_property
    def image(self) -> Image:
        return Image.parse(text_of(self.json.get("image")) or "")

    @property
    def essential(self) -> bool:
        """Omitted means true."""
        return truth_of(self.json.get("essential")) is not False

    @property
    def cpu(self) -> int:
        """CPU units reserved; 0 where nothing is."""
        return amount(self.json.get("cpu")) or 0

    @property
    def memory_limit(self) -> int | None:
        """The hard limit in MiB."""
        return amount(self.json.get("memory")) or None

    @property
    def memory_reservation(self) -> int | None:
        return amount(self.json.get("memoryReservation")) or None

    @property
    def memory(self) -> int:
        """Reserved memory in MiB: `memoryReservation`, else `memory`; 0 where nothing is."""
        return self.memory_reservation or self.memory_limit or 0

    @property
    def command(self) -> tuple[str, ...]:
        return texts_of(self.json.get("command"))

    @property
    def entry_point(self) -> tuple[str, ...]:
        return texts_of(self.json.get("entryPoint"))

    @cached_property
    def environment(self) -> Mapping[str, str]:
        return pairs_of(self.json.get("environment"), "name", "value")

    @cached_property
    def secrets(self) -> Mapping[str, str]:
        """Variable name → `valueFrom`."""
        return pairs_of(self.json.get("secrets"), "name", "valueFrom")

    @cached_property
    def otel(self) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
        """The OTEL_ variables that are set plainly, and the names of those that are secrets."""
        plain = tuple([item for item in self.environment.items() if item[0].startswith("OTEL_")])
        return plain, tuple([name for name in self.secrets if name.startswith("OTEL_")])

    @property
    def has_environment_files(self) -> bool:
        return bool(objects_of(self.json.get("environmentFiles")))

    def variable(self, name: str) -> str | Hidden | None:
        """What a variable is: its value, that it is hidden, or None where nothing sets it.

        Precedence as ECS has it: `secrets` and `environment` name a variable in the definition and beat a file.
        """
        if name in self.secrets:
            return Hidden("secrets")
        if name in self.environment:
            return self.environment[name]
        return Hidden("environmentFiles") if self.has_environment_files else None

    @property
    def port_mappings(self) -> tuple[Json, ...]:
        return objects_of(self.json.get("portMappings"))

    @cached_property
    def depends_on(self) -> tuple[tuple[str, str], ...]:
        """(container name, condition) as written."""
        return tuple(
            [
                (text_of(item.get("containerName")) or "", (text_of(item.get("condition")) or "").upper())
                for item in objects_of(self.json.get("dependsOn"))
            ]
        )

    @property
    def health_check(self) -> Json | None:
        return mapping_of(self.json.get("healthCheck")) or None

    @cached_property
    def log_driver(self) -> str | None:
        return text_of(mapping_of(self.json.get("logConfiguration")).get("logDriver"))

    @cached_property
    def log_options(self) -> Mapping[str, str]:
        options = mapping_of(mapping_of(self.json.get("logConfiguration")).get("options"))
        return {name: text_of(value) or "" for name, value in options.items()}

    @property
    def firelens(self) -> Json | None:
        return mapping_of(self.json.get("firelensConfiguration")) or None

    @property
    def restarts(self) -> bool:
        return truth_of(mapping_of(self.json.get("restartPolicy")).get("enabled")) is True

    def with_variable(self, name: str, value: str) -> Self:
        """`environment` sets the variable, in its old place where it had one; `secrets` no longer does."""
        return _naming(_without(self, "secrets", name), "environment", {"name": name, "value": value})

    def with_secret(self, name: str, value_from: str) -> Self:
        """`secrets` sets the variable, in its old place where it had one; `environment` no longer does."""
        return _naming(_without(self, "environment", name), "secrets", {"name": name, "valueFrom": value_from})

    def without_variable(self, name: str) -> Self:
        return _without(_without(self, "environment", name), "secrets", name)


def _without[C: Container](container: C, member: str, name: str) -> C:
    if name not in pairs_of(container.json.get(member), "name", "name"):
        return container
    kept = [item for item in container.json[member] if not (isinstance(item, Mapping) and item.get("name") == name)]
    return container.with_(**{member: kept})


def _naming[C: Container](container: C, member: str, entry: Json) -> C:
    return container.with_(**{member: list(_placed(container.json.get(member), entry))})


def _placed(items: object, entry: Json) -> Iterator[object]:
    """`items` with `entry` in the place of the first of its name, later ones gone; at the end where there is none."""
    placed = False
    for item in items if isinstance(items, list | tuple) else ():
        if not (isinstance(item, Mapping) and item.get("name") == entry["name"]):
            yield item
        elif not placed:
            placed = True
            yield {**item, **entry}
    if not placed:
        yield dict(entry)


@dataclass(frozen=True)
class TaskDefinition(Document):
    """A task definition as RegisterTaskDefinition takes it or DescribeTaskDefinition gives it.

    `tags` stand inside, where registration wants them; whoever reads a description puts them there.
    """

    @cached_property
    def family(self) -> str:
        return text_of(self.json.get("family")) or ""

    @property
    def arn(self) -> str | None:
        return text_of(self.json.get("taskDefinitionArn"))

    @property
    def active(self) -> bool:
        """A definition from a file has no status and is as good as active."""
        return bool(self.json.get("status", "ACTIVE") == "ACTIVE")

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        return tuple(Container(item) for item in objects_of(self.json.get("containerDefinitions")))

    def container(self, name: str) -> Container | None:
        return next((container for container in self.containers if container.name == name), None)

    @cached_property
    def cpu(self) -> int | None:
        """The task's CPU units."""
        return amount(self.json.get("cpu"))

    @cached_property
    def memory(self) -> int | None:
        """The task's memory in MiB."""
        return amount(self.json.get("memory"))

    @property
    def size(self) -> Size | None:
        """None where CPU or memory is missing or is no amount."""
        cpu, memory = self.cpu, self.memory
        return None if cpu is None or memory is None else Size(cpu, memory)

    @property
    def network_mode(self) -> str | None:
        return text_of(self.json.get("networkMode"))

    @property
    def execution_role(self) -> str | None:
        return text_of(self.json.get("executionRoleArn")) or None

    @property
    def task_role(self) -> str | None:
        return text_of(self.json.get("taskRoleArn")) or None

    @property
    def launch_types(self) -> frozenset[str]:
        """Where it may run: `requiresCompatibilities` where present, else what ECS found (`compatibilities`)."""
        wanted = texts_of(self.json.get("requiresCompatibilities")) or texts_of(self.json.get("compatibilities"))
        return frozenset(item.upper() for item in wanted)

    @property
    def windows(self) -> bool:
        platform = mapping_of(self.json.get("runtimePlatform"))
        return (text_of(platform.get("operatingSystemFamily")) or "").upper().startswith("WINDOWS")

    @cached_property
    def proxy_container(self) -> str | None:
        return text_of(mapping_of(self.json.get("proxyConfiguration")).get("containerName"))

    @property
    def tags(self) -> Mapping[str, str]:
        return pairs_of(self.json.get("tags"), "key", "value")

    def with_container(self, changed: Container) -> Self:
        """The container of this name replaced; the first one, where a file has the name twice."""
        items = list(self.json.get("containerDefinitions") or [])
        for index, item in enumerate(items):
            if isinstance(item, Mapping) and item.get("name") == changed.json.get("name"):
                items[index] = changed.json
                break
        return self.with_(containerDefinitions=items)

    def adding(self, container: Container) -> Self:
        return self.with_(containerDefinitions=[*(self.json.get("containerDefinitions") or []), container.json])

    def with_tags(self, tags: Mapping[str, str]) -> Self:
        """These tags set, the others kept, `aws:` ones (nobody may set them) left out; no `tags` where none is left."""
        merged = {
            key: value for key, value in (dict(self.tags) | dict(tags)).items() if not key.lower().startswith("aws:")
        }
        return self.with_(tags=[{"key": key, "value": value} for key, value in merged.items()] or None)

    def without_values(self) -> Self:
        """A copy to be kept: of environment values only those of OTEL_ variables that hold no headers or keys."""
        containers = [
            {**item, "environment": [_kept(entry) for entry in item["environment"]]}
            if isinstance(item, Mapping) and isinstance(item.get("environment"), list)
            else item
            for item in self.json.get("containerDefinitions") or []
        ]
        return self.with_(containerDefinitions=containers)

    def only(self, members: Iterable[str]) -> Self:
        """A copy with no members but these: what an API call accepts."""
        wanted = frozenset(members)
        return type(self)({name: value for name, value in self.json.items() if name in wanted})


def _kept(entry: object) -> object:
    if not isinstance(entry, Mapping) or "value" not in entry:
        return entry
    name = text_of(entry.get("name")) or ""
    spoken_of = name.startswith("OTEL_") and not any(word in name for word in ("HEADERS", "KEY", "CERTIFICATE"))
    return entry if spoken_of else {**entry, "value": NOT_KEPT}


@dataclass(frozen=True)
class Deployment(Document):
    """One entry of a service's `deployments`."""

    @property
    def id(self) -> str:
        return text_of(self.json.get("id")) or ""

    @property
    def status(self) -> str:
        """PRIMARY, ACTIVE or INACTIVE."""
        return text_of(self.json.get("status")) or ""

    @property
    def in_progress(self) -> bool:
        return self.json.get("rolloutState") == "IN_PROGRESS"

    @property
    def completed(self) -> bool:
        return self.json.get("rolloutState") == "COMPLETED"

    @property
    def failed(self) -> bool:
        return self.json.get("rolloutState") == "FAILED"

    @property
    def reason(self) -> str:
        """What ECS says of its state."""
        return text_of(self.json.get("rolloutStateReason")) or ""

    @property
    def rolls_back(self) -> bool:
        """Whether ECS began it to undo another: "ECS deployment circuit breaker: rolling back to deploymentId …"."""
        return "rolling back" in self.reason

    @property
    def task_definition(self) -> str:
        """The revision that it brings, as an ARN."""
        return text_of(self.json.get("taskDefinition")) or ""

    @property
    def created(self) -> datetime | None:
        return moment_of(self.json.get("createdAt"))

    @property
    def updated(self) -> datetime | None:
        return moment_of(self.json.get("updatedAt"))


@dataclass(frozen=True)
class Service(Document):
    """An ECS service as DescribeServices gives it."""

    @property
    def arn(self) -> str:
        return text_of(self.json.get("serviceArn")) or ""

    @property
    def name(self) -> str:
        return text_of(self.json.get("serviceName")) or self.arn.rpartition("/")[2]

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return (text_of(self.json.get("clusterArn")) or text_of(self.json.get("cluster")) or "default").rpartition("/")[
            2
        ]

    @property
    def title(self) -> str:
        """`cluster/service`."""
        return f"{self.cluster}/{self.name}"

    @property
    def active(self) -> bool:
        return bool(self.json.get("status", "ACTIVE") == "ACTIVE")

    @property
    def task_definition(self) -> str:
        """The revision that it runs, as an ARN."""
        return text_of(self.json.get("taskDefinition")) or ""

    @property
    def desired(self) -> int:
        """How many tasks it wants."""
        count = self.json.get("desiredCount")
        return count if isinstance(count, int) else 0

    @property
    def platform_version(self) -> str | None:
        return text_of(self.json.get("platformVersion"))

    @property
    def windows(self) -> bool:
        return (text_of(self.json.get("platformFamily")) or "").lower().startswith("windows")

    @property
    def providers(self) -> frozenset[str]:
        """Where it places tasks: its capacity providers, else its launch type. Empty where neither is told."""
        strategy = objects_of(self.json.get("capacityProviderStrategy"))
        named = frozenset(name for item in strategy if (name := text_of(item.get("capacityProvider"))))
        launch_type = text_of(self.json.get("launchType"))
        return named or (frozenset({launch_type}) if launch_type else frozenset())

    @property
    def fargate(self) -> bool | None:
        """None where the service does not say; a custom provider's name says that it is not."""
        return bool(self.providers & {"FARGATE", "FARGATE_SPOT"}) if self.providers else None

    @property
    def tags(self) -> Mapping[str, str]:
        return pairs_of(self.json.get("tags"), "key", "value")

    @property
    def controller(self) -> str:
        """What controls its deployments: ECS, CODE_DEPLOY or EXTERNAL."""
        return text_of(mapping_of(self.json.get("deploymentController")).get("type")) or "ECS"

    @property
    def strategy(self) -> str:
        """How ECS deploys it: ROLLING, BLUE_GREEN, LINEAR or CANARY; empty where it does not say."""
        return text_of(mapping_of(self.json.get("deploymentConfiguration")).get("strategy")) or ""

    @property
    def rolls_back(self) -> bool:
        """Whether ECS itself ends a failing deployment and goes back."""
        breaker = mapping_of(mapping_of(self.json.get("deploymentConfiguration")).get("deploymentCircuitBreaker"))
        return truth_of(breaker.get("enable")) is True and truth_of(breaker.get("rollback")) is True

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        return tuple(Deployment(item) for item in objects_of(self.json.get("deployments")))

    @property
    def primary(self) -> Deployment | None:
        """The deployment that it is at."""
        return next((each for each in self.deployments if each.status == "PRIMARY"), None)

    def deployment(self, id_: str) -> Deployment | None:
        return next((each for each in self.deployments if each.id == id_), None)
