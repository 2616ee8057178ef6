"""Attempts: one correction of a revision or service, its rollouts, and the proposed plan."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.findings.address import NOWHERE, Address
from domain.places import Revision
from domain.remediation.guard import Guard
from domain.remediation.plan import Change, Plan
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import SHOWN, Rollout, Stage
from domain.subject import SubjectId
from domain.triggers.actor import Actor

CHANGES = 20

"""Lines of a diff that are kept for alerts."""


class AttemptState(StrEnum):
    """The state of an attempt. The last eight are final, unless a person requests more."""

    WAITING = "waiting"  # for something temporary: a pipeline at work, a rate
    STARTED = "started"  # the revision is being registered
    ROLLING = "rolling"  # services are being updated, watched, or rolled back
    REGISTERED = "registered"
    DEPLOYED = "deployed"
    UPDATED = "updated"  # services were updated, and none of them wants a task
    FAILED = "failed"
    UNDONE = "undone"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    NOTHING = "nothing"

    @property
    def ended(self) -> bool:
        return self not in {AttemptState.WAITING, AttemptState.STARTED, AttemptState.ROLLING}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One correction of a revision, or of a service alone. `digest` is the plan's; `deploys` whether services follow.

    `content` is the fingerprint of the definition that it registers. `service` and `deployment` are set for a service
    alone: the one that the plan was made for. `request_id` tells apart attempts of the same key: it is the id of a
    person's request, or when the released one before it ended; empty for the first. `rules` are those that the plan
    fixes, `left_out` those that it does not because their findings are suppressed. `changes` are those of the diff
    that there is room for, `omitted` how many more there are, `fragments` what to write at the source instead, by form.
    `unreachable` is since when its account refuses Outrider. `released` says that it may be tried again, `quiet` that
    nobody was notified of its end. Its alerts go to `address`; `pending` holds those that are still to be published.
    `began_in` is the rollout over accounts in which it began; empty if the standard had no stages. `version` is how
    often it was written.
    """

    source: Revision
    digest: str
    state: AttemptState
    time: datetime
    registered: int | None = None
    content: str = ""
    service: str = ""
    deployment: str = ""
    actor: Actor = field(default_factory=Actor)
    approved: bool = False
    approved_by: str = ""
    request_id: str = ""
    deploys: bool = False
    rules: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    omitted: int = 0
    rollouts: tuple[Rollout, ...] = ()
    guard: Guard | None = None
    reasons: tuple[Reason, ...] = ()
    due: datetime | None = None
    began: datetime | None = None
    began_in: str = ""
    unreachable: datetime | None = None
    undone: bool = False
    undone_by: str = ""
    released: bool = False
    quiet: bool = False
    address: Address = NOWHERE
    fragments: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    pending: tuple[str, ...] = field(default=(), repr=False)
    version: int = 0

    @property
    def key(self) -> str:
        """Return its key within its family: one for each revision, or for each deployment of a service."""
        if self.service:
            return self.of_service(self.source, self.service, self.deployment)
        return str(self.source.number)

    @staticmethod
    def of_service(source: Revision, service: str, deployment: str) -> str:
        """Return the key of a correction of a service alone."""
        return "/".join((str(source.number), service, deployment.replace("/", "-")))

    @property
    def family(self) -> SubjectId:
        return SubjectId.of_family(self.source)

    @property
    def correction(self) -> Revision | None:
        """Return the revision that it registered; None if it registered none."""
        return replace(self.source, number=self.registered) if self.registered is not None else None

    def recently_started(self, now: datetime) -> bool:
        """Whether what it registered may not be shown everywhere yet."""
        return self.began is not None and now < self.began + SHOWN

    @property
    def again(self) -> bool:
        """Whether the same may be requested again: it was released, had nothing to do, or was superseded."""
        return self.released or self.state in {AttemptState.NOTHING, AttemptState.SUPERSEDED}

    @property
    def stopped(self) -> bool:
        """Whether it waited too long for what stops all corrections: it is tried again when a person asks for that."""
        refused = self.state is AttemptState.REFUSED and self.guard is not None and self.guard.stops_all
        return refused and not self.approved and not self.released

    @property
    def succeeded(self) -> bool:
        """Whether it ended well: what runs is verified, or it is registered and no service had to follow."""
        registered = self.state is AttemptState.REGISTERED and not self.rollouts
        return registered or self.state is AttemptState.DEPLOYED

    @property
    def in_rollout(self) -> bool:
        """Whether services are being updated: until the end, what they run is not verified."""
        return self.deploys and not self.state.ended

    def with_corrections_on(self) -> "Attempt":
        """Return it as people see it while corrections are on: what it last waited for no longer holds."""
        now = (Reason(Code.SWITCH_ON_NOW, self.source.family),)
        rollouts = (
            replace(each, reasons=now) if each.stage is Stage.PENDING and each.guard is Guard.KILL_SWITCH else each
            for each in self.rollouts
        )
        waits = self.guard is Guard.KILL_SWITCH and (not self.state.ended or self.stopped)
        return replace(self, rollouts=tuple(rollouts), reasons=now if waits else self.reasons)

    def drawn(self, plan: Plan, fragments: tuple[tuple[str, str], ...] = ()) -> "Attempt":
        """Return the attempt with the parts of the plan that alerts show."""
        registrar = Actor(plan.before.task.registered_by)
        return replace(
            self,
            digest=plan.digest,
            rules=plan.fixes,
            left_out=plan.left_out,
            changes=plan.changes[:CHANGES],
            omitted=max(len(plan.changes) - CHANGES, 0),
            actor=self.actor if self.actor != Actor() else registrar,
            fragments=fragments,
        )

    def rollout(self, service: str) -> Rollout | None:
        return next((rollout for rollout in self.rollouts if rollout.service == service), None)

    def with_rollout(self, changed: Rollout) -> "Attempt":
        rollouts = tuple(changed if each.service == changed.service else each for each in self.rollouts)
        return replace(self, rollouts=rollouts)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A family that Outrider does not correct until a person releases it, and why."""

    reasons: tuple[Reason, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class ProposedPlan:
    """The plan that an open finding shows. It may be approved by its digest, for a time.

    `left_out` are the rules that it does not fix because their findings are suppressed.
    """

    digest: str
    drawn: datetime
    rules: tuple[str, ...] = ()
    safety: str = ""
    reasons: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    omitted: int = 0
    until: datetime | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a person's request. `attempt` is the key of the attempt that carries it out, if any.

    `pending` holds the alerts that are still to be published if no attempt is stored.
    """

    state: AttemptState
    at: datetime
    attempt: str = ""
    guard: Guard | None = None
    reasons: tuple[Reason, ...] = ()
    pending: tuple[str, ...] = field(default=(), repr=False)


