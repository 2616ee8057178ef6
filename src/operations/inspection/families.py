"""Evaluate a family: its newest revision, its dependencies, and what runs it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aws.calls import not_shown_yet
from aws.ledger import History, Ledger
from aws.ledger.dependents import put_dependent
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import moment_of
from domain.facts import FactKind
from domain.findings.dependents import NO_VERDICTS, FamilyVerdicts, family_verdicts
from domain.findings.users import Seen, User, Users, users_of
from domain.places import Revision
from domain.remediation.rollout import SHOWN
from domain.scope import out_of_scope
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from domain.triggers.trigger import (
    DeletedTrigger,
    FamilyTrigger,
    RunTaskTrigger,
    TaskDefinitionTrigger,
)
from domain.verdict import Verdict
from domain.workload import Workload
from operations.evaluation import Evaluator
from operations.facts import runs_on_fargate
from operations.inspection.job import (
    Evidence,
    Inspected,
    Job,
    Registration,
    Skipped,
    StillRuns,
    missing_facts,
    of_subject,
    parameters_of,
)
from operations.inspection.later import NOTHING_LATER, services_later
from operations.inspection.proposing import proposed
from operations.inspection.requesting import correction_of_family
from operations.inspection.revisions import Revisions
from operations.inspection.use import Judged, Use
from operations.planning import Planner

_REPORTED = timedelta(hours=1)
"""Within so long CloudTrail has delivered what it delivers."""


@dataclass(frozen=True, slots=True)
class FamilyEvaluator:
    """Evaluates families."""

    ledger: Ledger
    revisions: Revisions
    planner: Planner
    use: Use
    now: Callable[[], datetime]

    def evaluate(self, job: Job) -> Inspected | Skipped:
        """Evaluate the newest active revision, else the newest that a service runs; without either it is gone."""
        if _was_evaluated(job):
            return Skipped("it was evaluated before")
        job = replace(job, history=self._with_tasks_seen(job))
        task = self._newest(job)
        if task is not None:
            return self._evaluated(job, task)
        gone = self._gone(job)
        task = self.use.running(job.history)
        if task is None:
            return gone
        # All revisions are deregistered, and what runs drifts as before. Nobody can deploy it, so no plan is made.
        still = self._evaluated(job, task, active=False)
        return replace(still, order=gone.order, later=gone.later, due=gone.due, missed=False)

    def _with_tasks_seen(self, job: Job) -> History:
        """Add the tasks outside services that a trigger names, if they were seen later than those known."""
        history, seen = job.history, dict(job.history.seen)
        for trigger in job.triggers:
            match trigger:
                case FamilyTrigger(tasks=tasks, listed=listed):
                    sights, at = tasks, listed or trigger.when or self.now()
                case RunTaskTrigger():
                    sights, at = {trigger.ran_in: trigger.sight}, trigger.when or self.now()
                case _:
                    continue
            for cluster, sight in sights.items():
                if (before := seen.get(cluster)) is None or before.at < at:
                    seen[cluster] = Seen(sight.revision, sight.tasks, at, sight.platform)
                    self.ledger.subjects.saw(history.subject, cluster, seen[cluster])
        return replace(history, seen=seen)

    def _newest(self, job: Job) -> TaskDefinition | None:
        history = job.history
        task = self.revisions.newest(history.subject, _known(job), history.order)
        task = self._just_registered(job, _number(task) if task is not None else 0) or task
        if task is None or _number(task) >= history.order:
            return task
        # ECS may still answer with an older revision than the evaluated one. That counts only if the newer is inactive.
        known = Revision(history.subject.place, history.subject.name, history.order)
        return self.revisions.active(known) or task

    def _just_registered(self, job: Job, number: int) -> TaskDefinition | None:
        """Return the active revision that was registered a moment ago, after the one that ECS shows as the newest.

        Raises CallFailed if ECS does not show it at all yet.
        """
        for trigger in job.triggers:
            match trigger:
                case TaskDefinitionTrigger(event="RegisterTaskDefinition", revision=Revision() as made):
                    recent = trigger.when is not None and self.now() < trigger.when + SHOWN
                case _:
                    continue
            if made.number > number and recent:
                task = self.revisions.read(made)
                if task is None:
                    raise not_shown_yet(str(made))
                return task if task.active else None
        return None

    def _evaluated(self, job: Job, task: TaskDefinition, *, active: bool = True) -> Inspected:
        subject, standard, history, now = job.subject, job.edition.standard, job.history, self.now()
        evaluator = Evaluator(self.planner, standard, job.reader, now)
        workload = evaluator.workload(subject.place, task, runs_on=runs_on_fargate(task, history.services))
        seen = ((cluster, each.platform) for cluster, each in sorted(history.seen.items()) if each.counts(now))
        workload = replace(workload, standalone=tuple(seen))
        earlier = self.use.earlier(workload, users_of(subject.name, history.services, history.seen, now), standard)
        depends = dependencies_of(workload) if out_of_scope(workload, standard) is None else []
        also = [on for each in earlier.values() if each is not None for on in dependencies_of(each)]
        depends = list(dict.fromkeys([*depends, *also]))
        self._announce(history, depends)
        found = evaluator.evaluate(workload, self.planner.rules(of_service=False))
        proposal = proposed(
            lambda: evaluator.plan(found, Mode.REPORT, suppressed=job.suppressed, explains=True) if active else None,
            lambda: correction_of_family(job, evaluator, found) if active else None,
        )
        judged = self.use.judged(history, evaluator, found, earlier)
        said = _dependencies(history, judged.verdicts, depends, Users.of(judged.users or [User(subject.name)]))
        number, in_rollout = _number(task), any(each.in_rollout for each in history.attempts)
        later = services_later(history, standard, now) if number != history.order else NOTHING_LATER
        return Inspected(
            job,
            workload.revision.arn if workload.revision else subject.place.arn("ecs", f"task-definition/{subject.name}"),
            now,
            verdicts=list(of_subject(judged.verdicts, subject).values()),
            all_verdicts=judged.verdicts,
            plan=proposal.plan,
            trouble=proposal.trouble,
            users=Users.of(judged.users),
            workload=found.workload,
            still=_still(judged),
            kept=frozenset(history.record.open_severities) if in_rollout else frozenset(),
            evidence=replace(_evidence(workload), registration=_registration(task, history, now)),
            missing=missing_facts([*found.verdicts, *judged.verdicts], proposal.plan),
            order=number,
            dependencies=said,
            notify=_changed(job, said) | _services_of_changed(job, number),
            request=proposal.request,
            later=later.messages,
            due=later.due,
            missed=number != history.order and _missed(job, task, now),
        )

    def _gone(self, job: Job) -> Inspected:
        """Return the result for a family without an active revision: no findings, no dependencies."""
        subject, history = job.subject, job.history
        now, later = self.now(), NOTHING_LATER
        if history.order:
            self.ledger.revisions.forget(Revision(subject.place, subject.name, history.order))
            later = services_later(history, job.edition.standard, now)
        return Inspected(
            job,
            subject.place.arn("ecs", f"task-definition/{subject.name}"),
            now,
            notify=_changed(job, {}) | _services_of_changed(job, 0),
            later=later.messages,
            due=later.due,
        )

    def _announce(self, history: History, dependencies: Sequence[SubjectId]) -> None:
        """Record what the family depends on before reading it, so that later changes are noticed."""
        new = [on for on in dependencies if on.key not in history.record.dependencies]
        self.ledger.table.write_all(
            history.subject.key, (put_dependent(on, history.subject, NO_VERDICTS) for on in dict.fromkeys(new))
        )


def dependencies_of(workload: Workload) -> list[SubjectId]:
    """Return the parameters and roles that a workload uses in its own account.

    What belongs to another account is not read, and a family there has no part in its findings.
    """
    uses = [on for kind in (Subject.PARAMETER, Subject.ROLE) for on in workload.subject(kind)]
    return [on for on in uses if on.account == workload.place.account]


def _was_evaluated(job: Job) -> bool:
    """Whether the only cause is a registration that was evaluated already, by this or a newer standard."""
    record = job.history.record
    return record.standard == job.edition.digest and all(
        isinstance(trigger, TaskDefinitionTrigger)
        and trigger.event in {"RegisterTaskDefinition", ""}
        and trigger.revision is not None
        and trigger.revision.number <= record.order
        for trigger in job.triggers
    )


def _known(job: Job) -> int:
    """Return the number of the family's newest revision, if nothing says that it may be another, or have other tags."""
    number = job.history.order
    for trigger in job.triggers:
        match trigger:
            case TaskDefinitionTrigger() | DeletedTrigger():
                return 0
            case FamilyTrigger(revision=int() as listed):
                # The revision that the sweep listed may be deregistered by now.
                if listed != number or job.edition.standard.depends_on_tags:
                    return 0
            case _:
                pass
    return number


