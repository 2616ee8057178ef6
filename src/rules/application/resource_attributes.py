"""Rule application.resource-attributes."""

from collections.abc import Collection, Iterator, Sequence

from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.placeholders import placeholder
from domain.otlp import (
    RESOURCE_ATTRIBUTES,
    SERVICE_NAME,
    OtlpDoubt,
    instrumented,
    name_of,
    place_of,
    silent,
    unread_files,
    unread_secret,
    value_of,
)
from domain.resource_attributes import Attributes
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_SERVICE = "service.name"
_ENVIRONMENT = "deployment.environment"
_ENVIRONMENT_TAGS = ("environment", "env", "stage")


class Kind(Code):
    """What this rule reports."""

    MISSING = "attribute-missing", "An instrumented application does not set an attribute of the standard."
    MALFORMED = "attributes-malformed", "The list is not of key=value pairs, so SDKs may discard all of it."
    NO_VALUE = "no-value", "No fix: no tag and no setting of the standard gives a value."
    PLACEHOLDER = "attributes-placeholder", "Unknown: a placeholder may set the attributes."
    OWN_NAME = "own-service-name", "Approval: the application may have a service.name of its own."
    SHARED_NAME = "shared-service-name", "Approval: several applications of the task would share a service.name."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each instrumented application that lacks one of the standard's attributes."""
    wanted = standard.applications.resource_attributes
    for container in workload.applications:
        if not (instrumented(container) or container.may_have_more_variables) or silent(container):
            continue
        missing = _missing(container, wanted)
        if missing and RESOURCE_ATTRIBUTES in container.otel[1]:
            yield unread_secret(container, RESOURCE_ATTRIBUTES)
            continue
        if missing and _filled_in(container):
            why = f"{name_of(container, RESOURCE_ATTRIBUTES)} has a placeholder, so its attributes are not all known."
            yield Doubt(Kind.PLACEHOLDER, place_of(container, RESOURCE_ATTRIBUTES), why)
            continue
        if _malformed(container):
            variable = name_of(container, RESOURCE_ATTRIBUTES)
            why = f"{variable} is no list of key=value pairs, so SDKs may discard all of it."
            yield Drift(Kind.MALFORMED, place_of(container, RESOURCE_ATTRIBUTES), why)
            continue
        evident = _evident(container, missing)
        if evident != missing:
            yield unread_files(container)
        if evident:
            names = " and ".join(evident)
            them = "it" if len(evident) == 1 else "them"
            variable = name_of(container, RESOURCE_ATTRIBUTES)
            why = f"{container.name} is instrumented but does not set {names}. Set {them} in {variable}."
            yield Drift(Kind.MISSING, place_of(container, RESOURCE_ATTRIBUTES), why, wanted=", ".join(evident))


def fix(workload: Workload, standard: Standard) -> Workload:
    """Add what is missing and can be known."""
    wanted = standard.applications.resource_attributes
    broken = list[str]()
    lacking = list[tuple[Container, tuple[str, ...]]]()
    for container in workload.applications:
        known = RESOURCE_ATTRIBUTES not in container.otel[1] and not _filled_in(container)
        if known and not silent(container) and _malformed(container):
            broken.append(container.name)
        elif instrumented(container) and not silent(container) and known:
            missing = _evident(container, _missing(container, wanted))
            lacking.append((container, missing))
    before = workload
    for container, missing in lacking:
        attributes = Attributes.parse(value_of(container, RESOURCE_ATTRIBUTES) or "")
        given = {name: value for name in missing if (value := _given(name, workload, standard))}
        for name, value in given.items():
            attributes = attributes.setting(name, value)
        if not given:
            continue
        workload = workload.with_container(container.with_otel(RESOURCE_ATTRIBUTES, str(attributes)))
        if _SERVICE in given:
            workload = _named(workload, container, shared=len(lacking) + len(broken) > 1)
    if workload is before and broken:
        why = f"What the attributes of {' and '.join(broken)} are meant to be is not known. Write key=value pairs."
        raise Refusal(Kind.MALFORMED, why)
    if workload is before:
        names = dict.fromkeys(name for _, missing in lacking for name in missing)
        raise Refusal(Kind.NO_VALUE, _without_value(names))
    return workload


def _filled_in(container: Container) -> bool:
    """Whether a template fills in attributes, and not only the value of one."""
    items = (value_of(container, RESOURCE_ATTRIBUTES) or "").split(",")
    return any("=" not in item and placeholder(item) for item in items)


