"""The input and the result of one evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aws.calls import CallFailed
from aws.channels import Message
from aws.ledger import History
from domain.facts import FactKind, Unavailable
from domain.findings.dependents import FamilyVerdicts
from domain.findings.users import NOBODY, Running, Users
from domain.remediation.plan import Plan
from domain.subject import Subject, SubjectId
from domain.triggers.message import SubjectMessage
from domain.triggers.trigger import FollowUpTrigger, SubjectTrigger, SweptTrigger
from domain.verdict import Unknown, Verdict
from domain.workload import Workload
from operations.facts import FactReader, unread_for_now
from operations.inspection.bulk import Described
from operations.standards import Edition


@dataclass(frozen=True, slots=True)
class Job:
    """One subject to evaluate, with its history and its triggers. A batch shares its facts.

    `described` is the service, if it was read with others of its batch. `unpublished` says why something of an earlier
    evaluation cannot be published now; empty if nothing is left. `off` is the import that failed because Security Hub
    is not enabled in a member.
    """

    history: History
    triggers: tuple[SubjectTrigger, ...]
    edition: Edition
    reader: FactReader
    described: Described | None = None
    unpublished: str = ""
    off: CallFailed | None = None

    @property
    def subject(self) -> SubjectId:
        return self.history.subject

    @property
    def quiet(self) -> bool:
        """Whether all its triggers belong to a baseline."""
        return all(trigger.quiet for trigger in self.triggers)

    @property
    def suppressed(self) -> frozenset[str]:
        """The rules whose findings the customer suppressed: as a sweep has just read, else as is remembered.

        Security Hub forgets a finding that is not open, and its suppression with it.
        """
        found = {rule for rule, row in self.history.rows.items() if row.suppressed}
        for trigger in self.triggers:
            if isinstance(trigger, SweptTrigger) and trigger.suppressed is not None:
                now = self.history.rows.keys() & trigger.suppressed
                found = (found - self.history.record.open_severities.keys()) | now
        return frozenset(found)

    @property
    def changed(self) -> frozenset[str]:
        """The keys of the parameters and roles that changed."""
        return frozenset(key for trigger in self.triggers for key in trigger.changed)

    def message(self, on: SubjectId) -> str:
        """Return a message to evaluate another subject, with the origin of the trigger that fits it best."""
        candidates = [
            *(trigger for trigger in self.triggers if on.key in trigger.changed),
            *(trigger for trigger in self.triggers if trigger.changed),
            *self.triggers,
        ]
        trigger = FollowUpTrigger.of(on.place, candidates[0]).model_copy(update={"quiet": self.quiet})
        return SubjectMessage(subject=on.key, trigger=trigger).body


@dataclass(frozen=True, slots=True)
class Registration:
    """Who registered a revision, and when, as ECS says. Which tool did is only in the event."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """The data that decides whether a call caused a verdict."""

    revision: str = ""
    """The revision that was evaluated or runs, as `family:number`."""
    roles: Mapping[FactKind, str] = field(default_factory=dict)
    """The ARNs of the roles that the family uses."""
    parameters: frozenset[str] = frozenset()
    """The keys of the parameters that it reads."""
    deployed: datetime | None = None
    """When the service's present deployment was created."""
    registration: Registration | None = None
    """Who registered the revision, if it is new and its event may still come."""


@dataclass(frozen=True, slots=True)
class StillRuns:
    """An earlier revision that still runs, and that a verdict on its family is about.

    `successor` is the number of the newest revision, if that complies with the rule.
    """

    resource: str
    evidence: Evidence
    successor: int


@dataclass(frozen=True, slots=True)
class Inspected:
    """The result of one subject's evaluation, as it is recorded and published."""

    job: Job
    resource: str
    """The ARN that was evaluated."""
    read_at: datetime
    verdicts: Sequence[Verdict] = ()
    """The verdicts on the subject itself, for its findings."""
    all_verdicts: Sequence[Verdict] = ()
    """The verdicts on the whole workload, for logs and metrics."""
    plan: Plan | None = None
    trouble: str = ""
    """Why no plan could be made, where one was tried."""
    users: Users = NOBODY
    workload: Workload | None = None
    """The workload that was evaluated; None for a parameter or role, and for what is gone."""
    still: Mapping[str, StillRuns] = field(default_factory=dict)
    """The verdicts that are about an earlier revision, by rule."""
    kept: frozenset[str] = frozenset()
    """The rules whose open findings stay unchanged: services are being updated, and that is not verified yet."""
    evidence: Evidence = field(default_factory=Evidence)
    missing: Sequence[Unavailable] = ()
    """The unavailable facts that a verdict, or the plan's safety, depends on."""
    order: int = 0
    dependencies: Mapping[str, FamilyVerdicts] = field(default_factory=dict)
    runs: Running | None = None
    notify: frozenset[SubjectId] = frozenset()
    """The subjects to evaluate because of this evaluation."""
    request: str | None = None
    """The message that requests a correction from remediate."""
    resumed: Sequence[Message] = ()
    """The messages that have remediate resume corrections."""
    later: Sequence[Message] = ()
    """The messages that have subjects evaluated after a delay."""
    due: Mapping[str, datetime] | None = None
    """When services must be evaluated later, by name; None if that did not change."""
    missed: bool = False
    """Whether a sweep found what an event should have reported."""

    @property
    def retried(self) -> bool:
        """Whether a missing fact may be available soon."""
        return any(fact.transient for fact in self.missing)


@dataclass(frozen=True, slots=True)
class Skipped:
    """The subject need not be evaluated; `reason` says why."""

    reason: str


def of_subject(verdicts: Sequence[Verdict], subject: SubjectId) -> dict[str, Verdict]:
    """Return the verdicts on one subject, by rule."""
    return {verdict.rule: verdict for verdict in verdicts if verdict.subject == subject}


def missing_facts(verdicts: Sequence[Verdict], plan: Plan | None) -> tuple[Unavailable, ...]:
    """Return the unavailable facts that a verdict depends on, and transient ones of the plan's safety."""
    needed = [fact for verdict in verdicts if isinstance(verdict, Unknown) for _, fact in verdict.facts]
    planned = unread_for_now(plan.after) if plan is not None else []
    return tuple(dict.fromkeys([*needed, *planned]))


def parameters_of(workload: Workload) -> frozenset[str]:
    """Return the keys of the parameters that a workload reads."""
    return frozenset(on.key for on in workload.subject(Subject.PARAMETER))
