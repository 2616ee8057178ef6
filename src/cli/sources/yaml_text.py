"""YAML with the places of its values: data alone, bounded, with the short forms of CloudFormation's functions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import yaml

from cli.sources.json_text import DEEPEST
from cli.sources.nodes import Node, Part, Style, with_parts

_MOST_NODES = 500_000
"""Far above any document of people; aliases cannot make more of a small one."""
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})")
_FRACTION = re.compile(r"[-+]?\d{1,30}\.\d{0,30}(?:[eE][-+]?\d{1,2})?")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
# What precedes an item of a block sequence: blanks, comments, which may have a `-` of their own, and its `-`.
_ENTRY = re.compile(r"(?:[^#-]++|#[^\n]*+)*+-")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NotYaml(Exception):
    """The text is not YAML; the message says what is wrong, and line and column (from 1) say where."""

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(what)
        self.line, self.column = line, column


def node_of(text: str) -> Node | None:
    """Return the first document of a text; None if there is none. Raises NotYaml."""
    return next((node for _, node in documents_of(text)), None)


def documents_of(text: str) -> Iterator[tuple[int, Node]]:
    """Yield where each document of a text begins, and the document. Raises NotYaml."""
    try:
        yield from _Reader(text).documents()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise NotYaml(error.problem or "it cannot be parsed", line, column) from None
    except (yaml.YAMLError, ValueError):
        raise NotYaml("it cannot be parsed", 1, 1) from None


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an alias repeats; of how many nodes it is, and how many levels are below it, each alias in it followed."""

    node: Node
    size: int
    height: int


