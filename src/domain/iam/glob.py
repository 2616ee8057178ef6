"""IAM's wildcards: matching one text, covering a whole pattern, overlapping one.

A glob is a str in which MANY stands for `*` and ONE for `?`, so that a literal asterisk (`${*}` in a policy) keeps its
own character. Wildcards cross `/` and `:`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from domain.iam.truth import Truth

MANY = "\x00"
ONE = "\x01"
ARN_COLONS = 5
"""The colons before the last part of an ARN."""

_OTHER = "\x02"  # a character that no glob names: only a wildcard matches it

_STATES_AT_MOST = 20_000
"""A pattern that is built to be expensive gets the answer "cannot be decided" instead of a hanging function."""


def encode(text: str) -> str:
    """Reads `*` and `?` as wildcards."""
    return collapse(text.replace("*", MANY).replace("?", ONE))


def collapse(glob: str) -> str:
    """`**` means the same as `*`; the matchers below rely on there being no two in a row."""
    while MANY + MANY in glob:
        glob = glob.replace(MANY + MANY, MANY)
    return glob


def is_literal(glob: str) -> bool:
    """Whether it has no wildcards, and so matches itself only."""
    return MANY not in glob and ONE not in glob


def regex_source(glob: str) -> str:
    """A regular expression for fullmatch, with DOTALL, in time linear in the text.

    Each inner part is found at its first place and never given back (an atomic group): parts have a fixed length, so
    the first place is as good as any, and no pattern can make the match backtrack.
    """
    parts = ["".join("." if char == ONE else re.escape(char) for char in part) for part in glob.split(MANY)]
    if len(parts) == 1:
        return parts[0]
    first, *inner, last = parts
    return first + "".join(f"(?>.*?{part})" for part in inner) + f".*{last}"


def any_matcher(globs: Iterable[str]) -> re.Pattern[str]:
    """Matches (by fullmatch) what any of the globs matches."""
    return re.compile("|".join(f"(?:{regex_source(glob)})" for glob in globs), re.DOTALL)


@lru_cache(maxsize=4096)
def _matcher(glob: str) -> re.Pattern[str]:
    return re.compile(regex_source(glob), re.DOTALL)


def matches(glob: str, text: str) -> bool:
    """Whether a literal text is matched."""
    return _matcher(glob).fullmatch(text) is not None


def relation(glob: str, other: str) -> Truth:
    """True if `glob` matches everything that `other` does, False if they share nothing, else None.

    For an `other` without wildcards this is plain matching, and never None.
    """
    if glob == other:
        return True
    if is_literal(other):
        return not is_literal(glob) and matches(glob, other)
    return _pattern_relation(glob, other)


@lru_cache(maxsize=16384)
def _pattern_relation(glob: str, other: str) -> Truth:
    if not overlaps(glob, other):
        return False
    return True if covers(glob, other) else None


class _Positions:
    """The places in a glob that a text read so far may have led to, as bits of an int."""

    __slots__ = ("_fixed", "_jokers", "accept", "every", "stars", "start")

    def __init__(self, glob: str) -> None:
        glob = collapse(glob)
        self.stars = self._jokers = 0
        self._fixed: dict[str, int] = {}
        for at, char in enumerate(glob):
            if char == MANY:
                self.stars |= 1 << at
            elif char == ONE:
                self._jokers |= 1 << at
            else:
                self._fixed[char] = self._fixed.get(char, 0) | 1 << at
        self.accept = 1 << len(glob)
        self.every = (self.accept << 1) - 1
        self.start = self._settled(1)

    def _settled(self, places: int) -> int:
        return places | (places & self.stars) << 1  # a star may match nothing

    def after(self, places: int, char: str) -> int:
        moving = places & (self._jokers | self._fixed.get(char, 0))
        return self._settled(moving << 1 | places & self.stars)

    def after_any_char(self, places: int) -> int:
        moving = places & ~self.stars & ~self.accept
        return self._settled(moving << 1 | places & self.stars)


def covers(glob: str, other: str) -> bool:
    """Whether `glob` matches every text that `other` matches.

    Only the lengths of what `other`'s wildcards stand for matter: a text made of a character that neither names is the
    hardest of its length, since only wildcards match it. A pair beyond the bound on states counts as not covered.
    """
    positions = _Positions(glob)
    todo = [(0, positions.start)]
    seen = set(todo)
    while todo:
        at, places = todo.pop()
        if at == len(other):
            if not places & positions.accept:
                return False
            continue
        if not places or len(seen) > _STATES_AT_MOST:
            return False
        char = other[at]
        if char == MANY:
            following = [(at + 1, places), (at, positions.after(places, _OTHER))]
        elif char == ONE:
            following = [(at + 1, positions.after(places, _OTHER))]
        else:
            following = [(at + 1, positions.after(places, char))]
        for state in following:
            if state not in seen:
                seen.add(state)
                todo.append(state)
    return True


def overlaps(glob: str, other: str) -> bool:
    """Whether some text is matched by both."""
    positions = _Positions(glob)
    places = positions.start
    for char in other:
        if char == MANY:
            lowest = places & -places
            places = positions.every & ~(lowest - 1)  # whatever lies ahead can be reached by some text
        elif char == ONE:
            places = positions.after_any_char(places)
        else:
            places = positions.after(places, char)
        if not places:
            return False
    return bool(places & positions.accept)
