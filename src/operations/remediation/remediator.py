"""Remediate: register the corrected revision of one family, and see it running. The only use case that writes to ECS.

A request is only a pointer: what is there now is read, judged and planned again. How an attempt goes on stands in
operations.correcting. All requests of one family come one after the other: they share a message group.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aws.calls import CallFailed
from aws.ecs import Ecs
from aws.ledger import History, Ledger
from domain.places import Revision
from domain.remediation.attempt import Answer, Attempt, AttemptState, to_undo
from domain.remediation.request import (
    ApplyRequest,
    CorrectRequest,
    CorrectServiceRequest,
    ReleaseRequest,
    Request,
    UndoRequest,
    VisitRequest,
    read_request,
)
from domain.remediation.rollout import Rollout, Stage, deployment_of, shown_late
from domain.standard import Mode
from operations.remediation.corrector import Corrector, NotRead, Outcome, person
from operations.remediation.guards import Refused, may_try


@dataclass(frozen=True, slots=True)
class Remediator:
    """The use case: what is asked, and by whom. Attempts are carried out by `corrector`."""

    corrector: Corrector

    @property
    def ledger(self) -> Ledger:
        return self.corrector.ledger

    @property
    def ecs(self) -> Ecs:
        return self.corrector.ecs

    def now(self) -> datetime:
        return self.corrector.now()

    def remediate(self, body: str) -> Outcome:
        """Do what one message asks. RequestUnreadable, StandardInvalid, NotRead, CallFailed: it is to come again."""
        request = read_request(body)
        history = self.ledger.history(request.subject)
        match request:
            case CorrectRequest() | CorrectServiceRequest():
                return self._asked(request, history)
            case VisitRequest(attempt=key):
                attempt = history.attempt(key)
                if attempt is None:
                    return _none(request, history, "no correction is under way")
                return self.corrector.go_on(attempt, history)
            case ApplyRequest() | UndoRequest() | ReleaseRequest():
                return self._answered(request, history)

    def _asked(self, request: CorrectRequest | CorrectServiceRequest, history: History) -> Outcome:
        fresh = Attempt(request.source, request.digest, AttemptState.WAITING, self.now(), asked=request.after)
        match request:
            case CorrectRequest():
                fresh = replace(fresh, actor=request.actor)
            case CorrectServiceRequest():
                fresh = replace(fresh, service=request.service, deployment=request.deployment)
        held = history.attempt(fresh.key)
        if held is None:
            return self.corrector.go_on(fresh, history)
        # What overtook it is gone: inspect asks anew then, and the old message that comes again does not.
        overtaken = held.state is AttemptState.SUPERSEDED and request.after != held.time.isoformat()
        anew = held.again and not overtaken
        return self.corrector.go_on(replace(fresh, version=held.version) if anew else held, history)

    # --- what a person asks ------------------------------------------------------------------------------------------

    def _answered(self, request: ApplyRequest | UndoRequest | ReleaseRequest, history: History) -> Outcome:
        """Its answer stands in the ledger, where whoever asked may read it. A message that comes again asks nothing."""
        answer = history.answers.get(request.deduplication)
        if answer is None:
            outcome = self._as_asked(request, history)
            answer = Answer(outcome.state, self.now(), outcome.attempt, outcome.guard, outcome.reasons, outcome.pending)
            self.ledger.attempts.answer(request.subject, request.deduplication, answer)
        else:
            held = history.attempt(answer.attempt)
            outcome = Outcome.of(held) if held is not None else replace(
                _none(request, history, ""), state=answer.state, guard=answer.guard, reasons=answer.reasons
            )  # fmt: skip
        if answer.pending:
            for body in answer.pending:
                self.corrector.publish(body)
            self.ledger.attempts.answer(request.subject, request.deduplication, replace(answer, pending=()))
        return outcome

    def _as_asked(self, request: ApplyRequest | UndoRequest | ReleaseRequest, history: History) -> Outcome:
        match request:
            case ApplyRequest():
                return self._apply(request, history)
            case UndoRequest():
                return self._undo(request, history)
            case ReleaseRequest():
                return self._release(request, history)

    def _apply(self, request: ApplyRequest, history: History) -> Outcome:
        """Carry out the plan that a person saw; where it is no longer that plan, or is too old, say so."""
        running = self._running(request)
        for same in history.attempts:
            if _is_at(same, request, running[0] if running else None):
                return self.corrector.go_on(same, history)
        source, deployment = running or (Revision(request.place, request.family, history.order), "")
        asked = Attempt(
            source,
            request.digest,
            AttemptState.WAITING,
            self.now(),
            service=request.service,
            deployment=deployment,
            approved=True,
            approved_by=request.by,
            asked=request.wish,
        )
        try:
            _correctable(request, asked, history, gone=running is None)
            on = history if not request.service else self.ledger.history(request.on)
            asked = replace(asked, digest=self._approved(request, on))
        except Refused as refused:
            return self.corrector.not_kept(asked, refused.guard, str(refused))
        held = history.attempt(asked.key)
        return self.corrector.go_on(replace(asked, version=held.version) if held is not None else asked, history)

    def _approved(self, request: ApplyRequest, on: History) -> str:
        """The digest of the plan that an approval is of. Refused where it is not that plan any more, or too old."""
        offer, hours = on.offer, self.corrector.standards.current().standard.remediation.approval_hours
        row = on.rows.get(request.rule)
        if offer is None:
            why = f"There is no plan for it now. {_AGAIN}"
        elif request.rule and request.rule not in offer.rules:
            why = f"The plan that there is corrects nothing about {request.rule}."
        elif request.digest and request.digest != offer.digest:
            why = f"The plan is another since it was approved: {offer.digest}, not {request.digest}. {_AGAIN}"
        elif request.seen is not None and row is not None and row.finding.updated > request.seen + _CLOCK:
            why = f"The finding has changed since it was approved. {_AGAIN}"
        elif self.now() > min(offer.drawn, request.when) + timedelta(hours=hours):
            why = f"The plan or its approval is older than {hours} hours. The next sweep draws it up anew."
        else:
            return offer.digest
        raise Refused("approval", why)

    def _running(self, request: ApplyRequest) -> tuple[Revision, str] | None:
        """The revision that is to be corrected now, and the deployment of a service; None where it is gone."""
        if request.service:
            service = self.ecs.service(request.place, request.service)
            revision = Revision.parse(service.task_definition) if service else None
            return (revision, deployment_of(service)) if service and revision else None
        task = self.ecs.task_definition(request.place, request.family)
        revision = Revision.parse(task.arn or "") if task else None
        return (revision, "") if revision else None

    def _undo(self, request: UndoRequest, history: History) -> Outcome:
        undone = [each for each in history.attempts if each.undone]
        if same := next((each for each in undone if each.asked == request.deduplication), None):
            return self.corrector.go_on(same, history)
        what, attempt = request.service or request.family, to_undo(history.attempts, request.service)
        if attempt is None:
            under_way = next((each for each in undone if not each.state.ended), None)
            nothing = _none(request, history, f"nothing of Outrider's is on {what}")
            return self.corrector.go_on(under_way, history) if under_way else nothing
        updated = any(each.stage not in {Stage.LEFT, Stage.PENDING} for each in attempt.rollouts)
        if updated and (cap := self.corrector.planner.cap) is not Mode.DEPLOY:
            return _none(request, history, f"the stack's RemediationMode is {cap}: it updates no service")
        if not updated and (why := self._run_by_others(attempt)):
            return Outcome.nothing(attempt.source, why)
        rollouts = tuple(self._set_back(each, attempt, request) for each in attempt.rollouts)
        if updated and attempt.state.ended and all(each.stage is not Stage.SETTING_BACK for each in rollouts):
            return _none(request, history, f"{what} runs something else than what Outrider brought there")
        attempt = replace(
            attempt,
            state=AttemptState.ROLLING,
            undone=True,
            undone_by=request.by,
            asked=request.deduplication,
            rollouts=rollouts,
            due=self.now(),
        )
        return self.corrector.roll(self.ledger.attempts.write(attempt))

    def _run_by_others(self, attempt: Attempt) -> str:
        """Why what was registered cannot be taken back; empty where nothing is known to run it."""
        try:
            title = self.corrector.runs(attempt)
        except CallFailed as failed:
            if failed.transient:
                raise
            return f"{failed}, so it is not known whether something runs {attempt.correction}"
        return f"{title} runs {attempt.correction} by other means than Outrider's. Set it back first." if title else ""

    def _set_back(self, rollout: Rollout, attempt: Attempt, request: UndoRequest) -> Rollout:
        now = self.now()
        if request.service and request.service != rollout.service:
            return rollout
        reason = f"It was undone by {person(request.by)}."
        if rollout.stage is Stage.PENDING:
            return rollout.at(Stage.LEFT, now, reason=reason)
        if rollout.stage.failed or rollout.stage in {Stage.LEFT, Stage.GIVING_BACK}:
            return rollout
        try:
            service = self.ecs.service(attempt.source.place, rollout.service)
        except CallFailed as failed:
            if failed.transient:
                raise
            return rollout.at(Stage.NOT_BACK, now, reason=f"{reason} {failed}.")
        if service is not None and shown_late(rollout, service, now):
            raise NotRead(f"{rollout.service} is still shown as it was before it was updated.")
        if service is None or service.task_definition != rollout.after.revision:
            return rollout.at(Stage.LEFT, now, reason="It runs something else now.")
        return replace(rollout, was=deployment_of(service)).at(Stage.SETTING_BACK, now, now, reason)

    def _release(self, request: ReleaseRequest, history: History) -> Outcome:
        """The family may be corrected again: what failed, was undone or refused may be tried anew."""
        for each in history.attempts:
            if each.state in {AttemptState.FAILED, AttemptState.UNDONE, AttemptState.REFUSED} and not each.released:
                self.ledger.attempts.write(replace(each, released=True))
        self.ledger.attempts.release(request.subject)
        self.corrector.look_again(request.place, request.family, tuple(history.services))
        return _none(request, history, "released" if history.quarantine else "it was not in quarantine")


_AGAIN = "Look at the finding again."
_CLOCK = timedelta(milliseconds=1)  # what Security Hub tells of a finding's time is cut to milliseconds


def _is_at(attempt: Attempt, request: ApplyRequest, running: Revision | None) -> bool:
    """Whether an attempt is of this approval, or does or did just what it asks for: whoever approved it first."""
    if attempt.asked == request.wish:
        return True
    if not request.digest or attempt.digest != request.digest:
        return False
    under_way = attempt.state in {AttemptState.STARTED, AttemptState.ROLLING} or (
        attempt.approved and attempt.state is AttemptState.WAITING
    )
    return under_way or (running is not None and attempt.correction == running)


def _correctable(request: ApplyRequest, asked: Attempt, history: History, *, gone: bool) -> None:
    """Refused where there is nothing that an approval could correct now, or it may not be."""
    what, held = request.service or request.family, history.attempt(asked.key)
    if gone:
        raise Refused("approval", f"{what} is gone.")
    if asked.source.family != request.family:
        raise Refused("approval", f"{what} runs {asked.source} now. {_AGAIN}")
    may_try(asked, history)
    if held is not None and held.state in {AttemptState.STARTED, AttemptState.ROLLING}:
        raise Refused("approval", f"{what} is being corrected by another plan already.")


def _none(request: Request, history: History, reason: str) -> Outcome:
    return Outcome.nothing(Revision(request.place, request.family, history.order), reason)
