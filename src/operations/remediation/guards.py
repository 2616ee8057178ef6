"""The guards of a correction: each fails closed and names itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aws.ledger import History
from domain.drift import Safety
from domain.ecs.equivalence import equivalent
from domain.ecs.images import repository_matches
from domain.ecs.legality import illegal
from domain.ecs.ownership import owner_of
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import moment_of
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.plan import Plan
from domain.remediation.rollout import Rollout, Stage
from domain.standard import Standard, any_matches

TAG = "outrider:"


class Refused(Exception):
    """A guard forbids the correction; the message says why."""

    def __init__(self, guard: str, reason: str) -> None:
        self.guard = guard
        super().__init__(reason)


class Later(Exception):
    """A guard forbids the correction just now; it is tried again at `due`."""

    def __init__(self, guard: str, reason: str, due: datetime) -> None:
        self.guard, self.due = guard, due
        super().__init__(reason)


def may_try(attempt: Attempt, history: History) -> None:
    """What the ledger says of the family. What a person approved may correct Outrider's own work further."""
    if history.quarantine is not None:
        raise Refused(
            "quarantine",
            f"The family is left alone since {history.quarantine.since:%Y-%m-%d %H:%M} UTC:"
            f" {history.quarantine.reason}",
        )
    if attempt.source.number in history.ours and not attempt.service and not attempt.approved:
        raise Refused("own revision", "Outrider registered it and does not correct its own work.")


def not_fought(attempt: Attempt, history: History, standard: Standard, now: datetime) -> None:
    """A family that comes back drifted is being rewritten by its pipeline. What a person approves is not counted."""
    if attempt.approved:
        return
    bounds = standard.remediation
    tried = corrections(attempt, history, now - timedelta(hours=bounds.window_hours))
    if tried >= bounds.attempts:
        raise Refused(
            "attempts",
            f"Corrected {tried} times in {bounds.window_hours} hours: something brings the drift back. Make the change"
            " at its source.",
        )


def corrections(attempt: Attempt, history: History, since: datetime) -> int:
    """How often the family, or the service alone, was or may have been corrected since then; a waiting one was not."""
    return sum(
        1
        for each in history.attempts
        if each.service == attempt.service
        and each.key != attempt.key
        and (each.began or each.time) >= since
        and (
            each.registered is not None
            or each.state is AttemptState.STARTED
            or any(rollout.was for rollout in each.rollouts)
        )
    )


def deployed_lately(service: Service, attempt: Attempt, standard: Standard, now: datetime) -> None:
    """A pipeline that has just deployed a service may be about to do more."""
    minutes, primary = standard.remediation.settling_minutes, service.primary
    if attempt.approved or primary is None or primary.created is None:
        return
    quiet = primary.created + timedelta(minutes=minutes)
    if now < quiet:
        raise Later("settling", f"It was deployed less than {minutes} minutes ago; its pipeline may be at work.", quiet)


def fought(attempt: Attempt, history: History, standard: Standard, now: datetime) -> bool:
    """Whether it was told within the window already that the family is being fought for."""
    since = now - timedelta(hours=standard.remediation.window_hours)
    return any(
        each.guard == "attempts"
        and not each.quiet
        and each.service == attempt.service
        and each.key != attempt.key
        and each.time >= since
        for each in history.attempts
    )


def allows(plan: Plan, attempt: Attempt, standard: Standard, image_repositories: Sequence[str]) -> None:
    """What the plan itself must keep to."""
    if plan.safety is not Safety.SAFE and not attempt.approved:
        raise Refused("review", f"The correction wants a person: {' '.join(plan.reasons)}")
    owner = owner_of(plan.before.task, attempt.actor)
    if owner and not attempt.approved and any_matches(standard.remediation.leave_to, owner):
        raise Refused("owner", f"{owner} owns it, and the standard leaves it to that. Make the change there.")
    if not plan.changes_task:
        return
    before, after = plan.before.task, plan.after.task
    for container in after.containers:
        was = before.container(container.name)
        repository = container.image.repository
        changed = was is None or was.image != container.image
        if changed and not repository_matches(repository, tuple(image_repositories)):
            raise Refused("image", f"{repository} is not among the repositories that the stack allows.")
    roles = standard.roles
    for role, given, default in (
        (after.execution_role, before.execution_role, roles.execution),
        (after.task_role, before.task_role, roles.task),
    ):
        if role not in {given, default}:
            raise Refused("role", f"{role} is neither the source's role nor the standard's.")


def registrable(plan: Plan, corrected: TaskDefinition) -> None:
    """What is registered must be a change, and one that Fargate takes."""
    if equivalent(plan.before.task, plan.after.task):
        raise Refused("no-op", "ECS would take the correction for the same as what is registered.")
    taken = set(illegal(plan.before.task))  # what a registered source breaks already, AWS evidently takes
    if reasons := [reason for reason in illegal(corrected) if reason not in taken]:
        raise Refused("legality", " ".join(reasons))


def not_left(rollout: Rollout) -> None:
    """A service that may not be updated at all is not begun with."""
    if rollout.stage is Stage.LEFT:
        raise Refused(rollout.guard, rollout.reason.removeprefix(f"{rollout.guard}: "))


def settled(task: TaskDefinition, attempt: Attempt, standard: Standard, now: datetime) -> None:
    """A pipeline that has just registered a revision is about to deploy it."""
    minutes = standard.remediation.settling_minutes
    registered = moment_of(task.json.get("registeredAt"))
    if attempt.approved or registered is None:
        return
    quiet = registered + timedelta(minutes=minutes)
    if now < quiet:
        raise Later(
            "settling", f"It was registered less than {minutes} minutes ago; its pipeline may be at work.", quiet
        )
