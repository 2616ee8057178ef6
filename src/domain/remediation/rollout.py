"""Rollouts: one service that a correction is deployed to, and what follows from its present state. No calls."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.ecs.service import Deployment, Service
from domain.facts import Fact, Known, RunningTask, Unavailable
from domain.standard import Standard

_LOOK_AGAIN = timedelta(minutes=2)

"""How long is waited for an event at the most, while a deployment is under way."""


_SHOWN = timedelta(minutes=2)

"""For so long ECS may still show a service as it was before a call that changed it."""


class Stage(StrEnum):
    """Where the rollout to one service is."""

    PENDING = "pending"
    UPDATING = "updating"  # written before the call
    DEPLOYING = "deploying"
    SETTLING = "settling"  # the deployment is complete; its collectors have a while to be running
    VERIFIED = "verified"
    GIVING_BACK = "giving back"  # written before the call: what somebody else deployed at the same moment is to run
    SETTING_BACK = "setting back"  # written before the call
    GOING_BACK = "going back"
    BACK = "back"
    NOT_BACK = "not back"
    LEFT = "left"  # a guard forbids it, or it no longer is what was to be updated

    @property
    def ended(self) -> bool:
        return self in {Stage.VERIFIED, Stage.BACK, Stage.NOT_BACK, Stage.LEFT}

    @property
    def failed(self) -> bool:
        return self in {Stage.SETTING_BACK, Stage.GOING_BACK, Stage.BACK, Stage.NOT_BACK}


@dataclass(frozen=True, slots=True)
class Target:
    """What a service runs: a revision's ARN and a platform version, empty where it tells none."""

    revision: str
    platform: str = ""

    @property
    def name(self) -> str:
        return self.revision.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Rollout:
    """One service within an attempt. `was` is its deployment before ours, `deployment` ours or the one that goes back.

    `deployment` is empty where UpdateService was taken and its answer showed none yet. `theirs` is the revision (ARN)
    that somebody else deployed at the same moment. `moot` says that it was left as it is no longer what was to be
    updated. `since` is when the stage began, `due` when it is to be looked at though no event tells of it. `guard`
    names the one that forbids it, for now (PENDING) or for good (LEFT); `reason` begins with the same name then.
    """

    service: str
    before: Target
    after: Target
    since: datetime
    stage: Stage = Stage.PENDING
    forced: bool = False
    canary: bool = False
    collector: str = ""
    was: str = ""
    deployment: str = ""
    theirs: str = ""
    moot: bool = False
    due: datetime | None = None
    reason: str = ""
    guard: str = ""

    def at(self, stage: Stage, now: datetime, due: datetime | None = None, reason: str = "") -> "Rollout":
        return replace(self, stage=stage, since=now, due=due, reason=reason or self.reason, guard="")

    def left(self, guard: str, reason: str, now: datetime) -> "Rollout":
        """A guard forbids it for good."""
        return replace(self.at(Stage.LEFT, now, reason=f"{guard}: {reason}"), guard=guard)

    def back(self, now: datetime) -> "Rollout":
        """It runs what it ran before."""
        return self.at(Stage.BACK, now, reason=f"{self.reason} It is back on {self.before.name}.")


def runs(service: Service) -> Target:
    """What a service runs now."""
    return Target(service.task_definition, service.platform_version or "")


def forbids(service: Service, standard: Standard) -> tuple[str, str] | None:
    """The guard that forbids to update a service at all, and why; None where none does."""
    strategy = service.strategy
    if service.fargate is not True:
        where = ", ".join(sorted(service.providers)) or "no launch type that it tells"
        return "launch type", f"It runs on {where}; Outrider updates services on Fargate."
    if service.controller != "ECS":
        return "deployment controller", f"{service.controller} controls its deployments, and UpdateService may not."
    if strategy not in {"", "ROLLING"}:
        return "deployment strategy", f"Its deployments are {strategy}; Outrider updates rolling ones only."
    if standard.remediation.require_rollback and not service.rolls_back:
        why = "Its deployment circuit breaker is not on with rollback, so a deployment that fails would not end."
        return "circuit breaker", f"{why} Turn it on, or waive it by remediation.require_rollback."
    return None


def busy(service: Service) -> str:
    """Why a service is to be left alone just now: a deployment is in progress. Empty where none is."""
    under_way = [each for each in service.deployments if each.status == "ACTIVE" or each.in_progress]
    return f"{service.title} has a deployment in progress." if under_way else ""


