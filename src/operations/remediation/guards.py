"""The guards, checked before each write: a registration, or the update of a service.

domain.remediation.guards decides what needs no call. All guards forbid if they cannot decide.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from aws.calls import not_shown_yet
from aws.ledger import History
from domain.ecs.service import Service
from domain.remediation import guards
from domain.remediation.attempt import Attempt
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden
from domain.remediation.plan import Plan
from domain.remediation.reason import Code, Reason
from domain.subject import Subject, SubjectId
from operations.remediation.eligibility import eligible
from operations.remediation.parts import SWITCHED_OFF, Parts
from operations.remediation.service_order import ServiceOrder
from operations.remediation.stages import StageGuard

type Hourly = Literal["registrations", "rollouts"]
"""What is counted by the hour."""


@dataclass(frozen=True, slots=True)
class Guards:
    """Checks the guards. Each method raises Forbidden for the first guard that forbids."""

    parts: Parts

    def before_registration(self, attempt: Attempt, plan: Plan, history: History) -> None:
        """Check the guards for the registration of a corrected revision."""
        self.of_plan(attempt, plan, history)
        guards.settled(plan.before.task, attempt, self.parts.moment)
        self._claim(attempt)

    def before_update(self, attempt: Attempt, service: Service) -> None:
        """Check the guards for the update of a service, and those of its attempt again."""
        parts, place = self.parts, attempt.source.place
        moment, history = parts.moment, parts.ledger.history(attempt.family)
        guards.updatable(service, moment.standard)
        guards.not_quarantined(history.quarantine)
        if attempt.service:
            ServiceOrder(parts).in_turn(attempt, service, history)
            history = parts.ledger.history(SubjectId(place, Subject.SERVICE, attempt.service))
        guards.not_suppressed(attempt.rules, parts.suppressed(history))
        task = parts.ecs.task_definition(place, service.task_definition)
        runs = service.task_definition.rpartition("/")[2]
        if task is None:  # what a service runs exists
            raise not_shown_yet(runs)
        guards.can_roll_back(task, attempt, runs)
        guards.keeps_running(service, attempt)
        eligible(parts, attempt, parts.evaluator.workload(place, task, service))
        self._allowed_now(attempt)
        guards.not_busy(service, moment.now)
        guards.settled_since_deployment(service, attempt, moment)
        self._claim(attempt, service.title)

    def of_plan(self, attempt: Attempt, plan: Plan, history: History) -> None:
        """Check the guards that do not depend on what the plan changes."""
        moment = self.parts.moment
        self._allowed_now(attempt)
        guards.stack_corrects(attempt, moment)
        if attempt.service:
            guards.stack_updates(moment)
        guards.not_quarantined(history.quarantine)
        guards.not_own(attempt, history.own_revisions)
        guards.attempts_left(attempt, history.attempts, moment)
        guards.not_managed(history.services)
        guards.safe(attempt, plan)
        guards.owner_allows(attempt, plan, moment.standard)
        guards.images_allowed(plan, self.parts.image_repositories)
        guards.roles_kept(plan, moment.standard)
        guards.changes_something(plan)

    def _allowed_now(self, attempt: Attempt) -> None:
        """Check what stops every correction of an account: a standard that cannot be used, the switch, a stage."""
        edition, place = self.parts.standards.current(), attempt.source.place
        if edition.trouble is not None:
            raise Forbidden(Guard.STANDARD, Reason(Code.STANDARD_NOT_USED), self.parts.now() + SWITCHED_OFF)
        if not self.parts.accounts.knows(edition, place):
            unknown = Reason(Code.STANDARD_NOT_KNOWN, place.account)
            raise Forbidden(Guard.STANDARD, unknown, self.parts.now() + SWITCHED_OFF)
        if (off := self.parts.switch.why_off(place.account)) is not None:
            raise Forbidden(Guard.KILL_SWITCH, off, self.parts.now() + SWITCHED_OFF)
        StageGuard(self.parts).open_for(attempt)

    def rate_left(self, attempt: Attempt, title: str = "") -> None:
        """Check that this hour has a place left, for the registration or for the update of a service.

        It is asked before anything is read from AWS: of a thousand corrections that wait, most wait for this, or for
        the stage of their account.
        """
        StageGuard(self.parts).open_for(attempt)
        now = self.parts.now()
        for rate in self._hourly(attempt, title):
            if self.parts.ledger.limits.full(rate.where, rate.what, rate.key, rate.most, now):
                raise _next_hour(rate, now)

    def _claim(self, attempt: Attempt, title: str = "") -> None:
        """Take one of this hour's places. The pipelines of the account share AWS's own limits."""
        now = self.parts.now()
        for rate in self._hourly(attempt, title):
            if not self.parts.ledger.limits.claim(rate.where, rate.what, rate.key, rate.most, now):
                raise _next_hour(rate, now)

    def _hourly(self, attempt: Attempt, title: str) -> Iterator["_Rate"]:
        """Yield the rates that a registration, or the update of a service, counts for."""
        bounds, place = self.parts.standard.remediation, str(attempt.source.place)
        what: Hourly = "rollouts" if title else "registrations"
        key = f"{attempt.family.name}/{attempt.key}/{title}" if title else str(attempt.source)
        yield _Rate(what, place, key, bounds.rollouts_per_hour if title else bounds.registrations_per_hour)
        of_all = bounds.all_rollouts_per_hour if title else bounds.all_registrations_per_hour
        if of_all is not None:
            yield _Rate(what, _ALL, f"{place}/{key}", of_all)


@dataclass(frozen=True, slots=True)
class _Rate:
    """What is counted by the hour, where, the key of its place, and how many places an hour has."""

    what: Hourly
    where: str
    key: str
    most: int


_ALL = "all accounts"


def _next_hour(rate: _Rate, now: datetime) -> Forbidden:
    guard = Guard.REGISTRATIONS_PER_HOUR if rate.what == "registrations" else Guard.ROLLOUTS_PER_HOUR
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return Forbidden(guard, Reason(Code.HOURLY_LIMIT, rate.what, rate.where, number=rate.most), hour)
