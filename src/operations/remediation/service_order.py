"""ServiceOrder: services that are corrected alone share their family's order, a few at a time, canaries first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from aws.calls import CallRefused
from aws.ledger import History
from domain.ecs.service import Service
from domain.remediation import guards
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import READ_AGAIN, Stage, deployment_of
from domain.standard import any_matches
from domain.subject import Subject, SubjectId
from domain.workload import Workload
from operations.remediation.eligibility import eligible
from operations.remediation.parts import Parts

_CANARY = timedelta(minutes=10)
"""How long to wait before a canary is read again."""


@dataclass(frozen=True, slots=True)
class ServiceOrder:
    """Decides whether it is a service's turn. Each service has its own attempt."""

    parts: Parts

    def in_turn(self, attempt: Attempt, service: Service, history: History) -> None:
        """Raise Forbidden while others of the family are updated, or a canary has not shown that it works."""
        now, standard = self.parts.now(), self.parts.standard
        others = [each for each in history.attempts if each.service not in {"", service.title}]
        moving = {each.service for each in others if any(rollout.stage.under_way for rollout in each.rollouts)}
        if len(moving) >= standard.remediation.at_once:
            why = Reason(Code.OTHERS_BEING_UPDATED, names=tuple(sorted(moving)))
            raise Forbidden(Guard.AT_ONCE, why, now + READ_AGAIN)
        patterns = standard.remediation.canary
        if attempt.approved or any_matches(patterns, service.title):
            return
        canaries = sorted(each for each in history.services if any_matches(patterns, each))
        with_tasks = [each for each in canaries if history.services[each].tasks]
        for title in with_tasks or canaries:  # a service without tasks tests nothing
            self._shown(attempt, title, others, moves=title in moving)

    def _shown(self, attempt: Attempt, title: str, others: Iterable[Attempt], *, moves: bool) -> None:
        """Raise Forbidden for a canary with a drift: until its correction works, or because it cannot be made."""
        failures = tuple[Reason, ...]()
        try:
            workload = self._workload(attempt, title)
            if workload is None:
                return
            idle = workload.service is not None and not workload.service.desired
            if not (moves or (idle and _updated(attempt, title, others)) or self._drifts(attempt, workload)):
                return
            cannot = self._cannot(attempt, workload, others)
        except CallRefused as failed:
            cannot, idle, failures = None, False, (failed.reason,)
        if cannot is not None:
            why = Reason(Code.CANARY_CANNOT, title, guard=cannot[0], because=cannot[1])
            raise Forbidden(Guard.CANARY, why)
        none = Reason(Code.CANARY_CANNOT, title, because=(Reason(Code.NO_TASKS),))
        first = none if idle else Reason(Code.CANARY_FIRST, title, because=failures)
        raise Forbidden(Guard.CANARY, first, self.parts.now() + _CANARY)

    def _workload(self, attempt: Attempt, title: str) -> Workload | None:
        """Return a service that exists, with what it runs."""
        place, ecs = attempt.source.place, self.parts.ecs
        service = ecs.service(place, title)
        task = ecs.task_definition(place, service.task_definition) if service else None
        return self.parts.evaluator.workload(place, task, service) if service and task else None

    def _drifts(self, attempt: Attempt, workload: Workload) -> bool:
        """Whether it drifts, or may drift, by a rule that this attempt corrects."""
        evaluator = self.parts.evaluator
        newest = self.parts.ecs.task_definition(attempt.source.place, attempt.source.family)
        rules = [rule for rule in self.parts.planner.catalogue if rule.id in attempt.rules]
        return evaluator.evaluate(evaluator.with_newest(workload, newest), rules).doubtful

    def _cannot(
        self, attempt: Attempt, workload: Workload, others: Iterable[Attempt]
    ) -> tuple[Guard | None, tuple[Reason, ...]] | None:
        """Return why a canary will not be corrected automatically; None if it may be."""
        service = workload.service
        title, at = (service.title, deployment_of(service)) if service is not None else ("", "")
        last = max((each for each in others if each.service == title), key=lambda each: each.time, default=None)
        if last is not None and last.deployment == at and last.state is AttemptState.REFUSED:
            return last.guard, last.reasons
        on = SubjectId(attempt.source.place, Subject.SERVICE, title)
        try:
            eligible(self.parts, attempt, workload)
            guards.not_suppressed(attempt.rules, self.parts.suppressed(self.parts.ledger.history(on)))
        except Forbidden as forbidden:
            if forbidden.until is not None:
                raise
            return forbidden.guard, (forbidden.reason,)
        return None


def _updated(attempt: Attempt, title: str, others: Iterable[Attempt]) -> bool:
    """Whether a canary was corrected by the same rule while it had no tasks: nothing has shown that it works."""
    mine = (each for each in others if each.service == title and set(each.rules) & set(attempt.rules))
    last = max(mine, key=lambda each: each.time, default=None)
    return last is not None and any(each.stage is Stage.UPDATED for each in last.rollouts)
