"""A finding: the verdicts of one rule on one subject over time, and what each next verdict makes of it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.drift import Drift, Grant
from domain.findings.users import NOBODY, Users
from domain.severity import Severity
from domain.subject import SubjectId
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict

_LONGEST = 512
_RENEWED_AFTER = timedelta(days=30)


def shortened(name: str) -> str:
    """A name of at most 512 characters that still is nobody else's: parameters and roles with paths may be longer."""
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"{name[: _LONGEST - len(digest) - 1]}#{digest}"


class FindingState(StrEnum):
    """What a finding is now."""

    OPEN = "open"
    CLOSED = "closed"
    EXEMPT = "exempt"
    GONE = "gone"


class TransitionKind(StrEnum):
    """What became of a finding at one look. The first four alert; the others only reach Security Hub."""

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


@dataclass(frozen=True, slots=True)
class Finding:
    """`resource` is the ARN that was judged last; `version` grows with every change.

    `users` are those whom it concerns while it is open: who runs the family, or leans on the parameter or role.
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

    @property
    def id(self) -> str:
        """Stable for a subject and rule, whatever the revision; at most 512 characters, as ASFF has it."""
        return shortened(f"outrider/{self.subject.key}/{self.rule}")


@dataclass(frozen=True, slots=True)
class Transition:
    """A finding after a change, and the change. Its id is the same however often the change is told."""

    finding: Finding
    change: TransitionKind

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.finding.id}#{self.finding.version}".encode()).hexdigest()[:32]


def renewed(finding: Finding, now: datetime) -> Transition | None:
    """An open finding once more, as it stands: Security Hub forgets what nobody updates for 90 days."""
    if finding.state is not FindingState.OPEN or now - finding.updated < _RENEWED_AFTER:
        return None
    return Transition(replace(finding, updated=now, version=finding.version + 1), TransitionKind.UPDATED)


def next_transition(  # noqa: C901, PLR0913, PLR0917 - one line for each way that a finding can go
    finding: Finding | None,
    verdict: Verdict | None,
    subject: SubjectId,
    rule: str,
    resource: str,
    now: datetime,
    users: Users = NOBODY,
    *,
    replanned: bool = False,
) -> Transition | None:
    """What the newest verdict makes of a finding; None where nothing changes.

    A `verdict` of None says that the rule no longer speaks of the subject: out of scope, or gone. `replanned` says that
    the plan that the finding shows is another now: who approves it there is to approve what is carried out.
    """
    if finding is None:
        if not isinstance(verdict, Drifted):
            return None
        first = Finding(
            subject, rule, FindingState.OPEN, verdict.severity, verdict.drifts, resource, now, now, users=users
        )
        return Transition(first, TransitionKind.OPENED)

    # Security Hub wants UpdatedAt to grow, in the milliseconds that it is told, also where a clock does not.
    grown = max(now, finding.updated + timedelta(milliseconds=1))
    moved = replace(finding, resource=resource, updated=grown, version=finding.version + 1, users=NOBODY)
    match verdict:
        case Unknown():
            return renewed(finding, now)
        case Drifted(severity=severity, drifts=drifts):
            moved = replace(moved, state=FindingState.OPEN, severity=severity, drifts=drifts, users=users)
            if finding.state is not FindingState.OPEN:
                return Transition(moved, TransitionKind.REOPENED)
            if severity > finding.severity:
                return Transition(moved, TransitionKind.RAISED)
            same = (severity, drifts, resource) == (finding.severity, finding.drifts, finding.resource)
            if not same or replanned or not users.same(finding.users):
                return Transition(moved, TransitionKind.UPDATED)
            return renewed(replace(finding, users=users), now)
        case Compliant() if finding.state is FindingState.OPEN:
            return Transition(replace(moved, state=FindingState.CLOSED), TransitionKind.CLOSED)
        case Exempt() if finding.state is FindingState.OPEN:
            return Transition(replace(moved, state=FindingState.EXEMPT), TransitionKind.EXEMPTED)
        case None if finding.state is FindingState.OPEN:
            return Transition(replace(moved, state=FindingState.GONE), TransitionKind.GONE)
        case _:
            return None


def drifts_to_json(drifts: tuple[Drift, ...]) -> str:
    """Drifts as the ledger keeps them: one object each, without the members that are empty."""
    return json.dumps([{name: value for name, value in _members(drift).items() if value} for drift in drifts])


def _members(drift: Drift) -> dict[str, object]:
    return {
        "code": drift.code,
        "where": drift.where,
        "why": drift.why,
        "found": drift.found,
        "wanted": drift.wanted,
        "severity": (drift.severity or Severity.INFORMATIONAL).value,
        "about": drift.about,
        "grants": [[grant.to, grant.action, grant.resource] for grant in drift.grants],
    }


def drifts_from_json(text: str) -> tuple[Drift, ...]:
    """Drifts as the ledger kept them."""
    return tuple(_drift(**members) for members in json.loads(text))


def _drift(severity: str, grants: Sequence[Sequence[str]] = (), **texts: str) -> Drift:
    members = {"code": "", "where": "", "why": ""} | texts
    return Drift(**members, severity=Severity(severity), grants=tuple(Grant(*grant) for grant in grants))
