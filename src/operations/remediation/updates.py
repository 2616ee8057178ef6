"""UpdateService: make each call of a rollout once, even though its answer does not show what it replaced."""

from dataclasses import dataclass, replace
from datetime import timedelta

from aws.calls import CallRefused
from aws.errors import Meaning
from domain.ecs.service import Service
from domain.places import Place
from domain.remediation.attempt import Attempt
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import READ_AGAIN, Rollout, Stage
from domain.remediation.watching import deployed_by_others, updated, wanted
from operations.remediation.parts import Parts

_SOON = timedelta(seconds=30)
"""How long to wait before an update to a revision that ECS does not show yet is tried again."""


@dataclass(frozen=True, slots=True)
class Updates:
    """Updates the services of one attempt."""

    parts: Parts
    attempt: Attempt

    @property
    def place(self) -> Place:
        return self.attempt.source.place

    def made(self, rollout: Rollout, service: Service) -> Rollout:
        """Make the recorded call, unless it took effect before, and return the rollout after it."""
        if rollout.stage is Stage.RESTORING:
            return self._give_back(rollout, service)
        if (following := updated(rollout, self.parts.view(service))) is not None:
            return self._gives_back(rollout, service) or following
        target = wanted(rollout)
        try:
            answer = self.parts.ecs.update(
                self.place,
                rollout.service,
                revision=target.revision if target.revision != service.task_definition else "",
                platform=target.platform if target.platform != (service.platform_version or "") else "",
                force=rollout.forced and rollout.stage is Stage.UPDATING,
            )
        except CallRefused as failed:
            now = self.parts.now()
            absent = failed.meaning is Meaning.ABSENT and rollout.stage is Stage.UPDATING
            if absent and self.attempt.recently_started(now):
                # ECS does not show the registered revision yet, and updated nothing.
                return rollout.at(Stage.PENDING, rollout.since, now + _SOON, (failed.reason,))
            stage = Stage.SKIPPED if rollout.stage is Stage.UPDATING else Stage.NOT_ROLLED_BACK
            inactive = failed.meaning is Meaning.INACTIVE
            return rollout.ending(stage, now, Reason(Code.NO_WAY_BACK, target.name) if inactive else failed.reason)
        following = self._gives_back(rollout, answer) or updated(rollout, self.parts.view(answer))
        return following or self._watched(rollout)

    def _watched(self, rollout: Rollout) -> Rollout:
        """Return the rollout to watch. The answer alone does not prove that the call took effect."""
        now, stage = self.parts.now(), Stage.DEPLOYING if rollout.stage is Stage.UPDATING else Stage.ROLLBACK_DEPLOYING
        return replace(rollout, deployment="").at(stage, now, now + READ_AGAIN)

    def _gives_back(self, rollout: Rollout, service: Service) -> Rollout | None:
        """Return the rollout that gives way to somebody's deployment at the same moment; None if there was none."""
        other, now = deployed_by_others(rollout, service), self.parts.now()
        return replace(rollout, other=other).at(Stage.RESTORING, now, now) if other else None

    def _give_back(self, rollout: Rollout, service: Service) -> Rollout:
        """Deploy again what somebody else deployed, unless the service runs that or something newer."""
        name, now = rollout.other.rpartition("/")[2], self.parts.now()
        if service.task_definition in {rollout.before.revision, rollout.after.revision}:
            try:
                self.parts.ecs.update(self.place, rollout.service, revision=rollout.other)
            except CallRefused as failed:
                why = Reason(Code.OTHER_NOT_RUN_AGAIN, name, because=(failed.reason,))
                return rollout.at(Stage.NOT_ROLLED_BACK, now, reasons=(why,))
        # A failed correction stays failed, even if somebody else deploys while it is rolled back.
        why = Reason(Code.OTHER_RUNS_AGAIN, name)
        return rollout.ending(Stage.ROLLED_BACK, now, why) if rollout.reasons else rollout.left(now, why, moot=True)
