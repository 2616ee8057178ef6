"""UpdateService: make each call of a rollout once, even though its answer does not show what it replaced."""

from dataclasses import dataclass, replace

from aws.calls import CallFailed
from domain.ecs.service import Service
from domain.places import Place
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import LOOK_AGAIN, Rollout, Stage
from domain.remediation.watching import Sight, overtaken, updated, wanted
from operations.remediation.parts import Parts


@dataclass(frozen=True, slots=True)
class Updates:
    """Updates services of one account and region."""

    parts: Parts
    place: Place

    def made(self, rollout: Rollout, service: Service) -> Rollout:
        """Make the recorded call, unless it took effect before, and return the rollout after it."""
        if rollout.stage is Stage.GIVING_BACK:
            return self._give_back(rollout, service)
        if (following := updated(rollout, self._sight(service))) is not None:
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
        except CallFailed as failed:
            if failed.transient:
                raise
            stage = Stage.LEFT if rollout.stage is Stage.UPDATING else Stage.NOT_BACK
            return rollout.ending(stage, self.parts.now(), failed.reason)
        following = self._gives_back(rollout, answer) or updated(rollout, self._sight(answer))
        return following or self._watched(rollout)

    def _watched(self, rollout: Rollout) -> Rollout:
        """Return the rollout to watch. The answer alone does not prove that the call took effect."""
        now, stage = self.parts.now(), Stage.DEPLOYING if rollout.stage is Stage.UPDATING else Stage.GOING_BACK
        return replace(rollout, deployment="").at(stage, now, now + LOOK_AGAIN)

    def _gives_back(self, rollout: Rollout, service: Service) -> Rollout | None:
        """Return the rollout that gives way to somebody's deployment at the same moment; None if there was none."""
        other, now = overtaken(rollout, service), self.parts.now()
        return replace(rollout, other=other).at(Stage.GIVING_BACK, now, now) if other else None

    def _give_back(self, rollout: Rollout, service: Service) -> Rollout:
        """Deploy again what somebody else deployed, unless the service runs that or something newer."""
        name, now = rollout.other.rpartition("/")[2], self.parts.now()
        if service.task_definition in {rollout.before.revision, rollout.after.revision}:
            try:
                self.parts.ecs.update(self.place, rollout.service, revision=rollout.other)
            except CallFailed as failed:
                if failed.transient:
                    raise
                why = Reason(Code.OTHER_NOT_RUN_AGAIN, name, because=(failed.reason,))
                return rollout.at(Stage.NOT_BACK, now, reasons=(why,))
        # A failed correction stays failed, even if somebody else deploys while it is rolled back.
        stage = Stage.BACK if rollout.reasons else Stage.LEFT
        return rollout.ending(stage, now, Reason(Code.OTHER_RUNS_AGAIN, name))

    def _sight(self, service: Service) -> Sight:
        return Sight(service, self.parts.now(), self.parts.standard)