def own_correction(attempts: Sequence[Attempt], service: str, running: str, newest: str) -> bool:
    """Whether the newest revision (ARN) is Outrider's own correction of the one that a service runs, and nothing else.

    Not if the service ran that correction already: somebody, or ECS, went back from it since.
    """
    rollouts = [each.rollout(service) for each in attempts if not each.released]
    if any(each is not None and each.deployment and each.after.revision == newest for each in rollouts):
        return False
    return any(each.source.arn == running and each.correction and each.correction.arn == newest for each in attempts)


def propose(held: ProposedPlan | None, plan: Plan | None, now: datetime, hours: int) -> ProposedPlan | None:
    """Return a plan for approval from now on. The same plan keeps its time while it may be approved."""
    if plan is None or not plan.fixes:
        return None
    if (
        held is not None
        and (held.digest, held.left_out) == (plan.digest, plan.left_out)
        and now < held.drawn + timedelta(hours=hours)
    ):
        return held
    return ProposedPlan(
        digest=plan.digest,
        drawn=now,
        rules=plan.fixes,
        safety=plan.safety.value,
        reasons=plan.reasons,
        changes=plan.changes[:CHANGES],
        omitted=max(len(plan.changes) - CHANGES, 0),
        until=now + timedelta(hours=hours),
        left_out=plan.left_out,
    )


def to_undo(attempts: Iterable[Attempt], service: str = "") -> Attempt | None:
    """Return the last correction of the family, or of a service, that can be undone; None if none can."""
    found = (each for each in attempts if _can_be_undone(each, service))
    return max(found, key=_begun, default=None)


def _can_be_undone(attempt: Attempt, service: str) -> bool:
    if service:
        rollout = attempt.rollout(service)
        return rollout is not None and rollout.has_way_back
    registered = attempt.state is AttemptState.REGISTERED or any(each.has_way_back for each in attempt.rollouts)
    return not attempt.service and registered


def _begun(attempt: Attempt) -> datetime:
    return attempt.began or attempt.time


def of_single_services(attempts: Iterable[Attempt], since: Attempt | None = None) -> tuple[Attempt, ...]:
    """Return the corrections of services alone that can be undone; those after `since`, if it is given."""
    alone = (each for each in attempts if each.service and _can_be_undone(each, each.service))
    return tuple(each for each in alone if since is None or _begun(each) > _begun(since))


def nothing_to_undo(attempts: Sequence[Attempt], family: str, service: str = "") -> Reason:
    """Return why a family or service has no correction that can be undone."""
    if service:
        rollouts = (each.rollout(service) for each in attempts)
        restarted = any(each is not None and each.stands and each.restarts for each in rollouts)
        return Reason(Code.RAN_THE_SAME if restarted else Code.NOTHING_TO_UNDO, service)
    names = sorted({each.service for each in of_single_services(attempts)})
    return Reason(Code.NOTHING_TO_UNDO, family, names=tuple(names))
