"""How the values of a task definition are written: in JSON, in a text within JSON, in YAML (flow and block), in HCL."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import unquote

from cli.sources.nodes import Node, Part, Path, Style

_WIDEST = 80  # characters of an object that is added on one line
_PLAIN = re.compile(r"[A-Za-z_/.][\w/.@+-]*(?::[\w/.@+-]+)*", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""What YAML does not read as text."""
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa1-\u1fff\u2070-\ud7ff\ue000-\ufdff]")
_KEY = re.compile(r"[\"']?[\w./-]+[\"']?\s*[:=]\s*", re.ASCII)
_FUNCTION = re.compile(r"!(?!!)|\{|Fn::")
"""The beginning of one of CloudFormation's, of which one part may be what is meant."""
CHOICE = re.compile(r"!If\b|\bFn::If\b")
"""CloudFormation's choice: another deployment may have the other value."""
_ROOT = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+", re.ASCII)
"""What Terraform's references begin with."""
_OF_YAML = ">|&*"
"""The beginnings of texts that are as they are: blocks, anchors and aliases."""
_IDENTIFIER = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


class Unwritable(Exception):
    """The source has no expression for a value, which is known here only by a stand-in."""


class Dialect:
    """How names and values of a task definition are written in a source. This one writes them as the API has them."""

    def name(self, name: str, path: Path) -> str:
        """Return how a member's name is written in the object at a path of names."""
        del path
        return name

    def text(self, value: str, style: Style) -> str | None:
        """Return a text as an expression of the source; None if it is an ordinary text. Raises Unwritable."""
        del value, style
        return None

    def completed(self, written: str) -> str:
        """Return what is written, with what no language around it may escape."""
        return written


AS_THE_API: Final = Dialect()


def holds(value: str, stand_in: str) -> bool:
    """Return whether a text has a stand-in in it, with or without percent-encoding."""
    return stand_in in value or is_encoded(value, stand_in)


def computed_in(
    sources: Iterable[tuple[str, Node]], within: Callable[[str, str], str | None]
) -> Mapping[str, str | None]:
    """Return the family and the values of tags that a source computes, and how a text with them in it is written.

    They are None where that cannot be written, and where another member has the same text without an expression.
    `sources` are a task definition and its service, each with its file's text. `within` gives what is written in a text
    for an expression that has a value.
    """
    found, plain = dict[str, str | None](), set[str]()
    for text, node in sources:
        for part, key, is_chosen in _family_and_tags(text, node):
            value = part.node.value
            if not isinstance(value, str) or not value:
                continue
            written = _KEY.sub("", text[part.begin : part.node.end], count=1)
            if not is_chosen and not _is_computed(part.node, written):
                plain.add(value)
                continue
            if not written and (root := _ROOT.match(text, part.begin)):  # of an object that stands elsewhere
                written = f"{root[0]}.{key}"
            expression = within(written, value) if written and not is_chosen else None
            if expression is not None or "${" not in value:
                found[value] = expression if found.get(value, expression) == expression else None
    return {value: None if value in plain else expression for value, expression in found.items()}


def _family_and_tags(text: str, node: Node) -> Iterator[tuple[Part, str, bool]]:
    """Yield the family and the values of tags, each with its tag's key, and whether a condition chooses the tag."""
    if (family := node.members().get("family")) is not None:
        yield family, "", False
    if (tags := node.members().get("tags")) is None:
        return
    for tag in tags.node.children:
        if (value := tag.node.members().get("value")) is not None:
            is_chosen = any(CHOICE.search(text, each.begin, each.node.begin) for each in (tags, tag))
            yield value, str(tag.node.value.get("key")), is_chosen


def _is_computed(node: Node, written: str) -> bool:
    """Return whether what is written for a value is an expression, or elsewhere."""
    if not written:
        return True
    may_be = node.style is Style.FIXED or _FUNCTION.match(written) is not None
    return may_be and written[0] not in _OF_YAML and written.strip("\"'") != node.value


def with_computed(text: str, computed: Mapping[str, str | None]) -> str:
    """Return a text with expressions for the values in it, as of `service.name=web`, that are computed.

    Raises Unwritable where there is no expression: the value is that of one deployment.
    """

    def expression(found: re.Match[str]) -> str:
        written = computed[found[0]]
        if written is None:
            raise Unwritable
        return written

    values = "|".join(re.escape(value) for value in sorted(computed, key=len, reverse=True))
    return re.sub(rf"(?<==)(?:{values})(?=$|,)", expression, text) if values else text


