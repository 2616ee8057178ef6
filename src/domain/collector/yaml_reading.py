"""The text of a collector configuration as plain frozen data: YAML as the collector reads it, safely and bounded.

PyYAML reads YAML 1.1; the collector reads with yaml.v3, where `yes`, `on` and dates are text and `0o17` is a number.
So only the event stream is PyYAML's (libyaml, where it is there); what a scalar means and what is refused is decided
here. Events come one by one, without recursion: neither depth nor aliases can exhaust the process.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NoReturn

import yaml

from domain.collector.reading import MAX_BYTES, MAX_DEPTH, MAX_NODES, ConfigurationUnreadable, Document, Value

_LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CORE_TAG = "tag:yaml.org,2002:"
# Tags that a configuration may spell out. Others of this namespace (python/…) make objects in some readers: refused.
_CORE_TAGS = frozenset(
    {"str", "int", "float", "bool", "null", "map", "seq", "binary", "timestamp", "merge", "set", "omap"}
)
_READ_AS_PLAIN = frozenset(_CORE_TAG + kind for kind in ("int", "float", "bool", "null"))
_WORDS: dict[str, Value] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".inf": float("inf"), ".Inf": float("inf"), ".INF": float("inf"),
    "+.inf": float("inf"), "+.Inf": float("inf"), "+.INF": float("inf"),
    "-.inf": float("-inf"), "-.Inf": float("-inf"), "-.INF": float("-inf"),
}  # fmt: skip
_NOT_A_NUMBER = frozenset({".nan", ".NaN", ".NAN"})
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_LONGEST_NUMBER = 64


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    anchor: str | None
    entries: dict[str, Value] | None  # None for a list
    items: list[Value] = field(default_factory=list)
    key: str | None = None
    lines: dict[str, int] = field(default_factory=dict)
    merged: Value = None
    merging: bool = False
    has_merge: bool = False
    nodes: int = 1
    height: int = 1

    @property
    def wants_key(self) -> bool:
        return self.entries is not None and self.key is None and not self.merging


def read(text: str) -> Document:
    """Read the first document of a configuration's text, which must be a mapping. Raises ConfigurationUnreadable."""
    _refuse_odd_text(text)
    return _Builder().build(text.removeprefix("\ufeff"))


def _refuse_odd_text(text: str) -> None:
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ConfigurationUnreadable(f"The configuration is longer than {MAX_BYTES // 1024} KiB; shorten it.")
    if not text.strip("\ufeff \t\r\n"):
        raise ConfigurationUnreadable("The configuration is empty; it needs at least a service with one pipeline.")
    if found := _FORBIDDEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        what = "a NUL character" if found.group() == "\0" else "a control or unpaired surrogate character"
        raise ConfigurationUnreadable(f"The text holds {what}, which YAML does not allow; take it out.", line, column)


def _events(text: str) -> Iterator[yaml.Event]:
    """Yield the parser's events and turn its errors into Outrider's: the parser's own texts may quote values."""
    try:
        loader = _LOADER(text)
        try:
            while (event := loader.get_event()) is not None and not isinstance(event, yaml.StreamEndEvent):
                yield event
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            raise ConfigurationUnreadable("The text is not valid YAML.") from None
        lines = text.splitlines()
        here = lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""
        raise ConfigurationUnreadable(_advice(str(error.problem), here), mark.line + 1, mark.column + 1) from None
    except (
        yaml.YAMLError,
        ValueError,
        OverflowError,
    ):  # the Python parser lets chr() fail on an escape like "\Uffffffff"
        raise ConfigurationUnreadable("The text is not valid YAML; a YAML checker shows where.") from None


def _advice(problem: str, here: str) -> str:
    if here == "\t":
        return "A tab stands where YAML wants spaces; indent with spaces."
    if here in {"%", "@", "`"}:
        return f"A plain value cannot begin with {here}; put it in quotes."
    if "mapping values are not allowed" in problem:
        return "A colon stands where no key can be; check the indentation, or quote the value that holds ': '."
    if "found unexpected end of stream" in problem:
        return "A quote or bracket is opened and never closed; close it."
    if "expected ',' or" in problem:
        return "A list or mapping in brackets is not well formed; close it, put commas between entries, quote { and [."
    if "did not find expected key" in problem or "expected <block end>" in problem or "indicator" in problem:
        return "The indentation fits no key or list above; align it with its neighbours."
    if "escape" in problem or "hexdecimal" in problem:
        return "A backslash in double quotes begins an escape that YAML does not know; write \\\\ or use single quotes."
    return "The text is not valid YAML here; check indentation, quotes and brackets."


_BYTES_OF_NODE = 4
"""A text without aliases has fewer values than its length divided by this."""


