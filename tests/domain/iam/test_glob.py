"""IAM's wildcards, against brute force over every short text of a small alphabet."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.iam.glob import any_matcher, covers, encode, matches, overlaps, relation
from tests.profiles import examples

PATTERNS = st.text("ab*?", max_size=6)
# "c" stands for every character that no pattern names. A glob of six places tells no two texts apart beyond that length
# but by how many more characters they have; nine are enough for two of them.
TEXTS = ["".join(letters) for length in range(8) for letters in product("abc", repeat=length)]


def as_regex(pattern: str) -> re.Pattern[str]:
    """The naive reading, for texts short enough that backtracking does no harm."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def language(pattern: str) -> set[str]:
    naive = as_regex(pattern)
    return {text for text in TEXTS if naive.fullmatch(text)}


@examples(300)
@given(PATTERNS)
def test_matching_is_what_the_naive_reading_says(pattern: str) -> None:
    glob = encode(pattern)
    assert {text for text in TEXTS if matches(glob, text)} == language(pattern)


@examples(100)
@given(st.lists(PATTERNS, min_size=1, max_size=3))
def test_one_matcher_for_several_patterns_matches_their_union(patterns: list[str]) -> None:
    matcher = any_matcher(encode(pattern) for pattern in patterns)
    assert {text for text in TEXTS if matcher.fullmatch(text)} == set().union(*map(language, patterns))


@examples(600)
@given(st.text("ab*?", max_size=4), st.text("ab*?", max_size=4))
def test_covering_and_overlapping_are_inclusion_and_intersection(pattern: str, other: str) -> None:
    one, two = language(pattern), language(other)
    assert covers(encode(pattern), encode(other)) is (two <= one)
    assert overlaps(encode(pattern), encode(other)) is bool(one & two)


@given(PATTERNS, PATTERNS)
def test_relation_says_covered_apart_or_partly(pattern: str, other: str) -> None:
    one, two = encode(pattern), encode(other)
    expected = True if covers(one, two) else None if overlaps(one, two) else False
    assert relation(one, two) is expected


@given(PATTERNS)
def test_everything_covers_any_pattern_and_any_pattern_itself(pattern: str) -> None:
    assert relation(encode("*"), encode(pattern)) is True
    assert relation(encode(pattern), encode(pattern)) is True


@pytest.mark.parametrize(
    ("pattern", "other", "expected"),
    [
        ("log-group:/x:*", "log-group:/x:log-stream:*", True),
        ("log-group:/x", "log-group:/x:log-stream:*", False),
        ("log-group:/x:log-stream:ecs*", "log-group:/x:log-stream:*", None),
        ("secret:a-*", "secret:a-??????", True),
        ("secret:a-??????", "secret:a-*", None),
        ("a?*", "a*", None),  # "a" itself is left out
        ("*?*", "?", True),
        ("**", "*", True),
        ("a" * 40 + "*", "a" * 40, True),
    ],
)
def test_relations_that_tasks_meet(pattern: str, other: str, *, expected: bool | None) -> None:
    assert relation(encode(pattern), encode(other)) is expected


def test_a_wildcard_crosses_slashes_colons_and_lines() -> None:
    assert matches(encode("a*z"), "a/b:c\nz")
    assert matches(encode("a?z"), "a:z")
    assert matches(encode("a?z"), "a\nz")


def test_a_regular_expressions_own_characters_are_plain_text() -> None:
    assert matches(encode("a.b[c]*"), "a.b[c]+")
    assert not matches(encode("a.b"), "axb")


def test_a_pattern_made_to_be_expensive_is_answered_quickly_and_cautiously() -> None:
    nasty = encode("*a" * 60 + "b")
    assert not matches(nasty, "a" * 4000)
    # Which of the last places held an "a" makes 2**40 cases. Covered in truth; "partly" is the cautious answer.
    assert relation(encode("*a" + "?" * 40 + "*"), encode("a*" * 60)) in {True, None}
    assert relation(encode("*a" + "?" * 40), encode("a*" * 60)) is None
    assert not covers(encode("?" * 30_000 + "*"), encode("*"))
    assert not covers(encode("*?" * 3 + "a" * 9), encode("*" + "a" * 9))
