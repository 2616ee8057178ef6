"""The pages of --help: plain text, folded to the terminal; a text goes below its name if the name is long."""

from collections.abc import Iterable

from cli.commands import ABOUT, COMMANDS, GROUPS
from cli.grammar import Argument, Command
from cli.terminal import console

_COLUMN = 14
_HELP = ("--help, -h", "Print this page.")
_VERSION = ("--version, -V", "Print the release.")


def page_of_all(group: str = "") -> None:
    """Print the page of all commands, or of those that begin with the word of a group."""
    out = console()
    out.wrapped(f"Usage: {' '.join(filter(None, ('outrider', group, 'COMMAND')))}")
    out.print()
    out.wrapped(GROUPS[group] if group else ABOUT)
    out.print()
    rows = [
        (each.name.removeprefix(f"{group} "), each.summary)
        for each in COMMANDS
        if (each.name.startswith(f"{group} ") if group else " " not in each.name)
    ]
    if not group:
        rows = sorted([*rows, *GROUPS.items()])
    _table("Commands", rows)
    _table("Options", [_HELP] if group else [_HELP, _VERSION])


def page_of(command: Command) -> None:
    """Print the page of one command."""
    out = console()
    out.wrapped(f"Usage: outrider {command.name} {command.usage}")
    out.print()
    for paragraph in command.text.split("\n\n"):
        out.wrapped(paragraph)
        out.print()
    operands = [each for each in command.arguments if not each.name]
    if operands:
        _table("Arguments", [(each.label, _about(each)) for each in operands])
    options = [each for each in command.arguments if each.name]
    _table("Options", [*((each.label, _about(each)) for each in options), _HELP])


def _about(argument: Argument) -> str:
    if not argument.choices:
        return argument.text
    default = f" (default: {argument.default})" if argument.default else ""
    return f"{argument.text} One of {', '.join(argument.choices)}{default}."


def _table(title: str, rows: Iterable[tuple[str, str]]) -> None:
    out = console()
    out.print(f"{title}:")
    for name, about in rows:
        if len(name) <= _COLUMN - 4:
            out.wrapped(f"{name:{_COLUMN - 2}}{about}", 2, hanging=_COLUMN - 2)
        else:
            out.wrapped(name, 2)
            out.wrapped(about, _COLUMN)
    out.print()