def seen(
    rollout: Rollout, service: Service | None, tasks: Fact[tuple[RunningTask, ...]], now: datetime, standard: Standard
) -> Rollout:
    """Where a rollout is, from what is there now. SETTING_BACK is what the caller has yet to do."""
    if service is None:
        return rollout.at(Stage.LEFT, now, reason="The service is gone.")
    match rollout.stage:
        case Stage.DEPLOYING:
            return _deploying(rollout, service, now, standard)
        case Stage.SETTLING:
            return _settling(rollout, service, tasks, now, standard)
        case Stage.GOING_BACK:
            return _going_back(rollout, service, now, standard)
        case _:
            return rollout


def _deploying(rollout: Rollout, service: Service, now: datetime, standard: Standard) -> Rollout:
    primary, limit = service.primary, rollout.since + timedelta(minutes=standard.remediation.deploy_minutes)
    if primary is None:
        return rollout.at(Stage.LEFT, now, reason="It shows no deployment any more.")
    if not rollout.deployment and primary.id != rollout.was and primary.task_definition == rollout.after.revision:
        rollout = replace(rollout, deployment=primary.id)
    ours = service.deployment(rollout.deployment)
    if primary.id == rollout.deployment:
        return _at_ours(rollout, service, primary, now, standard)
    if _as_before(rollout, service):
        if shown_late(rollout, service, now) or (now < limit and not rollout.deployment):
            return replace(rollout, due=min(limit, now + _LOOK_AGAIN))
        if not rollout.deployment:
            return rollout.at(Stage.LEFT, now, reason="UpdateService was taken, and no deployment came of it.")
    ended = ours is not None and ours.failed
    back = runs(service) == rollout.before and (ended or rollout.before != rollout.after)
    if primary.id == rollout.was or primary.rolls_back or back:
        # ECS itself goes back, to the deployment before or by one of its own; it is watched.
        reason = ours.reason if ours is not None and ended else ""
        return _failed(rollout, service, now, standard, reason or "ECS rolled the deployment back.")
    return rollout.at(Stage.LEFT, now, reason="Somebody else deployed it meanwhile.")


def _at_ours(rollout: Rollout, service: Service, ours: Deployment, now: datetime, standard: Standard) -> Rollout:
    """While our deployment is the one that the service is at."""
    minutes = standard.remediation.deploy_minutes
    limit = rollout.since + timedelta(minutes=minutes)
    if ours.failed:
        return _failed(rollout, service, now, standard, ours.reason or "The deployment failed.")
    if ours.completed:
        return rollout.at(Stage.SETTLING, now, now + timedelta(minutes=standard.services.settling_minutes))
    if now >= limit:
        return _failed(rollout, service, now, standard, f"The deployment was not complete after {minutes} minutes.")
    return replace(rollout, due=min(limit, now + _LOOK_AGAIN))


def shown_late(rollout: Rollout, service: Service, now: datetime) -> bool:
    """Whether a service may be shown as it was before our call only because ECS does not show it everywhere yet."""
    return _as_before(rollout, service) and now < rollout.since + _SHOWN


def _as_before(rollout: Rollout, service: Service) -> bool:
    """Whether a service is shown as it was before our call: what a call changes is not seen everywhere at once.

    When ECS rolls back, the earlier deployment is the primary one again too; but then it was updated since.
    """
    primary = service.primary
    if primary is None or primary.id != rollout.was or service.deployment(rollout.deployment) is not None:
        return False
    return primary.updated is None or primary.updated <= rollout.since


def _settling(
    rollout: Rollout, service: Service, tasks: Fact[tuple[RunningTask, ...]], now: datetime, standard: Standard
) -> Rollout:
    primary = service.primary
    if primary is None or primary.id != rollout.deployment:
        return rollout.at(Stage.LEFT, now, reason="Somebody else deployed it meanwhile.")
    if rollout.due is not None and now < rollout.due:
        return rollout
    late = now >= rollout.since + timedelta(minutes=standard.remediation.deploy_minutes)
    if not isinstance(tasks, Known):
        why = f": {tasks.reason}" if isinstance(tasks, Unavailable) else ""
        reason = f"Its tasks could not be read, so nothing shows that it runs{why}."
        if late:
            return _failed(rollout, service, now, standard, reason)
        return replace(rollout, due=now + _LOOK_AGAIN, reason=reason)
    rollout = replace(rollout, reason="")
    here = [task for task in tasks.value if task.revision == rollout.after.revision]
    minutes = standard.services.settling_minutes
    settled = [each for each in here if each.started is not None and each.started <= now - timedelta(minutes=minutes)]
    down = _not_running(rollout, settled)
    if down:
        return _failed(rollout, service, now, standard, down)
    if len(settled) < service.desired and not late:
        return replace(rollout, due=now + _LOOK_AGAIN)
    if len(here) < service.desired:
        reason = f"{len(here)} of {service.desired} tasks run the new revision."
        return _failed(rollout, service, now, standard, reason)
    if service.desired and not settled:
        reason = f"None of its tasks has run for {minutes} minutes: they start and end."
        return _failed(rollout, service, now, standard, reason)
    return rollout.at(Stage.VERIFIED, now)


