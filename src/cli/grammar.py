"""What a command is made of, and how its arguments are parsed."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NoReturn


class Takes(Enum):
    """What an argument takes, for the shell's completion."""

    NOTHING = auto()
    WORD = auto()
    FILE = auto()
    RULE = auto()


class Many(Enum):
    """How often an operand is given, as argparse writes it."""

    ONE = None
    AT_MOST_ONE = "?"
    SOME = "+"
    ANY = "*"


@dataclass(frozen=True, slots=True)
class Argument:
    """One option, or an operand, which has no names. `into` is the name of its value, `shown` what --help calls it."""

    into: str
    text: str
    names: tuple[str, ...] = ()
    shown: str = ""
    takes: Takes = Takes.WORD
    many: Many = Many.ONE
    choices: tuple[str, ...] = ()
    default: object = ""
    read: Callable[[str], object] = str
    required: bool = False

    @property
    def label(self) -> str:
        """Return how --help names it."""
        return " ".join(filter(None, (", ".join(self.names), self.shown)))


@dataclass(frozen=True, slots=True)
class Command:
    """One command: the function that carries it out, by module and name, and its texts.

    The first paragraph of `text` is its summary in the list of commands.
    """

    name: str
    function: str
    usage: str
    text: str
    arguments: tuple[Argument, ...] = ()

    @property
    def summary(self) -> str:
        return self.text.partition("\n\n")[0]

    def parsed(self, given: Sequence[str]) -> Namespace:
        """Return the values of the arguments; raise Misunderstood with a sentence, or HelpWanted."""
        parser = _Parser(prog=f"outrider {self.name}", add_help=False, allow_abbrev=False)
        parser.add_argument("--help", "-h", action="store_true")
        for each in self.arguments:
            _add(parser, each)
        if {"--help", "-h"} & {*given[: given.index("--") if "--" in given else None]}:
            raise HelpWanted
        return parser.parse_intermixed_args(given)


class HelpWanted(Exception):
    """--help was given."""


class Misunderstood(Exception):
    """The arguments are wrong; the message is a sentence."""


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Misunderstood(f"{message[0].upper()}{message[1:].rstrip('.')}. See {self.prog} --help.")


def _add(parser: ArgumentParser, each: Argument) -> None:
    more: dict[str, Any] = {"default": each.default}
    if each.takes is Takes.NOTHING:
        more["action"] = "store_true"
    else:
        more |= {"type": each.read, "metavar": each.shown}
        if each.choices:
            more["choices"] = each.choices
        if each.many is Many.ANY and each.names:
            more |= {"action": "extend", "default": list[object]()}
        elif each.many is not Many.ONE:
            more["nargs"] = each.many.value
    if each.names:
        parser.add_argument(*each.names, dest=each.into, required=each.required, **more)
    else:
        parser.add_argument(each.into, **more)
