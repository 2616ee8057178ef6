"""What a command is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto


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
    """An operand. `into` is the name of its value, `shown` what --help calls it."""

    into: str
    text: str
    shown: str = ""
    takes: Takes = Takes.WORD
    many: Many = Many.ONE
    choices: tuple[str, ...] = ()
    default: object = ""
    read: Callable[[str], object] = str
    required: bool = False

    @property
    def name(self) -> str:
        """Return how it is given: by nothing but its place."""
        return ""

    @property
    def label(self) -> str:
        """Return how --help names it."""
        return f"{self.name} {self.shown}".strip()


@dataclass(frozen=True, slots=True)
class Option(Argument):
    """An option, which has the name of its value; `from_` is --from."""

    @property
    def name(self) -> str:
        return f"--{self.into.rstrip('_').replace('_', '-')}"


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


class HelpWanted(Exception):
    """--help was given."""


class Misunderstood(Exception):
    """The arguments are wrong; the message is a sentence."""


class NotOfThisForm(Exception):
    """A value is not of the form that its argument takes; the message is a clause."""
