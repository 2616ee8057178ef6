"""The guards, checked before each write: a registration, or the update of a service.

domain.remediation.guards decides what needs no call. All guards forbid if they cannot decide.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from aws.ledger import History
from domain.ecs.service import Service
from domain.places import Place
from domain.remediation import guards
from domain.remediation.attempt import Attempt
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden
from domain.remediation.plan import Plan
from domain.remediation.reason import Code, Reason
from domain.subject import Subject, SubjectId
from operations.remediation.eligibility import eligible
from operations.remediation.parts import SWITCHED_OFF, Parts
from operations.remediation.turns import Turns

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
        most = self.parts.standard.remediation.registrations_per_hour
        self._within("registrations", attempt.source.place, str(attempt.source), most)

    def before_update(self, attempt: Attempt, service: Service) -> None:
        """Check the guards for the update of a service, and those of its attempt again."""
        parts, place = self.parts, attempt.source.place
        moment, history = parts.moment, parts.ledger.history(attempt.family)
        guards.updatable(service, moment.standard)
        guards.not_quarantined(history.quarantine)
        if attempt.service:
            Turns(parts).in_turn(attempt, service, history)
            history = parts.ledger.history(SubjectId(place, Subject.SERVICE, attempt.service))
        guards.not_suppressed(attempt.rules, parts.suppressed(history))
        if (task := parts.ecs.task_definition(place, service.task_definition)) is not None:
            eligible(parts, attempt, parts.evaluator.workload(place, task, service))
        self._switched_on()
        guards.not_busy(service, moment.now)
        guards.deployed_lately(service, attempt, moment)
        most, key = moment.standard.remediation.rollouts_per_hour, f"{attempt.family.name}/{attempt.key}"
        self._within("rollouts", place, f"{key}/{service.title}", most)

    def of_plan(self, attempt: Attempt, plan: Plan, history: History) -> None:
        """Check the guards that do not depend on what the plan changes."""
        moment = self.parts.moment
        self._switched_on()
        guards.stack_corrects(attempt, moment)
        if attempt.service:
            guards.stack_updates(moment)
        guards.not_quarantined(history.quarantine)
        guards.not_own(attempt, history.own_revisions)
        guards.not_fought(attempt, history.attempts, moment)
        guards.safe(attempt, plan)
        guards.not_left_to_its_owner(attempt, plan, moment.standard)
        guards.images_allowed(plan, self.parts.image_repositories)
        guards.roles_kept(plan, moment.standard)
        guards.changes_something(plan)

    def _switched_on(self) -> None:
        if (off := self.parts.switch.why_off()) is not None:
            raise Forbidden(Guard.KILL_SWITCH, off, self.parts.now() + SWITCHED_OFF)

    def _within(self, what: Hourly, place: Place, key: str, most: int) -> None:
        """Take one of this hour's places. The pipelines of the account share AWS's own limits."""
        now, registers = self.parts.now(), what == "registrations"
        if not self.parts.ledger.limits.claim(place, what, key, most, now):
            hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            guard = Guard.REGISTRATIONS_PER_HOUR if registers else Guard.ROLLOUTS_PER_HOUR
            raise Forbidden(guard, Reason(Code.HOURLY_LIMIT, what, str(place), number=most), hour)
