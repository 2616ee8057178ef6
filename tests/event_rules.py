"""The stack's event rules: which events each takes, and what its InputTransformer makes of them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
EVENTS: dict[str, Any] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "events").glob("*.json"))
}


class _Loader(yaml.CSafeLoader):
    """CloudFormation's short forms are of no interest here."""


def _otherwise(loader: _Loader, node: yaml.SequenceNode) -> Any:
    """The value of an `!If` if no parameter is given."""
    return loader.construct_sequence(node, deep=True)[2]


_Loader.add_multi_constructor("!", lambda _loader, suffix, _node: suffix)
_Loader.add_constructor("!If", _otherwise)


def _rules(template: str) -> dict[str, Any]:
    text = (ROOT / template).read_text(encoding="utf-8")
    resources = yaml.load(text, Loader=_Loader)["Resources"]  # noqa: S506 - a safe one
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == "AWS::Events::Rule"}


_ALL = _rules("template.yaml")
RULES = {name: rule for name, rule in _ALL.items() if "EventBusName" not in rule}
ON_THE_BUS = {name: rule for name, rule in _ALL.items() if "EventBusName" in rule}
"""Those that take the events of members."""
OF_MEMBERS = _rules("member.yaml")
"""Those in a member's account that send its events."""
_PLACEHOLDER = re.compile(r'"(?:\\.|[^"\\])*"|<[A-Za-z0-9_-]+>')
_VARIABLE = re.compile(r"<([A-Za-z0-9_-]+)>")


def transformer_of(rule: str) -> Mapping[str, Any]:
    (target,) = RULES[rule]["Targets"]
    transformer: Mapping[str, Any] = target["InputTransformer"]
    return transformer


def matches(pattern: Any, content: Any) -> bool:
    """Patterns as far as the stack uses them: exact values, exists, prefix, anything-but; of a list any item."""
    if isinstance(pattern, Mapping):
        contents = content if isinstance(content, list) else [content]
        return any(_matches_object(pattern, each) for each in contents)
    values = content if isinstance(content, list) else [content]
    return any(_matches_value(each, value) for each in pattern for value in values)


def _matches_object(pattern: Mapping[str, Any], content: Any) -> bool:
    if not isinstance(content, Mapping):
        return False
    for key, inner in pattern.items():
        if key not in content:
            if inner != [{"exists": False}]:
                return False
        elif not matches(inner, content[key]):
            return False
    return True


def _matches_value(wanted: Any, value: Any) -> bool:
    match wanted:
        case {"exists": exists}:
            return bool(exists)
        case {"anything-but": others}:
            return value not in others
        case {"prefix": prefix}:
            return isinstance(value, str) and value.startswith(prefix)
        case {**unknown} if unknown:
            raise AssertionError(f"this matcher does not know {unknown}")
        case _:
            return bool(wanted == value)


def transformed(transformer: Mapping[str, Any], event: Any, *, escapes: bool = True) -> str:
    """Render a template as EventBridge does.

    Text inside quotes is put in as it is, other text is quoted, and a missing path leaves nothing. Without `escapes`
    what is quoted is not escaped either: AWS does not say that it is.
    """
    paths = transformer["InputPathsMap"]

    def value(name: str) -> tuple[bool, Any]:
        return _at(event, paths[name])

    def inside(found: re.Match[str]) -> str:
        there, content = value(found[1])
        if not there:
            return ""
        return content if isinstance(content, str) else json.dumps(content).replace('"', "")

    def put(found: re.Match[str]) -> str:
        token = found[0]
        if token.startswith('"'):
            return _VARIABLE.sub(inside, token)
        there, content = value(token[1:-1])
        if not there:
            return ""
        return f'"{content}"' if isinstance(content, str) and not escapes else json.dumps(content)

    return _PLACEHOLDER.sub(put, transformer["InputTemplate"])


def _at(event: Any, path: str) -> tuple[bool, Any]:
    for part in parts_of(path):
        try:
            event = event[part]
        except (KeyError, IndexError, TypeError):
            return False, None
    return True, event


def parts_of(path: str) -> list[Any]:
    """The keys and indexes of `$.detail.findings[0].Id`."""
    return [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]$]+", path)]


def changed(event: Any, path: str, value: Any) -> Any:
    """The event with another value at a path, where it has the object that the path leads to."""
    copy: Any = json.loads(json.dumps(event))
    *way, last = parts_of(path)
    there, found = _at(copy, ".".join(map(str, way)))
    if there and (isinstance(found, dict) or (isinstance(found, list) and last < len(found))):
        found[last] = value
    return copy


def without(event: Any, path: str) -> Any:
    """The event without what is at a path."""
    copy: Any = json.loads(json.dumps(event))
    *way, last = parts_of(path)
    there, found = _at(copy, ".".join(map(str, way)))
    if there and isinstance(found, dict):
        found.pop(last, None)
    return copy
