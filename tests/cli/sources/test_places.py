"""The places of a JSON text's values: all of them at once, or only those that are asked for."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cli.sources.json_text import node_for_places, node_of
from cli.sources.nodes import Node
from tests.profiles import examples

texts = st.text(max_size=4) | st.sampled_from(["\ud83d", 'q"\\', "a\r\nb", "\u2028", "1e5"])
contents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def places(node: Node) -> Any:
    """Where a node begins and ends, its value, and the same of its parts."""
    parts: Any = None
    match node.parts:
        case dict() as members:
            parts = [(name, part.begin, part.end, places(part.node)) for name, part in members.items()]
        case list() as items:
            parts = [(part.begin, part.end, places(part.node)) for part in items]
        case None:
            pass
    return node.begin, node.end, node.value, parts


def is_where_it_says(text: str, node: Node) -> bool:
    """Whether each part's text is its value, and the value is the part of the whole one: it is in memory once."""
    if json.loads(text[node.begin : node.end]) != node.value:
        return False
    keys = list(node.parts) if isinstance(node.parts, dict) else range(len(node.parts or ()))
    pairs = [(part.node, node.value[key]) for key, part in zip(keys, node.children, strict=True)]
    return all(part.value is value and is_where_it_says(text, part) for part, value in pairs)


@given(contents, st.booleans(), st.sampled_from([None, 0, 2, "\t"]), st.sampled_from(["\n", "\r\n"]))
@examples(150)
def test_all_places_are_those_that_are_asked_for(content: Any, ascii_: bool, indent: Any, end: str) -> None:  # noqa: FBT001 - hypothesis gives it
    text = end + json.dumps(content, ensure_ascii=ascii_, indent=indent).replace("\n", end) + end
    whole = node_of(text)
    assert is_where_it_says(text, whole)
    assert places(whole) == places(node_for_places(text))