class _Builder:
    """Builds the frozen document from the parser's events."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Value, int, int]] = {}  # value, its nodes, how deep it is
        self._nodes, self._most = 0, MAX_NODES
        self._documents = 0
        self._top: Value = None

    def build(self, text: str) -> Document:
        """Read the events of the first document."""
        self._most = max(MAX_NODES, len(text) // _BYTES_OF_NODE)
        for event in _events(text):
            if self._documents and isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                break
            self._take(event)
        if not isinstance(self._top, Mapping):
            raise ConfigurationUnreadable(
                "The configuration is not a mapping; it needs keys such as receivers, exporters and service.", 1, 1
            )
        return Document(self._top, self._documents > 1)

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._start(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end(event)
            case yaml.AliasEvent():
                if (anchor := event.anchor or "") not in self._anchors:
                    self._refuse(
                        event, "An alias (*) names an anchor (&) that is not complete before it; define it above."
                    )
                value, nodes, height = self._anchors[anchor]
                self._count(event, nodes)
                self._check_depth(event, height)
                self._put(event, value, nodes, height)
            case yaml.DocumentStartEvent():
                self._documents += 1
            case _:
                pass

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._count(event, 1)
        self._check_tag(event, event.tag)
        above = self._stack[-1] if self._stack else None
        if above is not None and above.wants_key:
            self._take_key(event, above)
            return
        value = _meaning(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1, 0)
        self._put(event, value, 1, 0)

    def _take_key(self, event: yaml.ScalarEvent, above: _Open) -> None:
        if event.value == "<<" and event.implicit[0]:
            if above.has_merge:
                self._refuse(event, "A mapping has two merge keys (<<); give both in one list.")
            above.merging = above.has_merge = True
            return
        key = _meaning(event)
        if not isinstance(key, str):
            what = "empty" if key is None else "a number or true/false"
            self._refuse(event, f"A key is {what}; a key is a name: put it in quotes, or take it out.")
        line, _ = _place(event)
        if key in above.lines:
            self._refuse(event, f"This mapping already has the same key, at line {above.lines[key]}; keep one of them.")
        above.lines[key] = line
        above.key = key
        if event.anchor:
            self._anchors[event.anchor] = (key, 1, 0)

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._count(event, 1)
        self._check_tag(event, event.tag)
        above = self._stack[-1] if self._stack else None
        if above is not None and above.wants_key:
            self._refuse(
                event,
                "A mapping or list stands where a key must be; fill in placeholders such as {{name}}, or quote it.",
            )
        self._check_depth(event, 1)
        self._stack.append(_Open(event.anchor, {} if isinstance(event, yaml.MappingStartEvent) else None))

    def _end(self, event: yaml.Event) -> None:
        done = self._stack.pop()
        value: Value = tuple(done.items)
        if done.entries is not None:
            value = MappingProxyType(self._merge(event, done) if done.has_merge else done.entries)
        if done.anchor:
            self._anchors[done.anchor] = (value, done.nodes, done.height)
        self._put(event, value, done.nodes, done.height)

    def _merge(self, event: yaml.Event, done: _Open) -> dict[str, Value]:
        sources = done.merged if isinstance(done.merged, tuple) else (done.merged,)
        result: dict[str, Value] = dict(done.entries or {})
        for source in sources:
            if not isinstance(source, Mapping):
                self._refuse(
                    event, "A merge key (<<) in the mapping that ends here takes a mapping, or a list of mappings."
                )
            for key, value in source.items():
                result.setdefault(key, value)
        return result

    def _put(self, event: yaml.Event, value: Value, nodes: int, height: int) -> None:
        if not self._stack:
            self._top = value
            return
        above = self._stack[-1]
        above.nodes += nodes
        above.height = max(above.height, height + 1)
        if above.entries is None:
            above.items.append(value)
        elif above.merging:
            above.merged, above.merging = value, False
        elif above.key is not None:
            above.entries[above.key], above.key = value, None
        else:  # an alias as a key
            self._refuse(event, "An alias (*) stands where a key must be; write the key out.")

    def _count(self, event: yaml.Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > self._most:
            self._refuse(
                event, f"The configuration has more than {self._most:,} values with its aliases written out; use fewer."
            )

    def _check_depth(self, event: yaml.Event, height: int) -> None:
        if len(self._stack) + height > MAX_DEPTH:
            self._refuse(event, f"Lists and mappings lie more than {MAX_DEPTH} deep in each other; flatten them.")

    def _check_tag(self, event: yaml.Event, tag: str | None) -> None:
        if tag and tag.startswith(_CORE_TAG) and tag.removeprefix(_CORE_TAG) not in _CORE_TAGS:
            self._refuse(event, "A tag (!!…) asks for an object that a configuration cannot hold; take the tag out.")

    @staticmethod
    def _refuse(event: yaml.Event, sentence: str) -> NoReturn:
        raise ConfigurationUnreadable(sentence, *_place(event))


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _meaning(event: yaml.ScalarEvent) -> Value:
    """What yaml.v3 makes of a scalar: quoted ones and those with a local tag (!Ref) are text."""
    text = event.value
    return _plain(text) if event.implicit[0] or event.tag in _READ_AS_PLAIN else text


def _plain(text: str) -> Value:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if text in _NOT_A_NUMBER:
        return float("nan")
    plain = text.replace("_", "")
    if len(plain) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(plain):
        number = _integer(plain)
        if -(2**63) <= number < 2**64:
            return number
    if _FLOAT.fullmatch(plain):
        return float(plain)
    return text


def _integer(plain: str) -> int:
    digits = plain.lstrip("+-")
    sign = -1 if plain[0] == "-" else 1
    if len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567":
        return sign * int(digits, 8)  # yaml.v3 keeps YAML 1.1's octals: 010 is eight
    return sign * int(digits, 0)
