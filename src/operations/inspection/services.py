"""Evaluate a service: its settings, its revision, and whether its tasks' collectors run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aws.calls import CallFailed, not_shown_yet
from aws.ecs import Ecs
from aws.ledger import History, Ledger
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Known, RunningTask
from domain.findings.dependents import NO_VERDICTS
from domain.findings.users import Running
from domain.places import Revision
from domain.standard import Mode, Standard
from domain.subject import SubjectId
from domain.triggers.trigger import ServiceTrigger
from domain.verdict import Compliant, Drifted, Verdict
from domain.workload import Workload
from operations.evaluation import Evaluator
from operations.inspection.job import (
    Evidence,
    Inspected,
    Job,
    missing_facts,
    of_subject,
    parameters_of,
)
from operations.inspection.later import NOTHING_LATER, Later, last_settled, settled_later, since_registered
from operations.inspection.proposing import proposed
from operations.inspection.requesting import correction_of_service, resumptions
from operations.inspection.revisions import Revisions
from operations.planning import Planner

_SETTLES = "service.collector-running"
"""The rule that waits until tasks have settled."""


@dataclass(frozen=True, slots=True)
class ServiceEvaluator:
    """Evaluates services."""

    ecs: Ecs
    ledger: Ledger
    revisions: Revisions
    planner: Planner
    now: Callable[[], datetime]

    def evaluate(self, job: Job) -> Inspected:
        """Evaluate the service as ECS describes it now. If it does not exist, its findings are gone."""
        subject, read_at = job.subject, self.now()
        if job.described is not None:
            service: Service | None = job.described.service
            read_at = job.described.read_at
        else:
            service = self.ecs.service(subject.place, subject.name)
        revision = service.revision if service else None
        task = self.revisions.read(revision) if revision else None
        if revision is not None and task is None:
            raise not_shown_yet(str(revision))  # what a service runs exists, and nothing is closed by that
        if service is None or revision is None or task is None:
            resource = subject.place.arn("ecs", f"service/{subject.name}")
            return Inspected(job, resource, read_at, notify=frozenset(_families(job.history)), due={})
        return self._evaluated(job, service, revision, task, read_at)

    def _evaluated(
        self, job: Job, service: Service, revision: Revision, task: TaskDefinition, read_at: datetime
    ) -> Inspected:
        subject, family = job.subject, self.ledger.history(SubjectId.of_family(revision))
        evaluator = Evaluator(self.planner, job.edition.standard, job.reader, read_at)
        workload = self._with_newest(evaluator.workload(subject.place, task, service), evaluator, family)
        found = evaluator.evaluate(workload, self.planner.rules(of_service=True))
        own, resumed = of_subject(found.verdicts, subject), resumptions(family, subject.name)
        later = self._once_settled(job, found.workload, own.get(_SETTLES))
        corrects = not (resumed or service.managed)
        proposal = proposed(
            lambda: evaluator.plan(found, Mode.REPORT, suppressed=job.suppressed, explains=True),
            lambda: correction_of_service(family, evaluator, found) if corrects else None,
        )
        running = Running.of(service, revision)
        notify = self._families_to_notify(job.history, family, running)
        return Inspected(
            job,
            service.arn,
            read_at,
            verdicts=list(own.values()),
            all_verdicts=found.verdicts,
            plan=proposal.plan,
            trouble=proposal.trouble,
            workload=found.workload,
            kept=frozenset(job.history.record.open_severities) if resumed else frozenset(),
            evidence=Evidence(
                str(revision),
                parameters=parameters_of(workload),
                deployed=service.primary.created if service.primary is not None else None,
            ),
            missing=missing_facts(found.verdicts, proposal.plan),
            dependencies={family.subject.key: NO_VERDICTS},
            runs=running if notify else job.history.record.runs,
            notify=notify,
            request=proposal.request,
            resumed=resumed,
            later=[*since_registered(job, family, read_at), *later.messages],
            due={} if later.due is None and last_settled(job) is not None else later.due,  # nothing is under way
        )

    def _families_to_notify(self, history: History, family: History, running: Running) -> frozenset[SubjectId]:
        """Return the families to evaluate because the service's revision or launch type changed.

        A change of the number of tasks is only recorded.
        """
        title, before = history.subject.name, history.record.runs
        listed = family.services.get(title)
        left = frozenset(_families(history)) - {family.subject}
        same = before is not None and replace(before, tasks=running.tasks) == running
        if left or not same or listed is None or replace(listed, tasks=running.tasks) != running:
            return left | {family.subject}
        if listed != running:
            self.ledger.subjects.runs(family.subject, title, running)
        return frozenset()

    def _with_newest(self, workload: Workload, evaluator: Evaluator, family: History) -> Workload:
        """Add the family's newest revision, and the rules that it keeps and the running one breaks.

        That waits until the family was evaluated: then its services are evaluated again.
        """
        running = workload.revision
        if not family.version:
            return workload
        try:
            known = running is not None and family.order == running.number
            task = workload.task if known else self.revisions.newest(family.subject, family.order)
        except CallFailed as failed:
            return replace(workload, facts=replace(workload.facts, newest=failed.fact))
        return evaluator.with_newest(workload, task)

    def _once_settled(self, job: Job, workload: Workload, verdict: Verdict | None) -> Later:
        """Have the service evaluated again once its young tasks have settled.

        Tasks whose collector is already down count, because no further event reports them; so do all tasks of a
        completed deployment. An evaluation that was delayed in this way requests another one only while the tasks that
        it was delayed for are young: SQS delays no message for longer than 15 minutes.
        """
        tasks, collector = workload.facts.running, workload.collector
        if not isinstance(verdict, Compliant | Drifted) or not isinstance(tasks, Known) or collector is None:
            return NOTHING_LATER
        triggers = [trigger for trigger in job.triggers if isinstance(trigger, ServiceTrigger)]
        complete = any(trigger.event == "SERVICE_DEPLOYMENT_COMPLETED" for trigger in triggers)
        before = last_settled(job)
        only_again = before is not None and all(trigger.settled for trigger in triggers)
        settling = self._settling(workload, job.edition.standard)
        settled = [
            task.started + settling
            for task in tasks.value
            if task.started is not None and workload.read_at < task.started + settling
            if (before is not None and task.started + settling <= before)
            or (not only_again and (complete or _is_down(task, collector.name)))
        ]
        return settled_later(job, max(settled), workload.read_at) if settled else NOTHING_LATER

    def _settling(self, workload: Workload, standard: Standard) -> timedelta:
        rule = next(rule for rule in self.planner.catalogue if rule.id == _SETTLES)
        return timedelta(minutes=standard.setting(rule, workload).standard.services.settling_minutes)


def _families(history: History) -> list[SubjectId]:
    """Return the families that have a row for the service."""
    return [SubjectId.parse(key) for key in history.record.dependencies]


def _is_down(task: RunningTask, collector: str) -> bool:
    return any(each.name == collector and each.status != "RUNNING" for each in task.containers)
