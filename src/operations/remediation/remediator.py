"""Remediate: register the corrected revision of one family, and verify that it runs.

The only use case that writes to ECS. A request only names what to correct: the present state is read, evaluated and
planned again. All requests of one family are handled in order: they share a message group.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from aws.ledger import History
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.reason import Code
from domain.remediation.request import (
    ApplyRequest,
    CorrectRequest,
    CorrectServiceRequest,
    ReleaseRequest,
    ResumeRequest,
    UndoRequest,
    read_request,
)
from operations.remediation.answering import Answering, nothing
from operations.remediation.corrector import Corrector
from operations.remediation.outcome import Outcome
from operations.remediation.parts import Parts


@dataclass(frozen=True, slots=True)
class Remediator:
    """The use case. Its parts come from operations.wiring."""

    parts: Parts

    def remediate(self, body: str) -> Outcome:
        """Carry out one message.

        Raises RequestUnreadable, StandardInvalid, NotRead or CallFailed if it must be retried.
        """
        request = read_request(body)
        history = self.parts.ledger.history(request.subject)
        corrector = Corrector(self.parts)
        match request:
            case CorrectRequest() | CorrectServiceRequest():
                return corrector.resume(_attempt(request, history, self.parts.now()), history)
            case ResumeRequest(attempt=key):
                attempt = history.attempt(key)
                none = nothing(request, history, Code.NO_CORRECTION)
                return corrector.resume(attempt, history) if attempt is not None else none
            case ApplyRequest() | UndoRequest() | ReleaseRequest():
                return Answering(self.parts, corrector).answered(request, history)


def _attempt(request: CorrectRequest | CorrectServiceRequest, history: History, now: datetime) -> Attempt:
    """Return the stored attempt, unless the request may be tried again."""
    fresh = Attempt(request.source, request.digest, AttemptState.WAITING, now, request_id=request.after)
    match request:
        case CorrectRequest():
            fresh = replace(fresh, actor=request.actor)
        case CorrectServiceRequest():
            fresh = replace(fresh, service=request.service, deployment=request.deployment)
    held = history.attempt(fresh.key)
    if held is None:
        return fresh
    # The newer state that superseded it is gone. Only a new request starts it again; a retried message does not.
    overtaken = held.state is AttemptState.SUPERSEDED and request.after != held.time.isoformat()
    return replace(fresh, version=held.version) if held.again and not overtaken else held
