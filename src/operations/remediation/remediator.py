"""Remediate: register the corrected revision of one family, and see it running. The only use case that writes to ECS.

A request is only a pointer: what is there now is read, judged and planned again. All requests of one family come one
after the other: they share a message group.
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
    """The use case: what is asked, and by whom."""

    parts: Parts

    def remediate(self, body: str) -> Outcome:
        """Do what one message asks. RequestUnreadable, StandardInvalid, NotRead, CallFailed: it is to be retried."""
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
    """The one that is held already, unless the same may be asked for again."""
    fresh = Attempt(request.source, request.digest, AttemptState.WAITING, now, asked=request.after)
    match request:
        case CorrectRequest():
            fresh = replace(fresh, actor=request.actor)
        case CorrectServiceRequest():
            fresh = replace(fresh, service=request.service, deployment=request.deployment)
    held = history.attempt(fresh.key)
    if held is None:
        return fresh
    # What overtook it is gone: inspect asks for it again then, and the old message that is retried does not.
    overtaken = held.state is AttemptState.SUPERSEDED and request.after != held.time.isoformat()
    return replace(fresh, version=held.version) if held.again and not overtaken else held