def _missed(job: Job, task: TaskDefinition, now: datetime) -> bool:
    """Whether only a sweep led to a revision that was registered long ago. A first sweep finds what existed before."""
    swept = all(isinstance(trigger, FamilyTrigger) and trigger.listed is not None for trigger in job.triggers)
    registered = moment_of(task.json.get("registeredAt"))
    first = job.quiet and not job.history.version
    return swept and not first and registered is not None and registered < now - _REPORTED


def _registration(task: TaskDefinition, history: History, now: datetime) -> Registration | None:
    """Return who registered a revision that was not evaluated before, if it is so new that its event may still come."""
    at = moment_of(task.json.get("registeredAt"))
    if _number(task) == history.order or at is None or at < now - _REPORTED or not task.registered_by:
        return None
    return Registration(task.registered_by, at)


def _number(task: TaskDefinition) -> int:
    return task.revision.number if task.revision is not None else 0


def _dependencies(
    history: History,
    verdicts: Sequence[Verdict],
    depends: Sequence[SubjectId],
    users: Users,
) -> Mapping[str, FamilyVerdicts]:
    """Return the family's verdicts on each dependency, by key."""
    said = dict[str, FamilyVerdicts]()
    for on in depends:
        before = history.record.dependencies.get(on.key)
        now = family_verdicts(of_subject(verdicts, on), users, before)
        said[on.key] = before if before is not None and now.same(before) else now
    return said


