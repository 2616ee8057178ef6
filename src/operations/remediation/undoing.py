"""Undo: services go back to what they ran before Outrider, and the revision is withdrawn."""

from dataclasses import dataclass, replace

from aws.calls import CallRefused
from aws.ledger import History
from domain.remediation.attempt import Attempt, AttemptState, nothing_to_undo, of_single_services, to_undo
from domain.remediation.reason import Code, Reason
from domain.remediation.request import UndoRequest
from domain.remediation.rollout import Rollout, Stage
from domain.remediation.watching import shown_late
from domain.standard import Mode
from operations.remediation.outcome import NotRead, Outcome
from operations.remediation.parts import Parts
from operations.remediation.withdrawal import run_by


@dataclass(frozen=True, slots=True)
class Undoing:
    """Turns the last correction into one that goes back. `by` is who asks."""

    parts: Parts
    by: str

    def begin(self, request: UndoRequest, history: History) -> Attempt | Outcome:
        """Return the attempt that undoes, or why there is nothing to undo."""
        undone = [each for each in history.attempts if each.undone]
        if same := next((each for each in undone if each.request_id == request.deduplication), None):
            return same
        attempt = to_undo(history.attempts, request.service)
        if attempt is None:
            under_way = next((each for each in undone if not each.state.ended), None)
            none = nothing_to_undo(history.attempts, request.family, request.service)
            return under_way or Outcome.nothing(request, none, history.order)
        updated = any(each.stage not in {Stage.SKIPPED, Stage.PENDING} for each in attempt.rollouts)
        if why := self._updates_nothing() if updated else self._run_by_others(attempt, history):
            return Outcome.nothing(request, why, history.order)
        rollouts = tuple(self._set_back(each, attempt, request) for each in attempt.rollouts)
        if updated and attempt.state.ended and all(each.stage is not Stage.ROLLING_BACK for each in rollouts):
            return Outcome.nothing(
                request, Reason(Code.RUNS_SOMETHING_ELSE, request.service or request.family), history.order
            )
        return self.parts.ledger.attempts.write(
            replace(
                attempt,
                state=AttemptState.ROLLING,
                undone=True,
                undone_by=self.by,
                request_id=request.deduplication,
                rollouts=rollouts,
                due=self.parts.now(),
            )
        )

    def _updates_nothing(self) -> Reason | None:
        """Check that the stack deploys: otherwise no service is updated."""
        cap = self.parts.planner.cap
        return Reason(Code.STACK_UPDATES_NO_SERVICE, cap) if cap is not Mode.DEPLOY else None

    def _run_by_others(self, attempt: Attempt, history: History) -> Reason | None:
        """Return why the registered revision cannot be withdrawn; None if nothing is known to run it."""
        registered = str(attempt.correction)
        try:
            title = run_by(self.parts, attempt)
        except CallRefused as failed:
            return Reason(Code.USE_NOT_KNOWN, registered, because=(failed.reason,))
        if not title:
            return None
        alone = any(each.service == title for each in of_single_services(history.attempts, attempt))
        return Reason(Code.DEPLOYED_ALONE if alone else Code.RUN_BY_OTHERS, title, registered)

    def _set_back(self, rollout: Rollout, attempt: Attempt, request: UndoRequest) -> Rollout:
        now, why = self.parts.now(), Reason(Code.UNDONE, self.by)
        if request.service and request.service != rollout.service:
            return rollout
        if rollout.stage is Stage.PENDING:
            return rollout.left(now, why)
        if rollout.stage.failed or rollout.stage in {Stage.SKIPPED, Stage.RESTORING}:
            return rollout
        try:
            service = self.parts.ecs.service(attempt.source.place, rollout.service)
        except CallRefused as failed:
            return rollout.at(Stage.NOT_ROLLED_BACK, now, reasons=(why, failed.reason))
        if service is not None and shown_late(rollout, service, now):
            raise NotRead(f"{rollout.service} is still shown as it was before it was updated.")
        if service is None or service.task_definition != rollout.after.revision:
            return rollout.left(now, Reason(Code.RUNS_SOMETHING_ELSE))
        return rollout.read(service).at(Stage.ROLLING_BACK, now, now, (why,))
