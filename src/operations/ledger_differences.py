"""What another standard would change in an account, as far as the ledger can tell without reading AWS.

The ledger holds the content of the newest revisions, without environment values, and which findings are open.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from aws.ledger import Ledger, Record
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.places import Place, Revision
from domain.subject import Subject, SubjectId
from domain.workload import Workload
from operations.differences import Compared, Comparison
from operations.facts import runs_on_fargate


@dataclass(frozen=True, slots=True)
class LedgerComparison:
    """Compares what the ledger holds of an account and region. It only reads."""

    ledger: Ledger
    comparison: Comparison

    def of(self, place: Place) -> Iterator[Compared]:
        """Yield each family and service with a difference, and those of which the ledger has too little."""
        for subject, record in sorted(self.ledger.subjects.records(place), key=lambda each: each[0]):
            match subject.kind:
                case Subject.FAMILY if record.order:
                    found = self._family(subject, record)
                case Subject.SERVICE:
                    found = self._service(subject, record)
                case _:  # what families say of a parameter or role is in their own records
                    continue
            if found.unread or found.differences:
                yield found

    def _family(self, subject: SubjectId, record: Record) -> Compared:
        revision = Revision(subject.place, subject.name, record.order)
        task = self.ledger.revisions.held(revision)
        if task is None:
            return Compared(str(revision), unread=True)
        workload = self._workload(subject, task)
        drifted = record.open_severities.keys() | {
            rule for each in record.dependencies.values() for rule, verdict in each.by_rule.items() if verdict.drifts
        }
        return Compared(str(revision), self.comparison.of(workload, workload, drifted))

    def _workload(self, subject: SubjectId, task: TaskDefinition) -> Workload:
        if task.launch_types:
            return Workload(subject.place, task)
        return Workload(subject.place, task, runs_on=runs_on_fargate(task, self.ledger.history(subject).services))

    def _service(self, subject: SubjectId, record: Record) -> Compared:
        """Compare a service's open findings. Its tags are not in the ledger."""
        drifted = frozenset(record.open_severities)
        if not drifted:
            return Compared(subject.name)
        on = record.family_of(subject)
        number = record.runs.revision if record.runs is not None else 0
        task = self.ledger.revisions.held(Revision(on.place, on.name, number)) if on is not None and number else None
        if task is None:
            return Compared(subject.name, unread=True)
        cluster, _, name = subject.name.partition("/")
        document = {"serviceName": name, "clusterArn": subject.place.arn("ecs", f"cluster/{cluster}")}
        service = Service(document | {"launchType": "FARGATE"})
        return Compared(subject.name, self.comparison.of_findings(Workload(subject.place, task, service), drifted))
