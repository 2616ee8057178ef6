"""`outrider apply`, `undo`, `release`, `retry` and `corrections`: requests to the service, and their results."""

from argparse import Namespace
from collections.abc import Callable

from cli import progress
from cli.client import Client, client_of
from cli.client_results import Progress, SentRequest
from cli.confirmation import confirmed, printed, sentences
from cli.exits import DONE, NOT_DONE
from cli.options import StackOptions, taken
from cli.terminal import say
from cli.unusable import Unusable
from domain.remediation.attempt import AttemptState
from reports.reasons import text

_LONGEST = 1e8  # seconds: three years


def apply(given: Namespace) -> int:
    """Approve a plan; return the exit code."""
    where = taken(StackOptions, given)
    with sentences(where):
        ask = client_of(where)
        approvable = ask.approvable(given.what, given.plan)
        printed(progress.plan(approvable, ask.mode))
        if not (given.yes or confirmed("Apply this plan?")):
            return NOT_DONE
        asked = ask.apply(approvable)
        say(f"The request to apply plan {approvable.proposed.digest} to {approvable.of} is sent.")
        return _watched(ask, asked, given.wait, where.see(ask.typed(asked.family)), _corrected)


def undo(given: Namespace) -> int:
    """Undo the last correction; return the exit code."""
    where = taken(StackOptions, given)
    with sentences(where):
        ask = client_of(where)
        found = ask.to_undo(given.what)
        printed(progress.undoing(found))
        if not (given.yes or confirmed("Undo this?")):
            return NOT_DONE
        asked = ask.undo(found)
        say(f"The request to undo the correction of {found.service or found.family} is sent.")
        return _watched(ask, asked, given.wait, where.see(ask.typed(asked.family)), progress.undone)


def release(given: Namespace) -> int:
    """End a family's quarantine; return the exit code."""
    where = taken(StackOptions, given)
    if bool(given.what) == given.stages:
        raise Unusable("Give either the family or --stages.")
    if given.stages:
        return _released_stages(given, where)
    with sentences(where):
        ask = client_of(where)
        found = ask.to_release(given.what)
        printed(progress.releasing(found))
        if not (given.yes or confirmed("Release it?")):
            return NOT_DONE
        asked = ask.release(found)
        say(f"The request to release {found.family} is sent.")
        return _watched(ask, asked, given.wait, where.see(ask.typed(asked.family)), lambda end: end.ended)


def _released_stages(given: Namespace, where: StackOptions) -> int:
    if not (given.yes or confirmed("Let corrections go on in all accounts?")):
        return NOT_DONE
    with sentences(where):
        ask = client_of(where)
        asked = ask.release_stages()
        say("The request to let corrections go on in all accounts is sent.")
        return _watched(ask, asked, given.wait, "outrider status", lambda end: end.ended)


def retry(given: Namespace) -> int:
    """Try now what waits; return the exit code."""
    where = taken(StackOptions, given)
    with sentences(where):
        _retried(client_of(where), given.what)
    return DONE


def _retried(ask: Client, family: str = "") -> None:
    families = ask.retry(family)
    say(f"What waits is tried again now: {', '.join(families)}." if families else "No correction waits.")


def corrections(given: Namespace) -> int:
    """Print the state of corrections, or turn all of them on or off; return the exit code."""
    where, family, account = taken(StackOptions, given), given.what, given.account
    if account and family not in {"on", "off"}:
        raise Unusable("With --account, say on or off.")
    those = f"corrections in account {account}" if account else "all corrections of this stack"
    if family == "on" and not (given.yes or confirmed(f"Turn {those} on?")):
        return NOT_DONE
    with sentences(where):
        ask = client_of(where)
        if family in {"on", "off"}:
            _turned(ask, account, on=family == "on")
            return DONE
        if not family and (off := ask.why_off()) is not None:
            say(text(off))
        found = ask.corrections(family)
        for each in found:
            printed(progress.family_corrections(each, all_of_it=bool(family)))
        if not found:
            say("No correction is in progress or waiting, and no family is in quarantine.")
    return DONE


def _turned(ask: Client, account: str, *, on: bool) -> None:
    """Turn the switch, and have what waits tried."""
    state, word = ask.turn(on=on, account=account), "on" if on else "off"
    say(f"Corrections{f' in account {account}' if account else ''} are {word}, turned {word} by {ask.caller}.")
    if account and on and not state.on:
        say("They begin when those of all accounts are on: `outrider corrections on`.")
    if not account and state.off_in:
        say(f"They stay off in {', '.join(state.off_in)}.")
    if on and account in {"", ask.place.account}:
        _retried(ask)
    elif on:
        say("What waits there is tried within 15 minutes.")


def _watched(ask: Client, asked: SentRequest, wait: float, see: str, well: Callable[[Progress], bool]) -> int:
    """Return the exit code: 0 if it need not wait. `see` is the command that shows the result."""
    if not wait:
        say(f"To see the result: {see}")
        return DONE
    last = Progress(attempt=asked.undoes)
    for now in ask.follow(asked, min(wait, _LONGEST)):
        printed(progress.new_lines(last, now))
        last = now
    if last.ended:
        return DONE if well(last) else NOT_DONE
    missing = "The request has not ended" if last.answer else "The service has not answered"
    say(f"{missing} after {wait:g} seconds. It continues without this command. To see the result: {see}")
    return NOT_DONE


def _corrected(end: Progress) -> bool:
    return end.state in {AttemptState.REGISTERED, AttemptState.DEPLOYED, AttemptState.UPDATED}
