"""A correction as a change to the source: for CloudFormation, for Terraform, and as a task definition's JSON.

A fragment has only what changes, and the names that identify it. A value that people may not see is replaced by a
comment (JSON has no comments: there null means that a member is removed).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

import yaml

from domain.ecs.cloudformation import OWN_KEYS, property_of
from domain.ecs.documents import name_of, same
from domain.ecs.ownership import owner_of, stack_of
from domain.ecs.task_definition import DESCRIBED_ONLY
from domain.ecs.values import Json
from domain.remediation.plan import Plan, visible
from reports.text import line

type Form = Literal["CloudFormation", "Terraform", "JSON"]

_FORMS: Final[tuple[Form, ...]] = ("CloudFormation", "Terraform", "JSON")
_CLOUD_FORMATION = ("CloudFormation", "CDK", "Copilot")
_TERRAFORM = ("Terraform", "OpenTofu")
_IDENTITIES = ("name", "key", "containerName", "containerPort")


@dataclass(frozen=True, slots=True)
class Fragment:
    """The change in one form."""

    form: Form
    text: str


class _Mark(Enum):
    """Replaces a value in a fragment."""

    REMOVED = "to be removed"
    HIDDEN = "a new value, which is not shown here"
    ELSEWHERE = "separate blocks; the JSON shows what changes"


_REMOVE: Final = "(remove)"  # marks an item of a list that is removed as a whole


def fragments(plan: Plan, owner: str = "") -> tuple[Fragment, ...]:
    """Return the change in each form, the owner's first (`domain.ecs.ownership`); empty if nothing changes.

    For a service, `forceNewDeployment` is left out: it starts a deployment, and is not a setting.
    """
    if plan.before.service is not None and plan.before.service != plan.after.service:
        service = plan.after.service
        before, after = plan.before.service.json, service.json if service else {}
        left_out, kind = frozenset({"forceNewDeployment"}), "Service"
    else:
        before, after, left_out, kind = plan.before.task.json, plan.after.task.json, DESCRIBED_ONLY, "TaskDefinition"
    part = _part("", *({name: one[name] for name in one if name not in left_out} for one in (before, after)))
    if not part:
        return ()
    name = plan.before.service.name if kind == "Service" and plan.before.service else plan.before.task.family
    made: dict[Form, Callable[[], str]] = {
        "CloudFormation": lambda: _cloud_formation(kind, name, part),
        "Terraform": lambda: _terraform(kind, name, part),
        "JSON": lambda: json.dumps(_plain(part), indent=2, ensure_ascii=False),
    }
    return tuple(Fragment(form, made[form]()) for form in _in_order(owner))


def at_source(plan: Plan | None) -> tuple[str, Fragment | None]:
    """Return what owns what a plan changes, and the change in its form; nothing where no tag names an owner.

    A service's tags say nothing of its task definition, which may be registered by something else.
    """
    if plan is None:
        return "", None
    service = plan.before.service
    changes_service = service is not None and service != plan.after.service
    owner = stack_of(service) if service is not None and changes_service else owner_of(plan.before.task)
    return owner, next(iter(fragments(plan, owner)), None) if owner else None


def _in_order(owner: str) -> tuple[Form, ...]:
    if not owner or owner.startswith(_CLOUD_FORMATION):
        return _FORMS
    first: Form = "Terraform" if owner.startswith(_TERRAFORM) else "JSON"
    return (first, *(form for form in _FORMS if form != first))


# --- what changes -----------------------------------------------------------------------------------------------------


def _part(where: str, before: Any, after: Any) -> Any:
    """Return what differs, with the names that identify it; empty if nothing differs."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        found = dict[str, Any]()
        for name, value in after.items():
            place = f"{where}{'containers' if name == 'containerDefinitions' and not where else name}/"
            if name not in before:
                found[name] = _masked(place, value)
            elif not same(before[name], value):
                found[name] = _part(place, before[name], value)
        return found | {name: _Mark.REMOVED for name in before if name not in after}
    if isinstance(before, list) and isinstance(after, list):
        earlier, later = _named(before), _named(after)
        if earlier is not None and later is not None and list(earlier.keys() & later.keys()):
            return _part_of_list(where, earlier, later)
    return _masked(where, after)


