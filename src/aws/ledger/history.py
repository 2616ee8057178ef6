"""What the ledger holds of a subject."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.findings.address import NOWHERE, Address
from domain.findings.dependents import FamilyVerdicts
from domain.findings.finding import Finding, FindingState
from domain.findings.users import Running, Seen
from domain.remediation.attempt import Answer, Attempt, ProposedPlan, Quarantine
from domain.severity import Severity
from domain.subject import Subject, SubjectId


@dataclass(frozen=True, slots=True)
class Row:
    """A finding, and what is still to be published: JSON bodies by channel (`import`, `alert/…`).

    `suppressed` says that the customer had set it to SUPPRESSED when Security Hub was asked last.
    """

    finding: Finding
    pending: Mapping[str, str] = field(default_factory=dict, repr=False)
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """The result of a subject's last evaluation: one item, written only by the subject's own evaluations.

    `order` is the number of a family's newest revision, 0 for others. `standard` is the digest of the standard that it
    was evaluated by, empty if facts were missing that may be available soon. `dependencies` holds a family's verdicts
    on each of its dependencies, by key; for a service, the family that it `runs`. `proposed` is the plan that may be
    approved. `due` holds when services must be evaluated later: a family's, or itself. `address` is where alerts about
    it go, by the severity of its most severe open finding.

    Still to be sent: `request` to remediate, and the messages in `notify` by the key of the subject that must be
    evaluated because of this evaluation. This subject's row at each of them is written before its message is sent.
    """

    order: int = 0
    standard: str = ""
    dependencies: Mapping[str, FamilyVerdicts] = field(default_factory=dict)
    runs: Running | None = None
    proposed: ProposedPlan | None = None
    rows: Mapping[str, Row] = field(default_factory=dict)
    due: Mapping[str, datetime] = field(default_factory=dict)
    address: Address = NOWHERE
    request: str | None = field(default=None, repr=False)
    notify: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def pending(self) -> bool:
        """Whether anything is still to be published or sent."""
        return bool(self.request or self.notify or any(row.pending for row in self.rows.values()))

    @property
    def open_severities(self) -> dict[str, Severity]:
        """The rules with an open finding, and its severity."""
        findings = (row.finding for row in self.rows.values())
        return {finding.rule: finding.severity for finding in findings if finding.state is FindingState.OPEN}

    def family_of(self, subject: SubjectId) -> SubjectId | None:
        """Return the family that its subject's corrections belong to: for a service, the one that it runs."""
        if subject.kind is Subject.FAMILY:
            return subject
        return next((on for on in map(SubjectId.parse, self.dependencies) if on.kind is Subject.FAMILY), None)


@dataclass(frozen=True, slots=True)
class History:
    """All that the ledger holds of a subject. `version` is how often its record was written.

    `services` and `seen` hold what runs a family, by service and by cluster; `dependents` the families that use a
    parameter or role, with their verdicts; `own_revisions` the numbers of the revisions that Outrider registered.
    """

    subject: SubjectId
    version: int = 0
    record: Record = field(default_factory=Record)
    dependents: Mapping[SubjectId, FamilyVerdicts] = field(default_factory=dict)
    services: Mapping[str, Running] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    own_revisions: frozenset[int] = frozenset()
    attempts: tuple[Attempt, ...] = ()
    quarantine: Quarantine | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def order(self) -> int:
        return self.record.order

    @property
    def rows(self) -> Mapping[str, Row]:
        return self.record.rows

    @property
    def suppressed(self) -> frozenset[str]:
        """The ids of the findings that are remembered as suppressed."""
        return frozenset(row.finding.id for row in self.rows.values() if row.suppressed)

    @property
    def proposed(self) -> ProposedPlan | None:
        return self.record.proposed

    @property
    def family(self) -> SubjectId | None:
        """Return the family that its corrections belong to."""
        return self.record.family_of(self.subject)

    def attempt(self, key: str) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.key == key), None)
