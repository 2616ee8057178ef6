"""`outrider apply`, `undo`, `release`, `retry` and `corrections`: requests to the service, and their results."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from cli import progress
from cli.client import Client, Progress, SentRequest, client_of
from cli.confirmation import Yes, confirmed, printed, sentences
from cli.exits import DONE, NOT_DONE
from cli.files import named
from cli.terminal import say
from domain.remediation.attempt import AttemptState
from reports.reasons import text
from settings import first_set


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class StackOptions:
    """The options that name a stack of Outrider."""

    stack: Annotated[str, Parameter(metavar="NAME", help="The stack's name (default: outrider).")] = "outrider"
    region: Annotated[
        str, Parameter(metavar="REGION", help="The stack's region (default: that of your AWS configuration).")
    ] = ""
    queue: Annotated[
        str, Parameter(metavar="URL", help="The queue of requests (default: from the stack's outputs).")
    ] = ""
    table: Annotated[str, Parameter(metavar="NAME", help="The ledger's table (default: from the stack's outputs).")] = (
        ""
    )

    def see(self, family: str) -> str:
        """Return the command that shows a family's corrections, with the options that were given."""
        given = {"stack": self.stack, "region": self.region, "queue": self.queue, "table": self.table}
        options = [f"--{name} {value}" for name, value in given.items() if value not in {"", "outrider"}]
        return " ".join(["outrider corrections", family, *options])

    def client_of(self) -> Client:
        return client_of(self.stack, self.asked[1], self.queue, self.table)

    @property
    def asked(self) -> tuple[str, str]:
        """Return what names the region, and the region; empty if only a profile may. boto3 does not read AWS_REGION."""
        return ("--region", self.region) if self.region else first_set("AWS_REGION", "AWS_DEFAULT_REGION")


def _seconds(_: object, value: float) -> None:
    if not value >= 0:  # NaN, too
        raise ValueError("--wait takes seconds, 0 or more.")


type Wait = Annotated[
    float,
    Parameter(
        metavar="SECONDS", validator=_seconds, help="Wait up to this many seconds for the end, and print each step."
    ),
]
_HERE = StackOptions()
_LONGEST = 1e8  # seconds: three years


def apply(
    what: str, /, *, plan: Annotated[str, Parameter(metavar="DIGEST")] = "", yes: Yes = False, wait: Wait = 0,
    where: StackOptions = _HERE,
) -> int:  # fmt: skip
    """Approve a plan; return the exit code.

    Parameters
    ----------
    what
        A finding's Id, a family, CLUSTER/SERVICE, or the ARN of a task definition or service.
    plan
        The digest of the plan that you have read. If the plan has changed since, no request is sent.
    """
    with sentences(where.asked):
        ask = where.client_of()
        approvable = ask.approvable(named(what), plan)
        printed(progress.plan(approvable, ask.mode))
        if not (yes or confirmed("Apply this plan?")):
            return NOT_DONE
        asked = ask.apply(approvable)
        say(f"The request to apply plan {approvable.proposed.digest} to {approvable.of} is sent.")
        return _watched(ask, asked, wait, where.see(approvable.family), _corrected)


def undo(what: str, /, *, yes: Yes = False, wait: Wait = 0, where: StackOptions = _HERE) -> int:
    """Undo the last correction; return the exit code.

    Parameters
    ----------
    what
        CLUSTER/SERVICE, or a family for its revision and all its services; also an ARN or a finding's Id.
    """
    with sentences(where.asked):
        ask = where.client_of()
        found = ask.to_undo(named(what))
        printed(progress.undoing(found))
        if not (yes or confirmed("Undo this?")):
            return NOT_DONE
        asked = ask.undo(found)
        say(f"The request to undo the correction of {found.service or found.family} is sent.")
        return _watched(ask, asked, wait, where.see(found.family), progress.undone)


def release(family: str, /, *, yes: Yes = False, wait: Wait = 0, where: StackOptions = _HERE) -> int:
    """End a family's quarantine; return the exit code.

    Parameters
    ----------
    family
        Its name; also CLUSTER/SERVICE, an ARN or a finding's Id.
    """
    with sentences(where.asked):
        ask = where.client_of()
        found = ask.to_release(named(family))
        printed(progress.releasing(found))
        if not (yes or confirmed("Release it?")):
            return NOT_DONE
        asked = ask.release(found)
        say(f"The request to release {found.family} is sent.")
        return _watched(ask, asked, wait, where.see(found.family), lambda end: end.ended)


def retry(family: str = "", /, *, where: StackOptions = _HERE) -> int:
    """Try now what waits; return the exit code.

    Parameters
    ----------
    family
        Its name; also CLUSTER/SERVICE, an ARN or a finding's Id.
    """
    with sentences(where.asked):
        _retried(where.client_of(), named(family))
    return DONE


def _retried(ask: Client, family: str = "") -> None:
    families = ask.retry(family)
    if families:
        say(f"What waits is tried again now: {', '.join(families)}.")
    else:
        say("No correction waits.")


def corrections(family: str = "", /, *, yes: Yes = False, where: StackOptions = _HERE) -> int:
    """Print the state of corrections, or turn all of them on or off; return the exit code.

    Parameters
    ----------
    family
        Its name; also CLUSTER/SERVICE, an ARN or a finding's Id. Or `on` or `off`.
    """
    if family == "on" and not (yes or confirmed("Turn all corrections of this stack on?")):
        return NOT_DONE
    with sentences(where.asked):
        ask = where.client_of()
        if family in {"on", "off"}:
            ask.turn(on=family == "on")
            say(f"Corrections are {family}, turned {family} by {ask.caller}.")
            if family == "on":
                _retried(ask)
            return DONE
        if not family and (off := ask.why_off()) is not None:
            say(text(off))
        found = ask.corrections(named(family))
        for each in found:
            printed(progress.family_corrections(each, all_of_it=bool(family)))
        if not found:
            say("No correction is in progress or waiting, and no family is in quarantine.")
    return DONE


def _watched(ask: Client, asked: SentRequest, wait: float, see: str, well: Callable[[Progress], bool]) -> int:
    """Return the exit code: 0 if it need not wait. `see` is the command that shows the result."""
    if not wait:
        say(f"To see the result: {see}")
        return DONE
    last = Progress()
    for now in ask.follow(asked, min(wait, _LONGEST)):
        printed(progress.new_lines(last, now))
        last = now
    if last.ended:
        return DONE if well(last) else NOT_DONE
    missing = "The request has not ended" if last.answer else "The service has not answered"
    say(f"{missing} after {wait:g} seconds. It continues without this command. To see the result: {see}")
    return NOT_DONE


def _corrected(end: Progress) -> bool:
    return end.state in {AttemptState.REGISTERED, AttemptState.DEPLOYED}
