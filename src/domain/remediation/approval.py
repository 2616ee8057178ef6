"""Whether what a person approved still stands. No calls."""

from datetime import datetime, timedelta

from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState, Offer
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden, Moment
from domain.remediation.reason import Code, Reason
from domain.remediation.request import ApplyRequest

_CLOCK = timedelta(milliseconds=1)  # Security Hub cuts a finding's time to milliseconds


def same_wish(attempt: Attempt, request: ApplyRequest, running: Revision | None) -> bool:
    """Whether an attempt is of this approval, or does or did just what it asks for by that of another person."""
    if attempt.asked == request.wish:
        return True
    if not request.digest or attempt.digest != request.digest:
        return False
    waits = attempt.approved and attempt.state is AttemptState.WAITING
    under_way = attempt.state in {AttemptState.STARTED, AttemptState.ROLLING} or waits
    return under_way or (running is not None and attempt.correction == running)


def approved_digest(request: ApplyRequest, offer: Offer | None, changed: datetime | None, moment: Moment) -> str:
    """The digest of the plan that an approval is of. Forbidden where it is not that plan any more, or too old.

    `changed` is when the finding that was approved on changed last.
    """
    hours = moment.standard.remediation.approval_hours
    if offer is None:
        why = Reason(Code.NO_PLAN)
    elif request.rule and request.rule not in offer.rules:
        why = Reason(Code.RULE_NOT_IN_PLAN, request.rule)
    elif request.digest and request.digest != offer.digest:
        why = Reason(Code.PLAN_CHANGED, offer.digest, request.digest)
    elif request.seen is not None and changed is not None and changed > request.seen + _CLOCK:
        why = Reason(Code.FINDING_CHANGED)
    elif moment.now > min(offer.drawn, request.when) + timedelta(hours=hours):
        why = Reason(Code.APPROVAL_TOO_OLD, number=hours)
    else:
        return offer.digest
    raise Forbidden(Guard.APPROVAL, why)


def correctable(request: ApplyRequest, asked: Attempt | None, held: Attempt | None) -> None:
    """Forbidden where it is gone or another family's by now, or another plan corrects it already."""
    what = request.service or request.family
    if asked is None:
        raise Forbidden(Guard.APPROVAL, Reason(Code.GONE, what))
    if asked.source.family != request.family:
        raise Forbidden(Guard.APPROVAL, Reason(Code.RUNS_ANOTHER_FAMILY, what, str(asked.source)))
    if held is not None and held.state in {AttemptState.STARTED, AttemptState.ROLLING}:
        raise Forbidden(Guard.APPROVAL, Reason(Code.CORRECTED_BY_ANOTHER_PLAN, what))
