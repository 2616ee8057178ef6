"""Parse the arguments of a command."""

from argparse import Action, ArgumentError, ArgumentParser, ArgumentTypeError, HelpFormatter, Namespace
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

from cli.grammar import Argument, Command, HelpWanted, Many, Misunderstood, NotOfThisForm, Takes

_OPERAND = "\0"
"""Stands before an operand that follows `--`. argparse would take one that begins with a dash for an option."""


def parsed(command: Command, given: Sequence[str]) -> Namespace:
    """Return the values of the arguments; raise Misunderstood with a sentence, or HelpWanted.

    What follows `--` are operands, whatever they begin with.
    """
    parser = _Parser(
        prog=f"outrider {command.name}",
        formatter_class=partial(HelpFormatter, width=80),  # without a width it loads shutil, and all that is in it
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("--help", "-h", action="store_true")
    for each in command.arguments:
        _add(parser, each)
    end = [*given, "--"].index("--")
    if {"--help", "-h"} & {*given[:end]}:
        raise HelpWanted
    return parser.parse_intermixed_args([*given[:end], *(f"{_OPERAND}{each}" for each in given[end + 1 :])])


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        message = message.replace(_OPERAND, "")
        raise Misunderstood(f"{message[0].upper()}{message[1:].rstrip('.')}. See {self.prog} --help.")


class _Once(Action):
    """Keeps the one value of an option. Of two, nobody knows which one is meant."""

    found = False

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: object, option: str | None = None) -> None:
        del parser, option
        if self.found:
            raise ArgumentError(self, "it is given twice")
        self.found = True
        setattr(namespace, self.dest, values)


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
        elif each.name:
            more["action"] = _Once
        elif each.many is not Many.ONE:
            more["nargs"] = each.many.value
    if each.name:
        parser.add_argument(each.name, dest=each.into, required=each.required, **more)
    else:
        parser.add_argument(each.into, **more)


def _reader(each: Argument) -> Callable[[str], object]:
    def read(text: str) -> object:
        if each.name and text.startswith(_OPERAND):
            raise ArgumentTypeError("it needs a value")
        text = text.removeprefix(_OPERAND)
        if not text and each.takes is Takes.FILE and (not each.name or each.default != text):
            raise ArgumentTypeError("it needs the name of a file")
        try:
            return each.read(text)
        except NotOfThisForm as error:
            raise ArgumentTypeError(str(error)) from None

    return read
