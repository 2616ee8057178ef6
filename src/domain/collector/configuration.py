"""A collector configuration as frozen, typed views: components, pipelines, service, and its structural faults."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Self

from domain.collector.reading import Value, read
from domain.collector.references import has_reference, with_known
from domain.collector.releases import ComponentKind, Release, canonical_type

type Options = Mapping[str, Value]

SIGNALS = frozenset({"traces", "metrics", "logs", "profiles"})
_SECTIONS = frozenset({*(kind.value for kind in ComponentKind), "service"})
_SERVICE_KEYS = frozenset({"pipelines", "extensions", "telemetry"})
_PIPELINE_KEYS = frozenset({"receivers", "processors", "exporters"})
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}", re.ASCII)
_SHOWABLE = re.compile(r"[A-Za-z0-9_./-]{1,80}", re.ASCII)
_NOTHING: Options = MappingProxyType({})


class ProblemTopic(StrEnum):
    """Which rule a structural problem belongs to."""

    WELL_FORMED = "config.well-formed"
    REFERENCES = "config.references"


@dataclass(frozen=True, slots=True)
class Problem:
    """One structural fault: `where` is a path of names, `why` a sentence. Neither holds a value."""

    topic: ProblemTopic
    where: str
    why: str


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


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline: `metrics/ecs` has signal `metrics` and name `ecs`. The three lists hold component ids in order."""

    id: str
    receivers: tuple[str, ...]
    processors: tuple[str, ...]
    exporters: tuple[str, ...]

    @property
    def signal(self) -> str:
        """`traces`, `metrics`, `logs` or `profiles`, or whatever else is written there."""
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        """What follows the slash."""
        return self.id.partition("/")[2]

    @property
    def where(self) -> str:
        """The path of names that drifts use."""
        return f"service/pipelines/{self.id}"


def shown(name: str) -> str:
    """Give a name as a sentence may show it: one that looks like no name is not shown."""
    return name if _SHOWABLE.fullmatch(name) else "(a name that is none)"


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
    # The collector takes one string with commas for a list as well.
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, tuple) else ()
    return tuple(_normal(item) for item in items if isinstance(item, str) and item.strip())


def _normal(component_id: str) -> str:
    """Write an id as the collector does: spaces around either part do not count."""
    kind, slash, name = component_id.partition("/")
    return f"{kind.strip()}{slash}{name.strip()}"


