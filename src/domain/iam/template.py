"""Texts of a policy, with policy variables.

Facts: "IAM policy elements: variables and tags" in the IAM user guide.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from domain.iam.context import ABSENT, Context, Like
from domain.iam.glob import MANY, collapse, encode


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key}` or `${key, 'default'}`. key: in lower case."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy with its variables; literal pieces are globs."""

    pieces: tuple[str | Variable, ...]
    fixed: str | None = field(init=False, repr=False, compare=False)
    """The whole text, if it has no variables."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fixed", None if self.keys else self.literal)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(piece.key for piece in self.pieces if isinstance(piece, Variable))

    @property
    def literal(self) -> str:
        """The text without its variables."""
        return "".join(piece for piece in self.pieces if isinstance(piece, str))

    def resolve(self, context: Context) -> tuple[str | None, bool]:
        """The glob, and whether it is exact. None: a variable has no value, and nothing is equal to it.

        What is not known becomes `*`: no possible value escapes it.
        """
        if self.fixed is not None:
            return self.fixed, True
        exact = True
        texts = []
        for piece in self.pieces:
            if isinstance(piece, str):
                texts.append(piece)
                continue
            values = context.values(piece.key)
            if values == ABSENT:
                if piece.default is None:
                    return None, True
                value: str | Like = piece.default
            else:
                # Unknown, or several values, for which IAM defines nothing.
                value = values[0] if values and len(values) == 1 else Like("*")
            # Whether an asterisk in a value is a wildcard is not documented: it is not decided here either.
            if isinstance(value, Like) or "*" in value or "?" in value:
                exact = False
                texts.append(MANY)
            else:
                texts.append(value)
        return collapse("".join(texts)), exact


_VARIABLE = re.compile(r"\$\{\s*(?:([*?$])|([^{},'\s]+)\s*(?:,\s*'([^']*)'\s*)?)\s*\}")


def template(text: str, *, wildcards: bool, variables: bool) -> Template:
    """wildcards: whether `*` and `?` are such; variables: whether `${…}` is one (Version 2012-10-17 only)."""

    def literal(piece: str) -> str:
        return encode(piece) if wildcards else piece

    if not variables or "${" not in text:
        return Template((literal(text),))
    pieces: list[str | Variable] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        pieces += _unreadable(text[at : found.start()], literal)
        escaped, key, default = found.groups()
        pieces.append(escaped or Variable(key.lower(), default))
        at = found.end()
    pieces += _unreadable(text[at:], literal)
    return Template(tuple(piece for piece in pieces if piece != ""))


def _unreadable(text: str, literal: Callable[[str], str]) -> Iterator[str | Variable]:
    """A `${` that does not begin a variable could mean anything to IAM: it stays unknown up to the end of the piece."""
    before, opened, _ = text.partition("${")
    yield literal(before)
    if opened:
        yield Variable(text[len(before) :].lower(), None)