def _changed(job: Job, said: Mapping[str, FamilyVerdicts]) -> frozenset[SubjectId]:
    """Return the parameters and roles on which the family's verdicts changed.

    Includes those that changed and that it no longer depends on: a failed evaluation may have left a row there.
    """
    before = job.history.record.dependencies
    other = {key for key in {*before, *said} if before.get(key) != said.get(key)}
    return frozenset(SubjectId.parse(key) for key in other | {key for key in job.changed if key not in said})


def _services_of_changed(job: Job, number: int) -> frozenset[SubjectId]:
    """Return the services to evaluate because a dependency changed.

    If only roles changed, these are the services that run an earlier revision: a role alone does not change their own
    verdicts.
    """
    kinds = {SubjectId.parse(key).kind for key in job.changed}
    return frozenset(
        SubjectId(job.subject.place, Subject.SERVICE, title)
        for title, running in job.history.services.items()
        if Subject.PARAMETER in kinds or (kinds and running.revision != number)
    )


def _still(judged: Judged) -> dict[str, StillRuns]:
    """Return the earlier revisions that verdicts are about, by rule."""
    return {
        rule: StillRuns(str(workload.task.arn), _evidence(workload), successor)
        for rule, (workload, successor) in judged.about.items()
    }


def _evidence(workload: Workload) -> Evidence:
    return Evidence(str(workload.revision or ""), _roles(workload), parameters_of(workload))


def _roles(workload: Workload) -> dict[FactKind, str]:
    task = workload.task
    named = {FactKind.EXECUTION_ROLE: task.execution_role, FactKind.TASK_ROLE: task.task_role}
    return {kind: arn for kind, name in named.items() if (arn := workload.role_arn(name)) is not None}