def _part_of_list(where: str, before: Mapping[str, Json], after: Mapping[str, Json]) -> list[Any]:
    found = list[Any]()
    for name, thing in after.items():
        if name not in before:
            found.append(_masked(f"{where}{name}/", thing))
        elif not same(before[name], thing):
            found.append(_identity(thing) | _part(f"{where}{name}/", before[name], thing))
    return found + [_identity(thing) | {_REMOVE: True} for name, thing in before.items() if name not in after]


def _named(things: list[Any]) -> dict[str, Json] | None:
    """Return the items by name; None if one has no name, or two have the same."""
    found = {name: thing for thing in things if isinstance(thing, Mapping) and (name := name_of(thing)) is not None}
    return found if len(found) == len(things) else None


def _identity(thing: Json) -> dict[str, Any]:
    key = next(key for key in _IDENTITIES if thing.get(key))
    return {key: thing[key]}


def _masked(where: str, value: Any) -> Any:
    """Return a new value, with a mark for each part that people may not see."""
    if isinstance(value, Mapping):
        return {name: _masked(f"{where}{name}/", each) for name, each in value.items()}
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        names = [name_of(each) if isinstance(each, Mapping) else None for each in value]
        return [_masked(f"{where}{name}/", each) for name, each in zip(names, value, strict=True)]
    return value if value in (None, []) or visible(where.rstrip("/"), value) else _Mark.HIDDEN


def _plain(part: Any) -> Any:
    """Return the part for JSON, which has no comments."""
    match part:
        case _Mark.REMOVED:
            return None
        case _Mark.HIDDEN:
            return f"({part.value})"
        case dict():
            return {name: _plain(each) for name, each in part.items()}
        case list():
            return [_plain(each) for each in part]
        case _:
            return part


# --- CloudFormation ---------------------------------------------------------------------------------------------------


def _cloud_formation(kind: str, name: str, part: Json) -> str:
    rows = [_about(name), f"Type: AWS::ECS::{kind}", "Properties:", *_yaml(_properties(part), "  ")]
    return "\n".join(rows)


def _about(name: str) -> str:
    return f"# {line(name, 255)}: only what changes"


def _properties(part: Any, holder: str = "") -> Any:
    """Rename members to the names of the resource specification."""
    if isinstance(part, list):
        return [_properties(each, holder) for each in part]
    if not isinstance(part, dict) or holder in OWN_KEYS:
        return part
    return {property_of(name, holder): _properties(each, name) for name, each in part.items()}


def _yaml(part: Any, pad: str) -> Iterator[str]:
    """Yield the lines of a block; a mark is a comment."""
    if isinstance(part, dict):
        for name, value in part.items():
            key = _scalar(name)
            if isinstance(value, _Mark):
                yield f"{pad}# {key}: {value.value}"
            elif name == _REMOVE:
                yield f"{pad}# remove this one"
            elif isinstance(value, dict | list) and value:
                yield f"{pad}{key}:"
                yield from _yaml(value, f"{pad}  ")
            else:
                yield f"{pad}{key}: {_scalar(value)}"
        return
    for each in part:
        if isinstance(each, dict | list) and each:
            first, *rest = _yaml(each, f"{pad}  ")
            yield f"{pad}- {first.removeprefix(f'{pad}  ')}"
            yield from rest
        else:
            yield f"{pad}# - {each.value}" if isinstance(each, _Mark) else f"{pad}- {_scalar(each)}"


