"""What the ledger holds of a subject, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.findings.finding import Finding
from domain.findings.users import Running, Seen
from domain.remediation.attempt import Answer, Attempt, Offer, Quarantine
from domain.subject import SubjectId


@dataclass(frozen=True, slots=True)
class Row:
    """A finding, and what of its last transition is still to be told: JSON bodies by channel (`import`, `alert`)."""

    finding: Finding
    pending: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class History:
    """All that the ledger holds of a subject. `order` is what its last look was ordered by; 0 where there was none.

    `read_at` is when that look was written down. `services` and `seen` are who runs a family, by title and by cluster;
    `ran` is what a service ran at its last look, and the state that a parameter or role was in; `untold` the keys of
    what the subject no longer leans on, and of which something is still to be told.
    """

    subject: SubjectId
    order: int = 0
    read_at: datetime | None = None
    standard: str = ""
    version: int = 0
    leans: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    ran: str = ""
    request: str | None = field(default=None, repr=False)
    rows: Mapping[str, Row] = field(default_factory=dict)
    services: Mapping[str, Running] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    ours: frozenset[int] = frozenset()
    attempts: tuple[Attempt, ...] = ()
    quarantine: Quarantine | None = None
    offer: Offer | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def attempt(self, key: str) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.key == key), None)
