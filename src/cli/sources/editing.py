"""Change a text only where its content changes; every other character stays as it is."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from cli.sources.matching import matched, name_of, same
from cli.sources.nodes import Edited, Node, Part, Path, Style

_WIDEST = 80  # characters of an object that is added on one line
_PLAIN = re.compile(r"[A-Za-z_/.][\w/.@+-]*(?::[\w/.@+-]+)*", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""What YAML does not read as text."""
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa1-\u1fff\u2070-\ud7ff\ue000-\ufdff]")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


class Dialect:
    """How names and values of a task definition are written in a source. This one writes them as the API has them."""

    def name(self, name: str, path: Path) -> str:
        """Return how a member's name is written in the object at a path of names."""
        del path
        return name

    def text(self, value: str, style: Style) -> str | None:
        """Return a text as an expression of the source; None if it is an ordinary text."""
        del value, style
        return None

    def allows(self, name: str, value: Any, path: Path) -> bool:
        """Return whether a member can be added."""
        del name, value, path
        return True


AS_THE_API: Final = Dialect()


@dataclass(frozen=True, slots=True)
class Change:
    """A node, and the value that it shall have."""

    node: Node
    wanted: Any
    dialect: Dialect = AS_THE_API
    path: Path = ()


class _Edit(NamedTuple):
    begin: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Slot:
    """One part of the result: the part of the text that is kept for it, or what is written instead."""

    kept: Part | None
    name: str | None
    value: Any


def edited(text: str, changes: Sequence[Change]) -> Edited:
    """Return the text with the values that are wanted."""
    edits, by_hand = list[_Edit](), list[Path]()
    for change in changes:
        document = _Document(text, change.node, change.dialect)
        edits += document.edits(change.node, change.wanted, change.path)
        by_hand += document.by_hand
    pieces, at = list[str](), 0
    # Stable: what is inserted at one place keeps its order.
    for edit in sorted(edits, key=lambda edit: (edit.begin, edit.end)):
        pieces += [text[at : edit.begin], edit.text]
        at = edit.end
    return Edited("".join([*pieces, text[at:]]), tuple(by_hand))


