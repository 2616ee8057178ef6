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
from cli.terminal import say, tolerate_any_encoding


def _version() -> str:
    from settings import RELEASE  # noqa: PLC0415 - only for --version

    return f"outrider {RELEASE}"


app = App(
    name="outrider",
    help="Check, fix and correct ECS task definitions that should have an OpenTelemetry collector as a sidecar, and ask"
    " the service for corrections.",
    version=_version,
    help_format="plaintext",
    help_formatter=Plain(),
    default_parameter=Parameter(negative=()),
    result_action="return_value",
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
)
_CODES = "Exits with 0 if everything is clean, 1 if something drifted, 2 if an input could not be used."
# Commands are named by module, with their help here, so that one command does not import the modules of all.
app.command(
    "cli.check:check",
    name="check",
    usage="Usage: outrider check [OPTIONS] FILE...",
    help="Check task definitions against the rules.\n\nMakes no AWS calls: what would have to be read from AWS is"
    f" reported as unknown. {_CODES}",
)
app.command(
    "cli.fix:fix",
    name="fix",
    usage="Usage: outrider fix [OPTIONS] FILE",
    help="Print a task definition with its drift fixed.\n\nMakes only safe fixes, unless --review is given. "
    f"Standard error lists what was fixed, what was not, and why. {_CODES}",
)
app.command(
    "cli.collector:collector",
    name="collector",
    usage="Usage: outrider collector [OPTIONS] FILE...",
    help="Check collector configurations without a task definition.\n\nMistakes with which the collector does not start"
    f" are HIGH or CRITICAL. Rules that depend on the task are not evaluated. {_CODES}",
)
standard = App(
    name="standard",
    usage="Usage: outrider standard COMMAND",
    help="Work on the standard: validate it, show the packaged one, and compare two.",
)
app.command(standard)
standard.command(
    "cli.standards:validate",
    name="validate",
    usage="Usage: outrider standard validate [OPTIONS] FILE...",
    help="Check standards: what is wrong in them, what contradicts itself, and what can have no effect.\n\nExits with 0"
    " if there is nothing to report, 1 if there are only warnings, 2 if Outrider would refuse one of them.",
)
standard.command(
    "cli.standards:show",
    name="show",
    usage="Usage: outrider standard show",
    help="Print the packaged standard, with every field and what it means.",
)
standard.command(
    "cli.standards:diff",
    name="diff",
    usage="Usage: outrider standard diff [OPTIONS] [FILE...]",
    help="Show what another standard would change: drifts that appear or disappear, severities and modes.\n\nCompares"
    " on task definitions in files, and with --stack on what that stack's ledger knows of its account. Reads nothing"
    " from ECS or IAM, and changes nothing. Exits with 0 if nothing would change, 1 if something would, 2 if an input"
    " could not be used.",
)
app.command(
    "cli.upgrade:upgrade",
    name="upgrade",
    usage="Usage: outrider upgrade --to RELEASE [OPTIONS] FILE...",
    help="Show what another release of the collector breaks.\n\nOf task definitions and collector configurations: what"
    " the release refuses, what it calls otherwise, and which releases are out of support. Exits with 0 if nothing"
    " breaks, 1 if something does or the release is out of support, 2 if an input could not be used.",
)
app.command("cli.catalogue:rules", name="rules", usage="Usage: outrider rules", help="List the rules.")
app.command("cli.catalogue:explain", name="explain", usage="Usage: outrider explain RULE", help="Explain a rule.")
app.command(
    "cli.correct:correct",
    name="correct",
    usage="Usage: outrider correct [OPTIONS] WHAT",
    help="Correct a family or a service that is in AWS.\n\nReads it, its roles and its configuration, evaluates it,"
    " shows what would change, and asks for confirmation. Then registers the corrected revision, or updates the"
    " service. Calls AWS with your own credentials. Exits with 0 if it was corrected, 1 if not, 2 if there is nothing"
    " to correct or the correction is not possible.",
)
_ASKED = (
    "Calls AWS with your own credentials. Exits with 0 on success (without --wait: if the request was sent), 1 if it"
    " was refused, failed or did not end in time, 2 if the request could not be sent."
)
app.command(
    "cli.approvals:apply",
    name="apply",
    usage="Usage: outrider apply [OPTIONS] WHAT",
    help=f"Approve the plan of a finding, a family or a service.\n\nShows the plan, and asks for"
    f" confirmation. {_ASKED}",
)
app.command(
    "cli.approvals:undo",
    name="undo",
    usage="Usage: outrider undo [OPTIONS] WHAT",
    help="Undo Outrider's last correction of a family or a service.\n\nServices go back to what they ran before. The"
    f" family is in quarantine from then on, until it is released. {_ASKED}",
)
app.command(
    "cli.approvals:release",
    name="release",
    usage="Usage: outrider release [OPTIONS] FAMILY",
    help=f"Let Outrider correct a quarantined family again.\n\n{_ASKED}",
)
app.command(
    "cli.approvals:retry",
    name="retry",
    usage="Usage: outrider retry [OPTIONS] [FAMILY]",
    help="Try now the corrections that wait.\n\nWithout FAMILY, those of all families: also those that waited too long"
    " for the switch or the standard. What failed needs `outrider release`. Calls AWS with your own credentials.",
)
app.command(
    "cli.approvals:corrections",
    name="corrections",
    usage="Usage: outrider corrections [OPTIONS] [FAMILY|on|off]",
    help="Show corrections in progress, why some wait, and quarantines.\n\nWithout FAMILY, shows all families that"
    " have one of these. `on` and `off` turn all corrections of the stack on or off, and `on` has what waits tried"
    " now; nothing else changes anything."
    " Calls AWS with your own credentials.",
)
app.command(
    "cli.status:status",
    name="status",
    usage="Usage: outrider status [OPTIONS]",
    help="Show what is open, what waits for approval, and what needs a person.\n\nOpen findings by severity, plans that"
    " wait for approval, corrections in progress, failures, quarantines, exemptions, suppressed findings and the last"
    " sweep. Reads the stack's ledger with your own credentials, and changes nothing.",
)
app.command(
    "cli.doctor:doctor",
    name="doctor",
    usage="Usage: outrider doctor [OPTIONS]",
    help="Check whether a deployed stack can work.\n\nReads with your own credentials, changes nothing, and posts"
    " nothing to Slack. For each check that does not hold it prints the command that fixes it. What may not be read is"
    " reported as unknown. Exits with 0 if no check fails, 1 if one fails, 2 if there is no such stack.",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 clean, 1 drifted, 2 unusable input or arguments."""
    tolerate_any_encoding()
    try:
        given = sys.argv[1:] if arguments is None else arguments
        code = app([STDIN_TOKEN if argument == STDIN else argument for argument in given])
        if sys.stdout is not None:  # None if the shell closed it
            sys.stdout.flush()
    except CycloptsError as error:
        say(_not_understood(error))
        return UNUSABLE
    except Unusable as unusable:
        say(str(unusable).split("\n"))
        return UNUSABLE
    except BrokenPipeError:  # the reader closed the pipe
        _forget_output()
        return BROKEN_PIPE
    except OSError as error:  # errors of reading and writing files are reported elsewhere
        _forget_output()
        say(f"The output cannot be written ({(error.strerror or 'it failed').lower()}).")
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    return code if isinstance(code, int) else CLEAN


def _not_understood(error: CycloptsError) -> str:
    """Return what is wrong with the arguments, and which --help to read: the command's, if one was named."""
    command = " ".join(error.command_chain or ())
    text = str(error)
    if isinstance(error, UnusedCliTokensError) and error.target is not None and command:
        takes = "only one argument" if signature(error.target).parameters else "no arguments"
        text = f"{command} takes {takes}: {', '.join(error.unused_tokens or ())}."
    elif isinstance(error, ValidationError):  # the sentences of the validators in cli
        text = error.exception_message
    help_of = f"outrider {command} --help" if command else "outrider --help"
    return f"{' '.join(text.replace(STDIN_TOKEN, STDIN).split())} See {help_of}."


def _forget_output() -> None:
    """Redirect stdout to the null device: the interpreter flushes again at exit, which would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
