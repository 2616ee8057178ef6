"""Which services of a correction are updated next: canaries first, a few at a time, none once one has failed."""

from collections.abc import Collection

from domain.remediation.attempt import Attempt
from domain.remediation.guard import Guard
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Rollout, Stage
from domain.standard import Standard


def next_to_update(attempt: Attempt, standard: Standard, tried: Collection[str] = ()) -> tuple[Rollout, ...]:
    """The pending rollouts that may begin. Those that were `tried` wait for something of their own: others go on."""
    rollouts = attempt.rollouts
    if any(each.stage.failed for each in rollouts):
        return ()
    pending = [each for each in rollouts if each.stage is Stage.PENDING]
    if any(each.canary and each.stage is not Stage.VERIFIED for each in rollouts):
        pending = [each for each in pending if each.canary]
    free = [each for each in pending if each.service not in tried]
    under_way = sum(each.stage.under_way for each in rollouts)
    return tuple(free[: max(standard.remediation.at_once - under_way, 0)])


def blocked(attempt: Attempt) -> tuple[Guard | None, Reason] | None:
    """Why the rollouts that are pending will never begin, and the guard, if it is one; None where they may."""
    if any(each.stage.failed for each in attempt.rollouts):
        return None, Reason(Code.CORRECTION_UNDONE if attempt.undone else Code.ANOTHER_FAILED)
    canaries = [each for each in attempt.rollouts if each.canary]
    unverified = [each for each in canaries if each.stage is not Stage.VERIFIED]
    if not unverified or not all(each.stage.ended for each in canaries):
        return None
    idle = [each.service for each in unverified if each.stage is Stage.UPDATED]
    if idle:
        return Guard.CANARY, Reason(Code.CANARY_CANNOT, ", ".join(idle), because=(Reason(Code.NO_TASKS),))
    return Guard.CANARY, Reason(Code.CANARY_SKIPPED, names=tuple(each.service for each in unverified))
