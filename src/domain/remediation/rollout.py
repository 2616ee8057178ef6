"""Rollouts: one service that a correction is deployed to."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.ecs.fargate import no_collector_on
from domain.ecs.service import Service
from domain.remediation.guard import Guard
from domain.remediation.reason import Code, Reason

READ_AGAIN = timedelta(minutes=2)
"""How long to wait for an event at most, while a deployment is in progress."""


SHOWN = timedelta(minutes=2)
"""For this long, AWS may not show everywhere what was just made or changed."""


class Stage(StrEnum):
    """The stage of the rollout to one service."""

    PENDING = "pending"
    UPDATING = "updating"  # written before the call
    DEPLOYING = "deploying"
    SETTLING = "settling"  # the deployment is complete; its collectors have a while to be running
    VERIFIED = "verified"
    UPDATED = "updated"  # the deployment is complete, and with a desired count of 0 no task shows that it works
    RESTORING = "restoring"  # written before the call: what somebody else deployed at the same moment is to run
    ROLLING_BACK = "rolling back"  # written before the call
    ROLLBACK_DEPLOYING = "rollback deploying"
    ROLLED_BACK = "rolled back"
    NOT_ROLLED_BACK = "not rolled back"
    SKIPPED = "skipped"  # a guard forbids it, or it no longer runs what the plan updates

    @property
    def ended(self) -> bool:
        return self in {
            Stage.VERIFIED,
            Stage.UPDATED,
            Stage.ROLLED_BACK,
            Stage.NOT_ROLLED_BACK,
            Stage.SKIPPED,
        }

    @property
    def failed(self) -> bool:
        return self in {Stage.ROLLING_BACK, Stage.ROLLBACK_DEPLOYING, Stage.ROLLED_BACK, Stage.NOT_ROLLED_BACK}

    @property
    def under_way(self) -> bool:
        """Whether it was begun and has not ended."""
        return self is not Stage.PENDING and not self.ended


@dataclass(frozen=True, slots=True)
class Target:
    """What a service runs: a revision's ARN and a platform version, empty where it names none."""

    revision: str
    platform: str = ""

    @property
    def name(self) -> str:
        return self.revision.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Rollout:
    """One service within an attempt. `was` is its deployment before, `deployment` that of this correction.

    `listed` are all of its deployments before: what somebody deployed earlier may still drain next to `was`.
    `deployment` is empty if UpdateService succeeded and its answer showed none yet. `other` is the revision (ARN) that
    somebody else deployed at the same moment. `moot` says that it was skipped because it is gone, or runs something
    else now. `since` is when the stage began, `ready` how many tasks were ready in it, and `moved` when that last grew.
    `due` is when the service is read again though no event came. `guard` names the one that forbids it, for now
    (PENDING) or permanently (SKIPPED), and `reasons` say why.
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
    listed: tuple[str, ...] = ()
    deployment: str = ""
    other: str = ""
    moot: bool = False
    ready: int = 0
    moved: datetime | None = None
    due: datetime | None = None
    reasons: tuple[Reason, ...] = ()
    guard: Guard | None = None

    @property
    def restarts(self) -> bool:
        """Whether it deploys again what the service runs already: there is nothing to go back to."""
        return self.before == self.after

    @property
    def way_back(self) -> Target:
        """What it is rolled back to: the revision before, and the platform version before if tasks start on that."""
        kept = self.before.revision != self.after.revision and no_collector_on(self.before.platform)
        return Target(self.before.revision, self.after.platform) if kept else self.before

    @property
    def stands(self) -> bool:
        """Whether the service was updated and stays so, or may still be."""
        return not self.stage.failed and self.stage is not Stage.SKIPPED

    @property
    def has_way_back(self) -> bool:
        """Whether an undo would change it: it may still be kept from beginning, or has something to go back to."""
        return self.stands and (self.stage is Stage.PENDING or not self.restarts)

    def at(
        self, stage: Stage, now: datetime, due: datetime | None = None, reasons: tuple[Reason, ...] = ()
    ) -> "Rollout":
        """Return it at another stage. Its reasons stay unless there are others."""
        same = stage is self.stage
        return replace(
            self,
            stage=stage,
            since=now,
            ready=self.ready if same else 0,
            moved=self.moved if same else None,
            due=due,
            reasons=reasons or self.reasons,
            guard=None,
        )

    def read(self, service: Service) -> "Rollout":
        """Return it with the deployments that its service has before a call."""
        listed = tuple(each.id for each in service.deployments)
        return replace(self, was=deployment_of(service), listed=listed)

    def ending(self, stage: Stage, now: datetime, *more: Reason) -> "Rollout":
        """Return it at its last stage, with more reasons added."""
        return self.at(stage, now, reasons=(*self.reasons, *more))

    def left(self, now: datetime, *reasons: Reason, guard: Guard | None = None, moot: bool = False) -> "Rollout":
        """Return it as skipped: a guard forbids it permanently, or it is `moot`: gone, or at something else now."""
        return replace(self.at(Stage.SKIPPED, now, reasons=reasons), guard=guard, moot=moot)

    def back(self, now: datetime) -> "Rollout":
        """Return it as rolled back: it runs what it ran before."""
        return self.ending(Stage.ROLLED_BACK, now, Reason(Code.BACK_ON, self.before.name))


def runs(service: Service) -> Target:
    """Return what a service runs now."""
    return Target(service.task_definition, service.platform_version or "")


def deployment_of(service: Service) -> str:
    """Return the id of a service's present deployment."""
    return service.primary.id if service.primary is not None else ""
