"""Requests of people: approve, undo, release. Each is answered once, even if its message is retried."""

from dataclasses import dataclass, replace

from aws.ledger import History
from domain.places import Revision
from domain.remediation.attempt import Answer, AttemptState
from domain.remediation.reason import Code, Reason
from domain.remediation.request import (
    ApplyRequest,
    PersonRequest,
    ReleaseRequest,
    ReleaseStagesRequest,
    UndoRequest,
)
from operations.remediation.approving import Approving
from operations.remediation.corrector import Corrector
from operations.remediation.outcome import Outcome
from operations.remediation.parts import Parts
from operations.remediation.recording import Recorder
from operations.remediation.stages import StageGuard
from operations.remediation.undoing import Undoing


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers requests of people, and stores each answer in the ledger for the command line. `by` is who asks."""

    parts: Parts
    by: str

    def answered(self, request: PersonRequest, history: History) -> Outcome:
        """Carry out a request, or return the stored outcome of an earlier delivery."""
        attempts = self.parts.ledger.attempts
        answer = history.answers.get(request.deduplication)
        if answer is None:
            outcome = self._asked(request, history)
            answer = Answer(
                outcome.state, self.parts.now(), outcome.attempt, outcome.guard, outcome.reasons, outcome.pending
            )
            attempts.answer(request.subject, request.deduplication, answer)
        elif (held := history.attempt(answer.attempt)) is not None:
            outcome = Outcome.of(held)
        else:
            source = Revision(request.place, request.family, history.order)
            outcome = Outcome(answer.state, source, reasons=answer.reasons, guard=answer.guard)
        if answer.pending:
            Recorder(self.parts).publish(answer.pending)
            attempts.answer(request.subject, request.deduplication, replace(answer, pending=()))
        return outcome

    def _asked(self, request: PersonRequest, history: History) -> Outcome:
        match request:
            case ApplyRequest():
                return Approving(self.parts, self.by).apply(request, history)
            case UndoRequest():
                return self._undo(request, history)
            case ReleaseRequest():
                return self._release(request, history)
            case ReleaseStagesRequest():
                released = StageGuard(self.parts).release()
                why = Reason(Code.STAGES_RELEASED if released else Code.STAGES_NOT_STOPPED)
                return Outcome.nothing(request, why, history.order)

    def _undo(self, request: UndoRequest, history: History) -> Outcome:
        found = Undoing(self.parts, self.by).begin(request, history)
        return found if isinstance(found, Outcome) else Corrector(self.parts).resume(found, history)

    def _release(self, request: ReleaseRequest, history: History) -> Outcome:
        """Release a family: attempts that failed, were undone or were refused may be tried again."""
        for each in history.attempts:
            if each.state in {AttemptState.FAILED, AttemptState.UNDONE, AttemptState.REFUSED} and not each.released:
                self.parts.ledger.attempts.write(replace(each, released=True))
            elif each.state is AttemptState.WAITING:  # the quarantine would have refused it
                self.parts.ledger.attempts.write(replace(each, due=self.parts.now()))
        self.parts.ledger.attempts.tried(request.subject)
        self.parts.ledger.attempts.release(request.subject)
        Recorder(self.parts).evaluate_again(request.place, request.family, history.services)
        why = Reason(Code.RELEASED if history.quarantine else Code.NOT_QUARANTINED)
        return Outcome.nothing(request, why, history.order)
