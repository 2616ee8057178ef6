"""Values with their places in a text, whatever language it is written in."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import lru_cache
from typing import Any


class Style(Enum):
    """How a value is written, so that a change of it is written in the same way."""

    JSON = auto()
    BLOCK = auto()
    """A mapping or sequence of YAML by indentation."""
    YAML = auto()
    """Any other value of YAML."""
    HCL = auto()
    ESCAPED = auto()
    """JSON within a quoted text, with that one's escapes."""
    FIXED = auto()
    """It is computed, or stands elsewhere too: no change of it is written."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value, where it begins and ends, and its parts: a dict by names, or a list.

    `open` is the expression that the value depends on, if that could not be resolved. `marks` are the places of a
    text's characters and of its end, where the source has the text in another form.
    """

    begin: int
    end: int
    value: Any = field(repr=False)
    parts: "Parts" = field(default=None, repr=False)
    style: Style = Style.JSON
    open: str = ""
    marks: Sequence[int] = field(default=(), repr=False)

    @property
    def children(self) -> "Iterator[Part]":
        match self.parts:
            case dict() as parts:
                yield from parts.values()
            case list() as parts:
                yield from parts
            case None:
                return

    def get(self, *names: str) -> "Node | None":
        """Return the value below these names."""
        found: Node | None = self
        for name in names:
            found = part.node if found and isinstance(found.parts, dict) and (part := found.parts.get(name)) else None
        return found

    def members(self, *names: str) -> "dict[str, Part]":
        """Return the members of the object below these names; none where no object is."""
        found = self.get(*names)
        return found.parts if found is not None and isinstance(found.parts, dict) else {}

    def below(self, *names: str) -> "Iterator[Node]":
        """Yield the values of the parts of what is below these names; none where nothing is."""
        found = self.get(*names)
        return (part.node for part in found.children) if found is not None else iter(())

    @property
    def lists_objects(self) -> bool:
        return isinstance(self.parts, list) and all(isinstance(each.parts, dict) for each in self.below())


@dataclass(frozen=True, slots=True)
class Part:
    """A member, which begins with its name, or an item.

    It ends where its value does, or at `until`, if the value is within a call or elsewhere.
    """

    begin: int
    node: Node
    until: int | None = None

    @property
    def end(self) -> int:
        return self.node.end if self.until is None else self.until


type Parts = dict[str, Part] | list[Part] | None


def mapping(origin: Node, parts: dict[str, Part], style: Style | None = None) -> Node:
    """Return an object in the place of another node."""
    value = {name: part.node.value for name, part in parts.items()}
    return replace(origin, value=value, parts=parts, style=style or origin.style)


def sequence(origin: Node, parts: list[Part], style: Style | None = None) -> Node:
    """Return a list in the place of another node."""
    return replace(origin, value=[part.node.value for part in parts], parts=parts, style=style or origin.style)


def flat(node: Node) -> Iterator[Node]:
    """Yield the lists that a list is made of, each without lists in it; what may be one and is open, as it is."""
    match node.parts:
        case list() as parts:
            for part in parts:
                item = part.node
                may_be_one = isinstance(item.parts, list) or (item.parts is None and item.open)
                yield from flat(item) if may_be_one else [sequence(item, [part])]
        case _:
            yield node


def with_parts(parts: Parts, change: Callable[[Part], Part]) -> Parts:
    """Return parts, each changed."""
    match parts:
        case dict():
            return {name: change(part) for name, part in parts.items()}
        case list():
            return [change(part) for part in parts]
        case None:
            return None


def moved(node: Node, place: Callable[[int], int]) -> Node:
    """Return a node of a text within another text, with its places in the outer one; no change is written to it."""
    parts = with_parts(node.parts, lambda part: Part(place(part.begin), moved(part.node, place), place(part.end)))
    marks = [place(mark) for mark in node.marks]
    return replace(node, begin=place(node.begin), end=place(node.end), parts=parts, style=Style.FIXED, marks=marks)


type Path = tuple[str, ...]
"""The names of the members on the way to a value."""


@dataclass(frozen=True, slots=True)
class Edited:
    """The new text, and the paths of the changes that could not be made in it."""

    text: str = field(repr=False)
    by_hand: tuple[Path, ...] = ()


class Lines:
    """The lines of a text, to say where an offset is."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column, both from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@lru_cache(maxsize=8)
def lines_of(text: str) -> Lines:
    """Return the lines of a text, which all that is in it shares."""
    return Lines(text)


def open_below(node: Node) -> Iterator[str]:
    """Yield the expressions of a value, and of what is below it, that could not be resolved."""
    if node.open:
        yield node.open
    for each in node.below():
        yield from open_below(each)


_CONTENT = ("value", "valueFrom")
_NAMES = ("name", "key", "containerName", "sourceVolume", "containerPort")
_MEMBERS: Mapping[str, str] = {"containers": "containerDefinitions"}


def found_at(root: Node, where: str) -> tuple[Part, int]:
    """Return what a drift's path names, or the nearest above it, and how many steps of it are missing."""
    steps = where.split("/") if where else []
    found, at = Part(root.begin, root), 0
    while at < len(steps):
        below = _below(found.node, steps, at)
        if below is None:
            break
        found, at = below
    return found, len(steps) - at


def _below(node: Node, steps: Sequence[str], at: int) -> tuple[Part, int] | None:
    """Return the part that the next steps name; a name with slashes in it takes several."""
    for taken in range(len(steps) - at, 0, -1):
        name = "/".join(steps[at : at + taken])
        if found := _named(node, _MEMBERS.get(name, name) if at == 0 else name):
            return found, at + taken
    return None


def _named(node: Node, name: str) -> Part | None:
    match node.parts:
        case dict() as parts:
            if isinstance(part := parts.get(name), Part):
                return part
            head, bracket, index = name.rpartition("[")
            if bracket and (found := _named(node, head)):
                return next((part for n, part in enumerate(found.node.children) if str(n) == index[:-1]), None)
            return None
        case list() as parts:
            return next((_content(part) for part in parts if _is_called(part.node.value, name)), None)
        case None:
            return None


def _is_called(item: Any, name: str) -> bool:
    return isinstance(item, dict) and any(str(item[key]) == name for key in _NAMES if key in item)


def _content(item: Part) -> Part:
    """Return the value of a pair of a name and a value; else the item itself."""
    return next((Part(found.begin, found) for name in _CONTENT if (found := item.node.get(name))), item)
