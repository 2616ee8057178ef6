"""Plans and corrections as lines for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cli.client_results import ApprovablePlan, FamilyCorrections, Progress, ReleaseTarget, UndoTarget
from cli.terminal import Style
from domain.remediation.attempt import Attempt, AttemptState, Quarantine
from domain.remediation.guard import Guard
from domain.remediation.plan import Change
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Rollout, Stage
from domain.standard import Mode
from domain.subject import Subject
from reports.reasons import joined, sentences, text
from reports.text import minute
from reports.words import approver_of, titled

_REMOVED, _ADDED, _QUIET, _BAD, _GOOD = Style.RED, Style.GREEN, Style.DIM, Style.BOLD_RED, Style.BOLD_GREEN
_LATEST = 5  # corrections of a family that have ended


@dataclass(frozen=True, slots=True)
class Line:
    """One line, how far it is indented, and its style."""

    text: str
    indent: int = 0
    style: Style = Style.PLAIN


# --- before a request is sent -----------------------------------------------------------------------------------------


def plan(approvable: ApprovablePlan, mode: Mode | None) -> Iterator[Line]:
    """Yield the proposed plan: the diff, why it needs approval, and what happens next."""
    proposed = approvable.proposed
    yield Line(f"{approvable.of}, plan {proposed.digest}", style=Style.BOLD)
    until = f"; it can be approved until {minute(proposed.until)}" if proposed.until else ""
    yield Line(f"Made {minute(proposed.drawn)}{until}.", 1)
    yield Line(f"Corrects {', '.join(proposed.rules)}.", 1)
    if proposed.left_out:
        yield Line(text(Reason(Code.LEFT_OUT, names=proposed.left_out)), 1)
    yield from diff(proposed.changes, proposed.omitted)
    if proposed.reasons:
        yield Line("It needs approval:", 1)
        yield from (Line(reason, 2) for reason in proposed.reasons)
    else:
        yield Line(f"The fix is {proposed.safety}.", 1)
    yield Line(_what_comes(approvable, mode), 1)


def diff(changes: tuple[Change, ...], omitted: int) -> Iterator[Line]:
    """Yield the changes in the form of a unified diff."""
    for change in changes:
        yield Line(f"@@ {change.where} @@", 1, _QUIET)
        if change.before is not None:
            yield Line(f"-{change.before}", 1, _REMOVED)
        if change.after is not None:
            yield Line(f"+{change.after}", 1, _ADDED)
    if omitted:
        yield Line(f"… and {omitted} more changes that are not shown.", 1, _BAD)


def _what_comes(approvable: ApprovablePlan, mode: Mode | None) -> str:
    if approvable.subject.kind is Subject.SERVICE:
        return f"{approvable.of} is updated, and rolled back if its new tasks or their collectors do not run."
    number = int(approvable.of.rpartition(":")[2])
    running = [title for title, each in approvable.running if each.revision == number]
    if mode is Mode.REGISTER or not running:
        why = "the stack updates no service" if running else "no service runs it"
        return f"A corrected revision is registered; {why}. Tasks that are started by the family's name use it at once."
    return (
        f"A corrected revision is registered and rolled out to {', '.join(running)}. A service is rolled"
        " back if its new tasks or their collectors do not run."
    )


def undoing(found: UndoTarget) -> Iterator[Line]:
    """Yield what an undo would do."""
    attempt = found.attempt
    yield Line(titled(attempt), style=Style.BOLD)
    for rollout in attempt.rollouts:
        if rollout.has_way_back and found.service in {"", rollout.service}:
            yield Line(f"{rollout.service} goes back from {_target(rollout)} to {rollout.before.name}.", 1)
    for each in found.later:
        undone = attempt.rollout(each.service)
        if undone is not None and undone.has_way_back:
            yield Line(f"{each.service}: its later correction, {', '.join(each.rules)}, is undone with it.", 1)
        else:
            yield Line(f"{each.service} keeps its later correction; `outrider undo {each.service}` undoes that.", 1)
    if attempt.correction and not found.service:
        yield Line(f"{attempt.correction} is deregistered if no service runs it.", 1)
    yield Line(f"{found.family} is in quarantine until `outrider release {found.family}`.", 1)


def releasing(found: ReleaseTarget) -> Iterator[Line]:
    """Yield what a release would end."""
    yield Line(found.family, style=Style.BOLD)
    if found.quarantine is not None:
        yield Line(_quarantined(found.quarantine), 1)
    for attempt in found.attempts:
        yield from _attempt(attempt)
    yield Line("It is evaluated again, and corrected if the standard allows it.", 1)


# --- progress of a request --------------------------------------------------------------------------------------------


def new_lines(last: Progress, now: Progress) -> Iterator[Line]:
    """Yield what is new since the last read."""
    if now.attempt is None:
        if now.answer is not None and last.answer is None:
            yield from _ended(now.answer.state, now.answer.guard, now.answer.reasons)
        return
    before = last.attempt
    if now.attempt.left_out and (before is None or not before.left_out):
        yield Line(text(Reason(Code.LEFT_OUT, names=now.attempt.left_out)))
    if now.attempt.correction and (before is None or before.registered is None):
        yield Line(f"{now.attempt.correction} is registered.")
    for rollout in now.attempt.rollouts:
        was = before.rollout(rollout.service) if before else None
        if was is None or (was.stage, was.reasons) != (rollout.stage, rollout.reasons):
            yield _rollout(rollout, 0)
    state = (now.attempt.state, now.attempt.guard, now.attempt.reasons)
    if before is None or (before.state, before.guard, before.reasons) != state:
        if now.attempt.state.ended:
            yield from _ended(*state)
        elif now.attempt.state is AttemptState.WAITING:
            yield Line(f"Waits ({now.attempt.guard}): {joined(now.attempt.reasons)}{_due(now.attempt.due)}")


def _ended(state: AttemptState, guard: Guard | None, reasons: tuple[Reason, ...]) -> Iterator[Line]:
    style = _BAD if state in {AttemptState.FAILED, AttemptState.REFUSED} else _GOOD
    if state is AttemptState.NOTHING:
        yield from map(Line, sentences(reasons))
        return
    yield Line(f"{state.capitalize()}{f' ({guard})' if guard else ''}.", style=style)
    yield from (Line(reason, 1) for reason in sentences(reasons))


def undone(end: Progress) -> bool:
    """Return whether an undo succeeded."""
    if end.attempt is None or end.attempt.state is not AttemptState.UNDONE:
        return False
    return all(rollout.stage is not Stage.NOT_ROLLED_BACK for rollout in end.attempt.rollouts)


# --- the state of corrections------------------------------------------------------------------------------------------


def family_corrections(found: FamilyCorrections, *, all_of_it: bool) -> Iterator[Line]:
    """Yield a family's quarantine and its corrections that have not ended; with `all_of_it`, the latest others too."""
    yield Line(found.family, style=Style.BOLD)
    if found.quarantine is not None:
        yield Line(_quarantined(found.quarantine), 1, _BAD)
        yield Line(f"End it with `outrider release {found.family}`.", 1)
    attempts = sorted(found.attempts, key=lambda each: each.began or each.time, reverse=True)
    shown = [each for each in attempts if not each.state.ended or each.stopped]
    if all_of_it:
        shown += [each for each in attempts if each not in shown][:_LATEST]
    for attempt in shown:
        yield from _attempt(attempt)
    if all_of_it and found.proposed is not None:
        rules = ", ".join(found.proposed.rules)
        yield Line(f"Plan {found.proposed.digest} can be approved: {rules}.", 1)
    if all_of_it and not shown and found.quarantine is None:
        yield Line("It has no correction.", 1)


