"""Parse the arguments of a command."""

from argparse import ArgumentParser, ArgumentTypeError, HelpFormatter, Namespace
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

from cli.grammar import Argument, Command, HelpWanted, Many, Misunderstood, NotOfThisForm, Takes


def parsed(command: Command, given: Sequence[str]) -> Namespace:
    """Return the values of the arguments; raise Misunderstood with a sentence, or HelpWanted."""
    parser = _Parser(
        prog=f"outrider {command.name}",
        formatter_class=partial(HelpFormatter, width=80),  # without a width it loads shutil, and all that is in it
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("--help", "-h", action="store_true")
    for each in command.arguments:
        _add(parser, each)
    if {"--help", "-h"} & {*given[: given.index("--") if "--" in given else None]}:
        raise HelpWanted
    return parser.parse_intermixed_args(given)


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Misunderstood(f"{message[0].upper()}{message[1:].rstrip('.')}. See {self.prog} --help.")


def _add(parser: ArgumentParser, each: Argument) -> None:
    more: dict[str, Any] = {"default": each.default}
    if each.takes is Takes.NOTHING:
        more["action"] = "store_true"
    else:
        more |= {"type": _reader(each), "metavar": each.shown}
        if each.choices:
            more["choices"] = each.choices
        if each.many is Many.ANY and each.name:
            more |= {"action": "extend", "default": list[object]()}
        elif each.many is not Many.ONE:
            more["nargs"] = each.many.value
    if each.name:
        parser.add_argument(each.name, dest=each.into, required=each.required, **more)
    else:
        parser.add_argument(each.into, **more)


def _reader(each: Argument) -> Callable[[str], object]:
    def read(text: str) -> object:
        try:
            return each.read(text)
        except NotOfThisForm as error:
            raise ArgumentTypeError(str(error)) from None

    return read
