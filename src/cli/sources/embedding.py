"""A text within a text: a collector's configuration in a variable or parameter, with its places in the outer text."""

from collections.abc import Sequence

from cli.sources import json_text, yaml_text
from cli.sources.nodes import Node, Style, moved


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
