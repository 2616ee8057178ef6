"""The services of a correction: those that follow a revision, or one that is corrected alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aws.calls import CallRefused
from aws.ledger import History
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Known
from domain.remediation.attempt import Attempt, AttemptState, own_correction
from domain.remediation.ending import Stopped, forbidden, nothing_to_do, superseded
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden, updatable
from domain.remediation.plan import Plan
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import READ_AGAIN, Rollout, Target, deployment_of, runs
from domain.standard import any_matches
from domain.subject import Subject, SubjectId
from domain.workload import Workload
from operations.planning import MOVES
from operations.remediation.eligibility import eligible
from operations.remediation.guards import Guards
from operations.remediation.outcome import NotRead
from operations.remediation.parts import Parts
from operations.remediation.replanning import drawn, planned
from operations.remediation.stages import StageGuard


def following(parts: Parts, attempt: Attempt, task: TaskDefinition, titles: Iterable[str]) -> tuple[Rollout, ...]:
    """Return the known services that run the source now, canaries first. Some are left at once.

    `task` is the registered revision. It is not read again: ECS may not show it yet. A service without tasks tests
    nothing, so it is a canary only where no other is.
    """
    rollouts = [each for title in titles if (each := _following(parts, attempt, task, title)) is not None]
    if not any(each.canary for each in rollouts):
        rollouts = [replace(each, canary=_is_canary(parts, each.service)) for each in rollouts]
    return tuple(sorted(rollouts, key=lambda each: (not each.canary, each.service)))


def _following(parts: Parts, attempt: Attempt, task: TaskDefinition, title: str) -> Rollout | None:
    place, before, now = attempt.source.place, Target(attempt.source.arn), parts.now()
    after = Target(task.arn or "")
    canary = _is_canary(parts, title)
    try:
        service = parts.ecs.service(place, title)
    except CallRefused as failed:
        return Rollout(title, before, after, now, canary=canary).left(now, failed.reason)
    if service is None or service.task_definition != attempt.source.arn:
        return None
    workload = parts.evaluator.workload(place, task, service)
    after = replace(after, platform=service.platform_version or "")
    tests = canary and service.desired > 0
    rollout = Rollout(title, runs(service), after, now, canary=tests, collector=_collector(workload))
    try:
        eligible(parts, attempt, workload)
    except Forbidden as by:
        return rollout.left(now, by.reason, guard=by.guard)
    return rollout


def _is_canary(parts: Parts, title: str) -> bool:
    return any_matches(parts.standard.remediation.canary, title)


def _collector(workload: Workload) -> str:
    return workload.collector.name if workload.collector else ""


@dataclass(frozen=True, slots=True)
class ServiceCorrection:
    """The first step of a correction of a service alone, by UpdateService. The history is its family's."""

    parts: Parts
    history: History

    def begin(self, attempt: Attempt) -> Attempt | Stopped:
        """Return the attempt with its one rollout, or the point where it stopped."""
        place, source, attempts = attempt.source.place, attempt.source, self.history.attempts
        try:
            Guards(self.parts).rate_left(attempt, attempt.service)
        except Forbidden as by:
            return forbidden(attempt, by, attempts, self.parts.moment)
        service = self.parts.ecs.service(place, attempt.service)
        task = self.parts.ecs.task_definition(place, source.arn)
        if service is None:
            return nothing_to_do(attempt, Code.GONE, attempts, attempt.service)
        if task is None and service.task_definition == source.arn:
            raise NotRead(f"ECS does not show {source} yet, which {service.title} runs.")
        if task is None or service.task_definition != source.arn or deployment_of(service) != attempt.deployment:
            return superseded(attempt, Reason(Code.DEPLOYED_SINCE, service.title), quiet=True)
        rollout = StageGuard(self.parts).rollout  # before the plan: a standard that comes meanwhile is not in it
        try:
            plan = self._plan(attempt, service, task)
            wanted = plan.after.service if plan is not None else None
            if plan is None or wanted is None or wanted == service:
                return nothing_to_do(attempt, Code.NOTHING_TO_CORRECT, attempts)
            attempt = drawn(attempt, plan)
            Guards(self.parts).of_plan(attempt, plan, self.history)
            updatable(service, self.parts.standard)
        except Forbidden as by:
            return forbidden(attempt, by, attempts, self.parts.moment)
        return self.parts.ledger.attempts.write(self._begun(replace(attempt, began_in=rollout), plan.before, wanted))

    def _plan(self, attempt: Attempt, service: Service, task: TaskDefinition) -> Plan | None:
        """Without approval, a service moves only from its revision to Outrider's correction of it."""
        place, source, attempts = attempt.source.place, attempt.source, self.history.attempts
        if any(each.rollout(service.title) for each in attempts if not each.state.ended):
            why = Reason(Code.BEING_CORRECTED, service.title)
            raise Forbidden(Guard.DEPLOYMENT_IN_PROGRESS, why, self.parts.now() + READ_AGAIN)
        evaluator = self.parts.evaluator
        suppressed = self.parts.suppressed(self.parts.ledger.history(SubjectId(place, Subject.SERVICE, service.title)))
        newest = self.parts.ecs.task_definition(place, source.family)
        workload = evaluator.with_newest(evaluator.workload(place, task, service), newest)
        fact = workload.facts.newest
        own = not isinstance(fact, Known) or own_correction(attempts, service.title, source.arn, fact.value.revision)
        return planned(evaluator, attempt, workload, suppressed, left=() if own else {MOVES})

    def _begun(self, attempt: Attempt, before: Workload, wanted: Service) -> Attempt:
        now, title = self.parts.now(), attempt.service
        rollout = Rollout(
            title,
            runs(before.service or wanted),
            runs(wanted),
            now,
            forced="forceNewDeployment" in wanted.json,
            collector=_collector(before),
            canary=_is_canary(self.parts, title),
        )
        return replace(
            attempt,
            state=AttemptState.ROLLING,
            deploys=True,
            began=now,
            rollouts=(rollout,),
            due=now,
            guard=None,
            reasons=(),
        )
