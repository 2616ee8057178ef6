"""Read task definitions from files of several shapes, and write them back in the same shape.

The shapes: what RegisterTaskDefinition takes, what DescribeTaskDefinition returns (`taskDefinition` and `tags`), a
recorded response (`status_code` and `data` around that), and a list of any of these.
"""

import codecs
import copy
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json.scanner import py_make_scanner  # type: ignore[attr-defined] # not in the stubs; see _Locating
from pathlib import Path
from typing import Any

from cli.unusable import NoDefinition, Unusable
from domain.ecs.task_definition import TaskDefinition

STDIN = "-"
MAX_BYTES = 32 * 1024 * 1024
"""Far above what ECS accepts (64 KiB a definition), so that a list of a whole account's definitions fits."""
_DEEPEST = 64
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})
_HIDDEN_FOLDERS_READ = frozenset({".aws"})
"""Where GitHub's starter workflow for ECS has the task definition."""
_OF_THE_AWS_CLI = frozenset({"boto", "cli", "login", "sso"})
"""Folders in a user's own .aws, whose files may hold credentials."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Definition:
    """One task definition of a file, at `path`; with `tags_outside`, its tags are next to it in the file."""

    task: TaskDefinition
    path: tuple[str | int, ...] = ()
    tags_outside: bool = False

    @property
    def resource(self) -> str:
        """Return the revision's ARN; the family if it is not registered."""
        return self.task.arn or self.task.family


@dataclass(frozen=True)
class File:
    """A file and its task definitions. Its content is never in a repr."""

    name: str
    text: str = field(repr=False)
    encoding: str
    content: Any = field(repr=False)
    definitions: tuple[Definition, ...] = field(repr=False)

    def with_tasks(self, tasks: Sequence[TaskDefinition]) -> str:
        """Return the file's text with these task definitions. Only the lines of what changed are different."""
        if list(tasks) == [definition.task for definition in self.definitions]:
            return self.text
        from cli.editing import edited  # noqa: PLC0415 - only to fix

        content = copy.deepcopy(self.content)
        for definition, task in zip(self.definitions, tasks, strict=True):
            content = _placed(content, definition, task)
        return edited(self.text, content)


def _placed(content: Any, definition: Definition, task: TaskDefinition) -> Any:
    members = task.to_aws()
    if not definition.path:
        return members
    *above, last = definition.path
    place = content
    for step in above:
        place = place[step]
    if definition.tags_outside:
        place["tags"] = members.pop("tags", [])
    place[last] = members
    return content


def shown(name: str) -> str:
    """Return the name for the start of a sentence."""
    return "Standard input" if name == STDIN else name


def is_folder(name: str) -> bool:
    """Return whether a folder has this name."""
    return Path(name).is_dir()


def found_in(name: str, endings: tuple[str, ...] = (".json",)) -> Iterator[str]:
    """Yield the files of a folder and its subfolders with these endings, in order; raise Unusable if there are none.

    Hidden folders but .aws and those of packages are skipped.
    """
    unreadable = list[OSError]()
    names = list[str]()
    for folder, folders, files in os.walk(name, onerror=unreadable.append):
        folders[:] = sorted(entry for entry in folders if _is_read(entry, folder))
        names += [str(Path(folder) / file) for file in sorted(files) if file.lower().endswith(endings)]
    if unreadable:
        raise Unusable(f"{unreadable[0].filename} cannot be read ({_reason(unreadable[0])}). Check its permissions.")
    if not names:
        raise Unusable(
            f"{name} has no file in it whose name ends with {' or '.join(endings)}. Name a file or another folder."
        )
    yield from names


def _is_read(folder: str, above: str) -> bool:
    if folder in _HIDDEN_FOLDERS_READ:
        return True
    if folder.startswith(".") or folder in _SKIPPED_FOLDERS:
        return False
    return not (Path(above).name in _HIDDEN_FOLDERS_READ and folder in _OF_THE_AWS_CLI)


def _reason(error: OSError) -> str:
    return (error.strerror or "it failed").lower()


