"""Use: a family's drifts are at most LOW where nothing runs its newest revision, unless what runs drifts as well."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aws.ecs import Ecs
from aws.ledger import History
from domain.ecs.task_definition import TaskDefinition
from domain.findings.users import UNUSED, Running, User, capped, in_use, users_of
from domain.places import Revision
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from domain.verdict import Drifted, Unknown, Verdict
from domain.workload import Workload
from operations.evaluation import Evaluation, Evaluator
from operations.inspection.job import of_subject, open_severities
from operations.inspection.revisions import Revisions

type Verdicts = Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class Use:
    """Limits the severity of a family's verdicts by who runs it."""

    ecs: Ecs
    revisions: Revisions

    def with_severity_by_use(
        self, history: History, evaluator: Evaluator, found: Evaluation, users: list[User]
    ) -> tuple[Verdicts, list[User]]:
        """Return the family's verdicts limited by use, and the users that decided this."""
        with_severity_by_use = self._weighed(history, evaluator, found, users)
        if not history.services or not _falls(history, with_severity_by_use):
            return with_severity_by_use, users
        # Events come in any order. Read the services again, so that the severity does not fall and rise again.
        users = users_of(history.subject.name, self._services(history), history.seen, evaluator.read_at)
        return self._weighed(history, evaluator, found, users), users

    def _weighed(self, history: History, evaluator: Evaluator, found: Evaluation, users: Sequence[User]) -> Verdicts:
        newest, verdicts = found.workload.revision, of_subject(found.verdicts, history.subject)
        severe = any(isinstance(each, Drifted) and each.severity > UNUSED for each in verdicts.values())
        if newest is None or not severe or in_use(users, newest.number):
            return verdicts
        most = defaultdict[str, Severity](lambda: UNUSED)
        for number in sorted({user.revision for user in users}):
            task, stands = self.revisions.read(replace(newest, number=number)), open_severities(history)
            severities = _severities_of(task, evaluator, found.workload, stands) if task is not None else stands
            for rule, severity in severities.items():
                most[rule] = max(most[rule], severity)
        return {
            rule: capped(verdict, most[rule]) if isinstance(verdict, Drifted) else verdict
            for rule, verdict in verdicts.items()
        }

    def _services(self, history: History) -> dict[str, Running]:
        """Return what the family's services run now. The ledger learns it when they are evaluated."""
        found = dict[str, Running]()
        for title in history.services:
            service = self.ecs.service(history.subject.place, title)
            revision = Revision.parse(service.task_definition) if service else None
            if service is not None and revision is not None and SubjectId.of_family(revision) == history.subject:
                found[title] = Running(bool(service.fargate), revision.number, service.desired, service.managed)
        return found


def _severities_of(
    task: TaskDefinition, evaluator: Evaluator, workload: Workload, stands: Mapping[str, Severity]
) -> Mapping[str, Severity]:
    """Return the severity of a running earlier revision's drift, by rule; if unknown, the finding's."""
    rules = [rule for rule in evaluator.planner.catalogue if rule.subject is Subject.FAMILY]
    earlier = workload.with_task(task.with_(status="ACTIVE"))  # it runs, even if it is deregistered
    found = dict[str, Severity]()
    for verdict in evaluator.evaluate(earlier, rules).verdicts:
        match verdict:
            case Drifted(rule=rule, severity=severity):
                found[rule] = severity
            case Unknown(rule=rule) if rule in stands:
                found[rule] = stands[rule]
            case _:
                pass
    return found


def _falls(history: History, verdicts: Verdicts) -> bool:
    """Whether an open finding becomes less severe."""
    stands = open_severities(history)
    return any(
        isinstance(verdict, Drifted) and verdict.severity < stands.get(rule, verdict.severity)
        for rule, verdict in verdicts.items()
    )
