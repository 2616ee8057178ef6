"""Change a JSON text only where its content changes; every other character stays as it is."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from json.decoder import scanstring  # type: ignore[attr-defined] # documented in its source, not in the stubs
from typing import Any, NamedTuple

_BLANK = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"[^ \t\n\r,\]}]+")
_NAMES = ("name", "key", "containerName", "sourceVolume", "family")
"""The members by which items of ECS's lists are known, and task definitions in a list."""
_WIDEST = 80  # characters of an object that is added on one line


@dataclass(frozen=True, slots=True)
class _Node:
    """A value, where it begins and ends, and its parts: a dict by names, or a list."""

    begin: int
    end: int
    value: Any
    parts: "dict[str, _Part] | list[_Part] | None" = None


@dataclass(frozen=True, slots=True)
class _Part:
    """A member, which begins with its name, or an item."""

    begin: int
    node: _Node

    @property
    def end(self) -> int:
        return self.node.end


class _Edit(NamedTuple):
    begin: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Slot:
    """One part of the result: the part of the text that is kept for it, or what is written instead."""

    kept: _Part | None
    name: str | None
    value: Any


def edited(text: str, wanted: Any) -> str:
    """Return the text with the content that is wanted. The text must be JSON in which no object has a name twice."""
    document = _Document(text)
    pieces, at = list[str](), 0
    # Stable: what is inserted at one place keeps its order.
    for edit in sorted(document.edits(document.root, wanted), key=lambda edit: (edit.begin, edit.end)):
        pieces += [text[at : edit.begin], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])


