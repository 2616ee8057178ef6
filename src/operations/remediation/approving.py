"""An approval: the plan that a person saw is carried out; where it is no longer that plan, or is too old, they hear."""

from dataclasses import dataclass, replace

from aws.ledger import History
from domain.places import Revision
from domain.remediation.approval import approved_digest, correctable, same_wish
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
    """Makes an attempt of an approval."""

    parts: Parts
    corrector: Corrector

    def apply(self, request: ApplyRequest, history: History) -> Outcome:
        running = self._running(request)
        for same in history.attempts:
            if same_wish(same, request, running[0] if running else None):
                return self.corrector.resume(same, history)
        source, deployment = running or (Revision(request.place, request.family, history.order), "")
        asked = Attempt(
            source,
            request.digest,
            AttemptState.WAITING,
            self.parts.now(),
            service=request.service,
            deployment=deployment,
            approved=True,
            approved_by=request.by,
            asked=request.wish,
        )
        held = history.attempt(asked.key)
        try:
            not_quarantined(history.quarantine)
            correctable(request, asked if running else None, held)
            asked = replace(asked, digest=self._digest(request, history))
        except Forbidden as by:
            return Recorder(self.parts).record(forbidden(asked, by, history.attempts, self.parts.moment))
        return self.corrector.resume(replace(asked, version=held.version) if held is not None else asked, history)

    def _running(self, request: ApplyRequest) -> tuple[Revision, str] | None:
        """The revision that is to be corrected now, and the deployment of a service; None where it is gone."""
        if request.service:
            service = self.parts.ecs.service(request.place, request.service)
            revision = Revision.parse(service.task_definition) if service else None
            return (revision, deployment_of(service)) if service and revision else None
        task = self.parts.ecs.task_definition(request.place, request.family)
        revision = Revision.parse(task.arn or "") if task else None
        return (revision, "") if revision else None

    def _digest(self, request: ApplyRequest, history: History) -> str:
        on = self.parts.ledger.history(request.on) if request.service else history
        row = on.rows.get(request.rule)
        return approved_digest(request, on.offer, row.finding.updated if row is not None else None, self.parts.moment)
