"""Withdraw a revision that a correction registered, unless a service runs it."""

from aws.calls import CallRefused
from aws.errors import Meaning
from domain.places import Revision
from domain.remediation.attempt import Attempt
from domain.remediation.ending import failed
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Stage
from operations.remediation.outcome import NotRead
from operations.remediation.parts import Parts


def withdraw(parts: Parts, attempt: Attempt) -> tuple[Reason, ...]:
    """Withdraw the revision of a failed or undone correction: the source is the newest revision again.

    Return why it stays, if a service runs it or the call is refused. The failure is published in any case.
    """
    registered = attempt.correction
    goes = failed(attempt) or attempt.undone
    if registered is None or not goes or any(each.stage is Stage.NOT_ROLLED_BACK for each in attempt.rollouts):
        return ()
    try:
        if title := run_by(parts, attempt):
            return (Reason(Code.STAYS_NEWEST, str(registered), title),)
        found = parts.ecs.task_definition(registered.place, registered.arn)
    except CallRefused as error:
        return (_stays(registered, error),)
    return deregister(parts, attempt, registered) if found is None or found.active else ()


def deregister(parts: Parts, attempt: Attempt, registered: Revision) -> tuple[Reason, ...]:
    """Deregister the revision that an attempt registered; return why it stays if that is refused.

    Raises NotRead if ECS does not show it yet.
    """
    try:
        parts.ecs.deregister(registered)
    except CallRefused as error:
        if error.meaning is not Meaning.ABSENT:
            return (_stays(registered, error),)
        if attempt.recently_started(parts.now()):
            raise NotRead(f"ECS does not show {registered} yet.") from None
    return ()


def run_by(parts: Parts, attempt: Attempt) -> str:
    """Return a service that runs the registered revision; empty if none is known."""
    registered, known = attempt.correction, parts.ledger.history(attempt.family).services
    for title in sorted({*known, *(each.service for each in attempt.rollouts)}):
        service = parts.ecs.service(attempt.source.place, title)
        if service is not None and registered is not None and service.task_definition == registered.arn:
            return title
    return ""


def _stays(registered: Revision, failed_call: CallRefused) -> Reason:
    return Reason(Code.STAYS_NEWEST, str(registered), because=(failed_call.reason,))