def text_of(name: str) -> tuple[str, str]:
    """Return a file's text and its encoding; raise Unusable if it is not text or does not exist."""
    try:
        if name == STDIN:
            if sys.stdin is None:
                raise Unusable("Standard input is closed. Give it a definition, or name a file.")
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise Unusable(f"{name} does not exist. Check the path.") from None
    except IsADirectoryError:
        raise Unusable(f"{name} is a folder. Name a file.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL within the name
        reason = _reason(error) if isinstance(error, OSError) else "its name is not valid"
        raise Unusable(f"{name} cannot be read ({reason}).") from None
    if len(raw) > MAX_BYTES:
        raise Unusable(f"{shown(name)} is larger than {MAX_BYTES // 1024 // 1024} MiB. Split it.")
    encoding = next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unusable(
            f"{shown(name)} is not {error.encoding.upper()}: byte {error.start + 1} does not fit. Save it as UTF-8."
        ) from None
    if "\0" in text:
        raise Unusable(f"{shown(name)} has NUL bytes in it: it is no text file, or UTF-16 without a byte order mark.")
    return text, encoding


def read(name: str) -> File:
    """Read one file; raise Unusable if it has no task definition or cannot be read."""
    return definitions_in(name, *text_of(name))


def definitions_in(name: str, text: str, encoding: str) -> File:
    """Return the task definitions of a file's text; raise Unusable if it has none or cannot be parsed."""
    content = _parsed(text, shown(name))
    return File(name, text, encoding, content, tuple(_definitions(content, shown(name), ())))


class _Repeated(Exception):
    """An object with a key twice; the message is the key."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Repeated(next(name for name in names if names.count(name) > 1))
    return found


def _number(written: str) -> float:
    value = float(written)
    if value in {float("inf"), float("-inf")}:
        raise ValueError(written)
    return value


def _constant(name: str) -> None:
    raise ValueError(name)


def _parsed(text: str, name: str) -> Any:
    if not text.strip():
        raise Unusable(f"{name} is empty.")
    try:
        content = json.loads(text, object_pairs_hook=_object, parse_float=_number, parse_constant=_constant)
    except json.JSONDecodeError as error:
        what = error.msg[0].lower() + error.msg[1:]
        raise Unusable(
            f"{name}, line {error.lineno}, column {error.colno}: not JSON ({what}). Correct it there. If it"
            " is a template, fill it in first."
        ) from None
    except _Repeated as repeated:
        key = str(repeated)
        raise Unusable(
            f"{name}, line {_Locating().line_of(text)}: the object that starts here has {key[:60]!r} twice. Keep one."
        ) from None
    except RecursionError:
        raise Unusable(f"{name} is nested too deeply to be a task definition.") from None
    except ValueError:
        raise Unusable(f"{name} has a number in it that is not valid JSON: too large, or not a number.") from None
    if _depth_exceeds(content, _DEEPEST):
        raise Unusable(f"{name} is nested too deeply to be a task definition.")
    return content


class _Locating(json.JSONDecoder):
    """Finds where an object with a repeated key starts. Slow, so it is used only for a file that is refused."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=_object)
        self.start: int | None = None
        plain = self.parse_object  # type: ignore[has-type] # documented, but not in the stubs

        def locating(text_and_end: tuple[str, int], *rest: Any) -> Any:
            try:
                return plain(text_and_end, *rest)
            except _Repeated:
                # The innermost object raises first.
                self.start = text_and_end[1] if self.start is None else self.start
                raise

        self.parse_object = locating
        self.scan_once = py_make_scanner(self)

    def line_of(self, text: str) -> int:
        try:
            self.decode(text)
        except _Repeated:
            return text.count("\n", 0, self.start or 0) + 1
        return 1


def _depth_exceeds(content: Any, deepest: int) -> bool:
    level = [content]
    for _ in range(deepest):
        level = [
            item
            for thing in level
            if isinstance(thing, dict | list)
            for item in (thing.values() if isinstance(thing, dict) else thing)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def _definitions(content: Any, name: str, path: tuple[str | int, ...]) -> Iterator[Definition]:
    match content:
        case {"data": dict() as data, "status_code": _}:
            yield from _definitions(data, name, (*path, "data"))
        case {"taskDefinition": dict() as task, **others}:
            tags = others.get("tags")
            outside = isinstance(tags, list) and "tags" not in task
            yield _definition({**task, "tags": tags} if outside else task, name, (*path, "taskDefinition"), outside)
        case {"containerDefinitions": _} | {"requiresCompatibilities": _, "family": _}:
            yield _definition(content, name, path, tags_outside=False)
        case [_, *_] if not path and not any(_is_container(item) for item in content):
            for index, item in enumerate(content):
                yield from _definitions(item, name, (index,))
        case _:
            raise _refusal(content, f"{name}, entry {path[0]}," if path and isinstance(path[0], int) else name)


def _is_container(thing: Any) -> bool:
    return isinstance(thing, Mapping) and "image" in thing and "containerDefinitions" not in thing


def _definition(task: Any, name: str, path: tuple[str | int, ...], tags_outside: bool) -> Definition:  # noqa: FBT001 - one of four facts
    containers = task.get("containerDefinitions")
    if containers is not None and not isinstance(containers, list):
        raise Unusable(f"{name} has containerDefinitions that are not a list. Write them as a list of objects.")
    for index, container in enumerate(containers or ()):
        if not isinstance(container, dict):
            raise Unusable(
                f"{name} has containerDefinitions whose item {index + 1} is not an object. Correct it there."
            )
    return Definition(TaskDefinition(task), path, tags_outside)


def _refusal(content: Any, name: str) -> Unusable:
    one = content[0] if isinstance(content, list) and content else content
    if _is_container(one):
        return Unusable(
            f"{name} has containers without the task definition around them, which says whether they run on Fargate."
            " Give the whole definition."
        )
    match content:
        case {"services": _} | {"service": _} | {"serviceName": _} | {"serviceArn": _} | {"desiredCount": _}:
            return NoDefinition(f"{name} describes services, not a task definition. Give the definition that they run.")
        case {"taskDefinition": _}:
            return NoDefinition(f"{name} only names a task definition. Give the definition itself.")
        case []:
            return NoDefinition(f"{name} is an empty list.")
        case _:
            return NoDefinition(
                f"{name} is not a task definition: it has no containerDefinitions. Give what RegisterTaskDefinition"
                " takes or DescribeTaskDefinition returns."
            )