def _named(workload: Workload, container: Container, *, shared: bool) -> Workload:
    """With the reasons why the family's name as service.name needs approval."""
    if shared:
        why = f"{container.name} gets the family's name as {_SERVICE} and is not the only application of the task."
        workload = workload.needing_approval(Kind.SHARED_NAME, why)
    if _names_itself(container):
        why = (
            f"{container.name} runs on Java or Spring, whose SDKs give it a {_SERVICE}. It would be renamed to"
            f" {workload.task.family}, and what refers to its name has to follow."
        )
        workload = workload.needing_approval(Kind.OWN_NAME, why)
    return workload


def _malformed(container: Container) -> bool:
    text = value_of(container, RESOURCE_ATTRIBUTES) or ""
    return not placeholder(text) and Attributes.parse(text).malformed


def _names_itself(container: Container) -> bool:
    """Whether the application may have a service.name that no OTEL_ variable gives: Java's agent finds several."""
    texts = (*container.environment.values(), *container.entry_point, *container.command)
    return container.variable("SPRING_APPLICATION_NAME") is not None or any(
        own in text for text in texts for own in ("-javaagent", "spring.application.name")
    )


def _without_value(names: Collection[str]) -> str:
    what, them = " and ".join(names), "it" if len(names) == 1 else "them"
    ways = f"tag the task definition with {them}"
    if _ENVIRONMENT in what:
        ways += ", set applications.environment in the standard"
    return f"The value of {what} is not known: {ways}, or set {them} by hand."


def _missing(container: Container, wanted: Sequence[str]) -> tuple[str, ...]:
    names = Attributes.parse(value_of(container, RESOURCE_ATTRIBUTES) or "").names
    named = SERVICE_NAME in container.secrets or bool((value_of(container, SERVICE_NAME) or "").strip())
    return tuple(
        name
        for name in wanted
        if name not in names
        and not (name == _SERVICE and named)
        and not (name == _ENVIRONMENT and f"{_ENVIRONMENT}.name" in names)
    )


def _evident(container: Container, missing: tuple[str, ...]) -> tuple[str, ...]:
    """Those that no environment file can set: the definition's list wins, OTEL_SERVICE_NAME may be in a file."""
    if not container.may_have_more_variables:
        return missing
    if value_of(container, RESOURCE_ATTRIBUTES) is None:
        return ()
    return tuple(name for name in missing if name != _SERVICE or value_of(container, SERVICE_NAME) is not None)


def _given(name: str, workload: Workload, standard: Standard) -> str | None:
    if name == _SERVICE:
        return workload.task.family
    tags = {
        key.lower(): value.strip()
        for source in ((workload.service.tags if workload.service else {}), workload.task.tags)
        for key, value in source.items()
        if value.strip()
    }
    is_environment = name in {_ENVIRONMENT, f"{_ENVIRONMENT}.name"}
    keys = (name.lower(), *(_ENVIRONMENT_TAGS if is_environment else ()))
    tagged = next((tags[key] for key in keys if key in tags), None)
    return tagged or (standard.applications.environment if is_environment else None)


RULE = Rule(
    id="application.resource-attributes",
    title="Instrumented applications should set the standard's resource attributes, such as service.name",
    why="""
        Telemetry without them arrives as `unknown_service` and cannot be distinguished from that of other services or
        environments. An application that sets no OTEL_ variable counts as not instrumented, and the rule does not apply
        to it. By the specification, SDKs discard a list of which one part is no key=value pair.
    """,
    remedy="""
        SAFE. Adds to OTEL_RESOURCE_ATTRIBUTES what is missing and known: the family as service.name; the value of a tag
        (`Environment`, `Env`, `Stage`, or one with the attribute's name), else the standard's, as
        deployment.environment. Present values are kept, and no value is invented. Refused where all that is missing has
        no known value, and where the list is malformed. REVIEW where a tag's value is a template's placeholder, where
        several applications of one task would share the family's name, and where service.name is missing and the
        application may have one of its own: Java's agent finds one, and Spring's SPRING_APPLICATION_NAME is one.
    """,
    configure="""
        `applications.resource_attributes` lists the names. `applications.environment` gives the environment where no
        tag does.
    """,
    subject=Subject.FAMILY,
    severity=Severity.LOW,
    codes=(*Kind, *OtlpDoubt),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable",
)
