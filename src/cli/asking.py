"""`outrider apply`, `undo`, `release` and `corrections`: what a person has the service do, and what becomes of it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from cli import progress
from cli.exits import DONE, NOT_DONE
from cli.files import Unusable, named
from cli.terminal import console, line, say
from domain.correction import State
from operations.asking import Asked, Asker, NotAsked, Progress
from operations.wiring import asker


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """Which Outrider is meant."""

    stack: Annotated[str, Parameter(metavar="NAME", help="The stack's name.")] = "outrider"
    region: Annotated[str, Parameter(metavar="REGION", help="The stack's region, instead of your configuration's.")] = (
        ""
    )
    queue: Annotated[
        str, Parameter(metavar="URL", help="The queue of requests, instead of what the stack's outputs tell.")
    ] = ""
    table: Annotated[str, Parameter(metavar="NAME", help="The ledger's table, likewise.")] = ""

    def look(self, family: str) -> str:
        """What to type to see how a family's corrections stand, with the options that were given."""
        given = {"stack": self.stack, "region": self.region, "queue": self.queue, "table": self.table}
        options = [f"--{name} {value}" for name, value in given.items() if value not in {"", "outrider"}]
        return " ".join(["outrider corrections", family, *options])

    def asker(self) -> Asker:
        return asker(self.stack, self.region, self.queue, self.table)


type Wait = Annotated[float, Parameter(metavar="SECONDS", help="How long to wait for the end, telling what happens.")]
type Yes = Annotated[bool, Parameter(help="Do not ask back.")]
_HERE = Where()


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
    with _sentences():
        ask = where.asker()
        offered = ask.offered(named(what), plan)
        _print(progress.plan(offered, ask.mode))
        if not (yes or _agreed("Apply this plan?")):
            return NOT_DONE
        asked = ask.apply(offered)
        say(f"Asked to apply plan {offered.offer.digest} to {offered.of}.")
        return _watched(ask, asked, wait, where.look(offered.family), _corrected)


def undo(what: str, /, *, yes: Yes = False, wait: Wait = 0, where: Where = _HERE) -> int:
    """Set back what Outrider did last; the exit code.

    Parameters
    ----------
    what
        CLUSTER/SERVICE, or a family for all its services and the revision; also by ARN or a finding's Id.
    """
    with _sentences():
        ask = where.asker()
        found = ask.to_undo(named(what))
        _print(progress.undoing(found))
        if not (yes or _agreed("Undo this?")):
            return NOT_DONE
        asked = ask.undo(found)
        say(f"Asked to undo it on {found.service or found.family}.")
        return _watched(ask, asked, wait, where.look(found.family), progress.undone)


def release(family: str, /, *, yes: Yes = False, wait: Wait = 0, where: Where = _HERE) -> int:
    """End a family's quarantine; the exit code.

    Parameters
    ----------
    family
        Its name; also CLUSTER/SERVICE, an ARN or a finding's Id.
    """
    with _sentences():
        ask = where.asker()
        found = ask.to_release(named(family))
        _print(progress.releasing(found))
        if not (yes or _agreed("Release it?")):
            return NOT_DONE
        asked = ask.release(found)
        say(f"Asked to release {found.family}.")
        return _watched(ask, asked, wait, where.look(found.family), lambda end: end.ended)


def corrections(family: str = "", /, *, where: Where = _HERE) -> int:
    """Tell how corrections stand; the exit code.

    Parameters
    ----------
    family
        Its name; also CLUSTER/SERVICE, an ARN or a finding's Id.
    """
    with _sentences():
        ask = where.asker()
        found = ask.corrections(named(family))
        for each in found:
            _print(progress.standing(each, all_of_it=bool(family)))
        if not found:
            say("No correction is under way or waits, and no family is left alone.")
    return DONE


def _watched(ask: Asker, asked: Asked, wait: float, look: str, well: Callable[[Progress], bool]) -> int:
    """Without waiting it is well where it was asked. `look` is what to type to see what becomes of it."""
    if not wait:
        say(f"See what becomes of it: {look}")
        return DONE
    last = Progress()
    for now in ask.follow(asked, wait):
        _print(progress.news(last, now))
        last = now
    if last.ended:
        return DONE if well(last) else NOT_DONE
    heard = "It has not ended" if last.answer else "remediate has not answered"
    say(f"{heard} after {wait:g} seconds, and goes on without you: {look}")
    return NOT_DONE


def _corrected(end: Progress) -> bool:
    return end.state in {State.REGISTERED, State.DEPLOYED}


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except NotAsked as not_asked:
        raise Unusable(str(not_asked)) from None


def _agreed(question: str) -> bool:
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline() if sys.stdin is not None else ""
    if answer.strip().lower() in {"y", "yes"}:
        return True
    if not answer.endswith("\n"):
        print(file=sys.stderr)
    say("Nothing was asked. Answer y, or give --yes.")
    return False


def _print(lines: Iterator[progress.Line]) -> None:
    from rich.text import Text  # noqa: PLC0415 - see cli.terminal.console

    out = console()
    for each in lines:
        out.print(Text("  " * each.indent + line(each.text), style=each.style), soft_wrap=True)
