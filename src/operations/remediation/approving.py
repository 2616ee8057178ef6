"""Approvals: carry out the plan that a person saw; refuse it if it changed or is too old."""

from dataclasses import dataclass, replace

from aws.ledger import History
from domain.places import Revision
from domain.remediation.approval import correctable, same_request, still_proposed
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.ending import forbidden
from domain.remediation.guards import Forbidden, not_quarantined
from domain.remediation.request import ApplyRequest
from domain.remediation.rollout import deployment_of
from operations.remediation.corrector import Corrector
from operations.remediation.outcome import Outcome
from operations.remediation.parts import Parts
from operations.remediation.recording import Recorder


@dataclass(frozen=True, slots=True)
class Approving:
    """Turns an approval into an attempt. `by` is who approved; empty if it is not known."""

    parts: Parts
    by: str

    def apply(self, request: ApplyRequest, history: History) -> Outcome:
        running = self._running(request)
        for same in history.attempts:
            if same_request(same, request, self.by, running[0] if running else None):
                return Corrector(self.parts).resume(same, history)
        source, deployment = running or (Revision(request.place, request.family, history.order), "")
        attempt = Attempt(
            source,
            request.digest,
            AttemptState.WAITING,
            self.parts.now(),
            service=request.service,
            deployment=deployment,
            approved=True,
            approved_by=self.by,
            request_id=request.request_id(self.by),
            address=history.record.address,
        )
        held = history.attempt(attempt.key)
        try:
            not_quarantined(history.quarantine)
            correctable(request, attempt if running else None, held)
            on = self.parts.ledger.history(request.on) if request.service else history
            still_proposed(request, on.proposed, self.parts.moment)
        except Forbidden as by:
            return Recorder(self.parts).record(forbidden(attempt, by, history.attempts, self.parts.moment))
        attempt = replace(attempt, version=held.version) if held is not None else attempt
        return Corrector(self.parts).resume(attempt, history)

    def _running(self, request: ApplyRequest) -> tuple[Revision, str] | None:
        """Return the revision to correct now, and a service's deployment; None if it is gone."""
        if request.service:
            service = self.parts.ecs.service(request.place, request.service)
            return (service.revision, deployment_of(service)) if service and service.revision else None
        task = self.parts.ecs.task_definition(request.place, request.family)
        return (task.revision, "") if task and task.revision else None
