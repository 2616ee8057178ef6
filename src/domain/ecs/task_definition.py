"""A task definition, as a typed view over its JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

from domain.ecs.container import JAVA_OPTIONS, Container, otel_properties_in
from domain.ecs.fargate import Size, amount
from domain.ecs.values import Document, mapping_of, objects_of, pairs_of, text_of, texts_of
from domain.places import Revision

# What DescribeTaskDefinition returns of a revision and RegisterTaskDefinition does not accept. Registering uses
# botocore's model, not this list; tests/test_documents.py compares them.
DESCRIBED_ONLY: Final = frozenset({
    "compatibilities", "deleteRequestedAt", "deregisteredAt", "registeredAt", "registeredBy", "requiresAttributes",
    "revision", "status", "taskDefinitionArn",
})  # fmt: skip


NOT_KEPT: Final = "(not kept)"
DAEMON_ADDRESS: Final = "AWS_XRAY_DAEMON_ADDRESS"


@dataclass(frozen=True)
class TaskDefinition(Document):
    """A task definition as RegisterTaskDefinition takes it or DescribeTaskDefinition returns it.

    `tags` are inside, where registration expects them; the reader of a description puts them there.
    """

    @cached_property
    def family(self) -> str:
        return text_of(self.json.get("family")) or ""

    @property
    def arn(self) -> str | None:
        return text_of(self.json.get("taskDefinitionArn"))

    @cached_property
    def revision(self) -> Revision | None:
        """None for a definition that is not registered."""
        return Revision.parse(self.arn or "")

    @property
    def registered_by(self) -> str:
        """The ARN of who registered it; empty where ECS does not say."""
        return text_of(self.json.get("registeredBy")) or ""

    @property
    def active(self) -> bool:
        """A definition from a file has no status and counts as active."""
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
        """Return the size; None if CPU or memory is missing or not an amount."""
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
        """Return where it may run: `requiresCompatibilities` if present, else `compatibilities`, which ECS adds."""
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

    @property
    def _items(self) -> list[Any]:
        """What `containerDefinitions` holds; nothing where it is no list."""
        items = self.json.get("containerDefinitions")
        return list(items) if isinstance(items, list) else []

    def with_container(self, changed: Container) -> Self:
        """Return a copy with the container of this name replaced: the first one if a file has the name twice."""
        items = self._items
        for index, item in enumerate(items):
            if isinstance(item, Mapping) and item.get("name") == changed.json.get("name"):
                items[index] = changed.json
                break
        return self.with_(containerDefinitions=items)

    def adding(self, container: Container) -> Self:
        return self.with_(containerDefinitions=[*self._items, container.json])

    def with_tags(self, tags: Mapping[str, str]) -> Self:
        """Return a copy with these tags added, without `aws:` tags, which nobody may set; no `tags` if none is left."""
        merged = {
            key: value for key, value in (dict(self.tags) | dict(tags)).items() if not key.lower().startswith("aws:")
        }
        return self.with_(tags=[{"key": key, "value": value} for key, value in merged.items()] or None)

    def without_values(self) -> Self:
        """Return a copy for the ledger: of environment values it keeps only what rules read, without headers or keys.

        That is OTEL_ variables, Java's system properties of their names, and the X-Ray daemon's address.
        """
        containers = [
            {**item, "environment": [_kept(entry) for entry in item["environment"]]}
            if isinstance(item, Mapping) and isinstance(item.get("environment"), list)
            else item
            for item in self._items
        ]
        return self.with_(containerDefinitions=containers)

    def only(self, members: Iterable[str]) -> Self:
        """Return a copy with only these members, for an API call."""
        wanted = frozenset(members)
        return type(self)({name: value for name, value in self.json.items() if name in wanted})


def _kept(entry: object) -> object:
    if not isinstance(entry, Mapping) or "value" not in entry:
        return entry
    name = text_of(entry.get("name")) or ""
    if name in JAVA_OPTIONS:
        return {**entry, "value": otel_properties_in(text_of(entry.get("value")) or "", _is_kept) or NOT_KEPT}
    return entry if name == DAEMON_ADDRESS or _is_kept(name) else {**entry, "value": NOT_KEPT}


def _is_kept(variable: str) -> bool:
    return variable.startswith("OTEL_") and not any(word in variable for word in ("HEADERS", "KEY", "CERTIFICATE"))
