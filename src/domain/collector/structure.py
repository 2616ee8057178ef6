"""The form of a whole configuration: its sections, its pipelines, and the names that they use."""

from collections.abc import Iterator, Mapping
from typing import Final

from domain.collector.configuration import SECTIONS, SIGNALS, CollectorConfiguration, Pipeline, mapping
from domain.collector.problems import Effect, Problem, ProblemCode, Topic
from domain.collector.reading import Value
from domain.collector.references import has_reference
from domain.collector.releases import ComponentKind
from domain.collector.scalars import is_component_id, nearest, normal_id, shown
from domain.collector.settings import is_empty

_SERVICE_KEYS: Final = ("extensions", "pipelines", "telemetry")
_PIPELINE_KEYS: Final = ("receivers", "processors", "exporters")
_NEEDED: Final = (ComponentKind.RECEIVER, ComponentKind.EXPORTER)
_SERVICE: Final = "service"
_PIPELINES: Final = "service/pipelines"


def structural_problems(configuration: CollectorConfiguration) -> Iterator[Problem]:
    """Yield what would stop the collector from starting with this configuration, by its structure alone.

    Nothing is said of what a variable gives (`open_at`).
    """
    yield from _sections(configuration)
    yield from _service(configuration)
    yield from _pipelines(configuration)
    yield from _references(configuration)


def _form(code: ProblemCode, where: str, **more: str | tuple[str, ...]) -> Problem:
    return Problem(Topic.FORM, code, where, **more)  # type: ignore[arg-type] # names are Problem's own


def _unknown(key: str, where: str, known: tuple[str, ...], code: ProblemCode = ProblemCode.UNKNOWN_KEY) -> Problem:
    return _form(code, where, found=shown(key), wanted=known, nearest=nearest(key, known))


def _sections(configuration: CollectorConfiguration) -> Iterator[Problem]:
    if configuration.more_documents:
        yield Problem(Topic.FORM, ProblemCode.SECOND_DOCUMENT, "configuration", Effect.DOUBTFUL)
    for key in configuration.document:
        if key not in SECTIONS:
            yield _unknown(key, shown(key), SECTIONS, ProblemCode.UNKNOWN_SECTION)
    for kind in ComponentKind:
        section = configuration.document.get(kind.value)
        if section is not None and not isinstance(section, Mapping):
            if not has_reference(section):
                yield _form(ProblemCode.SECTION_FORM, kind.value, wanted=(kind.noun,))
        elif kind in _NEEDED and not section:
            yield _form(ProblemCode.SECTION_EMPTY, kind.value, wanted=(kind.noun,))
        yield from _components(kind, mapping(section))


def _components(kind: ComponentKind, section: Mapping[str, Value]) -> Iterator[Problem]:
    seen = set[str]()
    for given, settings in section.items():
        where, normal = f"{kind}/{shown(given)}", normal_id(given)
        if not is_component_id(given):
            yield _form(ProblemCode.COMPONENT_ID, where)
        if normal in seen:
            yield _form(ProblemCode.COMPONENT_TWICE, where, found=shown(normal))
        seen.add(normal)
        if settings is not None and not isinstance(settings, Mapping) and not has_reference(settings):
            yield _form(ProblemCode.SETTINGS_FORM, where)


def _service(configuration: CollectorConfiguration) -> Iterator[Problem]:
    service = configuration.document.get(_SERVICE)
    if service is None:
        yield _form(ProblemCode.SERVICE_MISSING, _SERVICE)
    elif not isinstance(service, Mapping) and not has_reference(service):
        yield _form(ProblemCode.SERVICE_FORM, _SERVICE, wanted=_SERVICE_KEYS)
    for key in configuration.service:
        if key not in _SERVICE_KEYS:
            yield _unknown(key, f"{_SERVICE}/{shown(key)}", _SERVICE_KEYS)
    yield from _id_list(configuration.service.get("extensions"), f"{_SERVICE}/extensions")


