"""Rollouts: the services that ran a drifted revision are updated, watched until their collectors run, or set back.

A step is written down before its call is made, and how far it came is read from the service itself: after a crash
between any two the next visit goes on from there, and nothing is done twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aws.calls import CallFailed
from aws.ecs import Ecs
from aws.ledger import Ledger
from domain.ecs.service import Service
from domain.facts import Absent, Fact, RunningTask
from domain.places import Place
from domain.remediation.attempt import Attempt, held_back, next_to_update
from domain.remediation.rollout import (
    Rollout,
    Stage,
    Target,
    busy,
    deployment_of,
    forbids,
    overtaken,
    runs,
    seen,
    shown_late,
    updated,
)
from domain.standard import Standard, any_matches
from operations.remediation.guards import Later, Refused, deployed_lately
from operations.remediation.rates import Rates

_LOOK_AGAIN = timedelta(minutes=2)
SWITCHED_OFF = timedelta(minutes=15)
"""Until the kill switch is read again."""
_OF_ALL = frozenset({"kill switch", "rollouts per hour", "rollouts per second"})
"""Guards that forbid the next one too."""
_STEPS = 8  # that one service can take within a visit, at the most

type Forbids = Callable[[Attempt, Service], tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class Rollouts:
    """Goes on with the rollouts of an attempt. `switch` says why nothing may be corrected now; empty where it may.

    `forbids` names the guard that has come to forbid the update of a service, and why; None where none has.
    """

    ecs: Ecs
    ledger: Ledger
    paces: Rates
    switch: Callable[[], str]
    forbids: Forbids
    now: Callable[[], datetime]

    def begin(self, service: Service, after: Target, standard: Standard, *, collector: str, forced: bool) -> Rollout:
        """A rollout that has not begun; left out at once where a guard forbids it."""
        rollout = Rollout(
            service.title,
            runs(service),
            after,
            self.now(),
            forced=forced,
            collector=collector,
            canary=any_matches(standard.remediation.canary, service.title),
        )
        forbidden = forbids(service, standard)
        return rollout.left(*forbidden, self.now()) if forbidden else rollout

    def visit(self, attempt: Attempt, standard: Standard) -> Attempt:
        """As far as it goes now. What is left to wait for is told by `due`; None where every service has ended.

        A service that cannot be read holds up no other. CallFailed at the end, where reading it again may help.
        """
        failures = list[CallFailed]()
        for rollout in attempt.rollouts:
            if rollout.stage is not Stage.PENDING and not rollout.stage.ended:
                attempt = self._tried(attempt, rollout, self._resume, standard, failures)
        tried = set[str]()
        # Where one fails by chance, it and those after it are begun in their turn, when the message comes again.
        while not failures and (some := next_to_update(attempt, standard, tried)):
            tried |= {rollout.service for rollout in some}
            for rollout in some:
                attempt = self._tried(attempt, rollout, self._start, standard, failures)
            if any(each.stage is Stage.PENDING and each.guard in _OF_ALL for each in attempt.rollouts):
                break
        if (held := held_back(attempt)) is not None:
            guard, reason = held
            for rollout in attempt.rollouts:
                if rollout.stage is Stage.PENDING:
                    left = rollout.left(guard, reason, self.now()) if guard else None
                    attempt = attempt.with_rollout(left or rollout.at(Stage.LEFT, self.now(), reason=reason))
        waiting = [each for each in attempt.rollouts if not each.stage.ended]
        due = min((each.due or self.now() + _LOOK_AGAIN for each in waiting), default=None)
        attempt = replace(attempt, due=due)
        if failures:
            self.ledger.attempts.write(attempt)
            raise failures[0]
        return attempt

    def _tried(
        self,
        attempt: Attempt,
        rollout: Rollout,
        step: Callable[[Attempt, Rollout, Standard], Attempt],
        standard: Standard,
        failures: list[CallFailed],
    ) -> Attempt:
        """One service gone on with; where that fails, as far as it was written down."""
        try:
            return step(attempt, rollout, standard)
        except CallFailed as failed:
            attempt = self.ledger.history(attempt.family).attempt(attempt.key) or attempt
            if failed.transient:
                failures.append(failed)
                return attempt
            reached = attempt.rollout(rollout.service) or rollout
            return attempt.with_rollout(self._unread(reached, failed, standard))

    def _unread(self, rollout: Rollout, failed: CallFailed, standard: Standard) -> Rollout:
        """A service that may not be read: it is not begun, or is looked at until its deadline."""
        now = self.now()
        if rollout.stage is Stage.PENDING:
            return rollout.at(Stage.LEFT, now, reason=f"{failed}.")
        minutes = standard.remediation.deploy_minutes + standard.services.settling_minutes
        if now < rollout.since + timedelta(minutes=minutes):
            return replace(rollout, due=now + _LOOK_AGAIN)
        return rollout.at(Stage.NOT_BACK, now, reason=f"{failed}, so nothing shows whether it runs.")

    def _resume(self, attempt: Attempt, rollout: Rollout, standard: Standard) -> Attempt:
        """Go on from a visit before.

        An update that it did not come to is begun anew, as guards or another service's failure may forbid it by now;
        but not before it is certain that it did not come to it.
        """
        if rollout.stage is Stage.UPDATING:
            service, now = self.ecs.service(attempt.source.place, rollout.service), self.now()
            if service is not None and updated(rollout, service, now, standard) is None:
                if shown_late(rollout, service, now):
                    return attempt.with_rollout(replace(rollout, due=now + _LOOK_AGAIN))
                return self._written(attempt, rollout.at(Stage.PENDING, rollout.since))
        return self._go_on(attempt, rollout, standard)

    def _go_on(self, attempt: Attempt, rollout: Rollout, standard: Standard) -> Attempt:
        place = attempt.source.place
        for _ in range(_STEPS):
            before = rollout
            service = self.ecs.service(place, rollout.service)
            match rollout.stage:
                case Stage.UPDATING | Stage.SETTING_BACK if service is not None:
                    rollout = self._call(place, rollout, service, standard)
                case Stage.GIVING_BACK if service is not None:
                    rollout = self._give_back(place, rollout, service)
                case _:
                    tasks = self._tasks(place, rollout)
                    rollout = seen(rollout, service, tasks, self.now(), standard)
                    if rollout.stage is Stage.SETTING_BACK and service is not None:
                        rollout = self._nothing_to_go_back_to(replace(rollout, was=deployment_of(service)))
            if rollout.stage is before.stage:
                # At most it is due later: what is written when the visit ends tells that too.
                return attempt.with_rollout(rollout)
            attempt = self._written(attempt, rollout)
            if rollout.stage.ended:
                break
        return attempt

    def _nothing_to_go_back_to(self, rollout: Rollout) -> Rollout:
        if rollout.before != rollout.after:
            return rollout
        reason = f"{rollout.reason} It ran the same before, so there is nothing to go back to."
        return rollout.at(Stage.NOT_BACK, self.now(), reason=reason)

    def _tasks(self, place: Place, rollout: Rollout) -> Fact[tuple[RunningTask, ...]]:
        return self.ecs.running_tasks(place, rollout.service) if rollout.stage is Stage.SETTLING else Absent()

    def _start(self, attempt: Attempt, rollout: Rollout, standard: Standard) -> Attempt:
        place, now = attempt.source.place, self.now()
        service = self.ecs.service(place, rollout.service)
        if rollout.was and service is not None and runs(service) == rollout.after:
            # It was begun with before, and that took effect after all.
            begun = updated(replace(rollout, stage=Stage.UPDATING), service, now, standard)
            if begun is not None:
                return self._go_on(self._written(attempt, begun), begun, standard)
        if service is None or runs(service) != rollout.before:
            reason = "The service is gone." if service is None else f"It runs {runs(service).name} now."
            return self._written(attempt, replace(rollout, moot=True).at(Stage.LEFT, now, reason=reason))
        try:
            if forbidden := forbids(service, standard) or self.forbids(attempt, service):
                return self._written(attempt, rollout.left(*forbidden, now))
            self._permitted(attempt, service, standard, now)
        except Later as later:
            return self._pending(attempt, rollout, standard, later)
        except Refused as refused:
            return self._written(attempt, rollout.left(refused.guard, str(refused), now))
        rollout = replace(replace(rollout, was=deployment_of(service)).at(Stage.UPDATING, now, now), reason="")
        return self._go_on(self._written(attempt, rollout), rollout, standard)

    def _permitted(self, attempt: Attempt, service: Service, standard: Standard, now: datetime) -> None:
        """Later where a guard forbids it just now."""
        place, most = attempt.source.place, standard.remediation.rollouts_per_hour
        if off := self.switch():
            raise Later("kill switch", off, now + SWITCHED_OFF)
        if reason := busy(service):
            raise Later("deployment in progress", reason, now + _LOOK_AGAIN)
        deployed_lately(service, attempt, standard, now)
        self.paces.within(place, "rollouts", f"{attempt.family.name}/{attempt.key}/{service.title}", most, now)
        self.paces.slot(place, "rollouts", now)

    def _pending(self, attempt: Attempt, rollout: Rollout, standard: Standard, later: Later) -> Attempt:
        """Not yet; and not at all, once it has waited for the same for as long as the window of corrections is."""
        reason = f"{later.guard}: {later}"
        if later.guard == "at once" and reason != rollout.reason:  # those before it move
            rollout = replace(rollout, since=self.now())
        if self.now() >= rollout.since + timedelta(hours=standard.remediation.window_hours):
            return self._written(attempt, rollout.left(later.guard, str(later), self.now()))
        waiting = replace(rollout, due=later.due, guard=later.guard, reason=reason)
        return self._written(attempt, waiting)

    def _call(self, place: Place, rollout: Rollout, service: Service, standard: Standard) -> Rollout:
        """UpdateService, unless it took effect before."""
        following = updated(rollout, service, self.now(), standard)
        if following is not None:
            return self._gives_back(rollout, service) or following
        target = rollout.after if rollout.stage is Stage.UPDATING else rollout.before
        try:
            answer = self.ecs.update(
                place,
                rollout.service,
                revision=target.revision if target.revision != service.task_definition else "",
                platform=target.platform if target.platform != (service.platform_version or "") else "",
                force=rollout.forced and rollout.stage is Stage.UPDATING,
            )
        except CallFailed as failed:
            if failed.transient:
                raise
            stage = Stage.LEFT if rollout.stage is Stage.UPDATING else Stage.NOT_BACK
            return rollout.at(stage, self.now(), reason=f"{rollout.reason} {failed}.".strip())
        following = self._gives_back(rollout, answer) or updated(rollout, answer, self.now(), standard)
        # What the answer does not show yet is watched for; that it was taken proves nothing.
        watched = Stage.DEPLOYING if rollout.stage is Stage.UPDATING else Stage.GOING_BACK
        return following or replace(rollout, deployment="").at(watched, self.now(), self.now() + _LOOK_AGAIN)

    def _gives_back(self, rollout: Rollout, service: Service) -> Rollout | None:
        """Whoever deployed at the same moment has the last word; None where nobody did."""
        theirs = overtaken(rollout, service)
        return replace(rollout, theirs=theirs).at(Stage.GIVING_BACK, self.now(), self.now()) if theirs else None

    def _give_back(self, place: Place, rollout: Rollout, service: Service) -> Rollout:
        """UpdateService to what somebody else deployed, unless it runs that, or something newer still."""
        name, now = rollout.theirs.rpartition("/")[2], self.now()
        if service.task_definition in {rollout.before.revision, rollout.after.revision}:
            try:
                self.ecs.update(place, rollout.service, revision=rollout.theirs)
            except CallFailed as failed:
                if failed.transient:
                    raise
                reason = f"Somebody else deployed {name} at the same moment, and it does not run that again: {failed}."
                return rollout.at(Stage.NOT_BACK, now, reason=reason)
        reason = f"{rollout.reason} Somebody else deployed {name} at the same moment; it runs that again."
        set_back = bool(rollout.reason)
        return rollout.at(Stage.BACK if set_back else Stage.LEFT, now, reason=reason.strip())

    def _written(self, attempt: Attempt, rollout: Rollout) -> Attempt:
        attempt = replace(attempt.with_rollout(rollout), due=rollout.due)
        return self.ledger.attempts.write(attempt)
