"""Read an account and region for a scan: in bulk where AWS allows it, a few calls at a time, waiting out throttles."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
from time import sleep

from aws.calls import CallFailed
from aws.ecs import Ecs
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Fact, Known, RunningTask, Unavailable
from domain.findings.users import SeenTasks
from domain.places import Place
from operations.scan.coverage import Kind, Record

_AT_ONCE = 8
_BATCH = 10  # services of one call
_FAMILIES = 100  # whose revisions are read before they are evaluated
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


@dataclass(frozen=True, slots=True)
class Listing:
    """What a place has: its families, and the services that run each.

    `tasks` are those that no service started, by family and cluster; None if they could not be read. `all_services`
    tells whether every service is known, so that a family without one has none.
    """

    families: Sequence[str]
    services: Mapping[str, Sequence[Service]]
    running: Mapping[tuple[Place, str], Fact[tuple[RunningTask, ...]]]
    tasks: Mapping[str, Mapping[str, SeenTasks]] | None
    all_services: bool

    def unused(self, family: str) -> bool:
        """Whether it is known that nothing runs a family."""
        return self.all_services and family not in self.services and self.tasks is not None and family not in self.tasks


@dataclass(frozen=True, slots=True)
class Part:
    """Some families of a place: their newest revisions, and by ARN the revisions that their services run.

    `unread` has the families that could not be read.
    """

    families: Sequence[str]
    newest: Mapping[str, TaskDefinition]
    revisions: Mapping[str, TaskDefinition]
    unread: Mapping[str, Unavailable]


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

    def listing(self) -> Listing:
        """Read services, families and tasks."""
        found, all_services = self._services()
        services = defaultdict[str, list[Service]](list)
        for service in found:
            family = service.revision.family if service.revision is not None else ""
            if self.scope.family in {"", family}:
                services[family].append(service)
        families = dict.fromkeys((*self._families(services), *services))
        running, tasks = self._tasks(services)
        return Listing([*families], services, running, tasks, all_services)

    def parts(self, listing: Listing) -> Iterator[Part]:
        """Read the revisions, some families at a time: a large account takes no more memory than a small one."""
        done = 0
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for families in batched(listing.families, _FAMILIES, strict=False):
                unread = dict[str, Unavailable]()
                newest = self._definitions(pool, [*filter(None, families)], unread)
                known = {task.arn: task for task in newest.values()}
                services = [service for family in families for service in listing.services.get(family, ())]
                wanted = dict.fromkeys(service.task_definition for service in services if service.task_definition)
                revisions = {arn: known[arn] for arn in wanted if arn in known}
                revisions |= self._definitions(pool, [arn for arn in wanted if arn not in known], unread)
                done += len(families)
                self.step(Kind.TASK_DEFINITIONS, done, len(listing.families))
                yield Part(families, newest, revisions, unread)

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
                for some in batched(titles, _BATCH, strict=False):
                    found += self.patience(partial(self._described, some))
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

    def _described(self, titles: Sequence[str]) -> list[Service]:
        return [service for batch in self.ecs.described(self.place, titles) for service in batch]

    def _tasks(
        self, services: Mapping[str, Sequence[Service]]
    ) -> tuple[dict[tuple[Place, str], Fact[tuple[RunningTask, ...]]], dict[str, dict[str, SeenTasks]] | None]:
        """Return the running tasks of services, and the tasks that no service started."""
        by_cluster = defaultdict[str, list[str]](list)
        for service in (each for some in services.values() for each in some):
            by_cluster[service.cluster].append(service.title)
        alone: dict[str, dict[str, SeenTasks]] | None = {}
        try:
            clusters = self.patience(partial(self.ecs.clusters, self.place))
        except CallFailed as failed:
            self.record.unread(self.place, Kind.TASKS, "", failed)
            clusters, alone = [], None
        running = dict[tuple[Place, str], Fact[tuple[RunningTask, ...]]]()
        for cluster in dict.fromkeys((*clusters, *by_cluster)):
            try:
                found = self.patience(partial(self.ecs.tasks, self.place, cluster))
            except CallFailed as failed:
                self.record.unread(self.place, Kind.TASKS, "", failed)
                running |= {(self.place, title): failed.fact for title in by_cluster[cluster]}
                alone = None
                continue
            for title in by_cluster[cluster]:
                running[self.place, title] = Known(found.by_service.get(title, ()))
            for family, seen in found.of_no_service.items():
                if alone is not None:
                    alone.setdefault(family, {})[cluster] = seen
        return running, alone

    # --- task definitions ---------------------------------------------------------------------------------------------

    def _families(self, services: Iterable[str]) -> Iterable[str]:
        if self.scope.family:
            return [self.scope.family]
        if self.scope.cluster:
            return services
        return self._listed(Kind.FAMILIES, partial(_every, partial(self.ecs.families, self.place))) or []

    def _definitions(
        self, pool: ThreadPoolExecutor, names: list[str], unread: dict[str, Unavailable]
    ) -> dict[str, TaskDefinition]:
        """Return task definitions by the name that was given: a family, or an ARN."""
        self.record.found(self.place, Kind.TASK_DEFINITIONS, names)
        found = dict[str, TaskDefinition]()
        for name, task in zip(names, pool.map(self._definition, names), strict=True):
            match task:
                case Unavailable():
                    unread[name] = task
                case TaskDefinition():
                    found[name] = task
                case None:
                    pass
        return found

    def _definition(self, name: str) -> TaskDefinition | Unavailable | None:
        try:
            found = self.patience(partial(self.ecs.task_definition, self.place, name))
        except CallFailed as failed:
            self.record.unread(self.place, Kind.TASK_DEFINITIONS, name, failed)
            return failed.fact
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
