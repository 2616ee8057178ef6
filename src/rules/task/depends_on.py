"""Rule task.depends-on."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from domain.collector import CollectorConfiguration, health_check_hindrance, health_check_listener
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.placeholders import has_placeholder, placeholder
from domain.ecs.values import Json, objects_of, text_of, texts_of
from domain.facts import Known, Unavailable
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")
_ENDED = frozenset({"COMPLETE", "SUCCESS"})
_SHELLS = frozenset({"CMD-SHELL", "NONE"})


class Kind(Code):
    """What this rule reports."""

    NO_CONTAINER = "container-missing", "The dependency names a container that is not in the task."
    ITSELF = "waits-for-itself", "The container waits for itself."
    CONDITION = "condition-unknown", "ECS does not know the condition."
    NEVER_ENDS = "never-ends", "The container waits for one to end that runs as long as the task."
    NEVER_HEALTHY = "never-healthy", "The container waits for one to be healthy that cannot become healthy."
    CIRCLE = "circle", "Containers wait for one another."
    PLACEHOLDER = "dependency-placeholder", "Unknown: the dependency, or what it waits for, is a placeholder."
    HEALTH_UNKNOWN = "health-unknown", "Unknown: the collector's health depends on a configuration that was not read."
    CIRCLE_UNDECIDED = "circle-undecided", "No fix: which container of a circle starts first has to be decided."
    STARTS_EARLIER = "starts-earlier", "Approval: the container would start without waiting as it does now."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each dependency that cannot be met, and each circle once."""
    waiting = [container for container in workload.task.containers if container.json.get("dependsOn")]
    if not waiting:
        return
    for container in waiting:
        if has_placeholder(container.json.get("dependsOn")):
            why = f"What {container.name} waits for is a placeholder."
            yield Doubt(Kind.PLACEHOLDER, f"containers/{container.name}/dependsOn", why)
        for name, condition in container.depends_on:
            if _is_filled_in(workload, name, condition):
                why = f"What {container.name} waits for is a placeholder."
                yield Doubt(Kind.PLACEHOLDER, _where(container, name), why)
            elif fault := _fault(workload, container, name, condition):
                code, why = fault
                yield Drift(code, _where(container, name), why, condition if condition in _CONDITIONS else "")
            elif doubt := _health_doubt(workload, container, name, condition):
                yield doubt
    if circle := _circle(waiting):
        why = f"{', '.join(circle)} wait for one another, so none of them starts."
        yield Drift(Kind.CIRCLE, f"containers/{circle[0]}/dependsOn", why)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Remove dependencies that name no other container; change conditions that cannot be met to START."""
    start = workload
    for container in workload.task.containers:
        kept = list[Json]()
        changed = list[str]()
        for item in objects_of(container.json.get("dependsOn")):
            name, condition = text_of(item.get("containerName")) or "", (text_of(item.get("condition")) or "").upper()
            if _is_filled_in(workload, name, condition) or not _fault(workload, container, name, condition):
                kept.append(item)
                continue
            changed.append(name)
            if name != container.name and workload.task.container(name) is not None:
                kept.append({**item, "condition": "START"})
        if changed:
            workload = workload.with_container(container.with_(dependsOn=kept or None)).needing_approval(
                Kind.STARTS_EARLIER,
                f"{container.name} would start without waiting as it does now for {' and '.join(changed)}.",
            )
    if workload is start:
        raise Refusal(Kind.CIRCLE_UNDECIDED, "The containers wait for one another. Decide which of them starts first.")
    return workload


def _where(container: Container, name: str) -> str:
    return f"containers/{container.name}/dependsOn/{name}".removesuffix("/")


def _is_filled_in(workload: Workload, name: str, condition: str) -> bool:
    """Whether a placeholder decides which container is meant, what is waited for, or whether that can happen."""
    target = workload.task.container(name)
    if target is None:
        return any(map(placeholder, (name, *(each.name for each in workload.task.containers))))
    member = {"HEALTHY": "healthCheck", "COMPLETE": "essential", "SUCCESS": "essential"}.get(condition, "")
    return placeholder(condition) or has_placeholder(target.json.get(member))


def _fault(workload: Workload, container: Container, name: str, condition: str) -> tuple[Kind, str] | None:
    """Why this dependency cannot be met; None where it can, or where that is not known."""
    target = workload.task.container(name)
    if target is None:
        why = f"{container.name} waits for {name or 'a container without a name'}, which is not in the task."
        return Kind.NO_CONTAINER, why
    if name == container.name:
        return Kind.ITSELF, f"{container.name} waits for itself."
    waits = f"{container.name} waits for {name}"
    if condition not in _CONDITIONS:
        return Kind.CONDITION, f"{waits} with a condition that ECS does not know. Use one of {', '.join(_CONDITIONS)}."
    collector = target in workload.container_roles.collectors
    if condition in _ENDED:
        if target.essential:
            return Kind.NEVER_ENDS, f"{waits} to end, but {name} is essential: when it ends, the task ends."
        if collector and container.essential:
            return Kind.NEVER_ENDS, f"{waits} to end, but a collector runs as long as the task does."
    if condition == "HEALTHY":
        if target.health_check is None:
            return Kind.NEVER_HEALTHY, f"{waits} to be healthy, but {name} has no health check."
        if collector and container.essential and (reason := _never_healthy(workload, target)):
            return Kind.NEVER_HEALTHY, f"{waits} to be healthy, but {reason}."
    return None


def _never_healthy(workload: Workload, collector: Container) -> str | None:
    """Why the collector's health check can never pass; None where it may."""
    if workload.distribution.health_check is None:
        return None  # an image by the standard's own patterns, which may contain any program
    words = texts_of((collector.health_check or {}).get("command"))
    program = words[1:] if words and words[0] == "CMD" else words
    if not words or words[0] in _SHELLS or program[:1] != ("/healthcheck",):
        return "its health check runs a program that its image does not contain; only /healthcheck is there"
    configuration = workload.whole_configuration
    if configuration is not None and health_check_listener(configuration) is None:
        return "its configuration does not start the health_check extension that the health check calls"
    if configuration is not None and (option := health_check_hindrance(configuration, workload.release)):
        return f"`{option}` of its health_check extension is set so that /healthcheck, which the image has, fails"
    return None