def is_encoded(value: str, stand_in: str) -> bool:
    """Return whether a text has a stand-in with percent-encoding, where no expression can be written."""
    return unquote(value).count(stand_in) > value.count(stand_in)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text is laid out. `indent` is None where a document's members follow one another on its first line.

    `on_one_line` has the kinds of values, objects or lists, of which the text has one on one line.
    """

    newline: str
    indent: str | None
    colon: str
    comma: str
    ascii: bool
    on_one_line: frozenset[type]

    @classmethod
    def of(cls, text: str, root: Node) -> Self:
        """Return the layout of a document in a text."""
        own = text[root.begin : root.end]
        indented = re.match(r"[\[{][ \t]*\r?\n([ \t]*)", own)
        before = text[text.rfind("\n", 0, root.begin) + 1 : root.begin]
        margin = before[: len(before) - len(before.lstrip())]
        indent = ((indented[1].removeprefix(margin)) or "  ") if indented else None
        colon, comma = (": ", ", ") if indented or re.search(r'": ', own) else (":", ",")
        flat = frozenset(type(node.value) for node in _compounds(root) if is_flat(text, node))
        return cls("\r\n" if "\r\n" in text else "\n", indent, colon, comma, text.isascii(), flat)


@dataclass(frozen=True, slots=True)
class Spelling:
    """Writes values as the source has them, in the layout of its text."""

    layout: Layout
    dialect: Dialect

    def head(self, style: Style, name: str | None, path: Path) -> str:
        """Return what is written before a member's value; before an item's, without a name."""
        if name is None:
            return "- " if style is Style.BLOCK else ""
        return self._name(self.dialect.name(name, path), style) + self._sign(style)

    def _sign(self, style: Style) -> str:
        """Return what is written between a name and its value."""
        match style:
            case Style.HCL:
                return " = "
            case Style.BLOCK | Style.YAML:
                return ": "
            case Style.JSON | Style.ESCAPED | Style.FIXED:
                return self.layout.colon

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

    def value(self, value: Any, margin: str | None, style: Style, path: Path) -> str:
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
        if type(value) in self.layout.on_one_line and not nested and len(line) <= _WIDEST:
            return line
        return self._dumped(spelled, self.layout.indent or "  ").replace("\n", self.layout.newline + margin)

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
        comma = "," if indent is not None else self.layout.comma
        text = json.dumps(value, indent=indent, separators=(comma, self.layout.colon), ensure_ascii=self.layout.ascii)
        try:
            text.encode()
        except UnicodeEncodeError:  # half a surrogate pair: JSON allows it, no encoding does
            return json.dumps(value, indent=indent, separators=(comma, self.layout.colon))
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

    def quoted(self, text: str, quote: str) -> str:
        """Return a text of YAML within these quotation marks; within double ones if single ones cannot hold it."""
        if (expression := self.dialect.text(text, Style.YAML)) is not None:
            return expression
        single = quote == "'" and not _UNPRINTABLE.search(text)
        return "'" + text.replace("'", "''") + "'" if single else _quoted(text)

    def in_block(self, name: str | None, value: Any, margin: str, path: Path) -> str | None:
        """Return an entry of a block of YAML with a value of several lines; None if it is written on one line."""
        value = self._spelled(value, path)
        if not isinstance(value, dict | list) or not value:
            return None
        entry = [value] if name is None else {self.dialect.name(name, path[:-1]): value}
        return self.layout.newline.join(self._block(entry, margin)).removeprefix(margin)

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
        step = self.layout.newline + (margin or "")
        match value:
            case dict() if value:
                items = [(self._name(name, Style.HCL), item) for name, item in value.items()]
                line = "{ " + ", ".join(f"{name} = {self._hcl(item, None)}" for name, item in items) + " }"
                if margin is None or (len(line) <= _WIDEST and not any(isinstance(i, dict | list) for _, i in items)):
                    return line
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


def _escaped(text: str) -> str:
    """Return a text of JSON as it is written within quotation marks."""
    return json.dumps(text, ensure_ascii=text.isascii())[1:-1]


def _quoted(text: str) -> str:
    """Return a text in YAML's double quotes, which cannot hold every character that JSON's can."""
    return _UNPRINTABLE.sub(lambda found: f"\\U{ord(found[0]):08x}", json.dumps(text, ensure_ascii=False))


def is_flat(text: str, node: Node) -> bool:
    """Return whether a node has parts, and all of it is on one line."""
    return bool(node.parts) and "\n" not in text[node.begin : node.end]


def _compounds(node: Node) -> Iterator[Node]:
    """Yield the objects and lists."""
    if node.parts is not None:
        yield node
        for each in node.below():
            yield from _compounds(each)
