"""The outcome of one request."""

from dataclasses import dataclass, field

from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.guard import Guard
from domain.remediation.reason import Reason
from domain.remediation.request import Request
from domain.remediation.rollout import Rollout, Stage


class NotRead(Exception):
    """A fact that may be available later. Nothing is corrected without it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a request. `registered` is the new revision; `guard` the one that forbade it.

    `attempt` is the key of the attempt in the ledger; `pending` the alerts if the ledger holds no attempt.
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
        """Return the outcome for an attempt's present state."""
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
    def nothing(cls, request: Request, why: Reason, newest: int = 0) -> "Outcome":
        """Return the outcome of a request with nothing to do. `newest` is the family's newest revision, if known."""
        return cls(AttemptState.NOTHING, Revision(request.place, request.family, newest), reasons=(why,))

    @property
    def guards(self) -> frozenset[Guard]:
        """Return the guards that forbid the whole correction or one service, for now or permanently."""
        held = (each.guard for each in self.rollouts if each.stage in {Stage.PENDING, Stage.SKIPPED})
        return frozenset(guard for guard in (self.guard, *held) if guard is not None)