def _not_running(rollout: Rollout, tasks: Iterable[RunningTask]) -> str:
    """What is wrong with the collectors of these tasks; empty where all run."""
    if not rollout.collector:
        return ""
    states = [
        next((container.status for container in task.containers if container.name == rollout.collector), "missing")
        for task in tasks
    ]
    down = sorted({state for state in states if state != "RUNNING"})
    count = sum(1 for state in states if state != "RUNNING")
    return f"In {count} of {len(states)} new tasks the collector is {' or '.join(down)}." if down else ""


def _failed(rollout: Rollout, service: Service, now: datetime, standard: Standard, reason: str) -> Rollout:
    """Back to what ran: by ECS where it is at it already, else by us."""
    primary = service.primary
    if primary is not None and primary.id != rollout.deployment and runs(service) == rollout.before:
        watched = replace(rollout, deployment=primary.id)
        limit = now + timedelta(minutes=standard.remediation.deploy_minutes)
        return watched.at(Stage.GOING_BACK, now, min(limit, now + _LOOK_AGAIN), reason)
    return rollout.at(Stage.SETTING_BACK, now, now, reason)


def _going_back(rollout: Rollout, service: Service, now: datetime, standard: Standard) -> Rollout:
    primary, at = service.primary, runs(service).revision
    limit = rollout.since + timedelta(minutes=standard.remediation.deploy_minutes)
    if shown_late(rollout, service, now) or (now < limit and not rollout.deployment and _as_before(rollout, service)):
        return replace(rollout, due=min(limit, now + _LOOK_AGAIN))
    if primary is None or at not in {rollout.before.revision, rollout.after.revision}:
        return rollout.at(Stage.BACK, now, reason=f"{rollout.reason} Somebody else has deployed it since.")
    if at != rollout.before.revision or runs(service) == rollout.after != rollout.before:
        # ECS has rolled the way back back.
        return rollout.at(Stage.NOT_BACK, now)
    if primary.completed:
        return rollout.back(now)
    if primary.failed or now >= limit:
        return rollout.at(Stage.NOT_BACK, now)
    return replace(rollout, due=min(limit, now + _LOOK_AGAIN))


def updated(rollout: Rollout, service: Service, now: datetime, standard: Standard) -> Rollout | None:
    """After UpdateService, or after a crash about it: the rollout under way; None where the call had no effect yet."""
    primary = service.primary
    if primary is None or primary.id == rollout.was:
        return None
    wanted = rollout.after if rollout.stage is Stage.UPDATING else rollout.before
    if service.task_definition != wanted.revision:
        if rollout.stage is Stage.SETTING_BACK:
            return rollout.at(Stage.BACK, now, reason=f"{rollout.reason} Somebody else has deployed it since.")
        return rollout.at(Stage.LEFT, now, reason="Somebody else deployed it meanwhile.")
    following = Stage.DEPLOYING if rollout.stage is Stage.UPDATING else Stage.GOING_BACK
    limit = now + timedelta(minutes=standard.remediation.deploy_minutes)
    return replace(rollout, deployment=primary.id).at(following, now, min(limit, now + _LOOK_AGAIN))


def overtaken(rollout: Rollout, service: Service) -> str:
    """What (a revision's ARN) somebody else deployed between our look and our UpdateService, which took it away again.

    Empty where nobody did. There is no UpdateService that says what it expects to find.
    """
    primary = service.primary
    ours = {rollout.was, primary.id if primary is not None else ""}
    known = {rollout.before.revision, rollout.after.revision}
    wanted = rollout.after if rollout.stage is Stage.UPDATING else rollout.before
    if service.task_definition != wanted.revision:
        return ""
    active = (each for each in service.deployments if each.status == "ACTIVE" and not each.failed)
    between = (each for each in active if each.id not in ours)
    return next((each.task_definition for each in between if each.task_definition not in known), "")


def deployment_of(service: Service) -> str:
    """The id of the deployment that a service is at."""
    primary: Deployment | None = service.primary
    return primary.id if primary is not None else ""
