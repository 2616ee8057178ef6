"""Scan places: read each, evaluate what is there with the code of the service, and make the rows of a report."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import engine
from aws.ecs import Ecs
from aws.log_groups import LogGroups
from aws.parameters import Parameters
from aws.role_list import RoleList
from aws.roles import Roles
from aws.sessions import Sessions
from domain.ecs.service import Service
from domain.facts import Absent, Fact, Known, LogGroup, Parameter, Role, Unavailable
from domain.findings.users import UNUSED, capped
from domain.organization import Membership
from domain.places import Place
from domain.remediation.plan import Plan
from domain.rule import Rule
from domain.scope import only_a_collector, out_of_scope
from domain.severity import Severity
from domain.standard import Mode, Standard
from domain.standard.layered import standard_of
from domain.subject import Subject
from domain.verdict import Drifted
from domain.workload import ParameterReference, Workload
from operations.evaluation import Evaluation, Evaluator
from operations.facts import FactReader, runs_on_fargate
from operations.fleet import brief_entry_of, entry_of, entry_outside
from operations.planning import Planner
from operations.scan.coverage import Kind, Record
from operations.scan.reading import Listing, Part, Patience, PlaceReader, Scope
from reports.fleet.model import Coverage, Entry

_ONLY_A_COLLECTOR = "it has only a collector, and the rules are for tasks with applications"
type Step = Callable[[Place, Kind, int, int], object]


@dataclass(frozen=True, slots=True)
class Scanned:
    """The rows, and how much was read."""

    entries: tuple[Entry, ...]
    coverage: tuple[Coverage, ...]


_MOST = 300
"""Parameters, or roles, that are remembered: each takes some kilobytes."""


@dataclass(frozen=True, slots=True)
class _PatientRoles(Roles):
    """Roles, read again while IAM throttles. The last ones are remembered."""

    patience: Patience = field(default_factory=Patience)
    known: dict[tuple[str, str], Fact[Role]] = field(default_factory=dict, repr=False)

    def fact(self, place: Place, arn: str) -> Fact[Role]:
        if (place.account, arn) not in self.known:
            if len(self.known) >= _MOST:
                self.known.clear()
            self.known[place.account, arn] = self.patience.fact(lambda: Roles.fact(self, place, arn))
        return self.known[place.account, arn]


@dataclass(frozen=True, slots=True)
class _PatientLogGroups(LogGroups):
    """Log groups, read again while CloudWatch throttles. `all` are those that exist, where they could be listed."""

    patience: Patience = field(default_factory=Patience)
    all: frozenset[str] | None = None

    def fact(self, place: Place, name: str) -> Fact[LogGroup]:
        if self.all is not None:
            return Known(LogGroup(name)) if name in self.all else Absent()
        return self.patience.fact(lambda: LogGroups.fact(self, place, name))


@dataclass(slots=True)
class _Facts:
    """The facts of one place, which many of its workloads share."""

    aws: Sessions
    place: Place
    listing: Listing
    patience: Patience
    parameters: dict[ParameterReference, Fact[Parameter]] = field(default_factory=dict)
    roles: _PatientRoles = field(init=False)
    log_groups: _PatientLogGroups | None = None

    def __post_init__(self) -> None:
        self.roles = _PatientRoles(self.aws, all=RoleList(self.aws, {}), patience=self.patience)

    def reader(self, workloads: Sequence[Workload]) -> FactReader:
        """Return a reader for these workloads, whose parameters are read together."""
        named = dict.fromkeys(each.parameter_reference for each in workloads)
        own = [each for each in named if each is not None and each.place.account == self.place.account]
        if len(self.parameters) >= _MOST:
            self.parameters.clear()
        self._read([each for each in own if each not in self.parameters])
        if self.log_groups is None and any(each.log_groups for each in workloads):
            found = LogGroups(self.aws).listed(self.place, len(self.listing.families))
            self.log_groups = _PatientLogGroups(self.aws, self.patience, found)
        groups = self.log_groups or _PatientLogGroups(self.aws, self.patience)
        ecs = Ecs(self.aws, self.listing.running)
        return FactReader(Parameters(self.aws, self.parameters), self.roles, groups, ecs)

    def _read(self, references: Sequence[ParameterReference]) -> None:
        """Read all of them, and again those that may be available later."""
        for seconds in (*self.patience.waits, 0.0):
            self.parameters |= Parameters(self.aws).facts(references)
            found = ((each, self.parameters[each]) for each in references)
            references = [each for each, fact in found if isinstance(fact, Unavailable) and fact.transient]
            if not references:
                break
            self.patience.pause(seconds)


@dataclass(frozen=True, slots=True)
class Scanner:
    """Evaluates by one standard and at one moment.

    Plans take most of the time: without `plans` none is made, and rows have only what a table of all shows.
    """

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
        reader = PlaceReader(Ecs(aws), place, self.scope, record, self.patience, partial(self.step, place))
        listing = reader.listing()
        facts = _Facts(aws, place, listing, self.patience)
        for part in reader.parts(listing):
            tasks = [*part.newest.values(), *part.revisions.values()]
            workloads = [Workload(place, task, kinds=self.standard.kind_of) for task in tasks]
            planner = Planner(self.catalogue, Mode.DEPLOY)
            evaluator = Evaluator(planner, self.standard, facts.reader(workloads), self.read_at)
            for family in part.families:
                yield from self._family(evaluator, family, reader, listing, part)

    def _family(
        self, evaluator: Evaluator, family: str, reader: PlaceReader, listing: Listing, part: Part
    ) -> Iterator[Entry]:
        """Yield the rows of a family's services; without any, its own."""
        place, record = reader.place, reader.record
        services = listing.services.get(family, ())
        for service in services:
            task = part.revisions.get(service.task_definition)
            if task is None:
                yield _without_definition(place, service)
                continue
            workload = evaluator.workload(place, task, service)
            if family in part.unread:
                workload = replace(workload, facts=replace(workload.facts, newest=part.unread[family]))
            else:
                workload = evaluator.with_newest(workload, part.newest.get(family))
            yield self._entry(evaluator, workload, record)
        task = part.newest.get(family)
        if task is not None and not services:
            workload = evaluator.workload(place, task, runs_on=runs_on_fargate(task, {}))
            seen = (listing.tasks or {}).get(family, {})
            workload = replace(workload, standalone=tuple((name, each.platform) for name, each in sorted(seen.items())))
            yield self._entry(evaluator, workload, record, unused=listing.unused(family))

    def _entry(self, evaluator: Evaluator, workload: Workload, record: Record, *, unused: bool = False) -> Entry:
        team = self.standard.notification.address(workload, Severity.CRITICAL).team
        outside = out_of_scope(workload, self.standard)
        if outside is not None:
            return entry_outside(workload, outside, team)
        if only_a_collector(workload):
            return entry_outside(workload, _ONLY_A_COLLECTOR, team)
        found = evaluator.evaluate(workload)
        record.facts(found.workload)
        if unused:
            found = _capped(found)
        return entry_of(found, self._plan(evaluator, found), team) if self.plans else brief_entry_of(found, team)

    @staticmethod
    def _plan(evaluator: Evaluator, found: Evaluation) -> Plan | None:
        """Return the plan of the service's revision, as its family would have it; None if nothing can be fixed."""
        of_family = replace(found, workload=found.workload.of_family())
        try:
            return evaluator.plan(of_family, Mode.REPORT, explains=True)
        except engine.Disagreement:
            return None


def _without_definition(place: Place, service: Service) -> Entry:
    revision = service.revision
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
