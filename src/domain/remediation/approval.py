"""Whether a person's approval is still valid. Makes no calls."""

from datetime import timedelta

from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState, ProposedPlan
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden, Moment
from domain.remediation.reason import Code, Reason
from domain.remediation.request import ApplyRequest


def same_request(attempt: Attempt, request: ApplyRequest, by: str, running: Revision | None) -> bool:
    """Whether an attempt is of this approval, or carries out the same plan by another person's approval."""
    if attempt.request_id == request.request_id(by):
        return True
    if attempt.digest != request.digest:
        return False
    waits = attempt.approved and attempt.state is AttemptState.WAITING
    under_way = attempt.state in {AttemptState.STARTED, AttemptState.ROLLING} or waits
    return under_way or (running is not None and attempt.correction == running)


def still_proposed(request: ApplyRequest, proposed: ProposedPlan | None, moment: Moment) -> None:
    """Raise Forbidden if the plan changed or the approval is too old."""
    hours = moment.standard.remediation.approval_hours
    if proposed is None:
        why = Reason(Code.NO_PLAN)
    elif request.rule and request.rule not in proposed.rules:
        why = Reason(Code.RULE_NOT_IN_PLAN, request.rule)
    elif request.digest != proposed.digest:
        why = Reason(Code.PLAN_CHANGED, proposed.digest, request.digest)
    elif moment.now > min(proposed.drawn, request.when) + timedelta(hours=hours):
        why = Reason(Code.APPROVAL_TOO_OLD, number=hours)
    else:
        return
    raise Forbidden(Guard.APPROVAL, why)


def correctable(request: ApplyRequest, attempt: Attempt | None, held: Attempt | None) -> None:
    """Raise Forbidden if the subject is gone, runs another family now, or is being corrected by another plan."""
    what = request.service or request.family
    if attempt is None:
        raise Forbidden(Guard.APPROVAL, Reason(Code.GONE, what))
    if attempt.source.family != request.family:
        raise Forbidden(Guard.APPROVAL, Reason(Code.RUNS_ANOTHER_FAMILY, what, str(attempt.source)))
    if held is not None and held.state in {AttemptState.STARTED, AttemptState.ROLLING}:
        raise Forbidden(Guard.APPROVAL, Reason(Code.CORRECTED_BY_ANOTHER_PLAN, what))
