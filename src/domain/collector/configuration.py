"""A collector configuration as frozen, typed views: components, pipelines, service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Self

from domain.collector.reading import Value
from domain.collector.references import has_reference, with_known
from domain.collector.releases import LOCALHOST_SINCE, ComponentKind, Release, canonical_type
from domain.collector.scalars import normal_id, shown

type Options = Mapping[str, Value]

SECTIONS = (*(kind.value for kind in ComponentKind), "service")
SIGNALS = frozenset({"traces", "metrics", "logs", "profiles"})
_NOTHING: Options = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Component:
    """One component as defined: id `awsemf/2` has type `awsemf` and name `2`. Its settings stay out of the repr."""

    kind: ComponentKind
    id: str
    settings: Options = field(repr=False)

    @property
    def type(self) -> str:
        """The type as written, an alias as an alias."""
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        """What follows the slash; empty for the plain type."""
        return self.id.partition("/")[2]

    @property
    def canonical(self) -> str:
        """The type by its older name where it has two: `otlp_http` → `otlphttp`."""
        return canonical_type(self.kind, self.type)

    @property
    def where(self) -> str:
        """The path of names that drifts use."""
        return f"{self.kind}/{self.id}"

    @property
    def place(self) -> str:
        """The same path as it may be shown."""
        return f"{self.kind}/{shown(self.id)}"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline: `metrics/ecs` has signal `metrics`. The three lists hold component ids in order."""

    id: str
    receivers: tuple[str, ...]
    processors: tuple[str, ...]
    exporters: tuple[str, ...]

    @property
    def parts(self) -> Mapping[ComponentKind, tuple[str, ...]]:
        """The ids that it names, by their kind."""
        return {
            ComponentKind.RECEIVER: self.receivers,
            ComponentKind.PROCESSOR: self.processors,
            ComponentKind.EXPORTER: self.exporters,
        }

    @property
    def signal(self) -> str:
        """`traces`, `metrics`, `logs` or `profiles`, or whatever else is written there."""
        return self.id.partition("/")[0]


def _is_expanded(value: Value) -> bool:
    """Whether a text, or one of a list, has a variable in braces, which every release expands."""
    if isinstance(value, tuple):
        return any(map(_is_expanded, value))
    return has_reference(value, LOCALHOST_SINCE)


def mapping(value: Value) -> Options:
    """Give a value that should be a mapping; an empty one for null and anything else."""
    return value if isinstance(value, Mapping) else _NOTHING


def within(settings: Options, *path: str) -> Value:
    """Follow keys through nested mappings; None where one is missing."""
    value: Value = settings
    for key in path:
        value = mapping(value).get(key)
    return value


def _ids(value: Value) -> tuple[str, ...]:
    """Give the ids of a list; the collector takes neither one text nor several in one for it."""
    items = value if isinstance(value, tuple) else ()
    return tuple(normal_id(item) for item in items if isinstance(item, str) and item.strip())


