"""Rule sidecar.health-check."""

import re
from collections.abc import Iterator

from domain.assumptions import FactKnown
from domain.collector import HEALTH_CHECK_PORT, Listener, health_check_hindrance, health_check_listener
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.placeholders import has_whole_placeholder
from domain.ecs.values import mapping_of, texts_of
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_PORT = re.compile(r"[0-9]{1,5}")
_PORT_FLAGS = frozenset({"-port", "--port"})


class Kind(Code):
    """What this rule reports."""

    NO_SHELL = "no-shell", "The health check needs a shell, which the collector's image does not contain."
    NO_PROGRAM = "program-missing", "The health check runs a program that the image does not contain."
    NO_EXTENSION = "extension-missing", "The configuration does not start the health_check extension."
    OTHER_PORT = "port-mismatch", "The health check calls another port than the extension's."
    HINDERED = "extension-hindered", "The health_check extension does not answer what the health check asks."
    PLACEHOLDER = "command-placeholder", "Unknown: the program that the health check runs is a placeholder."
    NOTHING_TO_RUN = "nothing-to-run", "No fix: the image contains no program for a health check."
    AWAITED = "health-awaited", "No fix: a container waits for the collector to be HEALTHY."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each fault of the health check's command, or one doubt."""
    collector = workload.present_collector
    if (command := _command(collector)) is None:
        return
    where = f"containers/{collector.name}/healthCheck/command"
    if has_whole_placeholder(_program(command)):
        yield Doubt(Kind.PLACEHOLDER, where, "The program that the health check runs is a placeholder.")
        return
    if fault := _cannot_run(workload, command) or _cannot_succeed(workload, command):
        code, why = fault
        yield Drift(code, where, why)
    if option := _hindrance(workload):
        why = f"{workload.distribution.health_check} cannot succeed: {_asks(option)}"
        yield Drift(Kind.HINDERED, where, why)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set a health check that calls the extension; remove it where there is no extension."""
    collector = workload.present_collector
    if not any(isinstance(found, Drift) for found in check(workload, standard)):
        return workload
    if workload.distribution.health_check is None:
        raise Refusal(Kind.NOTHING_TO_RUN, "What the collector's image can run as a health check is not known.")
    if option := _hindrance(workload):
        raise Refusal(Kind.HINDERED, f"No health check of the image can succeed: {_asks(option)}")
    listener = _listener(workload)
    if workload.whole_configuration is not None and listener is None:
        waiting = [each.name for each in workload.task.containers if (collector.name, "HEALTHY") in each.depends_on]
        if waiting:
            raise Refusal(
                Kind.AWAITED,
                f"{', '.join(waiting)} waits for {collector.name} to be HEALTHY. Add the health_check extension to the"
                " configuration.",
            )
        return workload.with_container(collector.with_(healthCheck=None)).assuming(FactKnown(FactKind.CONFIGURATION))
    port = listener.port if listener else None
    command = [
        "CMD",
        workload.distribution.health_check,
        *([f"-port={port}"] if port not in {None, HEALTH_CHECK_PORT} else []),
    ]
    changed = {**mapping_of(collector.json.get("healthCheck")), "command": command}
    return workload.with_container(collector.with_(healthCheck=changed)).assuming(FactKnown(FactKind.CONFIGURATION))


def _command(collector: Container) -> tuple[str, ...] | None:
    """What the health check runs; None where there is none, or where it is NONE."""
    command = texts_of(mapping_of(collector.health_check).get("command"))
    return None if not command or command[0] == "NONE" else command


def _cannot_run(workload: Workload, command: tuple[str, ...]) -> tuple[Kind, str] | None:
    """Why the image cannot run it, where it is known what the image contains."""
    known = workload.distribution
    advice = f" Use [CMD, {known.health_check}]." if known.health_check else " Use another health check, or none."
    if known.shell is False and command[0] == "CMD-SHELL":
        return Kind.NO_SHELL, f"The health check needs a shell, and the collector's image has none.{advice}"
    if known.health_check and _program(command) != known.health_check:
        return Kind.NO_PROGRAM, f"The health check runs a program that the collector's image does not contain.{advice}"
    return None


def _program(command: tuple[str, ...]) -> str:
    words = command[1:] if command[0] == "CMD" else command
    return words[0] if words else ""


def _cannot_succeed(workload: Workload, command: tuple[str, ...]) -> tuple[Kind, str] | None:
    if not workload.distribution.health_check or _program(command) != workload.distribution.health_check:
        return None
    if workload.whole_configuration is None:
        return None
    listener = _listener(workload)
    if listener is None:
        why = "The health check calls the health_check extension, which the collector's configuration does not start."
        return Kind.NO_EXTENSION, why
    called = _port(command)
    if called is not None and listener.port is not None and called != listener.port:
        why = f"The health check calls port {called}, and the health_check extension listens on {listener.port}."
        return Kind.OTHER_PORT, why
    return None


def _listener(workload: Workload) -> Listener | None:
    """Where the configuration's extension answers, if it is known and starts one."""
    configuration = workload.read_configuration
    return None if configuration is None else health_check_listener(configuration, workload.release)


def _hindrance(workload: Workload) -> str:
    """The extension's option for which the image's own health check cannot succeed; empty where none is known."""
    configuration = workload.whole_configuration
    if configuration is None or not workload.distribution.health_check:
        return ""
    return health_check_hindrance(configuration, workload.release)


def _asks(option: str) -> str:
    return (
        f"it asks for / at 127.0.0.1 by HTTP, and `{option}` of the health_check extension is set otherwise. Change the"
        f" configuration."
    )


def _port(command: tuple[str, ...]) -> int | None:
    """The port that it calls; None where it is written in a way that is not understood."""
    for index, word in enumerate(command):
        flag, joined, value = word.partition("=")
        if flag in _PORT_FLAGS:
            text = value if joined else next(iter(command[index + 1 : index + 2]), "")
            return int(text) if _PORT.fullmatch(text) else None
    return HEALTH_CHECK_PORT


RULE = Rule(
    id="sidecar.health-check",
    title="Collector health checks, where there are any, should be able to succeed",
    why="""
        The image has no shell and no curl, only `/healthcheck`, which asks the health_check extension for the path `/`
        at 127.0.0.1, by HTTP. It fails where the extension has another `path`, `tls` or another address. A health
        check that cannot succeed marks the collector unhealthy for ever: ECS replaces the task of an essential one
        again and again, and a container that waits for it to be HEALTHY never starts.
    """,
    remedy="""
        SAFE where the configuration is known, else REVIEW. Sets `["CMD", "/healthcheck"]`, with the port of the
        configuration's extension, and keeps interval and retries. Removes the health check where the configuration does
        not start the extension. Refused where another container waits for HEALTHY and the extension is missing: add it
        to the configuration. Refused where the extension does not answer what `/healthcheck` asks.
    """,
    subject=Subject.FAMILY,
    severity=Severity.LOW,
    codes=tuple(Kind),
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    fix=fix,
    reference="https://aws-otel.github.io/docs/setup/ecs",
)
