"""What came of one request."""

from dataclasses import dataclass, field

from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.guard import Guard
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Rollout, Stage


class NotRead(Exception):
    """What may be readable later: nothing is corrected without it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request. `registered` is the new revision; `guard` the one that forbade, for now or permanently.

    `attempt` is the key of the attempt that the ledger keeps of it; `pending` the alerts where it keeps none.
    """

    state: AttemptState
    source: Revision
    registered: Revision | None = None
    reasons: tuple[Reason, ...] = ()
    guard: Guard | None = None
    rollouts: tuple[Rollout, ...] = ()
    attempt: str = ""
    pending: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, attempt: Attempt) -> "Outcome":
        """How an attempt stands."""
        return cls(
            attempt.state,
            attempt.source,
            attempt.correction,
            attempt.reasons,
            attempt.guard,
            attempt.rollouts,
            attempt.key,
        )

    @classmethod
    def nothing(cls, source: Revision, code: Code, what: str = "") -> "Outcome":
        """Nothing was to be done."""
        return cls(AttemptState.NOTHING, source, reasons=(Reason(code, what),))

    @property
    def guards(self) -> frozenset[Guard]:
        """Those that forbid something, of the whole or of one service, for now or permanently."""
        held = (each.guard for each in self.rollouts if each.stage in {Stage.PENDING, Stage.LEFT})
        return frozenset(guard for guard in (self.guard, *held) if guard is not None)
