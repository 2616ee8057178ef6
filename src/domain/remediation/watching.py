"""What follows for a rollout from how its service is shown now. No calls."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.ecs.service import Deployment, Service
from domain.facts import Fact, Known, RunningTask, Unavailable
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import READ_AGAIN, SHOWN, Rollout, Stage, Target, deployment_of, runs
from domain.standard import Standard

_TASKS = 10
"""So many tasks more allow a deployment as much time again."""
_THEIRS = Reason(Code.DEPLOYED_MEANWHILE)


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service as it is shown now, and the bounds of the standard."""

    service: Service
    now: datetime
    standard: Standard

    @property
    def deploy_time(self) -> timedelta:
        """How long a deployment may go on without progress."""
        return timedelta(minutes=self.standard.remediation.deploy_minutes)

    @property
    def longest(self) -> timedelta:
        """How long a deployment may go on at all. More tasks take longer to start and to drain."""
        return self.deploy_time * (2 + self.service.desired // _TASKS)

    def again(self, rollout: Rollout) -> Rollout:
        """It is read again in a while, and at its deadline at the latest."""
        return replace(rollout, due=min(self._deadline(rollout), self.now + READ_AGAIN))

    def late(self, rollout: Rollout) -> bool:
        """Whether it made no progress for too long, or takes too long as a whole."""
        return self.now >= self._deadline(rollout)

    def _deadline(self, rollout: Rollout) -> datetime:
        moved = rollout.moved if rollout.moved is not None else rollout.since
        return min(moved + self.deploy_time, rollout.since + self.longest)

    def seen(self, rollout: Rollout, ready: int) -> Rollout:
        """It with its progress: how many tasks are `ready`, and when that last grew."""
        return replace(rollout, ready=ready, moved=self.now) if ready > rollout.ready else rollout

    def begun(self, rollout: Rollout, stage: Stage, reasons: tuple[Reason, ...] = ()) -> Rollout:
        """At a stage that takes as long as a deployment."""
        return rollout.at(stage, self.now, min(self.now + self.deploy_time, self.now + READ_AGAIN), reasons)


def seen(rollout: Rollout, sight: ServiceView, tasks: Fact[tuple[RunningTask, ...]]) -> Rollout:
    """Where a rollout is. ROLLING_BACK is what the caller has yet to do."""
    match rollout.stage:
        case Stage.DEPLOYING:
            return _deploying(rollout, sight)
        case Stage.SETTLING:
            return _settling(rollout, sight, tasks)
        case Stage.ROLLBACK_DEPLOYING:
            return _rollback_deploying(rollout, sight)
        case _:
            return rollout


def _deploying(rollout: Rollout, sight: ServiceView) -> Rollout:
    service, primary = sight.service, sight.service.primary
    if primary is None:
        return rollout.left(sight.now, Reason(Code.NO_DEPLOYMENT))
    if not rollout.deployment and primary.id != rollout.was and primary.task_definition == rollout.after.revision:
        rollout = replace(rollout, deployment=primary.id)
    if primary.id == rollout.deployment:
        return _at_ours(rollout, sight, primary)
    if _as_before(rollout, service):
        if shown_late(rollout, service, sight.now) or (not sight.late(rollout) and not rollout.deployment):
            return sight.again(rollout)
        if not rollout.deployment:
            return rollout.left(sight.now, Reason(Code.NO_DEPLOYMENT_BEGAN))
    return _replaced(rollout, sight, primary)


def _replaced(rollout: Rollout, sight: ServiceView, primary: Deployment) -> Rollout:
    """Another deployment is the primary one: ECS goes back, and is watched, or somebody else deployed.

    ECS makes the deployment before the primary one again, or makes one of its own. People and pipelines that go back
    make a new one, too: but then neither Outrider's deployment nor an event of the service says that it failed.
    """
    service = sight.service
    ours = service.deployment(rollout.deployment)
    ended = (ours is not None and ours.failed) or service.why_failed(rollout.deployment) != ""
    back = runs(service) == rollout.before and ended
    if primary.id == rollout.was or primary.rolls_back or back:
        return _failed(rollout, sight, _of_ecs(rollout, service, Code.ECS_ROLLED_BACK))
    return rollout.left(sight.now, _THEIRS, moot=True)


def _of_ecs(rollout: Rollout, service: Service, code: Code) -> Reason:
    """With ECS's own words, where it has some."""
    return Reason(code, service.why_failed(rollout.deployment))


def _at_ours(rollout: Rollout, sight: ServiceView, ours: Deployment) -> Rollout:
    """While our deployment is the one that the service is at."""
    if ours.failed:
        return _failed(rollout, sight, _of_ecs(rollout, sight.service, Code.ECS_FAILED))
    rollout = sight.seen(rollout, _ready(sight.service, ours))
    # With early success criteria, ECS calls a deployment complete while tasks are still missing.
    early = sight.service.early_success and ours.running < sight.service.desired and not sight.late(rollout)
    # All tasks run, and ECS still drains others or watches alarms: the tasks themselves tell whether they work.
    enough = sight.late(rollout) and 0 < sight.service.desired <= ours.running
    if (ours.completed and not early) or enough:
        settling = timedelta(minutes=sight.standard.services.settling_minutes)
        return rollout.at(Stage.SETTLING, sight.now, sight.now + settling)
    if sight.late(rollout):
        return _failed(rollout, sight, Reason(Code.NOT_COMPLETE, number=sight.standard.remediation.deploy_minutes))
    return sight.again(rollout)


def _ready(service: Service, deployment: Deployment) -> int:
    """Return how far a deployment is: its tasks that run, and those of other deployments that are gone."""
    others = sum(each.running for each in service.deployments if each.id != deployment.id)
    return deployment.running + max(service.desired - others, 0)


def shown_late(rollout: Rollout, service: Service, now: datetime) -> bool:
    """Whether a service may be shown as it was before our call only because ECS does not show it everywhere yet."""
    return _as_before(rollout, service) and now < rollout.since + SHOWN


def _as_before(rollout: Rollout, service: Service) -> bool:
    """Whether a service is shown as it was before our call: what a call changes is not seen everywhere at once.

    When ECS rolls back, the earlier deployment is the primary one again too; but then it was updated since.
    """
    primary = service.primary
    if primary is None or primary.id != rollout.was or service.deployment(rollout.deployment) is not None:
        return False
    return primary.updated is None or primary.updated <= rollout.since


def _settling(rollout: Rollout, sight: ServiceView, tasks: Fact[tuple[RunningTask, ...]]) -> Rollout:
    primary = sight.service.primary
    if primary is None:
        return rollout.left(sight.now, Reason(Code.NO_DEPLOYMENT))
    if primary.id != rollout.deployment:
        return _replaced(rollout, sight, primary)
    if rollout.due is not None and sight.now < rollout.due:
        return rollout
    if not isinstance(tasks, Known):
        unread = Reason(Code.TASKS_UNREAD, tasks.reason if isinstance(tasks, Unavailable) else "")
        if sight.late(rollout):
            return _failed(rollout, sight, unread)
        return replace(rollout, due=sight.now + READ_AGAIN, reasons=(unread,))
    return _with_tasks(replace(rollout, reasons=()), sight, tasks.value)


def _with_tasks(rollout: Rollout, sight: ServiceView, tasks: Iterable[RunningTask]) -> Rollout:
    """Whether the new tasks show that it works; those that have run for a while count."""
    minutes, desired = sight.standard.services.settling_minutes, sight.service.desired
    here = [task for task in tasks if task.revision == rollout.after.revision]
    rollout = sight.seen(rollout, len(here))
    since = sight.now - timedelta(minutes=minutes)
    settled = [each for each in here if each.started is not None and each.started <= since]
    if (down := _down(rollout, settled)) is not None:
        return _failed(rollout, sight, down)
    if not desired:
        return rollout.at(Stage.UPDATED, sight.now)
    if len(settled) < desired and not sight.late(rollout):
        return replace(rollout, due=sight.now + READ_AGAIN)
    if len(here) < desired:
        return _failed(rollout, sight, Reason(Code.TOO_FEW_TASKS, number=len(here), limit=desired))
    if not settled:
        return _failed(rollout, sight, Reason(Code.TASKS_DO_NOT_LAST, number=minutes))
    return rollout.at(Stage.VERIFIED, sight.now)


def _down(rollout: Rollout, tasks: Iterable[RunningTask]) -> Reason | None:
    """The collectors of these tasks that do not run; None where all do."""
    if not rollout.collector:
        return None
    states = [
        next((container.status for container in task.containers if container.name == rollout.collector), "missing")
        for task in tasks
    ]
    down = [state for state in states if state != "RUNNING"]
    names = tuple(sorted(set(down)))
    return Reason(Code.COLLECTORS_DOWN, names=names, number=len(down), limit=len(states)) if down else None


def _failed(rollout: Rollout, sight: ServiceView, reason: Reason) -> Rollout:
    """Back to what ran: by ECS where it is at it already, else by us."""
    primary = sight.service.primary
    if primary is not None and primary.id != rollout.deployment and runs(sight.service) == rollout.before:
        return sight.begun(replace(rollout, deployment=primary.id), Stage.ROLLBACK_DEPLOYING, (reason,))
    return rollout.at(Stage.ROLLING_BACK, sight.now, sight.now, (reason,))


def _rollback_deploying(rollout: Rollout, sight: ServiceView) -> Rollout:
    service, primary, at = sight.service, sight.service.primary, runs(sight.service)
    waits = not sight.late(rollout) and not rollout.deployment and _as_before(rollout, service)
    if waits or shown_late(rollout, service, sight.now):
        return sight.again(rollout)
    if primary is None or at.revision not in {rollout.before.revision, rollout.after.revision}:
        return rollout.ending(Stage.ROLLED_BACK, sight.now, Reason(Code.DEPLOYED_SINCE))
    if at.revision != rollout.before.revision or at == rollout.after != rollout.before:
        # ECS has undone the rollback.
        return rollout.at(Stage.NOT_ROLLED_BACK, sight.now)
    if primary.completed:
        return rollout.back(sight.now)
    rollout = sight.seen(rollout, _ready(service, primary))
    if primary.failed or sight.late(rollout):
        return rollout.at(Stage.NOT_ROLLED_BACK, sight.now)
    return sight.again(rollout)


def updated(rollout: Rollout, sight: ServiceView) -> Rollout | None:
    """After UpdateService, or after a crash about it: the rollout under way; None where the call had no effect yet."""
    primary, backwards = sight.service.primary, rollout.stage is Stage.ROLLING_BACK
    if primary is None or primary.id == rollout.was:
        return None
    if sight.service.task_definition != wanted(rollout).revision:
        if backwards:
            return rollout.ending(Stage.ROLLED_BACK, sight.now, Reason(Code.DEPLOYED_SINCE))
        return rollout.left(sight.now, _THEIRS, moot=True)
    following = Stage.ROLLBACK_DEPLOYING if backwards else Stage.DEPLOYING
    return sight.begun(replace(rollout, deployment=primary.id), following)


def wanted(rollout: Rollout) -> Target:
    """What the call that is written down is to bring the service to."""
    return rollout.after if rollout.stage is Stage.UPDATING else rollout.way_back


def deployed_by_others(rollout: Rollout, service: Service) -> str:
    """What (a revision's ARN) somebody else deployed between our reading and our UpdateService, which replaced it.

    Empty where nobody did. There is no UpdateService that says what it expects to find.
    """
    if service.task_definition != wanted(rollout).revision:
        return ""
    seen_or_ours = {rollout.was, *rollout.listed, deployment_of(service)}
    known = {rollout.before.revision, rollout.after.revision}
    active = (each for each in service.deployments if each.status == "ACTIVE" and not each.failed)
    between = (each for each in active if each.id not in seen_or_ours)
    return next((each.task_definition for each in between if each.task_definition not in known), "")
