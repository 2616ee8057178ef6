"""UpdateService: each call of a rollout, made once though no answer says what it found."""

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
    """Of the services of one account and region."""

    parts: Parts
    place: Place

    def made(self, rollout: Rollout, service: Service) -> Rollout:
        """The rollout after the call that is written down, which is not made where it took effect before."""
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
        """What the answer does not show yet is watched for: that it was taken proves nothing."""
        now, stage = self.parts.now(), Stage.DEPLOYING if rollout.stage is Stage.UPDATING else Stage.GOING_BACK
        return replace(rollout, deployment="").at(stage, now, now + LOOK_AGAIN)

    def _gives_back(self, rollout: Rollout, service: Service) -> Rollout | None:
        """Somebody else who deployed at the same moment has the last word; None where nobody did."""
        theirs, now = overtaken(rollout, service), self.parts.now()
        return replace(rollout, theirs=theirs).at(Stage.GIVING_BACK, now, now) if theirs else None

    def _give_back(self, rollout: Rollout, service: Service) -> Rollout:
        """UpdateService to what somebody else deployed, unless it runs that, or something newer still."""
        name, now = rollout.theirs.rpartition("/")[2], self.parts.now()
        if service.task_definition in {rollout.before.revision, rollout.after.revision}:
            try:
                self.parts.ecs.update(self.place, rollout.service, revision=rollout.theirs)
            except CallFailed as failed:
                if failed.transient:
                    raise
                why = Reason(Code.THEIRS_NOT_RUN_AGAIN, name, because=(failed.reason,))
                return rollout.at(Stage.NOT_BACK, now, reasons=(why,))
        # A correction that failed has failed, also where somebody else deploys on the way back.
        stage = Stage.BACK if rollout.reasons else Stage.LEFT
        return rollout.ending(stage, now, Reason(Code.THEIRS_RUNS_AGAIN, name))

    def _sight(self, service: Service) -> Sight:
        return Sight(service, self.parts.now(), self.parts.standard)
