"""Read an account and region for a scan: in bulk where AWS allows it, a few calls at a time, waiting out throttles."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import batched
from time import sleep

from aws.calls import CallFailed
from aws.ecs import Ecs
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Fact, Known, RunningTask, Unavailable
from domain.findings.users import SeenTasks
from domain.places import Place, Revision
from operations.scan.coverage import Kind, Record

_AT_ONCE = 8
_BATCH = 10  # services of one call
_WAITS = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before a throttled call is made again, after botocore's own retries."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to scan in a place: everything, one family, or one cluster."""

    family: str = ""
    cluster: str = ""

    def takes(self, title: str) -> bool:
        """Whether a service may be in it. Which family it runs is known only when it is read."""
        return not self.cluster or title.partition("/")[0] == self.cluster


@dataclass(frozen=True)
class Content:
    """What a place has: services, newest revisions by family, and revisions by ARN.

    `tasks` are those that no service started, by family and cluster; None if they could not be read. `all_services`
    tells whether every service is known, so that a family without one has none. `unread` has the families and ARNs that
    could not be read.
    """

    services: tuple[Service, ...]
    newest: Mapping[str, TaskDefinition]
    revisions: Mapping[str, TaskDefinition]
    running: Mapping[str, Fact[tuple[RunningTask, ...]]]
    tasks: Mapping[str, Mapping[str, SeenTasks]] | None
    all_services: bool
    unread: Mapping[str, Unavailable]

    def unused(self, family: str) -> bool:
        """Whether it is known that nothing runs a family."""
        return self.all_services and family not in self.used and self.tasks is not None and family not in self.tasks

    @cached_property
    def used(self) -> frozenset[str]:
        """The families that services run."""
        parsed = (Revision.parse(service.task_definition) for service in self.services)
        return frozenset(revision.family for revision in parsed if revision is not None)


@dataclass(frozen=True, slots=True)
class Patience:
    """Makes calls, and makes a throttled one again after a while."""

    pause: Callable[[float], object] = sleep
    waits: tuple[float, ...] = _WAITS

    def __call__[T](self, call: Callable[[], T]) -> T:
        for seconds in self.waits:
            try:
                return call()
            except CallFailed as failed:
                if not (failed.transient and failed.answered):  # AWS did not answer: a wrong region, or no network
                    raise
            self.pause(seconds)
        return call()

    def fact[T](self, read: Callable[[], Fact[T]]) -> Fact[T]:
        """Read a fact, and again while it may be available later."""
        fact = read()
        for seconds in self.waits:
            if not (isinstance(fact, Unavailable) and fact.transient):
                break
            self.pause(seconds)
            fact = read()
        return fact


