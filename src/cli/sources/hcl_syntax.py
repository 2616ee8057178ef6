"""The parts of a file in HCL: blocks, attributes and expressions, with their places."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any


class NotHcl(Exception):
    """The text is not HCL; the message says what is wrong, `at` where."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.at = at


class Kind(Enum):
    """What an expression is."""

    LITERAL = auto()
    TEMPLATE = auto()
    """Its `args` are texts (as literals) and expressions; `marks` has the places of the texts' characters."""
    OBJECT = auto()
    """Its `args` are keys and values in turn."""
    TUPLE = auto()
    REFERENCE = auto()
    """`value` is the root's name, `args` are the steps: literals for names, any expression for an index."""
    CALL = auto()
    """`value` is the function's name."""
    CONDITIONAL = auto()
    ESCAPED = auto()
    """Its one `args` is within a text of another language, with that one's escapes: no change of it is written."""
    OTHER = auto()
    """An operation, a `for` or a splat: it is not evaluated."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, and where it begins and ends."""

    kind: Kind
    begin: int
    end: int
    value: Any = field(default=None, repr=False)
    args: "tuple[Expression, ...]" = ()
    marks: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its type and labels, attributes by name with the places of their names, and blocks within."""

    kind: str
    labels: tuple[str, ...]
    begin: int
    end: int
    attributes: dict[str, tuple[int, Expression]]
    blocks: "tuple[Block, ...]"


def pairs(found: Expression) -> Iterator[tuple[Expression, Expression]]:
    """Yield the keys and values of an object."""
    yield from zip(found.args[::2], found.args[1::2], strict=True)
