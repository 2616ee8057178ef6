"""Corrections staged over accounts: one account, then some, then all."""

from dataclasses import dataclass
from datetime import timedelta

from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden
from domain.remediation.reason import Code, Reason
from domain.remediation.stages import Stages, rollout_of
from operations.remediation.parts import Parts

_AGAIN = timedelta(hours=1)
"""How long to wait before a stage is asked again, if nobody can say when it begins."""
_BADLY = frozenset({AttemptState.FAILED, AttemptState.UNDONE})


@dataclass(frozen=True, slots=True)
class StageGuard:
    """Asks whether the stage of an account is open, and records what its corrections came to."""

    parts: Parts

    @property
    def rollout(self) -> str:
        """Return the name of what is being rolled out; empty if the standard has no stages."""
        standard = self.parts.standards.current().standard
        return rollout_of(standard, self.parts.release) if standard.remediation.stages else ""

    def open_for(self, attempt: Attempt) -> None:
        """Raise Forbidden unless a correction may begin now. A person's approval is not bound to stages."""
        rollout = self.rollout
        if not rollout or attempt.approved:
            return
        stages, stage, now = self._stages(rollout), self._stage(attempt), self.parts.now()
        if stages.stopped:
            why = Reason(Code.STAGES_STOPPED, number=len(stages.failed))
            raise Forbidden(Guard.STAGE, why, now + _AGAIN)
        if (without := stages.without(stage)) is not None:
            why = Reason(Code.STAGE_BEFORE_HAS_NONE, number=stage + 1, limit=without + 1)
            raise Forbidden(Guard.STAGE, why, now + _AGAIN)
        opens = stages.opens(stage)
        if opens is not None and now < opens:
            raise Forbidden(Guard.STAGE, Reason(Code.STAGE_WAITS, number=stage + 1), opens)

    def ended(self, attempt: Attempt) -> None:
        """Record how a correction ended, unless another rollout began since; if that stops the stages, notify once."""
        rollout = attempt.began_in
        if not rollout or rollout != self.rollout or not (attempt.succeeded or attempt.state in _BADLY):
            return
        rows, account, stage = self.parts.ledger.stages, attempt.source.place.account, self._stage(attempt)
        if attempt.succeeded:
            rows.verified(rollout, stage, account, self.parts.now())
            return
        rows.failed(rollout, stage, account, f"{attempt.source.place.region}/{attempt.source.family}")
        self._notify_if_stopped(rollout)

    def release(self) -> bool:
        """Let the stages go on; return whether they were stopped."""
        rollout = self.rollout
        if not rollout or not self._stages(rollout).stopped:
            return False
        self.parts.ledger.stages.release(rollout)
        self.parts.operations.stages_released(rollout)
        self._notify_if_stopped(rollout)  # by what failed meanwhile
        return True

    def _notify_if_stopped(self, rollout: str) -> None:
        stages = self._stages(rollout)
        if stages.stopped:
            self.parts.operations.stages_stopped(rollout, stages.failed)

    def _stages(self, rollout: str) -> Stages:
        return Stages(self.parts.standards.current().standard, self.parts.ledger.stages.accounts(rollout))

    def _stage(self, attempt: Attempt) -> int:
        edition = self.parts.standards.current()
        return Stages(edition.standard).of(self.parts.accounts.member(edition, attempt.source.place.account))