@dataclass(frozen=True, repr=False)
class CollectorConfiguration:
    """A collector configuration. What has the wrong shape is absent from the views, and `problems()` names it.

    The repr counts and never quotes.
    """

    document: Options

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read YAML (or JSON, which is YAML). Raises ConfigurationUnreadable, which quotes nothing of the text."""
        return cls(read(text))

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.defined(kind))} {kind}" for kind in ComponentKind)
        return f"<CollectorConfiguration: {counts}, {len(self.pipelines)} pipelines>"

    def with_variables(self, known: Mapping[str, str], release: Release | None = None) -> Self:
        """Give the configuration with references to known variables (`{"AWS_REGION": "eu-west-1"}`) replaced."""
        return type(self)(mapping(with_known(self.document, known, release)))

    @cached_property
    def _defined(self) -> Mapping[ComponentKind, Mapping[str, Component]]:
        return {
            kind: MappingProxyType(
                {
                    (normal := _normal(given)): Component(kind, normal, mapping(settings))
                    for given, settings in mapping(self.document.get(kind.value)).items()
                }
            )
            for kind in ComponentKind
        }

    def defined(self, kind: ComponentKind) -> Mapping[str, Component]:
        """Give the components of one section by id, used or not."""
        return self._defined[kind]

    @property
    def receivers(self) -> Mapping[str, Component]:
        """Receivers by id."""
        return self._defined[ComponentKind.RECEIVER]

    @property
    def processors(self) -> Mapping[str, Component]:
        """Processors by id."""
        return self._defined[ComponentKind.PROCESSOR]

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
            found[_normal(given)] = Pipeline(_normal(given), *parts)
        return MappingProxyType(found)

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
        named = {
            ComponentKind.RECEIVER: {name for pipeline in self.pipelines.values() for name in pipeline.receivers},
            ComponentKind.PROCESSOR: {name for pipeline in self.pipelines.values() for name in pipeline.processors},
            ComponentKind.EXPORTER: {name for pipeline in self.pipelines.values() for name in pipeline.exporters},
            ComponentKind.EXTENSION: set(self.started_extensions),
        }
        named[ComponentKind.CONNECTOR] = named[ComponentKind.RECEIVER] | named[ComponentKind.EXPORTER]
        return tuple(part for kind in ComponentKind for part in self._defined[kind].values() if part.id in named[kind])

    def unused(self) -> Iterator[Component]:
        """Yield what is defined and never runs."""
        used = {part.where for part in self.used}
        yield from (part for kind in ComponentKind for part in self._defined[kind].values() if part.where not in used)

    def problems(self) -> Iterator[Problem]:
        """Yield what would stop the collector from starting with this configuration, by its structure alone."""
        yield from self._shape_problems()
        yield from self._pipeline_problems()
        yield from self._reference_problems()

    def _shape_problems(self) -> Iterator[Problem]:
        for key in self.document:
            if key not in _SECTIONS:
                yield _malformed(
                    shown(key), f"is no section of a collector configuration: they are {_listed(_SECTIONS)}."
                )
        for kind in ComponentKind:
            yield from self._section_problems(kind)
        service = self.document.get("service")
        if service is None:
            yield _malformed("service", "is missing; without it no pipeline runs and the collector does not start.")
        elif not isinstance(service, Mapping):
            yield _malformed("service", "is not a mapping; it holds pipelines, extensions and telemetry.")
        for key in self.service:
            if key not in _SERVICE_KEYS:
                yield _malformed(f"service/{shown(key)}", f"is unknown there; the keys are {_listed(_SERVICE_KEYS)}.")
        if not _is_id_list(self.service.get("extensions")):
            yield _malformed("service/extensions", "is not a list of extension ids.")

    def _section_problems(self, kind: ComponentKind) -> Iterator[Problem]:
        section = self.document.get(kind.value)
        if section is not None and not isinstance(section, Mapping):
            yield _malformed(kind.value, f"is not a mapping; it holds one key for each {kind.noun}.")
        for given, settings in mapping(section).items():
            where = f"{kind}/{shown(given)}"
            if not _is_id(given):
                yield _malformed(where, "is no component id; write a type (otlp), or a type and a name (otlp/2).")
            if settings is not None and not isinstance(settings, Mapping) and not has_reference(settings):
                yield _malformed(where, "has settings that are not a mapping; indent them as keys below it.")

    def _pipeline_problems(self) -> Iterator[Problem]:
        if not isinstance(self.document.get("service"), Mapping):
            return
        pipelines = self.service.get("pipelines")
        if pipelines is None or pipelines == {}:
            yield _malformed("service/pipelines", "has no pipeline; at least one of traces, metrics or logs is needed.")
        elif not isinstance(pipelines, Mapping):
            yield _malformed(
                "service/pipelines", "is not a mapping; it holds one key for each pipeline, such as traces."
            )
        for given, body in mapping(pipelines).items():
            where = f"service/pipelines/{shown(given)}"
            if not _is_id(given) or given.partition("/")[0].strip() not in SIGNALS:
                yield _malformed(
                    where, "is no pipeline id; write traces, metrics or logs, with /name for a second one."
                )
            if body is not None and not isinstance(body, Mapping):
                yield _malformed(where, "is not a mapping; it holds receivers, processors and exporters.")
            for key, value in mapping(body).items():
                if key not in _PIPELINE_KEYS:
                    yield _malformed(
                        f"{where}/{shown(key)}", f"is unknown there; the keys are {_listed(_PIPELINE_KEYS)}."
                    )
                elif not _is_id_list(value):
                    yield _malformed(f"{where}/{key}", "is not a list of component ids.")

    def _reference_problems(self) -> Iterator[Problem]:
        for pipeline in self.pipelines.values():
            where = f"service/pipelines/{shown(pipeline.id)}"
            for part in ("receivers", "exporters"):
                if not getattr(pipeline, part):
                    yield _dangling(f"{where}/{part}", f"is empty; a pipeline needs {part}.")
            for kind, ids in (
                (ComponentKind.RECEIVER, pipeline.receivers),
                (ComponentKind.PROCESSOR, pipeline.processors),
                (ComponentKind.EXPORTER, pipeline.exporters),
            ):
                yield from self._undefined(f"{where}/{kind}", kind, ids)
            for twice in sorted({name for name in pipeline.processors if pipeline.processors.count(name) > 1}):
                yield _dangling(
                    f"{where}/processors", f"names {shown(twice)} more than once, which the collector refuses."
                )
        yield from self._undefined("service/extensions", ComponentKind.EXTENSION, self.started_extensions)
        for component in self.used:
            for path in (("auth", "authenticator"), ("sending_queue", "storage")):
                name = within(component.settings, *path)
                if isinstance(name, str) and not has_reference(name) and _normal(name) not in self.started_extensions:
                    why = f"names {shown(name)}, which service.extensions does not list: it would never start."
                    yield _dangling(f"{component.kind}/{shown(component.id)}/{'/'.join(path)}", why)

    def _undefined(self, where: str, kind: ComponentKind, ids: tuple[str, ...]) -> Iterator[Problem]:
        for name in dict.fromkeys(ids):
            is_connector = kind in {ComponentKind.RECEIVER, ComponentKind.EXPORTER} and name in self.connectors
            if name in self._defined[kind] or is_connector or has_reference(name):
                continue
            yield _dangling(where, f"names {shown(name)}, which {kind.value} does not define.")


def _malformed(where: str, why: str) -> Problem:
    return Problem(ProblemTopic.WELL_FORMED, where, why)


def _dangling(where: str, why: str) -> Problem:
    return Problem(ProblemTopic.REFERENCES, where, why)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _is_id(given: str) -> bool:
    if has_reference(given):
        return True
    kind, slash, name = _normal(given).partition("/")
    return _TYPE.fullmatch(kind) is not None and (not slash or bool(name))


def _is_id_list(value: Value) -> bool:
    return (
        value is None
        or isinstance(value, str)
        or (isinstance(value, tuple) and all(isinstance(item, str) for item in value))
    )
