"""JSON, and JSON with comments and trailing commas, with the places of its values."""

import json
import re
from collections.abc import Callable
from json.decoder import scanstring  # type: ignore[attr-defined] # documented in its source, not in the stubs
from typing import Any

from cli.sources.nodes import Node, Part, Style
from cli.unusable import Unusable

DEEPEST = 64
_BLANK = re.compile(r"[ \t\n\r]*")
_COLON = re.compile(r"[ \t\n\r]*:[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*(?:,[ \t\n\r]*)?")
# Possessive and atomic, and without an end where one is missing: so each character is read a fixed number of times.
_TEXT = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_COMMENT = r"//[^\n]*+|(?>/\*.*?(?:\*/|\Z))"
_TOKENS = re.compile(rf"{_TEXT}|{_COMMENT}|,(?=(?:\s|{_COMMENT})*+[\]}}])", re.DOTALL)


def content_of(text: str, name: str) -> tuple[Any, str]:
    """Return what a text holds, and the text without comments; raise Unusable with the place of a mistake.

    The text without comments has every value at the same place.
    """
    if not text.strip():
        raise Unusable(f"{name} is empty.")
    try:
        return _loaded(text, name), text
    except json.JSONDecodeError as error:
        plain = blanked(text)
        if plain == text:
            raise _not_json(error, name) from None
    try:
        return _loaded(plain, name), plain
    except json.JSONDecodeError as error:
        raise _not_json(error, name) from None


def _not_json(error: json.JSONDecodeError, name: str) -> Unusable:
    what = error.msg[0].lower() + error.msg[1:]
    return Unusable(
        f"{name}, line {error.lineno}, column {error.colno}: not JSON ({what}). Correct it there. If it"
        " is a template, fill it in first."
    )


def blanked(text: str) -> str:
    """Return the text with spaces instead of comments and trailing commas."""
    return _TOKENS.sub(lambda found: found[0] if found[0][0] == '"' else re.sub(r"[^\n]", " ", found[0]), text)


def node_of(plain: str) -> Node:
    """Return the value of a JSON text with its places. It must be JSON, without comments."""
    return _whole(plain, _past(_BLANK, plain, 0))


def node_for_places(plain: str) -> Node:
    """Return the same, which reads only the places that are asked for."""
    return _later(plain, _past(_BLANK, plain, 0))


class Repeated(Exception):
    """An object with a key twice; the message is the key. `begin` is where the object does, if that is known."""

    def __init__(self, key: str, begin: int = 0) -> None:
        super().__init__(key)
        self.begin = begin


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raise Repeated if it has a key twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise Repeated(next(name for name in names if names.count(name) > 1))
    return found


def _number(written: str) -> float:
    value = float(written)
    if value in {float("inf"), float("-inf")}:
        raise ValueError(written)
    return value


def _constant(name: str) -> None:
    raise ValueError(name)


def _loaded(text: str, name: str) -> Any:
    try:
        content = json.loads(text, object_pairs_hook=unique, parse_float=_number, parse_constant=_constant)
    except json.JSONDecodeError:
        raise
    except Repeated as repeated:
        raise _twice(text, name, str(repeated)) from None
    except RecursionError:
        raise _too_deep(name) from None
    except ValueError:
        raise Unusable(f"{name} has a number in it that is not valid JSON: too large, or not a number.") from None
    if depth_exceeds(content, DEEPEST):
        raise _too_deep(name)
    return content


def _twice(text: str, name: str, key: str) -> Unusable:
    """Return which object has a key twice: the innermost of several, the first to end."""
    line = 1
    try:
        node_of(text)
    except Repeated as repeated:
        line += text.count("\n", 0, repeated.begin)
    except RecursionError:
        return _too_deep(name)
    return Unusable(f"{name}, line {line}: the object that starts here has {key[:60]!r} twice. Keep one.")


def _too_deep(name: str) -> Unusable:
    return Unusable(f"{name} is nested too deeply to be a task definition.")


def depth_exceeds(content: Any, deepest: int) -> bool:
    """Return whether objects and lists are nested more deeply than this."""
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


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


_scan = json.JSONDecoder().raw_decode
"""Reads one value at a place, and says where it ends."""

type _Made = Callable[[str, int], Node]


def _whole(text: str, begin: int) -> Node:
    """Return a value with all its parts. Each text is read once, and each value is in memory once."""
    match text[begin]:
        case "{":
            members, end = _members(text, begin, _whole)
            return Node(begin, end, {name: part.node.value for name, part in members.items()}, members)
        case "[":
            items, end = _items(text, begin, _whole)
            return Node(begin, end, [part.node.value for part in items], items)
        case _:
            value, end = _scan(text, begin)
            return Node(begin, end, value)


def _later(text: str, begin: int) -> Node:
    value, end = _scan(text, begin)
    return _Later(text, begin, end, value)


class _Later(Node):
    """A node whose parts are read when they are asked for: a drift needs those on the way to one place."""

    __slots__ = ("_read", "_text")
    _read: dict[str, Part] | list[Part] | None
    _text: str

    def __init__(self, text: str, begin: int, end: int, value: Any) -> None:
        given = {"begin": begin, "end": end, "value": value, "style": Style.JSON, "open": "", "marks": ()}
        for name, each in (given | {"_text": text, "_read": None}).items():
            object.__setattr__(self, name, each)

    @property
    def parts(self) -> dict[str, Part] | list[Part] | None:
        if self._read is None:
            object.__setattr__(self, "_read", self._parts())
        return self._read

    def _parts(self) -> dict[str, Part] | list[Part] | None:
        match self.value:
            case dict():
                return _members(self._text, self.begin, _later)[0]
            case list():
                return _items(self._text, self.begin, _later)[0]
            case _:
                return None


def _members(text: str, begin: int, made: _Made) -> tuple[dict[str, Part], int]:
    """Return the members of the object that begins there, and where it ends; raise Repeated if one is there twice."""
    parts, at, twice = dict[str, Part](), _past(_BLANK, text, begin + 1), None
    while text[at] != "}":
        name, end = scanstring(text, at + 1)
        twice = name if name in parts else twice
        parts[name] = part = Part(at, made(text, _past(_COLON, text, end)))
        at = _past(_COMMA, text, part.end)
    if twice is not None:
        raise Repeated(twice, begin)
    return parts, at + 1


def _items(text: str, begin: int, made: _Made) -> tuple[list[Part], int]:
    parts, at = list[Part](), _past(_BLANK, text, begin + 1)
    while text[at] != "]":
        part = Part(at, made(text, at))
        parts.append(part)
        at = _past(_COMMA, text, part.end)
    return parts, at + 1


_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)


def marks_of(text: str, node: Node) -> list[int]:
    """Return the place of each character of a quoted text, and of its end."""
    marks, at = list[int](), node.begin + 1
    while at < node.end - 1:
        marks.append(at)
        found = _ESCAPE.match(text, at)
        at = found.end() if found else at + 1
    return [*marks, node.end - 1]
