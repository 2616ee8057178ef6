"""Where a correction stops: it waits, is refused, has nothing to do, or ended. Makes no calls."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.remediation.attempt import Attempt, AttemptState, Quarantine
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden, Moment
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Rollout, Stage

_UNREACHABLE_FOR = timedelta(days=3)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Stopped:
    """An attempt that stops for now, and the quarantine that it causes.

    It is not `kept` if the ledger's attempt must stay unchanged.
    """

    attempt: Attempt
    quarantine: Quarantine | None = None
    kept: bool = True


def ended(attempt: Attempt, state: AttemptState, *reasons: Reason, quiet: bool = False) -> Stopped:
    """End an attempt. A `quiet` end is not published."""
    return Stopped(replace(attempt, state=state, guard=None, reasons=reasons, quiet=quiet, due=None))


def refused(attempt: Attempt, guard: Guard | None, *reasons: Reason) -> Stopped:
    """End an attempt that a guard forbids permanently."""
    return Stopped(replace(ended(attempt, AttemptState.REFUSED, *reasons).attempt, guard=guard))


def forbidden(attempt: Attempt, by: Forbidden, attempts: Iterable[Attempt], moment: Moment) -> Stopped:
    """Return the attempt that a guard forbids: it waits for a limited time, or is refused.

    For its turn it waits as long as that takes: a changed standard may concern a thousand families.

    An approval that is refused at once leaves the stored attempt unchanged. A family that is corrected too often is
    published once in a window.
    """
    if by.until is not None and (by.guard.gives_turns or moment.now < attempt.time + moment.window):
        waiting = replace(attempt, state=AttemptState.WAITING, guard=by.guard, reasons=(by.reason,), due=by.until)
        return Stopped(replace(waiting, time=moment.now) if by.guard.gives_turns else waiting)
    others = [each for each in attempts if each.key != attempt.key]
    quiet = by.guard is Guard.ATTEMPTS and any(
        each.guard is Guard.ATTEMPTS
        and not each.quiet
        and each.service == attempt.service
        and each.time >= moment.now - moment.window
        for each in others
    )
    held = next((each for each in attempts if each.key == attempt.key), None)
    at_once = attempt.approved and by.until is None and (held is None or held.request_id != attempt.request_id)
    stopped = refused(attempt, by.guard, by.reason)
    return replace(stopped, attempt=replace(stopped.attempt, quiet=quiet), kept=not at_once)


def unreachable(attempt: Attempt, why: Reason, now: datetime) -> Stopped:
    """Return an attempt whose account refuses Outrider: it waits, each time for longer, and ends after days.

    What services run is not known then: a rollout fails, and the family is in quarantine until a person releases it.
    """
    since = attempt.unreachable or now
    reason = Reason(Code.ACCOUNT_REFUSES, at=since, because=(why,))
    if now - since < _UNREACHABLE_FOR:
        pause = min(max(now - since, _FIRST_PAUSE), _LONGEST_PAUSE)
        return Stopped(replace(attempt, reasons=(reason,), due=now + pause, unreachable=since))
    if attempt.state is AttemptState.WAITING:
        return refused(attempt, Guard.ACCOUNT, reason)
    return replace(ended(attempt, AttemptState.FAILED, reason), quarantine=Quarantine((reason,), now))


def nothing_to_do(attempt: Attempt, code: Code, attempts: Iterable[Attempt], what: str = "") -> Stopped:
    """End an attempt with nothing to do. It is stored only if it was waiting."""
    kept = any(each.key == attempt.key for each in attempts)
    return replace(ended(attempt, AttemptState.NOTHING, Reason(code, what), quiet=True), kept=kept)


def superseded(attempt: Attempt, *reasons: Reason, quiet: bool = False) -> Stopped:
    """End an attempt because of somebody else's change. If nothing was done yet, only an approved one is published."""
    return ended(attempt, AttemptState.SUPERSEDED, *reasons, quiet=quiet and not attempt.approved)


def concluded(attempt: Attempt, stays: tuple[Reason, ...], moment: Moment) -> Stopped:
    """End an attempt whose services have all ended. `stays` says why its revision could not be withdrawn."""
    stages = {each.stage for each in attempt.rollouts}
    left = skipped_reasons(attempt)
    if attempt.undone or failed(attempt):
        reasons = tuple(_of_failed(each) for each in attempt.rollouts if each.stage.failed and each.reasons)
        why = (Reason(Code.UNDONE, attempt.undone_by),) if attempt.undone else reasons
        state = AttemptState.UNDONE if attempt.undone else AttemptState.FAILED
        stopped = ended(attempt, state, *reasons, *left, *stays)
        return replace(stopped, quarantine=Quarantine(why, moment.now))
    if Stage.VERIFIED in stages:
        return ended(attempt, AttemptState.DEPLOYED, *left)
    if Stage.UPDATED in stages:
        return ended(attempt, AttemptState.UPDATED, *left)
    if attempt.registered is not None:
        return ended(attempt, AttemptState.REGISTERED, *left)
    first = attempt.rollouts[0]
    if all(each.moot for each in attempt.rollouts):
        return superseded(attempt, *first.reasons, quiet=not any(each.was for each in attempt.rollouts))
    return refused(attempt, first.guard, *first.reasons)


def failed(attempt: Attempt) -> bool:
    """Whether a service of it was, or is being, rolled back."""
    return any(each.stage.failed for each in attempt.rollouts)


def skipped_reasons(attempt: Attempt) -> tuple[Reason, ...]:
    """Return why services were left unchanged, one by one."""
    return tuple(_of_service(each, each.reasons) for each in attempt.rollouts if each.stage is Stage.SKIPPED)


def _of_failed(rollout: Rollout) -> Reason:
    more = tuple[Reason, ...]()
    if rollout.stage is Stage.NOT_ROLLED_BACK:
        same = rollout.other or rollout.restarts
        more = (Reason(Code.CHECK_NOW) if same else Reason(Code.NOT_SET_BACK, rollout.before.name),)
    return _of_service(rollout, (*rollout.reasons, *more))


def _of_service(rollout: Rollout, reasons: tuple[Reason, ...]) -> Reason:
    return Reason(Code.OF_SERVICE, rollout.service, guard=rollout.guard, because=reasons)
