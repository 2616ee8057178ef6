"""The command line's entry point: finds the command, calls its function, returns its exit code."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NoReturn

from cli.commands import COMMANDS, GROUPS
from cli.exits import BROKEN_PIPE, CLEAN, INTERRUPTED, TERMINATED, UNUSABLE
from cli.grammar import Command, HelpWanted, Misunderstood
from cli.terminal import say, tolerate_any_encoding
from cli.unusable import Unusable, reason_of

_HELP, _VERSION = frozenset({"--help", "-h"}), frozenset({"--version", "-V"})
_BY_NAME = {each.name: each for each in COMMANDS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    tolerate_any_encoding()
    try:
        code = _run([*(sys.argv[1:] if arguments is None else arguments)])
        if sys.stdout is not None:  # None if the shell closed it
            sys.stdout.flush()
    except (Misunderstood, Unusable) as unusable:
        say(str(unusable).split("\n"))
        return UNUSABLE
    except BrokenPipeError:  # the reader closed the pipe
        _forget_output()
        return BROKEN_PIPE
    except OSError as error:  # errors of reading and writing files are reported elsewhere
        _forget_output()
        say(f"The output cannot be written ({reason_of(error)}).")
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - Python would exit with 1, which a pipeline reads as a drift
        from operations.unexpected import described  # noqa: PLC0415 - only for a fault of Outrider

        say(described(error))
        return UNUSABLE
    return code


def process() -> int:
    """Run one command as all that this process does, and return its exit code."""
    signal.signal(signal.SIGTERM, _end)
    code = main()
    gc.freeze()  # a last collection would take longer than the end of the process
    return code


def _end(*_: object) -> NoReturn:
    """End the command as an error does, so that nothing is left: no half of a file, no process."""
    raise SystemExit(TERMINATED)


def _run(given: list[str]) -> int:
    first = given[0] if given else "--help"
    if first in _VERSION:
        from settings import RELEASE  # noqa: PLC0415 - only for --version

        print(f"outrider {RELEASE}")
        return CLEAN
    if first in GROUPS:
        second = given[1] if len(given) > 1 else "--help"
        name, rest = f"{first} {second}", given[2:]
    else:
        second, name, rest = first, first, given[1:]
    if second in _HELP:
        from cli.help import page_of_all  # noqa: PLC0415 - only for --help

        page_of_all(first if first in GROUPS else "")
        return CLEAN
    if name not in _BY_NAME:
        raise Misunderstood(_no_command(name))
    return _carried_out(_BY_NAME[name], rest)


def _carried_out(command: Command, given: Sequence[str]) -> int:
    from cli.parsing import parsed  # noqa: PLC0415 - not for the list of commands

    try:
        values = parsed(command, given)
    except HelpWanted:
        from cli.help import page_of  # noqa: PLC0415 - only for --help

        page_of(command)
        return CLEAN
    module, _, name = command.function.partition(":")
    gc.disable()  # what is imported stays, so collecting meanwhile finds nothing
    function: Callable[[object], int] = getattr(import_module(module), name)
    gc.enable()
    return function(values)


def _no_command(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    known = [*_BY_NAME, *GROUPS]
    near = get_close_matches(name, known, n=1)
    meant = f"Did you mean {near[0]}?" if near else "See outrider --help."
    kind = "option" if name.startswith("-") else "command"
    return f"There is no {kind} {name}. {meant}"


def _forget_output() -> None:
    """Redirect stdout to the null device: the interpreter flushes again at exit, which would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
