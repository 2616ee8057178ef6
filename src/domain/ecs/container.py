"""One container of a task definition, as a typed view over its JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from domain.ecs.fargate import amount
from domain.ecs.images import Image
from domain.ecs.values import Document, Json, mapping_of, objects_of, pairs_of, text_of, texts_of, truth_of


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
