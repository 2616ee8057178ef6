"""Remediate: register the corrected revision of one family, and verify that it runs.

The only use case that writes to ECS. A request only names what to correct: the present state is read, evaluated and
planned again. All requests of one family are handled in order: they share a message group.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from aws.calls import CallFailed
from aws.ledger import History
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.ending import unreachable
from domain.remediation.reason import Code, Reason
from domain.remediation.request import (
    ApplyRequest,
    CorrectRequest,
    CorrectServiceRequest,
    ReleaseRequest,
    ReleaseStagesRequest,
    Request,
    ResumeRequest,
    RetryRequest,
    UndoRequest,
    read_request,
)
from domain.triggers.actor import Actor
from operations.remediation.corrector import Corrector
from operations.remediation.outcome import Outcome
from operations.remediation.parts import Parts
from operations.remediation.person_requests import Answering
from operations.remediation.recording import Recorder
from operations.remediation.senders import Senders


@dataclass(frozen=True, slots=True)
class Remediator:
    """The use case. Its parts come from operations.wiring."""

    parts: Parts
    senders: Senders

    def remediate(self, body: str, sender: str = "") -> Outcome:
        """Carry out one message. `sender` is the SenderId that SQS recorded with it.

        Raises RequestUnreadable, StandardInvalid, NotRead or CallFailed if it must be retried. In an account whose role
        cannot be assumed nothing is done: operations are notified once, and what was begun waits.
        """
        request = read_request(body)
        return replace(self, parts=replace(self.parts, place=request.place)).carried_out(request, sender)

    def carried_out(self, request: Request, sender: str) -> Outcome:
        """Carry out one request, with the parts of its account."""
        try:
            self.parts.sessions.reach(request.place)
        except CallFailed as failed:
            if not failed.of_account:
                raise
            self.parts.operations.no_access(failed, request.place.account)
            return self._unreachable(request, failed)
        history = self.parts.ledger.history(request.subject)
        corrector = Corrector(self.parts)
        match request:
            case CorrectRequest() | CorrectServiceRequest():
                actor = self.senders.registrar(request, sender)
                fresh = replace(_fresh(request, actor, self.parts.now()), address=history.record.address)
                return corrector.resume(_attempt(request, history, fresh), history)
            case ResumeRequest(attempt=key):
                attempt = history.attempt(key)
                if attempt is None:
                    return Outcome.nothing(request, Reason(Code.NO_CORRECTION), history.order)
                if attempt.unreachable is not None and not attempt.state.ended:
                    attempt = replace(attempt, unreachable=None, reasons=())
                return corrector.resume(attempt, history)
            case RetryRequest():
                return self._retried(request, history, corrector)
            case ApplyRequest() | UndoRequest() | ReleaseRequest() | ReleaseStagesRequest():
                by = self.senders.person(request, sender)
                return Answering(self.parts, by).answered(request, history)

    def _unreachable(self, request: Request, failed: CallFailed) -> Outcome:
        """Have the attempt that is due wait, or end it. Other requests are made again by evaluations, or by people."""
        if isinstance(request, ResumeRequest):
            attempt = self.parts.ledger.history(request.subject).attempt(request.attempt)
            if attempt is not None and not attempt.state.ended:
                return Recorder(self.parts).record(unreachable(attempt, failed.reason, self.parts.now()))
        return Outcome.nothing(request, failed.reason)

    def _retried(self, request: RetryRequest, history: History, corrector: Corrector) -> Outcome:
        """Try what waits. What waited too long is requested again by the evaluation of the family."""
        attempts = self.parts.ledger.attempts
        for each in (stopped for stopped in history.attempts if stopped.stopped):
            attempts.write(replace(each, released=True))
        if stopped := request.subject in attempts.stopped():  # until all of this is done
            Recorder(self.parts).evaluate_again(request.place, request.family, history.services)
            attempts.tried(request.subject)
        resumed = [corrector.resume(each, history) for each in history.attempts if not each.state.ended]
        if resumed:
            return resumed[-1]
        return Outcome.nothing(request, Reason(Code.RETRIED if stopped else Code.NO_CORRECTION), history.order)


def _fresh(request: CorrectRequest | CorrectServiceRequest, actor: Actor, now: datetime) -> Attempt:
    fresh = Attempt(request.source, request.digest, AttemptState.WAITING, now, actor=actor, request_id=request.after)
    if isinstance(request, CorrectServiceRequest):
        return replace(fresh, service=request.service, deployment=request.deployment)
    return fresh


def _attempt(request: CorrectRequest | CorrectServiceRequest, history: History, fresh: Attempt) -> Attempt:
    """Return the stored attempt, unless the request may be tried again."""
    held = history.attempt(fresh.key)
    if held is None:
        return fresh
    # The newer state that superseded it is gone. Only a new request starts it again; a retried message does not.
    overtaken = held.state is AttemptState.SUPERSEDED and request.after != held.time.isoformat()
    return replace(fresh, version=held.version) if held.again and not overtaken else held
