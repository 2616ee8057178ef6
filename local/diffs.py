"""Where two revisions of a task definition differ, as lines that a person reads."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a diff: "+", "-" or "" for a heading; and its depth."""

    sign: str
    text: str
    depth: int = 0


# How ECS describes a member that was omitted.
_LEFT_OUT: tuple[Any, ...] = (None, [], {})

# What AWS sets itself when a revision is registered.
_SET_BY_AWS = frozenset(
    {"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"}
)


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Line]:
    """Where the second of two task definitions, as ECS describes them, differs from the first.

    Environment values other than OTLP settings are hidden; of tags only the keys are shown.
    """
    lines = list[Line]()
    for member in (key for key in dict.fromkeys([*before, *after]) if key not in _SET_BY_AWS):
        if member == "containerDefinitions":
            lines += _containers(before[member], after[member])
        else:
            lines += _member(member, before.get(member), after.get(member), 0)
    return lines


def _containers(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    was, is_ = ({each["name"]: each for each in some} for some in (before, after))
    for name in dict.fromkeys([*was, *is_]):
        one, other = was.get(name, {}), is_.get(name, {})
        lines = [
            line
            for key in dict.fromkeys([*one, *other])
            if key != "name"
            for line in _member(key, one.get(key), other.get(key), 2)
        ]
        if lines:
            sign = "" if one and other else "+" if other else "-"
            yield Line(sign, f"container {name}{'' if one else ', which is new'}:")
            yield from lines


def _member(name: str, before: Any, after: Any, depth: int) -> Iterator[Line]:
    if before == after or (before in _LEFT_OUT and after in _LEFT_OUT):
        return
    if name == "tags":
        was, is_ = ({item["key"]: item["value"] for item in some or ()} for some in (before, after))
        yield from _line("-", name, ", ".join(key for key in was if was[key] != is_.get(key)) or None, depth)
        yield from _line("+", name, ", ".join(key for key in is_ if is_[key] != was.get(key)) or None, depth)
        return
    if name in ("environment", "secrets"):
        value = "value" if name == "environment" else "valueFrom"
        was, is_ = ({item["name"]: item[value] for item in some or ()} for some in (before, after))
        for each in dict.fromkeys([*was, *is_]):
            if was.get(each) != is_.get(each):
                yield from _line("-", f"{name}/{each}", _shown(name, each, was.get(each)), depth)
                yield from _line("+", f"{name}/{each}", _shown(name, each, is_.get(each)), depth)
        return
    yield from _line("-", name, before if before not in _LEFT_OUT else None, depth)
    yield from _line("+", name, after, depth)


def _line(sign: str, name: str, value: Any, depth: int) -> Iterator[Line]:
    if value is not None:
        yield Line(sign, f"{name}: {value if isinstance(value, str) else json.dumps(value)}", depth)


def _shown(member: str, name: str, value: str | None) -> str | None:
    if value is None or member != "environment" or name.startswith("OTEL_EXPORTER_OTLP_"):
        return value
    return "(hidden)"
