"""A text within a text: a collector's configuration in a variable or parameter, with its places in the outer text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cli.sources import json_text, yaml_text
from cli.sources.nodes import Node, Part, Style, moved, with_parts


def configuration_in(text: str, written: Node) -> Node | None:
    """Return the configuration that a text holds, with its places; None if it is not YAML or they are not known."""
    marks = marks_of(text, written)
    if marks is None or len(marks) != len(written.value) + 1:
        return None
    try:
        found = yaml_text.node_of(written.value)
    except yaml_text.NotYaml:
        return None
    return None if found is None else moved(found, lambda at: marks[min(at, len(marks) - 1)])


def marks_of(text: str, written: Node) -> Sequence[int] | None:
    """Return the place of each character of a text, and of its end; None if they are not known."""
    if written.marks:
        return written.marks
    if text[written.begin : written.begin + 1] == '"' and "\n" not in text[written.begin : written.end]:
        return json_text.marks_of(text, written)
    return yaml_text.marks_of(text, written)


def json_within(node: Node) -> Node:
    """Return the value that a JSON text holds, with its places; the node itself if it is no JSON."""
    if not isinstance(node.value, str) or not node.value.strip():
        return node
    try:
        content = json.loads(node.value, object_pairs_hook=json_text.unique)
    except (ValueError, RecursionError, json_text.Repeated):
        return node
    if json_text.depth_exceeds(content, json_text.DEEPEST):
        return node
    marks = node.marks
    if len(marks) != len(node.value) + 1:  # the text is computed, or in another file: nothing of it is written here
        marks = [node.begin] * (len(node.value) + 1)
    outer = _Outer(node, marks, Style.ESCAPED if _is_escaped(node.value, marks) else Style.JSON)
    return outer.placed(json_text.node_of(node.value))


@dataclass(frozen=True, slots=True)
class _Outer:
    """A text that holds JSON, the places of its characters, and how what is written in it is written."""

    whole: Node
    marks: Sequence[int]
    style: Style

    def placed(self, node: Node) -> Node:
        """Return a value with its places in the outer text: what comes of an expression is fixed, and may be open."""
        begin, end = self._at(node.begin), self._at(node.end)
        style = self.style if begin < self._at(node.begin + 1) else Style.FIXED
        if node.parts is not None:
            return replace(node, begin=begin, end=end, parts=with_parts(node.parts, self._part), style=style)
        written = json.dumps(node.value)
        length = len(written) if self.style is Style.JSON else len(json.dumps(written)) - 2  # its own quotation marks
        plain = end - begin == length
        text = node.value if isinstance(node.value, str) else ""
        open_ = text if self.whole.open and "${" in text else ""
        return replace(node, begin=begin, end=end, style=self.style if plain else Style.FIXED, open=open_)

    def _part(self, part: Part) -> Part:
        return Part(self._at(part.begin), self.placed(part.node))

    def _at(self, inner: int) -> int:
        return self.marks[min(inner, len(self.marks) - 1)]


def _is_escaped(text: str, marks: Sequence[int]) -> bool:
    """Return whether quotation marks have a backslash before them."""
    at = text.find('"')
    return at >= 0 and marks[at + 1] - marks[at] > 1
