"""The command line's entry point: parses, calls one function, returns its exit code."""

import os
import sys
from collections.abc import Sequence
from inspect import signature

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError, UnusedCliTokensError, ValidationError

from cli.exits import BROKEN_PIPE, CLEAN, INTERRUPTED, UNUSABLE
from cli.files import STDIN, STDIN_TOKEN, Unusable
from cli.help import Plain
from cli.terminal import bear_with_any_encoding, say


def _version() -> str:
    from settings import RELEASE  # noqa: PLC0415 - only for --version

    return f"outrider {RELEASE}"


app = App(
    name="outrider",
    help="Judge, fix and correct ECS task definitions that should have an OpenTelemetry collector as a sidecar, and ask"
    " the service to correct what runs.",
    version=_version,
    help_format="plaintext",
    help_formatter=Plain(),
    default_parameter=Parameter(negative=()),
    result_action="return_value",
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
)
_CODES = "Exits with 0 where all is clean, 1 where something is drifted, 2 where an input could not be used."
# By name and with their help here, so that one command does not pay for the modules of all.
app.command(
    "cli.check:check",
    name="check",
    usage="Usage: outrider check [OPTIONS] FILE...",
    help=f"Judge task definitions by the rules.\n\nCalls nothing: what AWS would have to tell is unknown. {_CODES}",
)
app.command(
    "cli.fix:fix",
    name="fix",
    usage="Usage: outrider fix [OPTIONS] FILE",
    help="Print a task definition with its drift fixed.\n\nOnly what is safe is fixed, unless --review is given. "
    f"Standard error says what was fixed, what was left, and why. {_CODES}",
)
app.command(
    "cli.collector:collector",
    name="collector",
    usage="Usage: outrider collector [OPTIONS] FILE...",
    help="Judge collector configurations by themselves.\n\nWhat the collector refuses at its start is HIGH or CRITICAL;"
    f" what depends on the task around it is not judged. {_CODES}",
)
app.command("cli.catalogue:rules", name="rules", usage="Usage: outrider rules", help="List the rules.")
app.command("cli.catalogue:explain", name="explain", usage="Usage: outrider explain RULE", help="Explain a rule.")
app.command(
    "cli.correct:correct",
    name="correct",
    usage="Usage: outrider correct [OPTIONS] WHAT",
    help="Correct a family or a service that is in AWS.\n\nReads it, its roles and its configuration, judges it, shows"
    " what would change, and asks. Then it registers the corrected revision, or updates the service. Calls AWS with"
    " your own credentials. Exits with 0 where it was done, 1 where it was not, 2 where there was nothing to correct or"
    " it could not be.",
)
_ASKED = (
    "Calls AWS with your own credentials. Exits with 0 where it ended well (without --wait: where it was asked for), 1"
    " where it was refused, failed or has not ended in time, 2 where it could not be asked."
)
app.command(
    "cli.approvals:apply",
    name="apply",
    usage="Usage: outrider apply [OPTIONS] WHAT",
    help=f"Approve the plan of a finding, a family or a service.\n\nShows the plan, and asks. {_ASKED}",
)
app.command(
    "cli.approvals:undo",
    name="undo",
    usage="Usage: outrider undo [OPTIONS] WHAT",
    help="Set services back to what they ran before Outrider.\n\nThe family is in quarantine from then on, until it is"
    f" released. {_ASKED}",
)
app.command(
    "cli.approvals:release",
    name="release",
    usage="Usage: outrider release [OPTIONS] FAMILY",
    help=f"Let Outrider correct a family again that is in quarantine.\n\n{_ASKED}",
)
app.command(
    "cli.approvals:corrections",
    name="corrections",
    usage="Usage: outrider corrections [OPTIONS] [FAMILY|on|off]",
    help="Say what Outrider corrects, what waits and why, and what is in quarantine.\n\nWithout FAMILY, of all families"
    " of which something goes on. `on` and `off` turn all corrections of the stack on or off, and nothing else changes"
    " anything. Calls AWS with your own credentials.",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of one command: 0 clean, 1 drifted, 2 unusable input or a command that was not understood."""
    bear_with_any_encoding()
    try:
        given = sys.argv[1:] if arguments is None else arguments
        code = app([STDIN_TOKEN if argument == STDIN else argument for argument in given])
        if sys.stdout is not None:  # as it is where a shell has closed it
            sys.stdout.flush()
    except CycloptsError as error:
        say(_not_understood(error))
        return UNUSABLE
    except Unusable as unusable:
        say(str(unusable).split("\n"))
        return UNUSABLE
    except BrokenPipeError:  # the reader has seen enough
        _forget_output()
        return BROKEN_PIPE
    except OSError as error:  # reading and writing files have their own sentences
        _forget_output()
        say(f"The output cannot be written ({(error.strerror or 'it failed').lower()}).")
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    return code if isinstance(code, int) else CLEAN


def _not_understood(error: CycloptsError) -> str:
    """What was wrong with the arguments, and where the help is: that of the command, where one was named."""
    command = " ".join(error.command_chain or ())
    text = str(error)
    if isinstance(error, UnusedCliTokensError) and error.target is not None and command:
        takes = "one argument, and no more" if signature(error.target).parameters else "no arguments"
        text = f"{command} takes {takes}: {', '.join(error.unused_tokens or ())}."
    elif isinstance(error, ValidationError):  # our validators' own sentences
        text = error.exception_message
    help_of = f"outrider {command} --help" if command else "outrider --help"
    return f"{' '.join(text.replace(STDIN_TOKEN, STDIN).split())} See {help_of}."


def _forget_output() -> None:
    """The interpreter flushes at its end, too, and must not meet the same error again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
