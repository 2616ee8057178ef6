"""A health check of the collector, where there is one, can work.

Why: the image holds no shell and no curl, only `/healthcheck`, which asks the health_check extension. A check that
cannot succeed marks the collector unhealthy for ever: an essential one is replaced again and again, and whoever waits
for it to be HEALTHY never starts.

Fix: sets `["CMD", "/healthcheck"]`, with the port of the configuration's extension, and keeps interval and retries;
takes the health check out where the configuration does not start the extension. SAFE. Refused where another container
waits for HEALTHY and the extension is missing: add it to the configuration.
"""

from collections.abc import Iterator

from domain.collector import HEALTH_CHECK_PORT, CollectorConfiguration, Listener, health_check_listener
from domain.drift import Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.container_roles import COLLECTOR_NAME
from domain.ecs.values import mapping_of, texts_of
from domain.facts import FactKind, Known
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_PORT_FLAGS = frozenset({"-port", "--port"})


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """One drift, on the check's command."""
    collector = workload.collector
    if collector is None or (command := _command(collector)) is None:
        return
    why = _cannot_run(collector, command) or _asks_nobody(workload, command)
    if why:
        yield Drift(f"containers/{collector.name}/healthCheck/command", why)


def fix(workload: Workload, standard: Standard) -> Workload:
    """A check that asks the extension, or none where there is no extension to ask."""
    collector = workload.collector
    if collector is None or not any(check(workload, standard)):
        return workload
    known, listener = _listener(workload)
    if known and listener is None:
        waiting = [each.name for each in workload.task.containers if (collector.name, "HEALTHY") in each.depends_on]
        if waiting:
            raise Refusal(
                f"{', '.join(waiting)} waits for {collector.name} to be HEALTHY: add the health_check extension to the"
                " configuration."
            )
        return workload.with_container(collector.with_(healthCheck=None))
    port = listener.port if listener else None
    command = ["CMD", "/healthcheck", *([f"-port={port}"] if port not in {None, HEALTH_CHECK_PORT} else [])]
    changed = {**mapping_of(collector.json.get("healthCheck")), "command": command}
    return workload.with_container(collector.with_(healthCheck=changed))


def _command(collector: Container) -> tuple[str, ...] | None:
    """What the check runs; None where there is no check, or one that says NONE."""
    command = texts_of(mapping_of(collector.health_check).get("command"))
    return None if not command or command[0] == "NONE" else command


def _cannot_run(collector: Container, command: tuple[str, ...]) -> str | None:
    """Why the image cannot run it. What another distribution's image holds is not known."""
    if collector.image.name != COLLECTOR_NAME:
        return None
    if command[0] == "CMD-SHELL":
        return "The health check wants a shell, and the collector's image holds none; [CMD, /healthcheck] works."
    program = _program(command)
    if program != "/healthcheck":
        return "The health check runs a program that the collector's image does not hold; [CMD, /healthcheck] works."
    return None


def _program(command: tuple[str, ...]) -> str:
    words = command[1:] if command[0] == "CMD" else command
    return words[0] if words else ""


def _asks_nobody(workload: Workload, command: tuple[str, ...]) -> str | None:
    if _program(command) != "/healthcheck":
        return None
    known, listener = _listener(workload)
    if not known:
        return None
    if listener is None:
        return "The health check asks the health_check extension, which the collector's configuration does not start."
    asked = _port(command)
    if asked is not None and listener.port is not None and asked != listener.port:
        return f"The health check asks port {asked}, and the health_check extension listens on {listener.port}."
    return None


def _listener(workload: Workload) -> tuple[bool, Listener | None]:
    """Whether the configuration is known, and where its extension answers, if it starts one."""
    match workload.configuration:
        case Known(CollectorConfiguration() as configuration):
            return True, health_check_listener(configuration, workload.release)
        case _:
            return False, None


def _port(command: tuple[str, ...]) -> int | None:
    """The port that it asks; None where it is written in a way that is not understood."""
    for index, word in enumerate(command):
        flag, joined, value = word.partition("=")
        if flag in _PORT_FLAGS:
            text = value if joined else next(iter(command[index + 1 : index + 2]), "")
            return int(text) if text.isdecimal() else None
    return HEALTH_CHECK_PORT


RULE = Rule(
    id="sidecar.health-check",
    subject=Subject.FAMILY,
    severity=Severity.LOW,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    fix=fix,
    reference="https://aws-otel.github.io/docs/setup/ecs",
    doc=__doc__,
)
