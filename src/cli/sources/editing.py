"""Change a text only where its content changes; every other character stays as it is."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cli.sources.matching import matched, name_of
from cli.sources.nodes import Edited, Node, Part, Path, Style
from cli.sources.spelling import AS_THE_API, Dialect, Layout, Spelling, Unwritable, is_flat
from domain.ecs.documents import same

_REST_OF_LINE = re.compile(r"(?:[ \t\r]++|/\*(?s:.*?)\*/)*+(?:(?:#|//)[^\n]*)?\n")
"""What may follow a member of HCL that ends its line: blanks and comments, one of which may have several lines."""


_HASH, _SLASHES, _BLOCK = r"#[^\r\n]*", r"//[^\r\n]*", r"/\*[^\r\n]*?\*/[ \t]*"
_NOTES = {
    style: re.compile(rf"[ \t]*(,?)[ \t]*(?:{'|'.join(forms)})(?=\r?\n)")
    for style, forms in {
        Style.JSON: (_SLASHES, _BLOCK),
        Style.YAML: (rf"(?<=[ \t]){_HASH}",),
        Style.HCL: (_HASH, _SLASHES, _BLOCK),
    }.items()
}
"""What may follow a part on its line: a comma, and a comment that is about the part."""


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
        if same(change.node.value, change.wanted):
            continue  # most of a file stays: finding its layout would take long
        document = _Document(text, change.node, change.dialect)
        made = document.edits(change.node, change.wanted, change.path)
        edits += (edit._replace(text=change.dialect.completed(edit.text)) for edit in made)
        by_hand += document.by_hand
    pieces, at = list[str](), 0
    # Stable: what is inserted at one place keeps its order.
    for edit in sorted(edits, key=lambda edit: (edit.begin, edit.end)):
        pieces += [text[at : edit.begin], edit.text]
        at = edit.end
    return Edited("".join([*pieces, text[at:]]), tuple(by_hand))


class _Document:
    """A text and its values."""

    def __init__(self, text: str, root: Node, dialect: Dialect) -> None:
        self.text = text
        self.by_hand = list[Path]()
        self.layout = Layout.of(text, root)
        self.spelling = Spelling(self.layout, dialect)

    # --- comparing ----------------------------------------------------------------------------------------------------

    def edits(self, node: Node, wanted: Any, path: Path) -> Iterator[_Edit]:
        """Yield the changes that make a value the one that is wanted, as far as the source can express them."""
        try:
            yield from self._edits(node, wanted, path)
        except Unwritable:
            self.by_hand.append(path)

    def _edits(self, node: Node, wanted: Any, path: Path) -> Iterator[_Edit]:
        if same(node.value, wanted):
            return
        if node.style is Style.FIXED:
            self.by_hand += _differing(node, wanted, path)
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
        kept = {id(slot.kept) for slot in slots if slot.kept is not None}
        if not kept:
            yield from self._replaced(node, wanted, path)
            return
        yield from self._removed(node, parts, kept, path)
        first = next(part for part in parts if id(part) in kept)
        anchor: Part | None = None
        again = False
        for slot in slots:
            step = slot.name if slot.name is not None else _step(slot.value)
            if slot.kept is not None:
                anchor, again = slot.kept, False
                yield from self.edits(anchor.node, slot.value, (*path, step))
                continue
            try:
                value = self._spelled(node, slot, path)
            except Unwritable:
                self.by_hand.append((*path, step))
                continue
            after = None if anchor is None else self._note_after(node, anchor, kept)
            if anchor is None or after is None:
                yield self._inserted(node, (first, anchor), value)
            else:
                yield from self._inserted_below(node, anchor, after, value, again=again)
            again = True

    def _spelled(self, node: Node, slot: _Slot, path: Path) -> str:
        """Return a part that is inserted, as the source writes it."""
        gap = self._gap(node, [*node.children])
        margin = gap.rpartition("\n")[2] if "\n" in gap else None
        below = path if slot.name is None else (*path, slot.name)
        spelling, style = self.spelling, node.style
        value = spelling.in_block(slot.name, slot.value, margin or "", below) if style is Style.BLOCK else None
        if value is None:
            value = spelling.head(style, slot.name, path) + spelling.value(slot.value, margin, style, below)
        return value

    def _note_after(self, node: Node, anchor: Part, kept: Collection[int]) -> re.Match[str] | None:
        """Return the rest of a part's line, if a comment is there: what is inserted goes below it."""
        parts = [*node.children]
        following = parts[parts.index(anchor) + 1 :][:1]
        removed = any(id(part) not in kept for part in following)
        if removed or node.style not in _NOTES or not self._separator(node, parts) or self._is_heredoc(node, anchor):
            return None
        return _NOTES[node.style].match(self.text, anchor.end) if "\n" in self._gap(node, parts) else None

    def _inserted_below(
        self, node: Node, anchor: Part, note: re.Match[str], value: str, *, again: bool
    ) -> Iterator[_Edit]:
        """Yield the insertion of a part below the line of another one, whose comment stays with it."""
        written = f"{self._gap(node, [*node.children])}{value}"
        if note[1]:
            yield _Edit(note.end(), note.end(), f"{written},")
            return
        if not again:
            yield _Edit(anchor.end, anchor.end, ",")
        yield _Edit(note.end(), note.end(), f",{written}" if again else written)

    def _inserted(self, node: Node, around: tuple[Part, Part | None], value: str) -> _Edit:
        """Return the insertion of a part after another one, or before the first."""
        first, anchor = around
        parts = [*node.children]
        gap, separator = self._gap(node, parts), self._separator(node, parts)
        if anchor is None:
            return _Edit(first.begin, first.begin, f"{value}{separator}{gap}")
        at = anchor.end if separator else self._end_of_line(node, anchor)
        if separator and self._is_heredoc(node, anchor):  # nothing else may be on its last line
            separator = self.layout.newline + ("" if isinstance(node.parts, dict) else ",")
        return _Edit(at, at, f"{separator}{gap}{value}")

    def _removed(self, node: Node, parts: Sequence[Part], kept: Collection[int], path: Path) -> Iterator[_Edit]:
        """Yield the removal of each run of parts that are not kept, with one comma for each."""
        before: Part | None = None
        run = list[Part]()
        places = {part.begin for part in parts if id(part) in kept}
        for part in parts:
            if id(part) not in kept:
                expressed = part.node.style is Style.FIXED and part.node.parts is None and part.begin == part.node.begin
                if expressed or part.begin in places:
                    self.by_hand.append(path)  # what an expression adds, alone or with what is kept
                    continue
                run.append(part)
                continue
            if run:
                yield _Edit(run[0].begin, part.begin, "")
            before, run = part, []
        if run and before is not None:
            if not self._separator(node, parts):
                yield _Edit(self._end_of_line(node, before), self._end_of_line(node, run[-1]), "")
            else:
                yield _Edit(before.end, run[-1].end, self.layout.newline if self._is_heredoc(node, before) else "")

    # --- replacing ----------------------------------------------------------------------------------------------------

    def _replaced(self, node: Node, wanted: Any, path: Path) -> Iterator[_Edit]:
        if node.marks and node.parts is None and self.text[node.begin] != '"':
            self.by_hand.append(path)
            return
        line = self.text.rfind("\n", 0, node.begin) + 1
        indented = re.compile(r"[ \t]*").match(self.text, line)
        margin = indented[0] if indented and self.layout.indent is not None else None
        style = Style.YAML if node.style is Style.BLOCK else node.style
        quote = self.text[node.begin : node.begin + 1]
        if style is Style.YAML and isinstance(wanted, str) and quote in {"'", '"'}:
            text = self.spelling.quoted(wanted, quote)
        else:
            text = self.spelling.value(wanted, None if is_flat(self.text, node) else margin, style, path)
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

    # --- layout -------------------------------------------------------------------------------------------------------

    def _separator(self, node: Node, parts: Sequence[Part]) -> str:
        match node.style:
            case Style.BLOCK:
                return ""
            case Style.HCL if isinstance(node.parts, dict):
                on_lines = "\n" in self._gap(node, parts)
                return "" if on_lines and all(_REST_OF_LINE.match(self.text, part.end) for part in parts) else ","
            case _:
                return ","

    def _gap(self, node: Node, parts: Sequence[Part]) -> str:
        """Return the blanks before a part, as those that are there have them."""
        if node.style is Style.BLOCK:
            return self.layout.newline + " " * (parts[0].begin - self.text.rfind("\n", 0, parts[0].begin) - 1)
        part = parts[min(1, len(parts) - 1)]
        before = self.text[: part.begin]
        gap = before[len(before.rstrip(" \t\r\n")) :]
        if gap or len(parts) > 1:
            in_order = node.style is not Style.HCL or not gap.strip(" \t")
            return gap if in_order else self.layout.newline + gap.rpartition("\n")[2]
        return self.layout.comma[1:] if node.style in {Style.JSON, Style.ESCAPED} else " "

    def _is_heredoc(self, node: Node, part: Part) -> bool:
        return node.style is Style.HCL and self.text.startswith("<<", part.node.begin)

    def _end_of_line(self, node: Node, part: Part) -> int:
        at = part.end
        rest = _REST_OF_LINE.match(self.text, at) if node.style is Style.HCL else None
        end = rest.end() - 1 if rest else self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > at and self.text[end - 1] == "\r" else end


def _differing(node: Node, wanted: Any, path: Path) -> Iterator[Path]:
    """Yield the paths of what differs in a value that is not changed here."""
    if same(node.value, wanted):
        return
    match node.parts, wanted:
        case dict() as parts, dict():
            for name in {**parts, **wanted}:
                if name in parts and name in wanted:
                    yield from _differing(parts[name].node, wanted[name], (*path, name))
                else:
                    yield (*path, name)
        case list() as parts, list() if len(parts) <= len(wanted) and all(map(name_of, wanted)):
            found = matched([part.node.value for part in parts], wanted)
            for index, item in enumerate(wanted):
                below = (*path, _step(item))
                if index in found:
                    yield from _differing(parts[found[index]].node, item, below)
                else:
                    yield below
        case _:
            yield path


def _step(item: Any) -> str:
    """Return how a path names an item of a list; nothing if it has no name."""
    return (name_of(item) or "").partition(" ")[2]
