"""Names as AWS allows them, and whether a pattern can match one at all."""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

_LETTERS = frozenset(string.ascii_letters + string.digits + "_-")
_DIGITS = frozenset(string.digits)
_LOWER = frozenset(string.ascii_lowercase)
_ACCOUNT_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Character:
    """A character of a name: one of these, or any if None; `many` for one or more of them."""

    of: frozenset[str] | None
    many: bool = False

    def takes(self, character: str) -> bool:
        """Whether this character may be there."""
        return self.of is None or character in self.of


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one kind: its noun, a clause about their form, and their parts."""

    noun: str
    form: str
    parts: tuple[Character, ...]

    def may_match(self, pattern: str) -> bool:
        """Whether some name matches the pattern."""
        places = {0}
        for mark in _marks(pattern):
            places = self._after(places, mark)
        return len(self.parts) in places

    def _after(self, places: set[int], mark: str) -> set[int]:
        """Return where a name may be read up to, after a part of the pattern."""
        if mark == "*":
            return set(range(min(places), len(self.parts) + 1)) if places else places
        return {end for place in places for end, part in self._next(place) if _fits(part, mark)}

    def _next(self, place: int) -> Iterator[tuple[int, Character]]:
        if place < len(self.parts):
            yield place + 1, self.parts[place]
        if place and self.parts[place - 1].many:
            yield place, self.parts[place - 1]


def _fits(part: Character, mark: str) -> bool:
    if mark == "?":
        return True
    if len(mark) == 1:
        return part.takes(mark)
    return part.of is None or any(fnmatchcase(character, mark) for character in part.of)


def _marks(pattern: str) -> Iterator[str]:
    """Yield what fnmatch reads as one: a wildcard, a set in brackets, a character."""
    at = 0
    while at < len(pattern):
        end = at + 1
        if pattern[at] == "[":
            first = at + 2 if pattern[at + 1 : at + 2] == "!" else at + 1
            closing = pattern.find("]", first + 1)
            end = closing + 1 if closing > 0 else end
        yield pattern[at:end]
        at = end


def _text(text: str) -> tuple[Character, ...]:
    return tuple(Character(frozenset(character)) for character in text)


_NAME = Character(_LETTERS, many=True)

ACCOUNTS = Names("account", "account numbers have 12 digits", (Character(_DIGITS),) * _ACCOUNT_DIGITS)
REGIONS = Names(
    "region",
    "regions are like eu-west-1, in lower case",
    (
        Character(_LOWER, many=True),
        *_text("-"),
        Character(_LOWER | {"-"}, many=True),
        *_text("-"),
        Character(_DIGITS, many=True),
    ),
)
CLUSTERS = Names("cluster", "write the name of the cluster without its ARN", (_NAME,))
FAMILIES = Names("family", "write the name of the family without revision or ARN", (_NAME,))
SERVICES = Names("service", "write the name of the service without its cluster", (_NAME,))
TITLES = Names("service", "a service is written `cluster/service`", (_NAME, *_text("/"), _NAME))
PARAMETERS = Names(
    "parameter", "write names such as /fargate/config, not ARNs", (Character(_LETTERS | frozenset("./"), many=True),)
)
ROLES = Names("role", "write the ARN of the role", (*_text("arn:"), Character(None, many=True)))


def owners(form: str) -> Names:
    """Return the names of one form: `CDK (*)`, in which the star is any text."""
    parts = [part for mark in form for part in ((Character(None, many=True),) if mark == "*" else _text(mark))]
    return Names("tool", form, tuple(parts))