def _health_doubt(workload: Workload, container: Container, name: str, condition: str) -> Doubt | None:
    """Why it is not known whether a collector becomes healthy; None where it is, or where nothing waits for it."""
    if condition != "HEALTHY" or not container.essential:
        return None
    target = workload.task.container(name)
    if target is None or target is not workload.collector or workload.distribution.health_check is None:
        return None
    match workload.configuration:
        case Known(value=CollectorConfiguration(open_at="")):
            return None
        case Known(value=CollectorConfiguration(open_at=place)):
            why = f"Whether {name} becomes healthy depends on {place}, which a variable gives when it starts."
            return Doubt(Kind.HEALTH_UNKNOWN, _where(container, name), why)
        case Unavailable(reason=reason) as unread:
            why = f"Whether {name} becomes healthy depends on its configuration: {reason}."
            return Doubt(Kind.HEALTH_UNKNOWN, _where(container, name), why, fact=unread)
        case _:
            why = f"{name} has no configuration that can be read, so whether it becomes healthy is not known."
            return Doubt(Kind.HEALTH_UNKNOWN, _where(container, name), why)


def _circle(containers: list[Container]) -> tuple[str, ...] | None:
    """Containers that wait for one another, from the first of them in the task; None where none do."""
    waits = {
        container.name: [name for name, _ in container.depends_on if name != container.name] for container in containers
    }
    if not _in_one_another(waits):  # the common case, and cheaper than to find the circle
        return None
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        circle = tuple(dict.fromkeys(error.args[1]))
        first = min(range(len(circle)), key=lambda i: list(waits).index(circle[i]))
        return (*circle[first:], *circle[:first])
    return None


def _in_one_another(waits: Mapping[str, list[str]]) -> bool:
    """Whether containers are left after those that wait for none of the rest are removed again and again."""
    left = set(waits)
    while free := {name for name in left if left.isdisjoint(waits[name])}:
        left -= free
    return bool(left)


RULE = Rule(
    id="task.depends-on",
    title="Container dependencies should name another container and a condition that can be met",
    why="""
        A container that waits for a condition that is never met never starts. ECS refuses most of these dependencies
        when the task definition is registered. It accepts an application that waits for HEALTHY of a collector whose
        health check cannot succeed, or for a collector to end.
    """,
    remedy="""
        REVIEW. Removes a dependency on a container that is not there, or on itself. Changes a condition that cannot be
        met to START. Refused for containers that wait for one another.
    """,
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html",
)