class _Document:
    """A text, its values, and how it is laid out."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = self._node(self._past_blanks(0))
        indented = re.match(r"\s*[\[{][ \t]*\r?\n([ \t]*)", text)
        self._indent = (indented[1] or "  ") if indented else None
        self._newline = "\r\n" if "\r\n" in text else "\n"
        spaced = indented or re.search(r'": ', text)
        self._colon, self._comma = (": ", ", ") if spaced else (":", ",")
        self._on_one_line = {type(node.value) for node in _compounds(self.root) if self._is_flat(node)}

    # --- reading ------------------------------------------------------------------------------------------------------

    def _past_blanks(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def _node(self, begin: int) -> _Node:
        match self.text[begin]:
            case "{":
                return self._object(begin)
            case "[":
                return self._list(begin)
            case '"':
                value, end = scanstring(self.text, begin + 1)
                return _Node(begin, end, value)
            case _:
                found = _SCALAR.match(self.text, begin)
                end = found.end() if found else begin
                return _Node(begin, end, json.loads(self.text[begin:end]))

    def _object(self, begin: int) -> _Node:
        parts, at = dict[str, _Part](), self._past_blanks(begin + 1)
        while self.text[at] != "}":
            name, end = scanstring(self.text, at + 1)
            colon = self._past_blanks(end)
            parts[name] = part = _Part(at, self._node(self._past_blanks(colon + 1)))
            at = self._next(part.end)
        return _Node(begin, at + 1, {name: part.node.value for name, part in parts.items()}, parts)

    def _list(self, begin: int) -> _Node:
        parts, at = list[_Part](), self._past_blanks(begin + 1)
        while self.text[at] != "]":
            parts.append(_Part(at, self._node(at)))
            at = self._next(parts[-1].end)
        return _Node(begin, at + 1, [part.node.value for part in parts], parts)

    def _next(self, end: int) -> int:
        at = self._past_blanks(end)
        return self._past_blanks(at + 1) if self.text[at] == "," else at

    # --- comparing ----------------------------------------------------------------------------------------------------

    def edits(self, node: _Node, wanted: Any) -> Iterator[_Edit]:
        """Yield the changes that make a value the one that is wanted."""
        if _same(node.value, wanted):
            return
        match node.parts, wanted:
            case dict() as parts, dict():
                slots = [_Slot(parts.get(name), name, value) for name, value in wanted.items()]
                yield from self._rebuilt(node, [*parts.values()], slots, wanted)
            case list() as parts, list():
                found = _matched([part.node.value for part in parts], wanted)
                slots = [_Slot(parts[found[i]] if i in found else None, None, item) for i, item in enumerate(wanted)]
                yield from self._rebuilt(node, parts, slots, wanted)
            case _:
                yield self._replaced(node, wanted)

    def _rebuilt(self, node: _Node, parts: Sequence[_Part], slots: Sequence[_Slot], wanted: Any) -> Iterator[_Edit]:
        """Yield the changes of the parts that are kept, the removal of the others, and what is inserted."""
        kept = {slot.kept.begin for slot in slots if slot.kept is not None}
        if not kept:
            yield self._replaced(node, wanted)
            return
        yield from _removed(parts, kept)
        first, gap = next(part for part in parts if part.begin in kept), self._gap(parts)
        margin = gap.rpartition("\n")[2] if "\n" in gap else None
        anchor: _Part | None = None
        for slot in slots:
            if slot.kept is not None:
                anchor = slot.kept
                yield from self.edits(anchor.node, slot.value)
                continue
            head = "" if slot.name is None else self._dumped(slot.name) + self._colon
            text = head + self._written(slot.value, margin)
            if anchor is None:
                yield _Edit(first.begin, first.begin, f"{text},{gap}")
            else:
                yield _Edit(anchor.end, anchor.end, f",{gap}{text}")

    # --- writing ------------------------------------------------------------------------------------------------------

    def _replaced(self, node: _Node, wanted: Any) -> _Edit:
        line = self.text.rfind("\n", 0, node.begin) + 1
        margin = self.text[line : self._past_blanks(line)] if self._indent is not None else None
        flat = bool(node.parts) and self._is_flat(node)
        return _Edit(node.begin, node.end, self._written(wanted, None if flat else margin))

    def _written(self, value: Any, margin: str | None) -> str:
        """Return a value as JSON: on one line without a margin, and if it is short and the text has such ones."""
        line = self._dumped(value)
        if margin is None or not isinstance(value, dict | list) or not value:
            return line
        nested = any(isinstance(item, dict | list) for item in (value.values() if isinstance(value, dict) else value))
        if type(value) in self._on_one_line and not nested and len(line) <= _WIDEST:
            return line
        return self._dumped(value, self._indent).replace("\n", self._newline + margin)

    def _dumped(self, value: Any, indent: str | None = None) -> str:
        comma = "," if indent is not None else self._comma
        text = json.dumps(value, indent=indent, separators=(comma, self._colon), ensure_ascii=self.text.isascii())
        try:
            text.encode()
        except UnicodeEncodeError:  # half a surrogate pair: JSON allows it, no encoding does
            return json.dumps(value, indent=indent, separators=(comma, self._colon))
        return text

    def _gap(self, parts: Sequence[_Part]) -> str:
        """Return the blanks before a part, as those that are there have them."""
        part = parts[min(1, len(parts) - 1)]
        before = self.text[: part.begin]
        gap = before[len(before.rstrip(" \t\r\n")) :]
        return gap if gap or len(parts) > 1 else self._comma[1:]

    def _is_flat(self, node: _Node) -> bool:
        """Return whether it has parts, and all of it is on one line."""
        return bool(node.parts) and "\n" not in self.text[node.begin : node.end]


def _compounds(node: _Node) -> Iterator[_Node]:
    """Yield the objects and lists."""
    if node.parts is not None:
        yield node
        for part in node.parts.values() if isinstance(node.parts, dict) else node.parts:
            yield from _compounds(part.node)


def _removed(parts: Sequence[_Part], kept: Collection[int]) -> Iterator[_Edit]:
    """Yield the removal of each run of parts that are not kept, with one comma for each."""
    before: _Part | None = None
    run = list[_Part]()
    for part in parts:
        if part.begin not in kept:
            run.append(part)
            continue
        if run:
            yield _Edit(run[0].begin, part.begin, "")
        before, run = part, []
    if run and before is not None:
        yield _Edit(before.end, run[-1].end, "")


def _matched(old: Sequence[Any], new: Sequence[Any]) -> Mapping[int, int]:
    """Return which old item is kept for each new one, by their places.

    It is one of the same name, or an equal one; between these, one that has no name either.
    """
    matcher = SequenceMatcher(None, [*map(_label, old)], [*map(_label, new)], autojunk=False)
    found = dict[int, int]()
    for _, a, a_end, b, b_end in matcher.get_opcodes():
        pairs = zip(range(a, a_end), range(b, b_end), strict=False)
        found |= {j: i for i, j in pairs if _name(old[i]) == _name(new[j])}
    return found


def _name(item: Any) -> str | None:
    if isinstance(item, dict):
        return next((f"{name} {item[name]}" for name in _NAMES if isinstance(item.get(name), str)), None)
    return None


def _label(item: Any) -> str:
    return _name(item) or json.dumps(item, sort_keys=True)


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are the same in JSON, where true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