def _scalar(value: Any) -> str:
    """Return a value on one line, quoted if YAML would read it as something else."""
    plain = str(value) if isinstance(value, str) else value  # safe_dump does not accept subclasses of str
    odd = isinstance(plain, str) and not (plain.isprintable() and plain)
    text = yaml.safe_dump(plain, default_style='"' if odd else None, width=2**31, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


# --- Terraform --------------------------------------------------------------------------------------------------------

_BLOCKS = frozenset({"ephemeralStorage", "runtimePlatform"})
_ARGUMENTS = {"sizeInGiB": "size_in_gib"}
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _terraform(kind: str, name: str, part: Json) -> str:
    resource = {"Service": "aws_ecs_service", "TaskDefinition": "aws_ecs_task_definition"}[kind]
    return "\n".join([_about(name), f"# {resource}", *_body(_arguments(part), "")])


def _arguments(part: Json) -> dict[str, Any]:
    """Rename members to the resource's arguments; what the resource has as another kind of block is only a comment."""
    found = dict[str, Any]()
    for member, value in part.items():
        name = argument_of(member)
        if isinstance(value, _Mark) or not isinstance(value, dict | list):
            found[name] = value
        elif member == "containerDefinitions":
            found[name] = _Encoded(value)
        elif member == "tags":
            found[name] = {each["key"]: _Mark.REMOVED if _REMOVE in each else each.get("value") for each in value}
        elif member in _BLOCKS and isinstance(value, dict):
            found[name] = _Block({argument_of(key): each for key, each in value.items()})
        elif isinstance(value, list) and all(isinstance(each, str) for each in value):
            found[name] = value
        else:
            found[name] = _Mark.ELSEWHERE
    return found


def argument_of(member: str) -> str:
    """Return Terraform's name of a member of the API."""
    return _ARGUMENTS.get(member) or re.sub(r"(?<!^)(?=[A-Z])", "_", member).lower()


@dataclass(frozen=True, slots=True)
class _Encoded:
    value: Any


@dataclass(frozen=True, slots=True)
class _Block:
    members: Json


def _body(members: Json, pad: str) -> Iterator[str]:
    """Yield attributes as `terraform fmt` writes them: with the equals signs of one-line attributes aligned."""
    written = [_attribute(name, value, pad) for name, value in members.items()]
    width = 0
    for index, (key, rows) in enumerate(written):
        if key and len(rows) == 1:
            if not width:
                width = max(len(each) for each, _ in _run(written[index:]))
            yield f"{pad}{key.ljust(width)} = {rows[0]}"
        else:
            width = 0
            yield from ([f"{pad}{key} = {rows[0]}", *rows[1:]] if key else rows)


def _run(written: list[tuple[str, list[str]]]) -> Iterator[tuple[str, list[str]]]:
    """Yield the one-line attributes up to the first other member."""
    for key, rows in written:
        if not key or len(rows) != 1:
            return
        yield key, rows


def _attribute(name: str, value: Any, pad: str) -> tuple[str, list[str]]:
    """Return the key and the lines of the value; no key for a comment or a block, which are whole lines."""
    key = name if _KEY.fullmatch(name) else _quoted(name)
    match value:
        case _Mark():
            return "", [f"{pad}# {key}: {value.value}"]
        case True if name == _REMOVE:
            return "", [f"{pad}# remove this one"]
        case _Block(members):
            return "", [f"{pad}{key} {{", *_body(members, f"{pad}  "), f"{pad}}}"]
        case _:
            return key, _expression(value, pad)


def _expression(value: Any, pad: str) -> list[str]:
    match value:
        case _Encoded(inner):
            first, *rest = _expression(inner, pad)
            rows = [f"jsonencode({first}", *rest]
            return [*rows[:-1], f"{rows[-1]})"]
        case dict() if value:
            return ["{", *_body(value, f"{pad}  "), f"{pad}}}"]
        case list() if any(isinstance(each, dict | list) for each in value):
            rows = [row for each in value for row in _item(each, f"{pad}  ")]
            return ["[", *rows, f"{pad}]"]
        case list():
            return [f"[{', '.join(_quoted(each) for each in value)}]"]
        case _:
            return [_quoted(value)]


def _item(each: Any, pad: str) -> list[str]:
    if isinstance(each, _Mark):
        return [f"{pad}# {each.value}"]
    first, *rest = _expression(each, pad)
    rows = [f"{pad}{first}", *rest]
    return [*rows[:-1], f"{rows[-1]},"]


def _quoted(value: Any) -> str:
    """Return an HCL literal: as JSON, with the template signs of a string escaped."""
    text = json.dumps({} if isinstance(value, dict) else value, ensure_ascii=False)
    return text.replace("${", "$${").replace("%{", "%%{") if isinstance(value, str) else text