class _Reader:
    """Makes nodes from the events of PyYAML's parser."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))
        self.anchors = dict[str, _Anchored]()
        self.count = 0
        self.deepest = 0

    def documents(self) -> Iterator[tuple[int, Node]]:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors = {}
                yield _begin(event), self._node(next(self.events), 0)

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                _refuse("an alias has no anchor before it", event)
            known = self.anchors[event.anchor]
            self._descend(event, depth + known.height)
            self.count += known.size
            if self.count > _MOST_NODES:
                _refuse("too much of it is repeated by aliases", event)
            return replace(known.node, begin=_begin(event), end=_end(event))
        outer, before = self.deepest, self.count
        self.deepest = 0
        self._descend(event, depth)
        self.count += 1
        found = self._tagged(event, self._plain(event, depth))
        if event.anchor is not None:
            # A change would change the other places, too.
            found = _fixed(found)
            self.anchors[event.anchor] = _Anchored(found, self.count - before, self.deepest - depth)
        self.deepest = max(outer, self.deepest)
        return found

    def _descend(self, event: Any, depth: int) -> None:
        if depth > DEEPEST:
            _refuse("it is nested too deeply", event)
        self.deepest = max(self.deepest, depth)

    def _tagged(self, event: Any, found: Node) -> Node:
        """Return a node; `!Ref x` as the object that it is short for."""
        tag = event.tag or ""
        if not tag.startswith("!") or tag == "!":
            return found
        name = tag[1:] if tag in {"!Ref", "!Condition"} else f"Fn::{tag[1:]}"
        if name == "Fn::GetAtt" and isinstance(found.value, str):
            found = replace(found, value=found.value.split(".", 1), style=Style.FIXED)
        begin = _begin(event)
        return Node(begin, found.end, {name: found.value}, {name: Part(begin, found)}, Style.YAML)

    def _plain(self, event: Any, depth: int) -> Node:
        begin = _begin(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, begin)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, begin, depth)
        return self._mapping(event, begin, depth)

    def _sequence(self, event: Any, begin: int, depth: int) -> Node:
        block, parts, before = not event.flow_style, list[Part](), begin
        if event.anchor is not None or event.tag:
            before += len(_PROPERTIES.match(self.text, begin)[0])  # type: ignore[index] # it matches every text
        while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
            node = self._node(item, depth + 1)
            start = _begin(item)
            entry = _ENTRY.match(self.text, before, start) if block else None
            parts.append(Part(start if entry is None else entry.end() - 1, node))
            before = max(node.end, _end(item))  # an alias has its anchor's place
        end = _end(item)
        if block and parts:
            begin, end = parts[0].begin, parts[-1].end
        return Node(begin, end, [part.node.value for part in parts], parts, Style.BLOCK if block else Style.YAML)

    def _mapping(self, event: Any, begin: int, depth: int) -> Node:
        block = not event.flow_style
        parts, merged = dict[str, Part](), dict[str, Part]()
        while not isinstance(key := next(self.events), yaml.MappingEndEvent):
            name = key.value if isinstance(key, yaml.ScalarEvent) else f"?{self._node(key, depth + 1).value}"
            node = self._node(next(self.events), depth + 1)
            if name == "<<" and not key.style:
                merged |= _merged(node)
            elif name in parts:
                _refuse(f"the key {name[:60]!r} stands twice", key)
            else:
                parts[name] = Part(_begin(key), node)
        end = _end(key)
        if block and parts:
            begin, end = min(part.begin for part in parts.values()), max(part.end for part in parts.values())
        everything = {name: part for name, part in merged.items() if name not in parts} | parts
        value = {name: part.node.value for name, part in everything.items()}
        found = Node(begin, end, value, everything, Style.BLOCK if block else Style.YAML)
        return _fixed(found) if any(self._is_explicit(part.begin) for part in parts.values()) else found

    def _is_explicit(self, key: int) -> bool:
        """Return whether a key has its mark `?`, as few do: `? name`, or on a line of its own before it."""
        line = self.text.rfind("\n", 0, key) + 1
        before = self.text[line:key].strip()
        if not before and line:
            before = self.text[self.text.rfind("\n", 0, line - 1) + 1 : line].strip("- \t\r\n")
            return before == "?"
        return before.endswith("?")

    def _scalar(self, event: Any, begin: int) -> Node:
        end = _end(event)
        if event.anchor is not None or event.tag:
            begin += len(_PROPERTIES.match(self.text[begin:end])[0])  # type: ignore[index] # it matches every text
        if event.style in {"|", ">"}:
            kept = self.text[begin:end].rstrip()
            is_one_line = "\n" not in event.value and "#" not in kept.partition("\n")[0]
            style = Style.YAML if is_one_line else Style.FIXED
            return Node(begin, begin + len(kept), event.value, None, style)
        return Node(begin, end, _value(event), None, Style.YAML)


def _begin(event: Any) -> int:
    return int(event.start_mark.index)


def _end(event: Any) -> int:
    return int(event.end_mark.index)


def _merged(node: Node) -> dict[str, Part]:
    """Return the members of what `<<` names; no change is written to them."""
    sources = [node] if isinstance(node.parts, dict) else [*node.below()]
    found = dict[str, Part]()
    for source in sources:
        found = {name: Part(part.begin, _fixed(part.node)) for name, part in source.members().items()} | found
    return found


def _refuse(what: str, event: Any) -> NoReturn:
    mark = event.start_mark
    raise NotYaml(what, mark.line + 1, mark.column + 1)


def _fixed(node: Node) -> Node:
    """Return a node that no change may be written to, with all below it. What is fixed already is not copied again."""
    if node.style is Style.FIXED:
        return node
    parts = with_parts(node.parts, lambda part: replace(part, node=_fixed(part.node)))
    return replace(node, parts=parts, style=Style.FIXED)


def _value(event: Any) -> Any:
    text = str(event.value)
    if event.style or event.tag:
        return text
    if text in _NULLS:
        return None
    if text in {text.lower(), text.upper(), text.capitalize()} and text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text


def marks_of(text: str, node: Node) -> list[int] | None:
    """Return the place of each character of a text, and of its end; None if they do not follow one another."""
    written = text[node.begin : node.end]
    if written == node.value:
        return [*range(node.begin, node.end + 1)]
    if written[:1] == "'" and "\n" not in written:
        return [*_single_quoted(text, node)]
    if written[:1] != "|":
        return None
    return _literal(text, node)


def _single_quoted(text: str, node: Node) -> Iterator[int]:
    at = node.begin + 1
    while at < node.end - 1:
        yield at
        at += 2 if text.startswith("''", at) else 1
    yield node.end - 1


def _literal(text: str, node: Node) -> list[int] | None:
    """Return the places of a literal block's characters: its lines, without their indentation."""
    at = text.find("\n", node.begin) + 1
    rows = str(node.value).splitlines(keepends=True)
    indent = next((len(row) - len(row.lstrip(" ")) for row in text[at : node.end].splitlines() if row.strip()), 0)
    own = next((len(row) - len(row.lstrip(" ")) for row in rows if row.strip()), 0)
    indent -= own
    marks = list[int]()
    for row in rows:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        begin = min(at + indent, end)
        marks += [min(begin + n, len(text)) for n in range(len(row))]
        at = end + 1
    return [*marks, min(at, len(text))]
