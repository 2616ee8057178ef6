"""A text within a text: a collector's configuration in a variable or parameter, with its places in the outer text."""

import json
from collections.abc import Sequence
from dataclasses import replace

from cli.sources import json_text, yaml_text
from cli.sources.nodes import Node, Part, Style, moved


def configuration_in(text: str, written: Node) -> Node | None:
    """Return the configuration that a text holds, with its places; None if it is not YAML or they are not known."""
    marks = marks_of(text, written)
    if marks is None or len(marks) != len(written.value) + 1:
        return None
    try:
        found = yaml_text.node_of(written.value)
    except yaml_text.NotYaml:
        return None
    return None if found is None else moved(found, lambda at: marks[min(at, len(marks) - 1)], Style.FIXED)


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
    marks = node.marks or [node.begin] * (len(node.value) + 1)
    if len(marks) != len(node.value) + 1:
        marks = [node.begin] * (len(node.value) + 1)
    found = moved(json_text.node_of(node.value), lambda at: marks[min(at, len(marks) - 1)])
    return _opened(found, node, Style.ESCAPED if _is_escaped(node.value, marks) else Style.JSON)


def _is_escaped(text: str, marks: Sequence[int]) -> bool:
    """Return whether quotation marks have a backslash before them."""
    at = text.find('"')
    return at >= 0 and marks[at + 1] - marks[at] > 1


def _opened(node: Node, whole: Node, style: Style) -> Node:
    """Return a value within a text that is a template: what comes of an expression is fixed, and may be open."""
    match node.parts:
        case dict() as parts:
            inner = {name: Part(part.begin, _opened(part.node, whole, style)) for name, part in parts.items()}
            return replace(node, parts=inner, style=style)
        case list() as parts:
            return replace(
                node, parts=[Part(part.begin, _opened(part.node, whole, style)) for part in parts], style=style
            )
        case None:
            pass
    written = json.dumps(node.value)
    length = len(written) if style is Style.JSON else len(json.dumps(written)) - 2  # its own quotation marks
    plain = node.end - node.begin == length and whole.marks
    text = node.value if isinstance(node.value, str) else ""
    return replace(node, style=style if plain else Style.FIXED, open=text if whole.open and "${" in text else "")
