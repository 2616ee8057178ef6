"""Every dependsOn names another container and a condition that can come true, of a collector above all.

Why: a container that waits for what never happens never starts. ECS refuses much of this when it is registered; it
takes an application that waits for HEALTHY of a collector whose health check cannot work, or for a collector to end.

Fix: REVIEW; a dependency on a container that is not there, or on itself, goes; a condition that cannot come true
becomes START. A circle is left to people.
"""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from domain.collector import CollectorConfiguration, health_check_listener
from domain.drift import Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.container_roles import COLLECTOR_NAME
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


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each dependency that cannot be met, and each circle once."""
    waiting = [container for container in workload.task.containers if container.json.get("dependsOn")]
    if not waiting:
        return
    for container in waiting:
        for name, condition in container.depends_on:
            if fault := _fault(workload, container, name, condition):
                yield Drift(_where(container, name), fault)
            elif reason := _untold(workload, container, name, condition):
                yield Doubt(_where(container, name), reason)
    if circle := _circle(waiting):
        why = f"{', '.join(circle)} wait for one another, so none of them starts."
        yield Drift(f"containers/{circle[0]}/dependsOn", why)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Take out what names nothing; soften what cannot come true to START."""
    start = workload
    for container in workload.task.containers:
        kept = list[Json]()
        changed = list[str]()
        for item in objects_of(container.json.get("dependsOn")):
            name, condition = text_of(item.get("containerName")) or "", (text_of(item.get("condition")) or "").upper()
            if not _fault(workload, container, name, condition):
                kept.append(item)
                continue
            changed.append(name)
            if name != container.name and workload.task.container(name) is not None:
                kept.append({**item, "condition": "START"})
        if changed:
            workload = workload.with_container(container.with_(dependsOn=kept or None)).needing_review(
                f"{container.name} would start without waiting as it does now for {' and '.join(changed)}."
            )
    if workload is start:
        raise Refusal(
            "Containers wait for one another in a circle; which of them is to start first is for people to say."
        )
    return workload


def _where(container: Container, name: str) -> str:
    return f"containers/{container.name}/dependsOn/{name}".removesuffix("/")


def _fault(workload: Workload, container: Container, name: str, condition: str) -> str | None:
    """Why this dependency cannot be met; None where it can, or where that cannot be told."""
    target = workload.task.container(name)
    if target is None:
        return f"{container.name} waits for {name or 'a container without a name'}, which is not in the task."
    if name == container.name:
        return f"{container.name} waits for itself."
    if condition not in _CONDITIONS:
        return (
            f"{container.name} waits for {name} under no condition that ECS knows; they are {', '.join(_CONDITIONS)}."
        )
    collector = target in workload.container_roles.collectors
    if condition in _ENDED:
        if target.essential:
            return f"{container.name} waits for {name} to end, but {name} is essential: its end is the task's."
        if collector and container.essential:
            return f"{container.name} waits for {name} to end, but a collector runs as long as the task does."
    if condition == "HEALTHY":
        if target.health_check is None:
            return f"{container.name} waits for {name} to be healthy, but {name} has no health check."
        if collector and container.essential and (reason := _never_healthy(workload, target)):
            return f"{container.name} waits for {name} to be healthy, but {reason}."
    return None


def _never_healthy(workload: Workload, collector: Container) -> str | None:
    """Why the collector's health check can never pass; None where it may."""
    if collector.image.name != COLLECTOR_NAME:
        return None  # an image of the standard's own patterns, which may hold anything
    words = texts_of((collector.health_check or {}).get("command"))
    program = words[1:] if words and words[0] == "CMD" else words
    if not words or words[0] in _SHELLS or program[:1] != ("/healthcheck",):
        return "its health check runs a program that its image does not hold; only /healthcheck is there"
    match workload.configuration:
        case Known(CollectorConfiguration() as configuration) if health_check_listener(configuration) is None:
            return "its configuration does not start the health_check extension that the check asks"
        case _:
            return None


def _untold(workload: Workload, container: Container, name: str, condition: str) -> str | None:
    """Why it cannot be told whether a collector gets healthy; None where nobody asks, or where it can."""
    if condition != "HEALTHY" or not container.essential:
        return None
    target = workload.task.container(name)
    if target is None or target.image.name != COLLECTOR_NAME or target not in workload.container_roles.collectors:
        return None
    match workload.configuration:
        case Known(value=CollectorConfiguration()):
            return None
        case Unavailable(reason=reason):
            return f"whether {name} gets healthy depends on its configuration: {reason}."
        case _:
            return f"{name} has no configuration that can be read, so whether it gets healthy cannot be told."


def _circle(containers: list[Container]) -> tuple[str, ...] | None:
    """Containers that wait for one another, from the first of them in the task; None where none do."""
    waits = {
        container.name: [name for name, _ in container.depends_on if name != container.name] for container in containers
    }
    if not _in_one_another(waits):  # the common case, and cheaper to see than a circle is to find
        return None
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        circle = tuple(dict.fromkeys(error.args[1]))
        first = min(range(len(circle)), key=lambda i: list(waits).index(circle[i]))
        return (*circle[first:], *circle[:first])
    return None


def _in_one_another(waits: Mapping[str, list[str]]) -> bool:
    """Whether containers are left once all those are taken away, again and again, that wait for none that is left."""
    left = set(waits)
    while free := {name for name in left if left.isdisjoint(waits[name])}:
        left -= free
    return bool(left)


RULE = Rule(
    id="task.depends-on",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    check=check,
    fix=fix,
    of_collector=False,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html",
    doc=__doc__,
)
