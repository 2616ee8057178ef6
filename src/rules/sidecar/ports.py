"""Rule sidecar.ports."""

import re
from collections.abc import Iterator
from functools import lru_cache

from domain.collector import CollectorConfiguration, bound_ports
from domain.collector.releases import Release
from domain.drift import Code, Drift
from domain.ecs.fargate import amount
from domain.ecs.values import Json, text_of
from domain.facts import FactKind
from domain.identical import once
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_OWN: frozenset[tuple[int, str]] = frozenset({(13133, "tcp"), (8888, "tcp")})
"""What a collector usually binds besides OTLP's ports, where its configuration is not known."""
_RANGE = re.compile(r"(\d{1,9})-(\d{1,9})")


class Kind(Code):
    """What this rule reports."""

    CONFLICT = "port-conflict", "Another container maps a port that the collector binds."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift for each port of another container that the collector binds as well."""
    collector = workload.present_collector
    others = [
        each for each in workload.task.containers if each.name != collector.name and each.json.get("portMappings")
    ]
    if not others:
        return
    bound = _bound(workload)
    for other in others:
        for mapping in other.port_mappings:
            claimed, protocol = _claimed(mapping), (text_of(mapping.get("protocol")) or "tcp").lower()
            for port in sorted([port for port, transport in bound if port in claimed and transport == protocol]):
                why = f"{other.name} maps port {port}/{protocol}, which {collector.name} binds. Change one of them."
                yield Drift(Kind.CONFLICT, f"containers/{other.name}/portMappings/{port}", why, f"{port}/{protocol}")


def _bound(workload: Workload) -> frozenset[tuple[int, str]]:
    configuration = workload.read_configuration
    if configuration is not None:
        return _bound_by(configuration, workload.release)
    return _usual(workload.distribution.ports, collector=workload.read_as_collector)


@lru_cache(maxsize=128)
def _usual(ports: frozenset[int], *, collector: bool) -> frozenset[tuple[int, str]]:
    """What a container of this distribution binds, where its configuration is not known."""
    bound = frozenset((port, "tcp") for port in ports)
    return bound | _OWN if collector else bound


@once
def _bound_by(configuration: CollectorConfiguration, release: Release | None) -> frozenset[tuple[int, str]]:
    listeners = bound_ports(configuration, release)
    return frozenset((each.port, each.transport) for each in listeners if each.port is not None)


def _claimed(mapping: Json) -> range:
    port = amount(mapping.get("containerPort"))
    if port is not None:
        return range(port, port + 1)
    found = _RANGE.fullmatch(text_of(mapping.get("containerPortRange")) or "")
    return range(int(found[1]), int(found[2]) + 1) if found else range(0)


RULE = Rule(
    id="sidecar.ports",
    title="Other containers should not use a port that the collector binds",
    why="""
        The containers of a task share one network, so of two that bind a port the second does not start. In addition to
        OTLP the collector binds the port of its own metrics, and all ports on which its receivers and extensions
        listen.
    """,
    by_hand="Change one of the two ports, and the clients that connect to it.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html",
)