@dataclass(frozen=True, repr=False)
class CollectorConfiguration:
    """A collector configuration. What has the wrong form is absent from the views.

    `more_documents` tells if the text holds a second YAML document, of which the collector reads nothing; `excerpt`
    that options were left out, as they are of the files in the image. The repr counts and never quotes.
    """

    document: Options
    more_documents: bool = False
    excerpt: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read YAML (or JSON, which is YAML). Raises ConfigurationUnreadable, which quotes nothing of the text."""
        from domain.collector.yaml_reading import read  # noqa: PLC0415 - PyYAML is a tenth of a command's start

        document = read(text)
        return cls(document.top, document.more_documents)

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.defined(kind))} {kind}" for kind in ComponentKind)
        return f"<CollectorConfiguration: {counts}, {len(self.pipelines)} pipelines>"

    def with_variables(self, known: Mapping[str, str], release: Release | None = None) -> Self:
        """Give the configuration with references to known variables (`{"AWS_REGION": "eu-west-1"}`) replaced."""
        return replace(self, document=mapping(with_known(self.document, known, release)))

    @cached_property
    def _defined(self) -> Mapping[ComponentKind, Mapping[str, Component]]:
        return {
            kind: MappingProxyType(
                {
                    (normal := normal_id(given)): Component(kind, normal, mapping(settings))
                    for given, settings in mapping(self.document.get(kind.value)).items()
                }
            )
            for kind in ComponentKind
        }

    def defined(self, kind: ComponentKind) -> Mapping[str, Component]:
        """Give the components of one section by id, used or not."""
        return self._defined[kind]

    @property
    def components(self) -> Iterator[Component]:
        """Every component that is defined, used or not, by section."""
        return (part for kind in ComponentKind for part in self._defined[kind].values())

    def written(self, part: Component) -> Value:
        """Give a component's settings as the collector finds them, whatever their form.

        It looks for them by the id without spaces around it, so what stands below another spelling is lost.
        """
        return mapping(self.document.get(part.kind.value)).get(part.id)

    @property
    def receivers(self) -> Mapping[str, Component]:
        """Receivers by id."""
        return self._defined[ComponentKind.RECEIVER]

    @property
    def exporters(self) -> Mapping[str, Component]:
        """Exporters by id."""
        return self._defined[ComponentKind.EXPORTER]

    @property
    def extensions(self) -> Mapping[str, Component]:
        """Extensions by id, started or not."""
        return self._defined[ComponentKind.EXTENSION]

    @property
    def connectors(self) -> Mapping[str, Component]:
        """Connectors by id."""
        return self._defined[ComponentKind.CONNECTOR]

    @cached_property
    def service(self) -> Options:
        """The service section as it was given."""
        return mapping(self.document.get("service"))

    @cached_property
    def pipelines(self) -> Mapping[str, Pipeline]:
        """Pipelines by id."""
        found = {}
        for given, body in mapping(self.service.get("pipelines")).items():
            lists = mapping(body)
            parts = (_ids(lists.get(part)) for part in ("receivers", "processors", "exporters"))
            found[normal_id(given)] = Pipeline(normal_id(given), *parts)
        return MappingProxyType(found)

    @cached_property
    def unseen_at(self) -> str:
        """The first section, or list of pipelines, that a variable gives as a whole; else empty.

        The collector puts what the variable holds there, read as YAML. It expands no keys.
        """
        places: list[tuple[str, Value]] = [(section, self.document.get(section)) for section in SECTIONS]
        places.append(("service/pipelines", self.service.get("pipelines")))
        return next((where for where, value in places if _is_expanded(value)), "")

    @cached_property
    def open_at(self) -> str:
        """The same, or the first place where a variable gives names of components: which of them run is not known."""
        places: list[tuple[str, Value]] = [("service/extensions", self.service.get("extensions"))]
        for given, body in mapping(self.service.get("pipelines")).items():
            where = f"service/pipelines/{shown(given)}"
            places.append((where, body))
            places += ((f"{where}/{part}", value) for part, value in mapping(body).items())
        return self.unseen_at or next((where for where, value in places if _is_expanded(value)), "")

    @cached_property
    def started_extensions(self) -> tuple[str, ...]:
        """The ids that `service.extensions` lists: only these start."""
        return _ids(self.service.get("extensions"))

    @property
    def telemetry(self) -> Options:
        """The collector's own telemetry settings, `service.telemetry`."""
        return mapping(self.service.get("telemetry"))

    @cached_property
    def used(self) -> tuple[Component, ...]:
        """The components that run: defined, and named by a pipeline or `service.extensions`. As they were defined."""
        named = {kind: set[str]() for kind in ComponentKind}
        named[ComponentKind.EXTENSION].update(self.started_extensions)
        for pipeline in self.pipelines.values():
            for kind, ids in pipeline.parts.items():
                named[kind].update(ids)
        named[ComponentKind.CONNECTOR] = named[ComponentKind.RECEIVER] | named[ComponentKind.EXPORTER]
        return tuple(part for part in self.components if part.id in named[part.kind])

    def unused(self) -> Iterator[Component]:
        """Yield what is defined and never runs."""
        used = {part.where for part in self.used}
        yield from (part for part in self.components if part.where not in used)