def _attempt(attempt: Attempt) -> Iterator[Line]:
    guard = f" ({attempt.guard})" if attempt.guard else ""
    by = f", approved by {approver_of(attempt)}" if attempt.approved else ""
    yield Line(
        f"{titled(attempt)}: {attempt.state}{guard}, {minute(attempt.time)}{by}"
        f"{_due(attempt.due) if not attempt.state.ended else ''}",
        1,
    )
    yield from (Line(reason, 2) for reason in sentences(attempt.reasons))
    yield from (_rollout(rollout, 2) for rollout in attempt.rollouts)


def _rollout(rollout: Rollout, indent: int) -> Line:
    guard = f": {rollout.guard}" if rollout.guard else ""
    reason = f"{guard}: {joined(rollout.reasons)}" if rollout.reasons else ""
    style = _BAD if rollout.stage is Stage.NOT_ROLLED_BACK else Style.PLAIN
    return Line(f"{rollout.service} {_state(rollout)}{reason}", indent, style)


def _state(rollout: Rollout) -> str:  # noqa: C901 - a case for each stage: mypy reports one that is missing
    match rollout.stage:
        case Stage.PENDING:
            return "waits for its update"
        case Stage.UPDATING:
            return f"is being updated to {_target(rollout)}"
        case Stage.DEPLOYING:
            return f"is being deployed with {_target(rollout)}"
        case Stage.SETTLING:
            return "is deployed; its collectors are being checked"
        case Stage.VERIFIED:
            return "is deployed, and its collectors run"
        case Stage.UPDATED:
            return "is deployed; its desired count is 0, so no task shows yet whether it works"
        case Stage.RESTORING:
            return f"goes back to what somebody else deployed, {rollout.other.rpartition('/')[2]}"
        case Stage.ROLLING_BACK:
            return f"is being rolled back to {rollout.before.name}"
        case Stage.ROLLBACK_DEPLOYING:
            return f"is being deployed with {rollout.before.name} again"
        case Stage.ROLLED_BACK:
            return f"is rolled back to {rollout.before.name}"
        case Stage.NOT_ROLLED_BACK:
            return f"could not be rolled back to {rollout.before.name}"
        case Stage.SKIPPED:
            return "was skipped"


def _quarantined(quarantine: Quarantine) -> str:
    return f"In quarantine since {minute(quarantine.since)}: {joined(quarantine.reasons)}"


def _target(rollout: Rollout) -> str:
    """Return the revision; with the platform version if only that changes."""
    after, before = rollout.after, rollout.before
    if after.revision == before.revision and after.platform != before.platform:
        return f"{after.name} on platform version {after.platform}"
    return after.name


def _due(due: datetime | None) -> str:
    return f" Next try: {minute(due)}." if due is not None else ""
