"""A finding: the verdicts of one rule on one subject over time, and what each next verdict makes of it."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.drift import Drift
from domain.findings.users import NOBODY, Users
from domain.severity import Severity
from domain.subject import SubjectId
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict

_LONGEST = 512
_RENEWED_AFTER = timedelta(days=30)
_KEPT_AFTER = timedelta(days=20)


def shortened(name: str, most: int = _LONGEST) -> str:
    """Return a unique name of at most so many characters: parameters and roles with paths may have longer ones."""
    if len(name) <= most:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"{name[: most - len(digest) - 1]}#{digest}"


class FindingState(StrEnum):
    """The state of a finding."""

    OPEN = "open"
    CLOSED = "closed"
    EXEMPT = "exempt"
    GONE = "gone"


class TransitionKind(StrEnum):
    """What one evaluation changed about a finding. The first four alert; an update only reaches Security Hub.

    About the last two nobody gets a message, but a message that shows the finding as open is changed.
    """

    OPENED = "opened"
    RAISED = "raised"
    REOPENED = "reopened"
    CLOSED = "closed"
    UPDATED = "updated"
    EXEMPTED = "exempted"
    GONE = "gone"

    @property
    def alerts(self) -> bool:
        return self in {TransitionKind.OPENED, TransitionKind.RAISED, TransitionKind.REOPENED, TransitionKind.CLOSED}

    @property
    def silent(self) -> bool:
        """Whether it only changes a message that people have."""
        return self in {TransitionKind.EXEMPTED, TransitionKind.GONE}


@dataclass(frozen=True, slots=True)
class Finding:
    """`resource` is the ARN that was judged last; `version` grows with every change.

    `users` are those whom it concerns: who runs the family, or uses the parameter or role. `successor` is the number of
    the family's newest revision, where that complies with the rule and the finding is about an earlier one that still
    runs; otherwise 0. `exempt` says by whom, why and until when it is exempt.
    """

    subject: SubjectId
    rule: str
    state: FindingState
    severity: Severity
    drifts: tuple[Drift, ...]
    resource: str
    created: datetime
    updated: datetime
    version: int = 1
    users: Users = NOBODY
    successor: int = 0
    exempt: Exempt | None = None

    @property
    def id(self) -> str:
        """Stable for a subject and rule, whatever the revision; at most 512 characters, as ASFF has it."""
        return shortened(f"outrider/{self.subject.key}/{self.rule}")


@dataclass(frozen=True, slots=True)
class Transition:
    """A finding after a change, and the change. Its id is the same in each repetition."""

    finding: Finding
    change: TransitionKind

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.finding.id}#{self.finding.version}".encode()).hexdigest()[:32]


def renewed(finding: Finding, now: datetime) -> Transition | None:
    """Renew an open finding: Security Hub deletes a finding that nobody updates for 90 days."""
    if finding.state is not FindingState.OPEN or now - finding.updated < _RENEWED_AFTER:
        return None
    return Transition(replace(finding, updated=now, version=finding.version + 1), TransitionKind.UPDATED)


def kept(finding: Finding, now: datetime) -> Transition | None:
    """Renew a suppressed finding that is not open: Security Hub deletes an archived one after 30 days."""
    if finding.state is FindingState.OPEN or now - finding.updated < _KEPT_AFTER:
        return None
    return Transition(replace(finding, updated=now, version=finding.version + 1), TransitionKind.UPDATED)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The newest verdict of a rule on a subject, `now`.

    A `verdict` of None says that the rule no longer applies to the subject: it is out of scope or gone. `replanned`
    says that the finding's plan changed: people approve the plan that the finding shows.
    """

    subject: SubjectId
    rule: str
    verdict: Verdict | None
    resource: str
    now: datetime
    users: Users = NOBODY
    replanned: bool = False
    successor: int = 0

    @property
    def first(self) -> Transition | None:
        """The transition of a subject that has no finding of the rule yet."""
        if not isinstance(self.verdict, Drifted):
            return None
        severity, drifts = self.verdict.severity, self.verdict.drifts
        created = Finding(
            self.subject, self.rule, FindingState.OPEN, severity, drifts, self.resource, self.now, self.now,
            users=self.users, successor=self.successor,
        )  # fmt: skip
        return Transition(created, TransitionKind.OPENED)


def next_transition(finding: Finding | None, result: RuleResult) -> Transition | None:
    """Return a finding after the newest verdict; None if nothing changes."""
    if finding is None:
        return result.first
    resource, now, users, successor = result.resource, result.now, result.users, result.successor
    # Security Hub wants UpdatedAt to grow, in milliseconds, even if a clock does not.
    grown = max(now, finding.updated + timedelta(milliseconds=1))
    moved = replace(
        finding,
        resource=resource,
        updated=grown,
        version=finding.version + 1,
        users=NOBODY,
        successor=successor,
        exempt=None,
    )
    match result.verdict:
        case Unknown():
            return renewed(finding, now)
        case Drifted(severity=severity, drifts=drifts):
            moved = replace(moved, state=FindingState.OPEN, severity=severity, drifts=drifts, users=users)
            if finding.state is not FindingState.OPEN:
                return Transition(moved, TransitionKind.REOPENED)
            if severity > finding.severity:
                return Transition(moved, TransitionKind.RAISED)
            before = (finding.severity, finding.drifts, finding.resource, finding.successor)
            same = (severity, drifts, resource, successor) == before
            if not same or result.replanned or not users.same(finding.users):
                return Transition(moved, TransitionKind.UPDATED)
            return renewed(replace(finding, users=users), now)
        case Compliant() if finding.state is FindingState.OPEN:
            return Transition(replace(moved, state=FindingState.CLOSED, users=users), TransitionKind.CLOSED)
        case Exempt() as exempt if finding.state is FindingState.OPEN:
            return Transition(replace(moved, state=FindingState.EXEMPT, exempt=exempt), TransitionKind.EXEMPTED)
        case None if finding.state is FindingState.OPEN:
            return Transition(replace(moved, state=FindingState.GONE), TransitionKind.GONE)
        case _:
            return None
