"""One container of a task definition, as a typed view over its JSON."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from domain.ecs.fargate import amount
from domain.ecs.images import Image
from domain.ecs.placeholders import has_placeholder
from domain.ecs.values import Document, Json, mapping_of, objects_of, pairs_of, text_of, texts_of, truth_of

# Where a JVM takes options from, the one that decides last.
JAVA_OPTIONS: Final = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
_PROPERTY: Final = re.compile(r"""(?<!\S)(?P<quote>["']?)-D(?P<name>otel\.[a-z0-9.-]+)=""", re.ASCII)
_VALUE: Final = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])*""")
_LISTS_OF_VARIABLES: Final = ("environmentFiles", "secrets", "environment")
# ECS takes no container without an image, so one without is a template's, and a tool fills it in.
_FILLED_IN_LATER: Final = "${image}"
_NO_PROPERTIES: Final[Mapping[str, "Property"]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Property:
    """A system property of the Java SDK (`-Dotel.exporter.otlp.endpoint=`), and the variable whose text sets it."""

    name: str
    option: str
    value: str = field(repr=False)


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
        return Image.parse(text_of(self.json.get("image")) or _FILLED_IN_LATER)

    @property
    def essential(self) -> bool:
        """Omitted means true."""
        return truth_of(self.json.get("essential")) is not False

    @property
    def cpu(self) -> int:
        """Return the reserved CPU units; 0 if none are."""
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
        """Return the reserved memory in MiB: `memoryReservation`, else `memory`, else 0."""
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
        """Return the OTEL_ variables with plain values, and the names of those that are secrets.

        A Java system property counts as its variable, and has priority over it.
        """
        plain = tuple([item for item in self.environment.items() if item[0].startswith("OTEL_")])
        secrets = tuple([name for name in self.secrets if name.startswith("OTEL_")])
        if not (properties := self.otel_properties):  # as with most containers
            return plain, secrets
        values = dict(plain) | {name: found.value for name, found in properties.items()}
        return tuple(values.items()), tuple(name for name in secrets if name not in properties)

    @cached_property
    def otel_properties(self) -> Mapping[str, Property]:
        """Return the system properties that stand for OTEL_ variables, by the variable's name."""
        options = [name for name in JAVA_OPTIONS if "-Dotel." in self.environment.get(name, "")]
        return dict(_properties(self.environment, options)) if options else _NO_PROPERTIES

    @cached_property
    def unread_variables(self) -> str:
        """Return the member that sets variables which are not known: files, or a list that a template fills in."""
        if objects_of(self.json.get("environmentFiles")):
            return "environmentFiles"
        return next((name for name in _LISTS_OF_VARIABLES if has_placeholder(self.json.get(name))), "")

    @property
    def may_have_more_variables(self) -> bool:
        return self.unread_variables != ""

    def variable(self, name: str) -> str | Hidden | None:
        """Return a variable's value, that it is hidden, or None if nothing sets it.

        As in ECS, `secrets` and `environment` of the definition have priority over a file.
        """
        if name in self.secrets:
            return Hidden("secrets")
        if name in self.environment:
            return self.environment[name]
        return Hidden(self.unread_variables) if self.may_have_more_variables else None

    @property
    def user(self) -> str:
        """The user that it runs as, without a group; empty if it names none."""
        return (text_of(self.json.get("user")) or "").partition(":")[0]

    @property
    def mounts(self) -> tuple[str, ...]:
        """The paths at which a volume is mounted."""
        points = objects_of(self.json.get("mountPoints"))
        return tuple(path for point in points if (path := text_of(point.get("containerPath"))))

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
    def routes_logs(self) -> bool:
        """Whether it is a log router of FireLens."""
        return self.firelens is not None

    @property
    def restarts(self) -> bool:
        return truth_of(mapping_of(self.json.get("restartPolicy")).get("enabled")) is True

    def with_variable(self, name: str, value: str) -> Self:
        """Return a copy in which `environment`, and not `secrets`, sets the variable; its old place is kept."""
        return _naming(_without(self, "secrets", name), "environment", {"name": name, "value": value})

    def with_secret(self, name: str, value_from: str) -> Self:
        """Return a copy in which `secrets`, and not `environment`, sets the variable; its old place is kept."""
        return _naming(_without(self, "environment", name), "secrets", {"name": name, "valueFrom": value_from})

    def with_otel(self, name: str, value: str) -> Self:
        """Return a copy in which an OTEL_ variable has this value: the system property, where one decides."""
        found = self.otel_properties.get(name)
        if found is None:
            return self.with_variable(name, value)
        text = self.environment[found.option]
        last = [each for each in _spans(text) if each.variable == name][-1]
        return self.with_variable(found.option, text[: last.start] + value + text[last.end :])


def otel_properties_in(text: str, wanted: Callable[[str], bool]) -> str:
    """Return only those properties of the Java SDK, of all options, whose variables are wanted."""
    kept = [each for each in _spans(text) if wanted(each.variable)]
    return " ".join(f"{each.quote}-D{each.name}={text[each.start : each.end]}{each.quote}" for each in kept)


class _Span(NamedTuple):
    """One property of the Java SDK, and where its value begins and ends."""

    name: str
    quote: str
    start: int
    end: int

    @property
    def variable(self) -> str:
        return self.name.upper().replace(".", "_").replace("-", "_")


def _properties(environment: Mapping[str, str], options: list[str]) -> Iterator[tuple[str, Property]]:
    for option in options:
        text = environment[option]
        for each in _spans(text):
            value = text[each.start : each.end].replace('"', "").replace("'", "")
            yield each.variable, Property(f"-D{each.name}", option, value)


def _spans(text: str) -> Iterator[_Span]:
    """Yield each property. Quotes may be around all of it, or around its value."""
    for found in _PROPERTY.finditer(text):
        name, quote, start = found["name"], found["quote"], found.end()
        if quote:
            end = text.find(quote, start)
            yield _Span(name, quote, start, len(text) if end < 0 else end)
        elif value := _VALUE.match(text, start):
            yield _Span(name, "", start, value.end())


def _without[C: Container](container: C, member: str, name: str) -> C:
    if name not in pairs_of(container.json.get(member), "name", "name"):
        return container
    kept = [item for item in container.json[member] if not (isinstance(item, Mapping) and item.get("name") == name)]
    return container.with_(**{member: kept})


def _naming[C: Container](container: C, member: str, entry: Json) -> C:
    return container.with_(**{member: list(_placed(container.json.get(member), entry))})


def _placed(items: object, entry: Json) -> Iterator[object]:
    """Return `items` with `entry` instead of the first of its name, without later ones; at the end if there is none."""
    placed = False
    for item in items if isinstance(items, list | tuple) else ():
        if not (isinstance(item, Mapping) and item.get("name") == entry["name"]):
            yield item
        elif not placed:
            placed = True
            yield {**item, **entry}
    if not placed:
        yield dict(entry)
