"""Edits make one document of another, whatever the two are, and copy what is there rather than say it."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ecs.edits import Copy, Edit, Remove, Set, edits, same
from tests.strategies import json_values

names = st.sampled_from(["name", "cpu", "environment", "x", "y z"])
documents = st.recursive(
    json_values,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
bodies = st.dictionaries(names, documents, max_size=4)
things = st.lists(st.builds(lambda name, cpu: {"name": name, "cpu": cpu}, st.sampled_from("abcdef"), json_values))


def applied(steps: tuple[Edit, ...], document: Any) -> Any:
    """What the edits make of a document: no more than their words say."""
    source, found = copy.deepcopy(document), copy.deepcopy(document)
    for step in steps:
        *way, last = step.path
        parent = _at(found, way)
        match step:
            case Remove():
                del parent[last]
            case Set(value=value):
                _put(parent, last, copy.deepcopy(value))
            case Copy(source=place):
                _put(parent, last, copy.deepcopy(_at(source, place)))
    return found


def _at(thing: Any, path: Any) -> Any:
    for step in path:
        thing = thing[step]
    return thing


def _put(parent: Any, last: Any, value: Any) -> None:
    if isinstance(parent, list) and last == len(parent):
        parent.append(value)
    else:
        parent[last] = value


@given(bodies, bodies)
def test_the_edits_of_two_documents_make_the_one_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert same(applied(edits(before, after), before), after)


@given(things, things)
def test_lists_of_named_things_as_well(before: list[Any], after: list[Any]) -> None:
    one, other = {"containerDefinitions": before}, {"containerDefinitions": after}
    assert same(applied(edits(one, other), one), other)


@given(bodies)
def test_there_is_nothing_to_do_for_what_is_the_same(body: dict[str, Any]) -> None:
    assert edits(body, copy.deepcopy(body)) == ()


A, B, C = ({"name": name, "secret": name * 3} for name in "abc")


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ({"a": 1}, {"a": True}, (Set(("a",), value=True),)),
        ({"a": 1, "b": 2}, {"b": 2, "c": 3}, (Remove(("a",)), Set(("c",), 3))),
        ({"l": [A, B]}, {"l": [A, B, C]}, (Set(("l", 2), C),)),
        ({"l": [A, B, C]}, {"l": [B]}, (Remove(("l", 2)), Remove(("l", 0)))),
        ({"l": [A, B]}, {"l": [B, A]}, (Set(("l",), []), Copy(("l", 0), ("l", 1)), Copy(("l", 1), ("l", 0)))),
        (
            {"l": [A, B]},
            {"l": [C, B | {"secret": "x"}]},
            (Set(("l",), []), Set(("l", 0), C), Copy(("l", 1), ("l", 1)), Set(("l", 1, "secret"), "x")),
        ),
        ({"l": [A]}, {"l": [A | {"secret": "x"}]}, (Set(("l", 0, "secret"), "x"),)),
        ({"l": ["a", "b"]}, {"l": ["b", "c"]}, (Remove(("l", 0)), Set(("l", 1), "c"))),
        ({"l": []}, {"l": [A]}, (Set(("l",), [A]),)),
    ],
)
def test_what_is_there_is_left_or_copied(before: Any, after: Any, wanted: tuple[Edit, ...]) -> None:
    assert edits(before, after) == wanted