@dataclass(frozen=True, slots=True)
class PlaceReader:
    """Reads one place, and records what was read. `step` is called after each part, with what it read."""

    ecs: Ecs
    place: Place
    scope: Scope
    record: Record
    patience: Patience = field(default_factory=Patience)
    step: Callable[[Kind, int, int], object] = lambda *_: None
    _unread: dict[str, Unavailable] = field(default_factory=dict)

    def content(self) -> Content:
        """Read services, families, revisions and tasks."""
        services, all_services = self._services()
        newest = self._definitions(self._families(services))
        services = tuple(service for service in services if self._in_scope(service))
        known = {task.arn: task for task in newest.values()}
        wanted = dict.fromkeys(service.task_definition for service in services if service.task_definition)
        revisions = {arn: task for arn in wanted if (task := known.get(arn)) is not None}
        revisions |= self._definitions([arn for arn in wanted if arn not in known])
        return Content(services, newest, revisions, self._running(services), self._tasks(), all_services, self._unread)

    def _in_scope(self, service: Service) -> bool:
        revision = Revision.parse(service.task_definition)
        return not self.scope.family or (revision is not None and revision.family == self.scope.family)

    # --- services -----------------------------------------------------------------------------------------------------

    def _services(self) -> tuple[tuple[Service, ...], bool]:
        """Return the services, and whether these are all."""
        listed = self._listed(Kind.SERVICES, self._titles)
        complete = listed is not None
        by_cluster = defaultdict[str, list[str]](list)
        for title in filter(self.scope.takes, listed or ()):
            by_cluster[title.partition("/")[0]].append(title)
        found = list[Service]()
        done, all_ = 0, sum(map(len, by_cluster.values()))
        for titles in by_cluster.values():
            self.record.found(self.place, Kind.SERVICES, titles)
            try:
                for batch in self._batches(titles):
                    found += batch
                    done += _BATCH
                    self.step(Kind.SERVICES, min(done, all_), all_)
            except CallFailed as failed:
                self.record.unread(self.place, Kind.SERVICES, titles[0], failed)
                complete = False
                continue
            self.record.read(self.place, Kind.SERVICES, *titles)
        return tuple(found), complete

    def _titles(self) -> list[str]:
        clusters = self.ecs.clusters(self.place)
        return [title for cluster in clusters for title in _every(partial(self.ecs.services, self.place, cluster))]

    def _batches(self, titles: list[str]) -> Iterator[list[Service]]:
        for some in batched(titles, _BATCH, strict=False):
            yield self.patience(partial(self._described, some))

    def _described(self, titles: Sequence[str]) -> list[Service]:
        return [service for batch in self.ecs.described(self.place, titles) for service in batch]

    def _running(self, services: Iterable[Service]) -> dict[str, Fact[tuple[RunningTask, ...]]]:
        found = dict[str, Fact[tuple[RunningTask, ...]]]()
        by_cluster = defaultdict[str, list[str]](list)
        for service in services:
            by_cluster[service.title.partition("/")[0]].append(service.title)
        for cluster, titles in by_cluster.items():
            fact: dict[str, tuple[RunningTask, ...]] | Unavailable
            try:
                fact = dict(self.patience(partial(self.ecs.tasks, self.place, cluster)).by_service)
            except CallFailed as failed:
                fact = failed.fact
            for title in titles:
                found[title] = fact if isinstance(fact, Unavailable) else Known(fact.get(title, ()))
        return found

    def _tasks(self) -> dict[str, dict[str, SeenTasks]] | None:
        try:
            return self.patience(self._seen_tasks)
        except CallFailed as failed:
            self.record.unread(self.place, Kind.TASKS, "", failed)
            return None

    def _seen_tasks(self) -> dict[str, dict[str, SeenTasks]]:
        found = dict[str, dict[str, SeenTasks]]()
        for cluster in self.ecs.clusters(self.place):
            for family, seen in self.ecs.tasks(self.place, cluster).of_no_service.items():
                found.setdefault(family, {})[cluster] = seen
        return found

    # --- task definitions ---------------------------------------------------------------------------------------------

    def _families(self, services: Iterable[Service]) -> list[str]:
        if self.scope.family:
            return [self.scope.family]
        if self.scope.cluster:
            parsed = (Revision.parse(service.task_definition) for service in services)
            return list(dict.fromkeys(revision.family for revision in parsed if revision is not None))
        return self._listed(Kind.FAMILIES, partial(_every, partial(self.ecs.families, self.place))) or []

    def _definitions(self, names: list[str]) -> dict[str, TaskDefinition]:
        """Return task definitions by the name that was given: a family, or an ARN."""
        self.record.found(self.place, Kind.TASK_DEFINITIONS, names)
        found = dict[str, TaskDefinition]()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done, (name, task) in enumerate(zip(names, pool.map(self._definition, names), strict=True), 1):
                if task is not None:
                    found[name] = task
                self.step(Kind.TASK_DEFINITIONS, done, len(names))
        return found

    def _definition(self, name: str) -> TaskDefinition | None:
        try:
            found = self.patience(partial(self.ecs.task_definition, self.place, name))
        except CallFailed as failed:
            self.record.unread(self.place, Kind.TASK_DEFINITIONS, name, failed)
            self._unread[name] = failed.fact
            return None
        self.record.read(self.place, Kind.TASK_DEFINITIONS, name)
        return found

    def _listed(self, kind: Kind, call: Callable[[], list[str]]) -> list[str] | None:
        """Return all names; None if they could not be listed."""
        try:
            names = self.patience(call)
        except CallFailed as failed:
            self.record.unread(self.place, kind, "", failed)
            return None
        if kind is Kind.FAMILIES:
            self.record.read(self.place, kind, *names)
        return names


def _every(page: Callable[[str], tuple[list[str], str]]) -> list[str]:
    """Return the names of all pages."""
    names, token = page("")
    while token:
        more, token = page(token)
        names += more
    return names