def _pipelines(configuration: CollectorConfiguration) -> Iterator[Problem]:
    if not isinstance(configuration.document.get(_SERVICE), Mapping):
        return
    pipelines = configuration.service.get("pipelines")
    if pipelines is None or pipelines == {}:
        yield _form(ProblemCode.PIPELINES_MISSING, _PIPELINES)
    elif not isinstance(pipelines, Mapping) and not has_reference(pipelines):
        yield _form(ProblemCode.PIPELINES_FORM, _PIPELINES)
    for given, body in mapping(pipelines).items():
        where = f"{_PIPELINES}/{shown(given)}"
        if not is_component_id(given) or normal_id(given).partition("/")[0] not in SIGNALS:
            signal, slash, name = given.partition("/")
            near = nearest(signal.strip(), SIGNALS)
            yield _form(
                ProblemCode.PIPELINE_ID, where, nearest=f"{near}{slash}{shown(name)}" if near and name else near
            )
        if body is not None and not isinstance(body, Mapping) and not has_reference(body):
            yield _form(ProblemCode.PIPELINE_FORM, where)
        for key, value in mapping(body).items():
            if key not in _PIPELINE_KEYS:
                yield _unknown(key, f"{where}/{shown(key)}", _PIPELINE_KEYS)
            else:
                yield from _id_list(value, f"{where}/{key}")


def _id_list(value: Value, where: str) -> Iterator[Problem]:
    """The collector takes a list, and neither one text nor several in one."""
    if value is None or has_reference(value):
        return
    if not isinstance(value, tuple) or not all(isinstance(item, str) and item for item in value):
        yield _form(ProblemCode.ID_LIST, where)
        return
    for item in value:
        if isinstance(item, str) and not has_reference(item) and not is_component_id(item):
            yield _form(ProblemCode.COMPONENT_ID, where, found=shown(item))


def _references(configuration: CollectorConfiguration) -> Iterator[Problem]:
    bodies = {normal_id(given): body for given, body in mapping(configuration.service.get("pipelines")).items()}
    for pipeline in configuration.pipelines.values():
        where = f"{_PIPELINES}/{shown(pipeline.id)}"
        for part in ("receivers", "exporters"):
            body = bodies[pipeline.id]
            if not has_reference(body) and is_empty(mapping(body).get(part)):
                yield Problem(Topic.REFERENCES, ProblemCode.PIPELINE_EMPTY, f"{where}/{part}", wanted=(part,))
        yield from _names_in(configuration, pipeline, where)
    yield from _undefined(
        configuration, f"{_SERVICE}/extensions", ComponentKind.EXTENSION, configuration.started_extensions
    )
    started = configuration.service.get("extensions")
    if any(map(has_reference, started if isinstance(started, tuple) else (started,))):
        return
    for component in configuration.used:
        for path, name in _extensions_named(component.settings):
            if not has_reference(name) and normal_id(name) not in configuration.started_extensions:
                at = f"{component.kind}/{shown(component.id)}/{path}"
                yield Problem(Topic.REFERENCES, ProblemCode.NOT_STARTED, at, found=shown(name))


def _names_in(configuration: CollectorConfiguration, pipeline: Pipeline, where: str) -> Iterator[Problem]:
    for kind, ids in pipeline.parts.items():
        yield from _undefined(configuration, f"{where}/{kind}", kind, ids)
    for twice in sorted({name for name in pipeline.processors if pipeline.processors.count(name) > 1}):
        yield Problem(Topic.REFERENCES, ProblemCode.PROCESSOR_TWICE, f"{where}/processors", found=shown(twice))


def _undefined(
    configuration: CollectorConfiguration, where: str, kind: ComponentKind, ids: tuple[str, ...]
) -> Iterator[Problem]:
    defined = configuration.defined(kind)
    if has_reference(configuration.document.get(kind.value)):
        return
    for name in dict.fromkeys(ids):
        is_connector = kind in _NEEDED and name in configuration.connectors
        if name in defined or is_connector or has_reference(name):
            continue
        yield Problem(
            Topic.REFERENCES,
            ProblemCode.NOT_DEFINED,
            where,
            found=shown(name),
            wanted=(kind.value,),
            nearest=nearest(name, defined),
        )


def _extensions_named(settings: Mapping[str, Value], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield what names an extension that must be started: authenticators and storages, at any depth."""
    for key, value in settings.items():
        path = f"{above}/{key}" if above else key
        if isinstance(value, Mapping):
            yield from _extensions_named(value, path)
        elif (
            isinstance(value, str)
            and value
            and (path.endswith("auth/authenticator") or path == "sending_queue/storage")
        ):
            yield path, value
