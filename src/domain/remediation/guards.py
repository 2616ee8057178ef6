"""What each guard asks, as far as it can be decided from what was read. No calls; operations.remediation reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.drift import Safety
from domain.ecs.equivalence import equivalent
from domain.ecs.images import repository_matches
from domain.ecs.ownership import owner_of
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import moment_of
from domain.findings.users import Running
from domain.remediation.attempt import Attempt, AttemptState, Quarantine
from domain.remediation.guard import Guard
from domain.remediation.plan import Plan
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import READ_AGAIN
from domain.standard import Mode, Standard, any_matches


class Forbidden(Exception):
    """A guard forbids a correction: permanently, or until a time at which it is tried again."""

    def __init__(self, guard: Guard, reason: Reason, until: datetime | None = None) -> None:
        self.guard, self.reason, self.until = guard, reason, until
        super().__init__(guard.value, reason.code.value)


@dataclass(frozen=True, slots=True)
class Moment:
    """What guards decide by, next to what they are asked about: the standard, the stack's cap, and the time."""

    standard: Standard
    cap: Mode
    now: datetime

    @property
    def window(self) -> timedelta:
        """For this long, corrections of a family are counted, and one that waits is tried again."""
        return timedelta(hours=self.standard.remediation.window_hours)

    @property
    def rollout_time(self) -> timedelta:
        """How long a service may take to be deployed and to settle."""
        minutes = self.standard.remediation.deploy_minutes + self.standard.services.settling_minutes
        return timedelta(minutes=minutes)


# --- the stack and the family -----------------------------------------------------------------------------------------


def stack_corrects(attempt: Attempt, moment: Moment) -> None:
    """What a person approved is still the stack's to allow: without a person the mode says it already."""
    if attempt.approved and moment.cap.rank < Mode.REGISTER.rank:
        raise Forbidden(Guard.STACK, Reason(Code.STACK_CORRECTS_NOTHING, moment.cap))


def stack_updates(moment: Moment) -> None:
    """Services are updated only where the stack deploys."""
    if moment.cap is not Mode.DEPLOY:
        raise Forbidden(Guard.STACK, Reason(Code.STACK_UPDATES_NO_SERVICE, moment.cap))


def not_quarantined(quarantine: Quarantine | None) -> None:
    """A family that failed or was undone waits for a person to release it."""
    if quarantine is not None:
        why = Reason(Code.QUARANTINED, at=quarantine.since, because=quarantine.reasons)
        raise Forbidden(Guard.QUARANTINE, why)


def not_own(attempt: Attempt, own_revisions: frozenset[int]) -> None:
    """What a person approved may correct Outrider's own work further."""
    if attempt.source.number in own_revisions and not attempt.service and not attempt.approved:
        raise Forbidden(Guard.OWN_REVISION, Reason(Code.OWN_REVISION))


def attempts_left(attempt: Attempt, attempts: Iterable[Attempt], moment: Moment) -> None:
    """A family that comes back drifted is being rewritten by its pipeline. What a person approves is not counted."""
    bounds = moment.standard.remediation
    tried = corrections(attempt, attempts, moment.now - moment.window)
    if not attempt.approved and tried >= bounds.attempts:
        why = Reason(Code.CORRECTED_BEFORE, number=tried, limit=bounds.window_hours)
        raise Forbidden(Guard.ATTEMPTS, why)


def corrections(attempt: Attempt, attempts: Iterable[Attempt], since: datetime) -> int:
    """How often the family, or the service alone, was or may have been corrected since then; a waiting one was not."""
    return sum(
        1
        for each in attempts
        if each.service == attempt.service
        and each.key != attempt.key
        and (each.began or each.time) >= since
        and (
            each.registered is not None
            or each.state is AttemptState.STARTED
            or any(rollout.was for rollout in each.rollouts)
        )
    )


def not_managed(services: Mapping[str, Running]) -> None:
    """No service that ECS manages itself runs the family: ECS writes its revisions."""
    if titles := sorted(title for title, running in services.items() if running.managed):
        raise Forbidden(Guard.MANAGED, Reason(Code.MANAGED_BY_ECS, titles[0]))


# --- the plan ---------------------------------------------------------------------------------------------------------


def as_approved(attempt: Attempt, plan: Plan | None, whole: Plan | None) -> None:
    """A plan is carried out as it was seen or not at all: this one, or as a part of the `whole`."""
    if attempt.approved and attempt.digest not in {each.digest for each in (plan, whole) if each is not None}:
        why = Reason(Code.PLAN_CHANGED, plan.digest if plan else "", attempt.digest)
        raise Forbidden(Guard.APPROVAL, why)


def not_suppressed(rules: Iterable[str], suppressed: frozenset[str]) -> None:
    """The customer set none of these rules' findings to SUPPRESSED."""
    if silent := sorted(suppressed & set(rules)):
        raise Forbidden(Guard.SUPPRESSED, Reason(Code.SUPPRESSED, names=tuple(silent)))


