"""Make the plan of a correction again from the present state."""

from collections.abc import Collection

import engine
from domain.ecs.ownership import owner_of
from domain.remediation import guards
from domain.remediation.attempt import Attempt
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden
from domain.remediation.plan import Plan
from domain.remediation.reason import Code, Reason
from domain.standard import Mode
from domain.workload import Workload
from operations.evaluation import Evaluator
from operations.remediation.outcome import NotRead
from reports.source import fragments


def planned(
    evaluator: Evaluator, attempt: Attempt, workload: Workload, suppressed: frozenset[str], left: Collection[str] = ()
) -> Plan | None:
    """Return the plan; None if nothing is left to correct.

    Rules with `suppressed` findings are not corrected. An approved plan is carried out as it was seen, without them, or
    Forbidden is raised. Without approval, the rules in `left` are not corrected either. Raises NotRead if a fact cannot
    be read for now.
    """
    least = Mode.DEPLOY if attempt.service else Mode.REGISTER
    found = evaluator.evaluate(workload)
    try:
        if attempt.approved:
            whole = evaluator.plan(found, Mode.REPORT)
            plan = evaluator.plan(found, Mode.REPORT, suppressed=suppressed) if suppressed else whole
        else:
            plan = evaluator.plan(found, least, suppressed=suppressed, without=left)
            whole = plan
    except engine.Disagreement as disagreement:
        raise Forbidden(Guard.DISAGREEMENT, Reason(Code.DISAGREEMENT, str(disagreement))) from None
    if passing := found.unread_for_now(plan):
        raise NotRead("; ".join(fact.reason for fact in passing))
    if plan is None and whole is not None:
        guards.not_suppressed(whole.fixes, suppressed)
    # The finding may have been suppressed after the plan was shown: the rest of what was approved is carried out.
    seen = whole if plan is not None and whole is not None and plan.within(whole) else plan
    guards.as_approved(attempt, plan, seen)
    return plan


def drawn(attempt: Attempt, plan: Plan) -> Attempt:
    """Return the attempt with the parts of its plan that are stored, and what to write at the source."""
    written = fragments(plan, owner_of(plan.before.task, attempt.actor))
    return attempt.drawn(plan, tuple((each.form, each.text) for each in written))
