"""What one evaluation is given, and what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aws.channels import Message
from aws.ledger import History
from domain.facts import FactKind, Unavailable
from domain.findings.dependents import FamilyVerdicts
from domain.findings.finding import FindingState
from domain.findings.users import NOBODY, Running, Users
from domain.remediation.plan import Plan
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from domain.triggers.message import SubjectMessage
from domain.triggers.trigger import FollowUpTrigger, SubjectTrigger
from domain.verdict import Unknown, Verdict
from domain.workload import Workload
from operations.facts import FactReader
from operations.standards import Edition


@dataclass(frozen=True, slots=True)
class Job:
    """One subject to evaluate: what the ledger holds of it, and what led to this. All share their batch's facts.

    `unpublished` says why something of an earlier evaluation could not be published just now; empty where nothing is.
    """

    history: History
    triggers: tuple[SubjectTrigger, ...]
    edition: Edition
    reader: FactReader
    unpublished: str = ""

    @property
    def subject(self) -> SubjectId:
        return self.history.subject

    @property
    def quiet(self) -> bool:
        """Whether nothing but a baseline led to it."""
        return all(trigger.quiet for trigger in self.triggers)

    @property
    def changed(self) -> frozenset[str]:
        """The keys of the parameters and roles that changed."""
        return frozenset(key for trigger in self.triggers for key in trigger.changed)

    def message(self, on: SubjectId) -> str:
        """A message that has another subject evaluated, with the origin of the trigger that concerns it most."""
        candidates = [
            *(trigger for trigger in self.triggers if on.key in trigger.changed),
            *(trigger for trigger in self.triggers if trigger.changed),
            *self.triggers,
        ]
        trigger = FollowUpTrigger.of(on.place, candidates[0]).model_copy(update={"quiet": self.quiet})
        return SubjectMessage(subject=on.key, trigger=trigger).body


@dataclass(frozen=True, slots=True)
class Evidence:
    """What tells whether a call brought a verdict about."""

    revision: str = ""
    """What was evaluated or is run, as `family:number`."""
    roles: Mapping[FactKind, str] = field(default_factory=dict)
    """The ARNs of the roles that the family takes."""
    parameters: frozenset[str] = frozenset()
    """The keys of the parameters that it reads."""
    deployed: datetime | None = None
    """When the deployment was made that a service is at."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the evaluation of one subject found, as it is recorded and published."""

    job: Job
    resource: str
    """The ARN that was evaluated."""
    read_at: datetime
    verdicts: Sequence[Verdict] = ()
    """Those of the subject itself, for its findings."""
    all_verdicts: Sequence[Verdict] = ()
    """Those of the whole workload, for log and metrics."""
    plan: Plan | None = None
    users: Users = NOBODY
    kept: frozenset[str] = frozenset()
    """The rules whose findings stay as they are: a correction of them is under way, or failed."""
    evidence: Evidence = field(default_factory=Evidence)
    missing: Sequence[Unavailable] = ()
    """The facts that could not be read and that a verdict, or the safety of the plan, depends on."""
    order: int = 0
    dependencies: Mapping[str, FamilyVerdicts] = field(default_factory=dict)
    runs: Running | None = None
    notify: frozenset[SubjectId] = frozenset()
    """The subjects that are to be evaluated because of this evaluation."""
    request: str | None = None
    """What asks remediate for a correction."""
    resumed: Sequence[Message] = ()
    """What has remediate resume corrections."""
    later: Sequence[Message] = ()
    """What has subjects evaluated once some time has passed."""

    @property
    def retried(self) -> bool:
        """Whether a fact is missing that may be available soon."""
        return any(fact.transient for fact in self.missing)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Why a subject did not have to be evaluated."""

    reason: str


def of_subject(verdicts: Sequence[Verdict], subject: SubjectId) -> dict[str, Verdict]:
    """The verdicts of one subject, by rule."""
    return {verdict.rule: verdict for verdict in verdicts if verdict.subject == subject}


def open_severities(history: History) -> dict[str, Severity]:
    """The rules whose findings are open, with the severity of each."""
    findings = (row.finding for row in history.rows.values())
    return {finding.rule: finding.severity for finding in findings if finding.state is FindingState.OPEN}


def missing_facts(verdicts: Sequence[Verdict], plan: Plan | None) -> tuple[Unavailable, ...]:
    """The facts that could not be read and that a verdict depends on, or passing and that a plan's safety does."""
    needed = [fact for verdict in verdicts if isinstance(verdict, Unknown) for _, fact in verdict.facts]
    planned = [fact for fact in unavailable(plan.after) if fact.transient] if plan is not None else []
    return tuple(dict.fromkeys([*needed, *planned]))


def unavailable(workload: Workload) -> list[Unavailable]:
    """The workload's facts that could not be read."""
    facts = workload.facts
    read = (facts.parameter, facts.approved_parameter, facts.execution_role, facts.task_role, facts.running)
    return [fact for fact in (*read, facts.newest, *facts.log_groups.values()) if isinstance(fact, Unavailable)]


def parameters_of(workload: Workload) -> frozenset[str]:
    """The keys of the parameters that a workload reads."""
    return frozenset(on.key for on in workload.subject(Subject.PARAMETER))