class _Document:
    """A text, its values, and how it is laid out."""

    def __init__(self, text: str, root: Node, dialect: Dialect) -> None:
        self.text, self.root, self.dialect = text, root, dialect
        self.by_hand = list[Path]()
        own = text[root.begin : root.end]
        indented = re.match(r"[\[{][ \t]*\r?\n([ \t]*)", own)
        before = text[: root.begin].rpartition("\n")[2]
        margin = before[: len(before) - len(before.lstrip())]
        self._indent = ((indented[1].removeprefix(margin)) or "  ") if indented else None
        self._newline = "\r\n" if "\r\n" in text else "\n"
        spaced = indented or re.search(r'": ', own)
        self._colon, self._comma = (": ", ", ") if spaced else (":", ",")
        self._on_one_line = {type(node.value) for node in _compounds(root) if self._is_flat(node)}

    # --- comparing ----------------------------------------------------------------------------------------------------

    def edits(self, node: Node, wanted: Any, path: Path) -> Iterator[_Edit]:
        """Yield the changes that make a value the one that is wanted."""
        if same(node.value, wanted):
            return
        if node.style is Style.FIXED:
            self.by_hand.append(path)
            return
        match node.parts, wanted:
            case dict() as parts, dict():
                slots = [_Slot(parts.get(name), name, value) for name, value in wanted.items()]
                yield from self._rebuilt(node, slots, wanted, path)
            case list() as parts, list():
                found = matched([part.node.value for part in parts], wanted)
                slots = [_Slot(parts[found[i]] if i in found else None, None, item) for i, item in enumerate(wanted)]
                yield from self._rebuilt(node, slots, wanted, path)
            case _:
                yield from self._replaced(node, wanted, path)

    def _rebuilt(self, node: Node, slots: Sequence[_Slot], wanted: Any, path: Path) -> Iterator[_Edit]:
        """Yield the changes of the parts that are kept, the removal of the others, and what is inserted."""
        parts = [*node.children]
        kept = {slot.kept.begin for slot in slots if slot.kept is not None}
        if not kept:
            yield from self._replaced(node, wanted, path)
            return
        yield from self._removed(node, parts, kept, path)
        first = next(part for part in parts if part.begin in kept)
        anchor: Part | None = None
        for slot in slots:
            step = _step(slot)
            if slot.kept is not None:
                anchor = slot.kept
                yield from self.edits(anchor.node, slot.value, (*path, step))
            elif slot.name is not None and not self.dialect.allows(slot.name, slot.value, path):
                self.by_hand.append((*path, step))
            else:
                yield self._inserted(node, (first, anchor), slot, path)

    def _inserted(self, node: Node, around: tuple[Part, Part | None], slot: _Slot, path: Path) -> _Edit:
        """Return the insertion of a part after another one, or before the first."""
        first, anchor = around
        parts = [*node.children]
        gap, separator = self._gap(node, parts), self._separator(node, parts)
        margin = gap.rpartition("\n")[2] if "\n" in gap else None
        below = path if slot.name is None else (*path, slot.name)
        value = self._in_block(slot, margin or "", below) if node.style is Style.BLOCK else None
        if value is None:
            value = self._head(node, slot.name, path) + self._written(slot.value, margin, node.style, below)
        if anchor is None:
            return _Edit(first.begin, first.begin, f"{value}{separator}{gap}")
        at = anchor.end if separator else self._end_of_line(anchor.end)
        return _Edit(at, at, f"{separator}{gap}{value}")

    def _removed(self, node: Node, parts: Sequence[Part], kept: Collection[int], path: Path) -> Iterator[_Edit]:
        """Yield the removal of each run of parts that are not kept, with one comma for each."""
        before: Part | None = None
        run = list[Part]()
        for part in parts:
            if part.begin not in kept:
                if part.node.style is Style.FIXED and part.node.parts is None and part.begin == part.node.begin:
                    self.by_hand.append(path)  # an item that an expression adds
                    continue
                run.append(part)
                continue
            if run:
                yield _Edit(run[0].begin, part.begin, "")
            before, run = part, []
        if run and before is not None:
            whole = not self._separator(node, parts)
            begin, end = before.end, run[-1].end
            yield _Edit(self._end_of_line(begin), self._end_of_line(end), "") if whole else _Edit(begin, end, "")

    # --- writing ------------------------------------------------------------------------------------------------------

    def _replaced(self, node: Node, wanted: Any, path: Path) -> Iterator[_Edit]:
        if node.marks and node.parts is None and self.text[node.begin] != '"':
            self.by_hand.append(path)
            return
        line = self.text.rfind("\n", 0, node.begin) + 1
        indented = re.compile(r"[ \t]*").match(self.text, line)
        margin = indented[0] if indented and self._indent is not None else None
        flat = bool(node.parts) and self._is_flat(node)
        style = Style.YAML if node.style is Style.BLOCK else node.style
        quote = self.text[node.begin]
        if style is Style.YAML and isinstance(wanted, str) and quote in "'\"":
            single = quote == "'" and not _UNPRINTABLE.search(wanted)
            quoted = "'" + wanted.replace("'", "''") + "'" if single else _quoted(wanted)
            text = self.dialect.text(wanted, style) or quoted
        else:
            text = self._written(wanted, None if flat else margin, style, path)
        begin = node.begin
        if style is Style.YAML and begin > 0:
            before = self.text[:begin].rstrip()
            if node.style is Style.BLOCK and before.endswith((":", "-")):
                begin = len(before)  # on the line of its name
            elif node.style is Style.BLOCK:
                text = f"  {text}"
            if self.text[begin - 1] in ":-":
                text = f" {text}"
        yield _Edit(begin, node.end, text)

    def _head(self, node: Node, name: str | None, path: Path) -> str:
        if name is None:
            return "- " if node.style is Style.BLOCK else ""
        return self._name(self.dialect.name(name, path), node.style) + self._sign(node)

    def _sign(self, node: Node) -> str:
        """Return what is written between a name and its value."""
        match node.style:
            case Style.HCL:
                return " = "
            case Style.BLOCK | Style.YAML:
                return ": "
            case Style.JSON | Style.ESCAPED | Style.FIXED:
                return self._colon

    def _name(self, name: str, style: Style) -> str:
        if style is Style.HCL and _IDENTIFIER.fullmatch(name):
            return name
        if style in {Style.BLOCK, Style.YAML} and _PLAIN.fullmatch(name) and name.lower() not in _WORDS:
            return name
        if style is Style.ESCAPED:
            return _escaped(self._dumped(name))
        return self._dumped(name) if style in {Style.JSON, Style.HCL} else _quoted(name)

    def _spelled(self, value: Any, path: Path) -> Any:
        """Return a value with its names as the source writes them."""
        match value:
            case dict():
                return {self.dialect.name(k, path): self._spelled(v, (*path, k)) for k, v in value.items()}
            case list():
                return [self._spelled(item, path) for item in value]
            case _:
                return value

    def _written(self, value: Any, margin: str | None, style: Style, path: Path) -> str:
        """Return a value: on one line without a margin, and if it is short and the text has such ones."""
        spelled = self._spelled(value, path)
        if style is Style.HCL:
            return self._hcl(spelled, margin)
        if style is Style.ESCAPED:
            return _escaped(self._dumped(self._with_expressions(spelled)))
        if style is not Style.JSON:
            return self._flow(spelled)
        spelled = self._with_expressions(spelled)
        line = self._dumped(spelled)
        if margin is None or not isinstance(value, dict | list) or not value:
            return line
        nested = any(isinstance(item, dict | list) for item in (value.values() if isinstance(value, dict) else value))
        if type(value) in self._on_one_line and not nested and len(line) <= _WIDEST:
            return line
        return self._dumped(spelled, self._indent or "  ").replace("\n", self._newline + margin)

    def _with_expressions(self, value: Any) -> Any:
        match value:
            case dict():
                return {name: self._with_expressions(item) for name, item in value.items()}
            case list():
                return [self._with_expressions(item) for item in value]
            case str():
                expression = self.dialect.text(value, Style.JSON)
                return value if expression is None else json.loads(expression)
            case _:
                return value

    def _dumped(self, value: Any, indent: str | None = None) -> str:
        comma = "," if indent is not None else self._comma
        text = json.dumps(value, indent=indent, separators=(comma, self._colon), ensure_ascii=self.text.isascii())
        try:
            text.encode()
        except UnicodeEncodeError:  # half a surrogate pair: JSON allows it, no encoding does
            return json.dumps(value, indent=indent, separators=(comma, self._colon))
        return text

    def _flow(self, value: Any) -> str:
        """Return a value of YAML on one line."""
        match value:
            case dict():
                return "{" + ", ".join(f"{_quoted(name)}: {self._flow(item)}" for name, item in value.items()) + "}"
            case list():
                return "[" + ", ".join(map(self._flow, value)) + "]"
            case str():
                if (expression := self.dialect.text(value, Style.YAML)) is not None:
                    return expression
                plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
                return value if plain else _quoted(value)
            case _:
                return json.dumps(value)

    def _in_block(self, slot: _Slot, margin: str, path: Path) -> str | None:
        """Return an entry of a block of YAML with a value of several lines; None if it is written on one line."""
        value = self._spelled(slot.value, path)
        if not isinstance(value, dict | list) or not value:
            return None
        if slot.name is None:
            return self._newline.join(self._block([value], margin)).removeprefix(margin)
        name = self.dialect.name(slot.name, path[:-1])
        return self._newline.join(self._block({name: value}, margin)).removeprefix(margin)

    def _block(self, value: Any, margin: str) -> Iterator[str]:
        """Yield the lines of a block of YAML."""
        items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        for name, item in items:
            head = "-" if name is None else f"{self._name(name, Style.BLOCK)}:"
            if not isinstance(item, dict | list) or not item:
                yield f"{margin}{head} {self._flow(item)}"
            elif name is None:
                first, *rest = self._block(item, margin + "  ")
                yield f"{margin}- {first.lstrip()}"
                yield from rest
            else:
                yield f"{margin}{head}"
                yield from self._block(item, margin + "  ")

    def _hcl(self, value: Any, margin: str | None) -> str:
        step = self._newline + (margin or "")
        match value:
            case dict() if value:
                items = [(self._name(name, Style.HCL), item) for name, item in value.items()]
                line = "{ " + ", ".join(f"{name} = {self._hcl(item, None)}" for name, item in items) + " }"
                if margin is None or (len(line) <= _WIDEST and not any(isinstance(i, dict | list) for _, i in items)):
                    return "{ " + ", ".join(f"{name} = {self._hcl(item, None)}" for name, item in items) + " }"
                rows = (f"{step}  {name} = {self._hcl(item, margin + '  ')}" for name, item in items)
                return "{" + "".join(rows) + step + "}"
            case list() if margin is not None and any(isinstance(item, dict | list) for item in value):
                return "[" + ",".join(f"{step}  {self._hcl(item, margin + '  ')}" for item in value) + step + "]"
            case list():
                return "[" + ", ".join(self._hcl(item, None) for item in value) + "]"
            case str():
                expression = self.dialect.text(value, Style.HCL)
                return expression or self._dumped(value).replace("${", "$${").replace("%{", "%%{")
            case dict():
                return "{}"
            case _:
                return json.dumps(value)

    # --- layout -------------------------------------------------------------------------------------------------------

    def _separator(self, node: Node, parts: Sequence[Part]) -> str:
        match node.style:
            case Style.BLOCK:
                return ""
            case Style.HCL if isinstance(node.parts, dict):
                end = parts[0].end
                until = parts[1].begin if len(parts) > 1 else node.end
                return "," if "," in self.text[end:until].partition("\n")[0].partition("#")[0] else ""
            case _:
                return ","

    def _gap(self, node: Node, parts: Sequence[Part]) -> str:
        """Return the blanks before a part, as those that are there have them."""
        if node.style is Style.BLOCK:
            return self._newline + " " * (parts[0].begin - self.text.rfind("\n", 0, parts[0].begin) - 1)
        part = parts[min(1, len(parts) - 1)]
        before = self.text[: part.begin]
        gap = before[len(before.rstrip(" \t\r\n")) :]
        if gap or len(parts) > 1:
            return (
                gap if node.style is not Style.HCL or not gap.strip(" \t") else self._newline + gap.rpartition("\n")[2]
            )
        return self._comma[1:] if node.style in {Style.JSON, Style.ESCAPED} else " "

    def _end_of_line(self, at: int) -> int:
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > at and self.text[end - 1] == "\r" else end

    def _is_flat(self, node: Node) -> bool:
        """Return whether it has parts, and all of it is on one line."""
        return bool(node.parts) and "\n" not in self.text[node.begin : node.end]


def _escaped(text: str) -> str:
    """Return a text of JSON as it is written within quotation marks."""
    return json.dumps(text, ensure_ascii=text.isascii())[1:-1]


def _quoted(text: str) -> str:
    """Return a text in YAML's double quotes, which cannot hold every character that JSON's can."""
    return _UNPRINTABLE.sub(lambda found: f"\\U{ord(found[0]):08x}", json.dumps(text, ensure_ascii=False))


def _step(slot: _Slot) -> str:
    if slot.name is not None:
        return slot.name
    name = name_of(slot.value)
    return name.partition(" ")[2] if name else ""


def _compounds(node: Node) -> Iterator[Node]:
    """Yield the objects and lists."""
    if node.parts is not None:
        yield node
        for part in node.children:
            yield from _compounds(part.node)
