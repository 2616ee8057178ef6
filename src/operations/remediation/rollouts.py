"""Rollouts: update the services of a correction, watch until their collectors run, or set them back.

Each step is recorded before its call, and its effect is read from the service. After a crash between any two steps the
next delivery continues there, and nothing is done twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from aws.calls import CallFailed
from domain.ecs.service import Service
from domain.facts import Absent
from domain.remediation.attempt import Attempt
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden
from domain.remediation.order import blocked, next_to_update
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import READ_AGAIN, Rollout, Stage, runs
from domain.remediation.watching import seen, shown_late, updated
from operations.remediation.guards import Guards
from operations.remediation.parts import Parts
from operations.remediation.platforms import startable
from operations.remediation.updates import Updates

_STEPS = 8  # steps of one service within a delivery, at most

type Step = Callable[[Attempt, Rollout], Attempt]


@dataclass(frozen=True, slots=True)
class Rollouts:
    """Continues the rollouts of an attempt."""

    parts: Parts

    def advance(self, attempt: Attempt) -> Attempt:
        """Continue as far as possible; `due` is when the rest is read again, None if every service has ended.

        A service that cannot be read stops no other. Raises CallFailed at the end if reading again may help.
        """
        failures = list[CallFailed]()
        for rollout in attempt.rollouts:
            if rollout.stage.under_way:
                attempt = self._tried(attempt, rollout, self._resume, failures)
        # If a call fails for now, this service and the later ones begin when the message is retried.
        if not failures:
            attempt = self._begin(attempt, failures)
        attempt = self._without_those_held_back(attempt)
        now = self.parts.now()
        waiting = [each.due or now + READ_AGAIN for each in attempt.rollouts if not each.stage.ended]
        attempt = replace(attempt, due=min(waiting, default=None))
        if failures:
            self.parts.ledger.attempts.write(attempt)
            raise failures[0]
        return attempt

    def _begin(self, attempt: Attempt, failures: list[CallFailed]) -> Attempt:
        """Begin the services whose turn it is, until one fails or a guard forbids them all."""
        tried = set[str]()
        while not failures and (some := next_to_update(attempt, self.parts.standard, tried)):
            tried |= {rollout.service for rollout in some}
            for rollout in some:
                if not failures:
                    attempt = self._tried(attempt, rollout, self._start, failures)
            pending = (each.guard for each in attempt.rollouts if each.stage is Stage.PENDING)
            if any(guard is not None and guard.holds_for_all for guard in pending):
                break
        return attempt

    def _without_those_held_back(self, attempt: Attempt) -> Attempt:
        held = blocked(attempt)
        for rollout in attempt.rollouts if held is not None else ():
            if held is not None and rollout.stage is Stage.PENDING:
                guard, reason = held
                attempt = attempt.with_rollout(rollout.left(self.parts.now(), reason, guard=guard))
        return attempt

    def _tried(self, attempt: Attempt, rollout: Rollout, step: Step, failures: list[CallFailed]) -> Attempt:
        """Continue one service; if that fails, return it as last recorded."""
        try:
            return step(attempt, rollout)
        except CallFailed as failed:
            attempt = self.parts.ledger.history(attempt.family).attempt(attempt.key) or attempt
            if failed.transient:
                failures.append(failed)
                return attempt
            reached = attempt.rollout(rollout.service) or rollout
            return attempt.with_rollout(self._unread(reached, failed))

    def _unread(self, rollout: Rollout, failed: CallFailed) -> Rollout:
        """Handle a service that cannot be read: it is not begun, or is read again until its deadline."""
        moment = self.parts.moment
        if rollout.stage is Stage.PENDING:
            return rollout.left(moment.now, failed.reason)
        if moment.now < rollout.since + moment.rollout_time:
            return replace(rollout, due=moment.now + READ_AGAIN)
        return rollout.at(
            Stage.NOT_ROLLED_BACK, moment.now, reasons=(Reason(Code.STATE_UNREAD, because=(failed.reason,)),)
        )

    def _resume(self, attempt: Attempt, rollout: Rollout) -> Attempt:
        """Continue from an earlier delivery.

        An update that was not made begins again, because guards or another service's failure may forbid it now; but
        only once it is certain that it was not made.
        """
        if rollout.stage is Stage.UPDATING:
            service = self.parts.ecs.service(attempt.source.place, rollout.service)
            if service is not None and updated(rollout, self.parts.view(service)) is None:
                now = self.parts.now()
                if shown_late(rollout, service, now):
                    return attempt.with_rollout(replace(rollout, due=now + READ_AGAIN))
                return self._written(attempt, rollout.at(Stage.PENDING, rollout.since))
        return self._go_on(attempt, rollout)

    def _go_on(self, attempt: Attempt, rollout: Rollout) -> Attempt:
        """Take step after step, recording each, until nothing changes for now."""
        for _ in range(_STEPS):
            service = self.parts.ecs.service(attempt.source.place, rollout.service)
            before, rollout = rollout.stage, self._step(attempt, rollout, service)
            if rollout.stage is before:
                # Only `due` changed: the end of the delivery records that.
                return attempt.with_rollout(rollout)
            attempt = self._written(attempt, rollout)
            if rollout.stage.ended:
                break
        return attempt

    def _step(self, attempt: Attempt, rollout: Rollout, service: Service | None) -> Rollout:
        place, stage = attempt.source.place, rollout.stage
        if service is None:
            return rollout.left(self.parts.now(), Reason(Code.GONE), moot=True)
        if stage in {Stage.UPDATING, Stage.ROLLING_BACK, Stage.RESTORING}:
            return Updates(self.parts, attempt).made(rollout, service)
        tasks = self.parts.ecs.running_tasks(place, rollout.service) if stage is Stage.SETTLING else Absent()
        rollout = seen(rollout, self.parts.view(service), tasks)
        if rollout.stage is not Stage.ROLLING_BACK:
            return rollout
        if rollout.restarts:
            return rollout.ending(Stage.NOT_ROLLED_BACK, self.parts.now(), Reason(Code.RAN_THE_SAME))
        return rollout.read(service)

    def _start(self, attempt: Attempt, rollout: Rollout) -> Attempt:
        """Update one service, unless a guard forbids it or it runs something else now."""
        now = self.parts.now()
        if not rollout.was:
            try:
                Guards(self.parts).rate_left(attempt, rollout.service)
            except Forbidden as by:
                return self._written(attempt, self._forbidden(rollout, by))
        service = self.parts.ecs.service(attempt.source.place, rollout.service)
        if rollout.was and service is not None and runs(service) == rollout.after:
            # An earlier call took effect after all.
            begun = updated(replace(rollout, stage=Stage.UPDATING), self.parts.view(service))
            if begun is not None:
                return self._go_on(self._written(attempt, begun), begun)
        if service is None or runs(service) != rollout.before:
            why = Reason(Code.GONE) if service is None else Reason(Code.RUNS_NOW, runs(service).name)
            return self._written(attempt, rollout.left(now, why, moot=True))
        try:
            after = startable(self.parts, attempt.source.place, service, rollout.after)
            Guards(self.parts).before_update(attempt, service)
        except Forbidden as by:
            return self._written(attempt, self._forbidden(rollout, by))
        begun = rollout.read(service).at(Stage.UPDATING, now, now)
        begun = replace(begun, reasons=(), after=after)
        return self._go_on(self._written(attempt, begun), begun)

    def _forbidden(self, rollout: Rollout, by: Forbidden) -> Rollout:
        """Return the rollout left permanently, or waiting: for at most the window of corrections."""
        moment = self.parts.moment
        moved = by.guard is Guard.AT_ONCE and (by.reason,) != rollout.reasons  # services that are updated before it
        if moved or by.guard.gives_turns:
            rollout = replace(rollout, since=moment.now)
        if by.until is None or moment.now >= rollout.since + moment.window:
            return rollout.left(moment.now, by.reason, guard=by.guard)
        return replace(rollout, due=by.until, guard=by.guard, reasons=(by.reason,))

    def _written(self, attempt: Attempt, rollout: Rollout) -> Attempt:
        attempt = replace(attempt.with_rollout(rollout), due=rollout.due)
        return self.parts.ledger.attempts.write(attempt)
