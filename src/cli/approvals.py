"""`outrider apply`, `undo`, `release` and `corrections`: what a person has the service do, and what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from cli import progress
from cli.asking import Yes, agreed, printed, sentences
from cli.client import Asked, Client, Progress, client_of
from cli.exits import DONE, NOT_DONE
from cli.files import named
from cli.terminal import say
from domain.remediation.attempt import AttemptState
from reports.reasons import text
from settings import first_set


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """Which Outrider is meant."""

    stack: Annotated[str, Parameter(metavar="NAME", help="The stack's name; outrider where none is given.")] = (
        "outrider"
    )
    region: Annotated[str, Parameter(metavar="REGION", help="The stack's region, instead of your configuration's.")] = (
        ""
    )
    queue: Annotated[
        str, Parameter(metavar="URL", help="The queue of requests, instead of what the stack's outputs name.")
    ] = ""
    table: Annotated[str, Parameter(metavar="NAME", help="The ledger's table, likewise.")] = ""

    def see(self, family: str) -> str:
        """What to type to see how a family's corrections stand, with the options that were given."""
        given = {"stack": self.stack, "region": self.region, "queue": self.queue, "table": self.table}
        options = [f"--{name} {value}" for name, value in given.items() if value not in {"", "outrider"}]
        return " ".join(["outrider corrections", family, *options])

    def client_of(self) -> Client:
        return client_of(self.stack, self.asked[1], self.queue, self.table)

    @property
    def asked(self) -> tuple[str, str]:
        """What names the region, and the region; empty where only a profile may. boto3 does not read AWS_REGION."""
        return ("--region", self.region) if self.region else first_set("AWS_REGION", "AWS_DEFAULT_REGION")


def _seconds(_: object, value: float) -> None:
    if not value >= 0:  # nor what is no number
        raise ValueError("--wait takes seconds, 0 or more.")


type Wait = Annotated[
    float,
    Parameter(metavar="SECONDS", validator=_seconds, help="How long to wait for the end, saying what happens."),
]
_HERE = Where()
_FOR_EVER = 1e8  # seconds: three years


def apply(
    what: str, /, *, plan: Annotated[str, Parameter(metavar="DIGEST")] = "", yes: Yes = False, wait: Wait = 0,
    where: Where = _HERE,
) -> int:  # fmt: skip
    """Approve a plan; the exit code.

    Parameters
    ----------
    what
        A finding's Id, a family, CLUSTER/SERVICE, or the ARN of a task definition or service.
    plan
        The plan that you have seen, by its digest: where it is another by now, nothing is asked.
    """
    with sentences(where.asked):
        ask = where.client_of()
        offered = ask.offered(named(what), plan)
        printed(progress.plan(offered, ask.mode))
        if not (yes or agreed("Apply this plan?")):
            return NOT_DONE
        asked = ask.apply(offered)
        say(f"Asked to apply plan {offered.proposed.digest} to {offered.of}.")
        return _watched(ask, asked, wait, where.see(offered.family), _corrected)


def undo(what: str, /, *, yes: Yes = False, wait: Wait = 0, where: Where = _HERE) -> int:
    """Set back what Outrider did last; the exit code.

    Parameters
    ----------
    what
        CLUSTER/SERVICE, or a family for all its services and the revision; also by ARN or a finding's Id.
    """
    with sentences(where.asked):
        ask = where.client_of()
        found = ask.to_undo(named(what))
        printed(progress.undoing(found))
        if not (yes or agreed("Undo this?")):
            return NOT_DONE
        asked = ask.undo(found)
        say(f"Asked to undo it on {found.service or found.family}.")
        return _watched(ask, asked, wait, where.see(found.family), progress.undone)


def release(family: str, /, *, yes: Yes = False, wait: Wait = 0, where: Where = _HERE) -> int:
    """End a family's quarantine; the exit code.

    Parameters
    ----------
    family
        Its name; also CLUSTER/SERVICE, an ARN or a finding's Id.
    """
    with sentences(where.asked):
        ask = where.client_of()
        found = ask.to_release(named(family))
        printed(progress.releasing(found))
        if not (yes or agreed("Release it?")):
            return NOT_DONE
        asked = ask.release(found)
        say(f"Asked to release {found.family}.")
        return _watched(ask, asked, wait, where.see(found.family), lambda end: end.ended)


def corrections(family: str = "", /, *, yes: Yes = False, where: Where = _HERE) -> int:
    """Say how corrections stand, or turn all of them on or off; the exit code.

    Parameters
    ----------
    family
        Its name; also CLUSTER/SERVICE, an ARN or a finding's Id. Or `on` or `off`.
    """
    if family == "on" and not (yes or agreed("Turn all corrections of this stack on?")):
        return NOT_DONE
    with sentences(where.asked):
        ask = where.client_of()
        if family in {"on", "off"}:
            ask.turn(on=family == "on")
            say(f"Corrections are {family}, turned {family} by {ask.caller}.")
            return DONE
        if not family and (off := ask.why_off()) is not None:
            say(text(off))
        found = ask.corrections(named(family))
        for each in found:
            printed(progress.standing(each, all_of_it=bool(family)))
        if not found:
            say("No correction is under way or waits, and no family is in quarantine.")
    return DONE


def _watched(ask: Client, asked: Asked, wait: float, see: str, well: Callable[[Progress], bool]) -> int:
    """Without waiting it is well where it was asked. `see` is what to type to see what becomes of it."""
    if not wait:
        say(f"See what becomes of it: {see}")
        return DONE
    last = Progress()
    for now in ask.follow(asked, min(wait, _FOR_EVER)):
        printed(progress.news(last, now))
        last = now
    if last.ended:
        return DONE if well(last) else NOT_DONE
    heard = "It has not ended" if last.answer else "remediate has not answered"
    say(f"{heard} after {wait:g} seconds, and goes on without you: {see}")
    return NOT_DONE


def _corrected(end: Progress) -> bool:
    return end.state in {AttemptState.REGISTERED, AttemptState.DEPLOYED}
