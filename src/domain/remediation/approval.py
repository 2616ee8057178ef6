"""Whether a person's approval is still valid. Makes no calls."""

from datetime import datetime, timedelta

from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState, ProposedPlan
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden, Moment
from domain.remediation.reason import Code, Reason
from domain.remediation.request import ApplyRequest

_CLOCK = timedelta(milliseconds=1)  # Security Hub cuts a finding's time to milliseconds


def same_request(attempt: Attempt, request: ApplyRequest, running: Revision | None) -> bool:
    """Whether an attempt is of this approval, or carries out the same plan by another person's approval."""
    if attempt.request_id == request.request_id:
        return True
    if not request.digest or attempt.digest != request.digest:
        return False
    waits = attempt.approved and attempt.state is AttemptState.WAITING
    under_way = attempt.state in {AttemptState.STARTED, AttemptState.ROLLING} or waits
    return under_way or (running is not None and attempt.correction == running)


def approved_digest(
    request: ApplyRequest, proposed: ProposedPlan | None, changed: datetime | None, moment: Moment
) -> str:
    """Return the digest of the approved plan. Raises Forbidden if the plan changed or the approval is too old.

    `changed` is when the finding that was approved on changed last.
    """
    hours = moment.standard.remediation.approval_hours
    if proposed is None:
        why = Reason(Code.NO_PLAN)
    elif request.rule and request.rule not in proposed.rules:
        why = Reason(Code.RULE_NOT_IN_PLAN, request.rule)
    elif request.digest and request.digest != proposed.digest:
        why = Reason(Code.PLAN_CHANGED, proposed.digest, request.digest)
    elif request.seen is not None and changed is not None and changed > request.seen + _CLOCK:
        why = Reason(Code.FINDING_CHANGED)
    elif moment.now > min(proposed.drawn, request.when) + timedelta(hours=hours):
        why = Reason(Code.APPROVAL_TOO_OLD, number=hours)
    else:
        return proposed.digest
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