def safe(attempt: Attempt, plan: Plan) -> None:
    """Without approval only a SAFE plan is carried out."""
    if plan.safety is not Safety.SAFE and not attempt.approved:
        raise Forbidden(Guard.REVIEW, Reason(Code.NEEDS_APPROVAL, names=plan.reasons))


def owner_allows(attempt: Attempt, plan: Plan, standard: Standard) -> None:
    """The standard may leave what a tool owns to that tool."""
    owner = owner_of(plan.before.task, attempt.actor)
    if owner and not attempt.approved and any_matches(standard.remediation.leave_to, owner):
        raise Forbidden(Guard.OWNER, Reason(Code.OWNED, owner))


def images_allowed(plan: Plan, repositories: Sequence[str]) -> None:
    """An image that the plan changes comes from one of these repositories."""
    for container in plan.after.task.containers if plan.changes_task else ():
        before = plan.before.task.container(container.name)
        if before is not None and before.image == container.image:
            continue
        if not repository_matches(container.image.repository, tuple(repositories)):
            raise Forbidden(Guard.IMAGE, Reason(Code.IMAGE_NOT_ALLOWED, container.image.repository))


def roles_kept(plan: Plan, standard: Standard) -> None:
    """Each role is the source's own or the standard's."""
    before, after, roles = plan.before.task, plan.after.task, standard.roles
    for role, given, default in (
        (after.execution_role, before.execution_role, roles.execution),
        (after.task_role, before.task_role, roles.task),
    ):
        if role not in {given, default}:
            raise Forbidden(Guard.ROLE, Reason(Code.ROLE_NOT_ALLOWED, role or ""))


def changes_something(plan: Plan) -> None:
    """What is registered is a change for ECS too."""
    if plan.changes_task and equivalent(plan.before.task, plan.after.task):
        raise Forbidden(Guard.NO_OP, Reason(Code.NO_CHANGE))


# --- the pipeline -----------------------------------------------------------------------------------------------------


def settled(task: TaskDefinition, attempt: Attempt, moment: Moment) -> None:
    """A pipeline that has just registered a revision is about to deploy it."""
    _quiet(attempt, moment, moment_of(task.json.get("registeredAt")), Code.JUST_REGISTERED)


def settled_since_deployment(service: Service, attempt: Attempt, moment: Moment) -> None:
    """A pipeline that has just deployed a service may be about to do more."""
    created = service.primary.created if service.primary is not None else None
    _quiet(attempt, moment, created, Code.JUST_DEPLOYED)


def _quiet(attempt: Attempt, moment: Moment, since: datetime | None, code: Code) -> None:
    minutes = moment.standard.remediation.settling_minutes
    if since is not None and not attempt.approved and moment.now < since + timedelta(minutes=minutes):
        raise Forbidden(Guard.SETTLING, Reason(code, number=minutes), since + timedelta(minutes=minutes))


# --- a service --------------------------------------------------------------------------------------------------------


def updatable(service: Service, standard: Standard) -> None:
    """Whether a service may be updated at all."""
    strategy = service.strategy
    if service.managed:
        raise Forbidden(Guard.MANAGED, Reason(Code.MANAGED_BY_ECS, service.title))
    if service.fargate is not True:
        providers = tuple(sorted(service.providers))
        raise Forbidden(Guard.LAUNCH_TYPE, Reason(Code.NOT_ON_FARGATE, names=providers))
    if service.controller != "ECS":
        raise Forbidden(Guard.DEPLOYMENT_CONTROLLER, Reason(Code.OTHER_CONTROLLER, service.controller))
    if strategy not in {"", "ROLLING"}:
        raise Forbidden(Guard.DEPLOYMENT_STRATEGY, Reason(Code.OTHER_STRATEGY, strategy))
    if standard.remediation.require_rollback and not service.rolls_back:
        raise Forbidden(Guard.CIRCUIT_BREAKER, Reason(Code.NO_ROLLBACK))


def can_roll_back(task: TaskDefinition, attempt: Attempt, before: str) -> None:
    """The revision that the service runs (`before`) is active: ECS accepts no other to go back to."""
    if not task.active and not attempt.approved:
        raise Forbidden(Guard.WAY_BACK, Reason(Code.NO_WAY_BACK, before))


def keeps_running(service: Service, attempt: Attempt) -> None:
    """ECS leaves some of its tasks until others run."""
    if service.may_stop_all and not attempt.approved:
        raise Forbidden(Guard.MINIMUM_HEALTHY, Reason(Code.MAY_STOP_ALL))


def not_busy(service: Service, now: datetime) -> None:
    """No deployment of it is in progress."""
    if any(each.status == "ACTIVE" or each.in_progress for each in service.deployments):
        why = Reason(Code.DEPLOYMENT_IN_PROGRESS, service.title)
        raise Forbidden(Guard.DEPLOYMENT_IN_PROGRESS, why, now + READ_AGAIN)
