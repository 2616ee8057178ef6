"""The command that makes a correction: one line that a person can paste, and that shows nothing that is hidden."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

from domain.ecs.edits import Copy, Edit, Path, Remove, Set, edits, name_of, same
from domain.ecs.task_definition import DESCRIBED_ONLY, NOT_KEPT, TaskDefinition
from domain.ecs.values import Json
from domain.remediation.plan import Plan, visible

_LENGTH = 2500  # what Slack has room for in one block, and ASFF in three details
_EXACT = 2**53  # jq counts in doubles
_WITHOUT = ",".join(f".{name}" for name in sorted(DESCRIBED_ONLY))
# "Tags can not be empty", says RegisterTaskDefinition of an empty list.
_KEPT_TAGS = '[$t[]?|select(.key|ascii_downcase|startswith("aws:")|not)] as $k|if $k==[] then . else .tags=$k end'
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Unsayable(Exception):
    """The command would have to show a hidden value, or could not be exact."""


def command(plan: Plan) -> str:
    """Registers exactly the corrected definition, or updates the service; "" where no such command can be shown."""
    try:
        text = _update(plan) if plan.before.service != plan.after.service else _register(plan)
    except _Unsayable:
        return ""
    return text if len(text) <= _LENGTH and text.isascii() and text.isprintable() and "`" not in text else ""


def _register(plan: Plan) -> str:
    revision = plan.before.revision
    if revision is None or not plan.changes_task:
        return ""
    # The ARN rather than family:number: in another account's shell the same number is another definition.
    source = ["--task-definition", revision.arn, "--include", "TAGS", "--region", revision.place.region]
    region = ["--region", revision.place.region]
    return " | ".join(
        shlex.join(words)
        for words in (
            ["aws", "ecs", "describe-task-definition", *source, "--output", "json"],
            ["jq", program(plan.before.task, plan.after.task)],
            ["aws", "ecs", "register-task-definition", *region, "--cli-input-json", "file:///dev/stdin"],
        )
    )


def _update(plan: Plan) -> str:
    before, after = plan.before.service, plan.after.service
    if before is None or after is None or plan.changes_task or not before.arn:
        return ""
    changed = {
        name: after.json.get(name)
        for name in (*before.json, *after.json)
        if not same(before.json.get(name), after.json.get(name))
    }
    words = ["aws", "ecs", "update-service", "--region", plan.before.place.region]
    words += ["--cluster", str(before.json.get("clusterArn") or before.cluster), "--service", before.name]
    for name, option in (("taskDefinition", "--task-definition"), ("platformVersion", "--platform-version")):
        value = changed.pop(name, None)
        words += [option, value] if isinstance(value, str) and value else []
    words += ["--force-new-deployment"] if changed.pop("forceNewDeployment", None) is True else []
    return "" if changed else shlex.join(words)


def program(before: TaskDefinition, after: TaskDefinition) -> str:
    """What jq makes of a description of `before`: `after`, as it is registered. _Unsayable where it cannot be shown."""
    if before.with_tags({}).tags != after.with_tags({}).tags:
        raise _Unsayable  # tags may change, so their places tell nothing
    source, wanted = _bare(before), _bare(after)
    if not (_is_exact(source) and _is_exact(wanted)):
        raise _Unsayable
    steps = [step for edit in edits(source, wanted) for step in _sayable(edit, source, wanted)]
    parts = [".tags as $t", ".taskDefinition", ". as $o", f"del({_WITHOUT})", *map(_jq, steps), _KEPT_TAGS]
    if not any(isinstance(step, Copy) for step in steps):
        parts.remove(". as $o")
    return "|".join(parts)


def _bare(task: TaskDefinition) -> Json:
    """The document as DescribeTaskDefinition gives it beside the tags, without what is not registered."""
    return {name: value for name, value in task.json.items() if name not in DESCRIBED_ONLY and name != "tags"}


# --- what may be shown ------------------------------------------------------------------------------------------------


def _sayable(edit: Edit, source: Json, wanted: Json) -> Iterator[Edit]:
    """The same edit; a hidden value that stands in the source already is copied from there."""
    if not isinstance(edit, Set):
        yield edit
        return
    hidden = list(_hidden(_where(edit.path, wanted), edit.value))
    if not hidden:
        yield edit
        return
    value, copies = edit.value, list[Edit]()
    for path in hidden:
        found = _place_of(_at(edit.value, path), source)
        value = _emptied(value, path)
        copies.append(Copy((*edit.path, *path), found))
    if hidden != [()]:
        yield Set(edit.path, value)
    yield from copies


def _hidden(where: str, value: Any, path: Path = ()) -> Iterator[Path]:
    """The places within a value that people may not see."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _hidden(f"{where}/{name}", each, (*path, name))
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for index, each in enumerate(value):
            name = name_of(each) if isinstance(each, dict) else None
            yield from _hidden(f"{where}/{name or index}", each, (*path, index))
    elif value not in (None, []) and not visible(where, value):
        yield path


def _where(path: Path, wanted: Any) -> str:
    """A place as changes call it: by names, and `containers` for `containerDefinitions`."""
    parts = list[str]()
    for step in path:
        wanted = wanted[step]
        name = name_of(wanted) if isinstance(step, int) and isinstance(wanted, dict) else None
        parts.append(name or str(step))
    return "/".join(["containers", *parts[1:]] if parts[:1] == ["containerDefinitions"] else parts)


def _place_of(value: Any, source: Any) -> Path:
    """Where the same text or list stands in the source. One that was not kept in memory could be any."""
    if isinstance(value, str | list) and NOT_KEPT not in json.dumps(value):
        for path, each in _all(source):
            if same(each, value):
                return path
    raise _Unsayable


def _all(thing: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, thing
    if isinstance(thing, dict):
        for name, each in thing.items():
            yield from _all(each, (*path, name))
    elif isinstance(thing, list):
        for index, each in enumerate(thing):
            yield from _all(each, (*path, index))


def _at(thing: Any, path: Path) -> Any:
    for step in path:
        thing = thing[step]
    return thing


def _emptied(thing: Any, path: Path) -> Any:
    """A copy with null at this place."""
    if not path:
        return None
    if isinstance(thing, dict):
        return {name: _emptied(each, path[1:]) if name == path[0] else each for name, each in thing.items()}
    return [_emptied(each, path[1:]) if index == path[0] else each for index, each in enumerate(thing)]


def _is_exact(thing: Any) -> bool:
    """Whether jq gives back what it reads: no number beyond a double's digits, no half of a surrogate pair."""
    try:
        json.dumps(thing, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    numbers = (each for _, each in _all(thing) if isinstance(each, int | float))
    return all(abs(number) <= _EXACT for number in numbers)


# --- jq ---------------------------------------------------------------------------------------------------------------


def _jq(edit: Edit) -> str:
    match edit:
        case Set(path, value):
            return f"{_path(path)}={_literal(value)}"
        case Copy(path, source):
            return f"{_path(path)}=$o{_steps(source)}"
        case Remove(path):
            return f"del({_path(path)})"


def _path(path: Path) -> str:
    steps = _steps(path)
    return steps if steps.startswith(".") else f".{steps}"


def _steps(path: Path) -> str:
    return "".join(
        f".{step}" if isinstance(step, str) and _FIELD.fullmatch(step) else f"[{_literal(step)}]" for step in path
    )


def _literal(value: Any) -> str:
    """JSON is jq; in ASCII, and without the quotes that a shell or Slack would read."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("'", "\\u0027").replace("`", "\\u0060").replace("\x7f", "\\u007f")
