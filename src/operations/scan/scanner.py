"""Scan places: read each, evaluate what is there with the code of the service, and make the rows of a report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import engine
from aws.ecs import Ecs
from aws.log_groups import LogGroups
from aws.parameters import Parameters
from aws.role_list import RoleList
from aws.roles import Roles
from aws.sessions import Sessions
from domain.ecs.service import Service
from domain.facts import Fact, LogGroup, Parameter, Role, RunningTask, Unavailable
from domain.findings.users import UNUSED, Running, capped
from domain.organization import Membership
from domain.places import Place, Revision
from domain.remediation.plan import Plan
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Mode, Standard
from domain.standard.layered import standard_of
from domain.subject import Subject
from domain.verdict import Drifted
from domain.workload import ParameterReference, Workload
from operations.evaluation import Evaluation, Evaluator
from operations.facts import FactReader, runs_on_fargate
from operations.fleet import entry_of, entry_outside
from operations.planning import Planner
from operations.scan.coverage import Kind, Record
from operations.scan.reading import Content, Patience, PlaceReader, Scope
from reports.fleet.model import Coverage, Entry

_ONLY_A_COLLECTOR = "it has only a collector, and the rules are for tasks with applications"
type Step = Callable[[Place, Kind, int, int], object]


@dataclass(frozen=True, slots=True)
class Scanned:
    """The rows, and how much was read."""

    entries: tuple[Entry, ...]
    coverage: tuple[Coverage, ...]


@dataclass(frozen=True, slots=True)
class _ReadEcs(Ecs):
    """ECS with the running tasks that were read with those of the whole cluster."""

    running: Mapping[tuple[Place, str], Fact[tuple[RunningTask, ...]]] = field(default_factory=dict, repr=False)

    def running_tasks(self, place: Place, title: str) -> Fact[tuple[RunningTask, ...]]:
        known = self.running.get((place, title))
        return known if known is not None else Ecs.running_tasks(self, place, title)


@dataclass(frozen=True, slots=True)
class _PatientRoles(Roles):
    """Roles, read again while IAM throttles."""

    patience: Patience = field(default_factory=Patience)

    def fact(self, place: Place, arn: str) -> Fact[Role]:
        return self.patience.fact(lambda: Roles.fact(self, place, arn))


@dataclass(frozen=True, slots=True)
class _PatientLogGroups(LogGroups):
    """Log groups, read again while CloudWatch throttles."""

    patience: Patience = field(default_factory=Patience)

    def fact(self, place: Place, name: str) -> Fact[LogGroup]:
        return self.patience.fact(lambda: LogGroups.fact(self, place, name))


@dataclass(frozen=True, slots=True)
class Scanner:
    """Evaluates by one standard and at one moment. Plans take most of the time: without `plans` none is made."""

    standard: Standard
    catalogue: Sequence[Rule]
    read_at: datetime
    scope: Scope = field(default_factory=Scope)
    plans: bool = True
    patience: Patience = field(default_factory=Patience)
    step: Step = lambda *_: None

    def scan(self, places: Sequence[tuple[Sessions, Place]]) -> Scanned:
        """Scan these places, each once, with the first credentials for it."""
        record, entries = Record(), list[Entry]()
        first = dict[Place, Sessions]()
        for aws, place in places:
            first.setdefault(place, aws)
        for place, aws in first.items():
            of_account = replace(self, standard=standard_of(self.standard, Membership(place.account)))
            entries += of_account.entries(aws, place, record)
        return Scanned(tuple(entries), record.coverage)

    def entries(self, aws: Sessions, place: Place, record: Record) -> Iterator[Entry]:
        """Yield the rows of one place, by the standard of its account."""

        def step(kind: Kind, done: int, of: int) -> None:
            self.step(place, kind, done, of)

        content = PlaceReader(Ecs(aws), place, self.scope, record, self.patience, step).content()
        evaluator = self._evaluator(aws, place, content)
        services = _Users(content)
        for service in content.services:
            task = content.revisions.get(service.task_definition)
            if task is None:
                yield _without_definition(place, service)
                continue
            workload = evaluator.workload(place, task, service)
            if (unread := content.unread.get(task.family)) is not None:
                workload = replace(workload, facts=replace(workload.facts, newest=unread))
            else:
                workload = evaluator.with_newest(workload, content.newest.get(task.family))
            yield self._entry(evaluator, workload, record)
        for family, task in content.newest.items():
            if family in content.used or self.scope.cluster:
                continue
            workload = evaluator.workload(place, task, runs_on=runs_on_fargate(task, services.of(family)))
            seen = (content.tasks or {}).get(family, {})
            workload = replace(workload, standalone=tuple((name, each.platform) for name, each in sorted(seen.items())))
            yield self._entry(evaluator, workload, record, unused=content.unused(family))

    def _evaluator(self, aws: Sessions, place: Place, content: Content) -> Evaluator:
        """Return an evaluator whose facts of this place are read in bulk."""
        tasks = [*content.newest.values(), *content.revisions.values()]
        workloads = [Workload(place, task, kinds=self.standard.kind_of) for task in tasks]
        references = [each.parameter_reference for each in workloads]
        own = [each for each in references if each is not None and each.place.account == place.account]
        names = dict.fromkeys(name for each in workloads for name in each.log_groups)
        reader = FactReader(
            Parameters(aws, self._parameters(Parameters(aws), own)),
            _PatientRoles(aws, all=RoleList(aws, {}), patience=self.patience),
            _PatientLogGroups(aws, LogGroups(aws).facts(place, names.keys()) if names else {}, self.patience),
            _ReadEcs(aws, {(place, title): fact for title, fact in content.running.items()}),
        )
        return Evaluator(Planner(self.catalogue, Mode.DEPLOY), self.standard, reader, self.read_at)

    def _parameters(
        self, parameters: Parameters, references: Sequence[ParameterReference]
    ) -> dict[ParameterReference, Fact[Parameter]]:
        """Read all of them, and again those that may be available later."""
        found = parameters.facts(references)
        for seconds in self.patience.waits:
            again = [each for each, fact in found.items() if isinstance(fact, Unavailable) and fact.transient]
            if not again:
                break
            self.patience.pause(seconds)
            found |= parameters.facts(again)
        return found

    def _entry(self, evaluator: Evaluator, workload: Workload, record: Record, *, unused: bool = False) -> Entry:
        team = self.standard.notification.address(workload, Severity.CRITICAL).team
        outside = engine.out_of_scope(workload, self.standard)
        if outside is not None:
            return entry_outside(workload, outside.reason, team)
        if engine.only_a_collector(workload):
            return entry_outside(workload, _ONLY_A_COLLECTOR, team)
        found = evaluator.evaluate(workload)
        record.facts(found.workload)
        if unused:
            found = _capped(found)
        return entry_of(found, self._plan(evaluator, found) if self.plans else None, team)

    @staticmethod
    def _plan(evaluator: Evaluator, found: Evaluation) -> Plan | None:
        """Return the plan of the service's revision, as its family would have it; None if nothing can be fixed."""
        of_family = replace(found, workload=found.workload.of_family())
        try:
            return evaluator.plan(of_family, Mode.REPORT, explains=True)
        except engine.Disagreement:
            return None


def _without_definition(place: Place, service: Service) -> Entry:
    revision = Revision.parse(service.task_definition)
    family, number = (revision.family, revision.number) if revision is not None else ("", 0)
    return Entry(place, family, number, service.title, not_evaluated="its task definition could not be read")


def _capped(found: Evaluation) -> Evaluation:
    """Return the verdicts on a family that nothing runs: its own drifts are LOW."""
    return replace(
        found,
        verdicts=tuple(
            capped(verdict, UNUSED)
            if isinstance(verdict, Drifted) and verdict.subject.kind is Subject.FAMILY
            else verdict
            for verdict in found.verdicts
        ),
    )


class _Users:
    """What the services of a place run, by family."""

    def __init__(self, content: Content) -> None:
        self._by_family = dict[str, dict[str, Running]]()
        for service in content.services:
            revision = Revision.parse(service.task_definition)
            if revision is not None:
                self._by_family.setdefault(revision.family, {})[service.title] = Running.of(service, revision)

    def of(self, family: str) -> Mapping[str, Running]:
        return self._by_family.get(family, {})
