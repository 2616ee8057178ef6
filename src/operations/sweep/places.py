"""Sweep one account and region: list what exists, and send a message for each family and service that is or was.

Nothing is evaluated here. The newest revisions are listed too, so that inspect need not ask ECS for one that it knows.
It goes on, page by page, from where an earlier invocation stopped.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from math import ceil

from aws.calls import CallFailed
from aws.channels import Message, Queue
from aws.ecs import Ecs
from aws.ledger import Ledger, SweepBasis
from aws.ledger.forms import form
from aws.objects import Bucket
from aws.security_hub import SecurityHub
from domain.findings.users import SeenTasks
from domain.places import Place
from domain.subject import Subject, SubjectId
from domain.sweeping import PlaceSweep, Run
from domain.triggers.trigger import FamilyTrigger, ServiceTrigger
from operations.sweep.beginning import held, known_key

_MARGIN = 30.0
"""Seconds of an invocation that are kept to record how far it came."""
_FAMILIES_OF_A_PAGE = 2
"""A page of revisions must be of so many families, or it is no cheaper than to ask for each."""
_FAMILIES = 100
"""Families that are sent before the time that is left is asked for again."""


@dataclass(slots=True)
class Progress:
    """How far the listings of a place came, as it is stored between invocations."""

    known: dict[Subject, set[str]] = field(default_factory=dict)
    """The names that the ledger knows and that were not listed yet."""
    clusters: list[str] | None = None
    """Whose services are not listed yet, from the page `services` of the first one on."""
    services: str = ""
    clusters_of_tasks: list[str] | None = None
    """The clusters whose tasks are not listed yet."""
    with_tasks: set[str] = field(default_factory=set)
    """The clusters whose tasks were listed."""
    tasks: dict[str, dict[str, SeenTasks]] = field(default_factory=dict)
    """The tasks of no service, by family and cluster, as they were listed at that time."""
    running: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The ids of the tasks that ran, by service."""
    at: datetime | None = None
    families: str | None = ""
    """The page to continue from; None after the last."""
    names: list[str] = field(default_factory=list)
    """The families that were listed and not sent yet."""
    pages: int = 0
    """How many pages of revisions may still be listed."""
    revisions: str = ""
    """The page of revisions to continue from."""
    newest: dict[str, int] = field(default_factory=dict)
    """The newest active revision of each family, as far as they were listed."""


@dataclass(frozen=True, slots=True)
class PlaceSweeper:
    """The use case; its parts come from operations.wiring."""

    ecs: Ecs
    ledger: Ledger
    changes: Queue
    hub: SecurityHub
    bucket: Bucket
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def sweep(self, id_: str, place: Place, seconds_left: Callable[[], float]) -> bool:
        """Sweep the place as far as there is time. Return whether it must be continued.

        What AWS denies is recorded, and not listed. Raises CallFailed if a call failed that may succeed later; a retry
        continues. Raises SweepEnded if another sweep runs by now.
        """
        now = self.now()
        run = held(self.ledger, id_, now)
        swept = self.ledger.runs.place(id_, place)
        if swept.ended is not None:
            return False
        if swept.began is None:
            progress = self._first(run, swept)
            swept = replace(swept, began=now, baseline=self._is_baseline(run, place, progress))
        else:
            stored = self.bucket.get(_progress_key(id_, place))
            progress = form(Progress).validate_json(stored) if stored else self._first(run, swept)
        listing = _Listing(self, run, progress, swept, self._suppressed(place))
        try:
            more = listing.go(seconds_left)
        finally:
            self.bucket.put(_progress_key(id_, place), form(Progress).dump_json(progress).decode())
            self.ledger.runs.save(id_, [listing.swept])
        failed = next((each for each in listing.failed.values() if each.transient), None)
        if failed is not None:
            raise failed
        return more

    def _first(self, run: Run, swept: PlaceSweep) -> Progress:
        """Return the progress of a place that nothing was listed in yet, limited to what the sweep is limited to."""
        scope, known = run.scope, any(each.known for each in swept.listings.values())
        stored = self.bucket.get(known_key(run.id, swept.place)) if known else None
        progress = Progress(form(dict[Subject, set[str]]).validate_json(stored) if stored else {})
        if scope.cluster:
            services = progress.known.get(Subject.SERVICE, ())
            within = {title for title in services if title.startswith(f"{scope.cluster}/")}
            return Progress({Subject.SERVICE: within}, clusters=[scope.cluster], clusters_of_tasks=[], families=None)
        if scope.family:
            return Progress({Subject.FAMILY: {scope.family}}, clusters=[], families=None)
        return progress

    def _is_baseline(self, run: Run, place: Place, progress: Progress) -> bool:
        """Whether findings open without an alert for each.

        So it is if that is requested, if nothing was evaluated there before, or if the last sweep was by another
        standard or release or is not known.
        """
        if run.quiet or not run.scope.whole_places:
            return run.quiet
        by = SweepBasis(run.release, run.standard)
        return not any(progress.known.values()) or (bool(run.standard) and by != self.ledger.health.basis(place))

    def _suppressed(self, place: Place) -> Mapping[str, tuple[str, ...]] | None:
        """Return the rules of suppressed findings by subject. Without them, what is remembered counts."""
        try:
            ids = self.hub.all_suppressed(place)
        except CallFailed:
            return None
        named = sorted(id_.removeprefix("outrider/").rpartition("/") for id_ in ids)
        return {key: tuple(rule for _, _, rule in some) for key, some in groupby(named, lambda each: each[0])}


@dataclass(slots=True)
class _Listing:
    """The listings of one place, in one invocation."""

    parts: PlaceSweeper
    run: Run
    progress: Progress
    swept: PlaceSweep
    suppressed: Mapping[str, tuple[str, ...]] | None
    failed: dict[Subject, CallFailed] = field(default_factory=dict)

    def go(self, seconds_left: Callable[[], float]) -> bool:
        """List tasks, then services, then families. Return whether time ran short."""
        self._began()
        for kind, pages in (
            (Subject.FAMILY, self._tasks()),
            (Subject.SERVICE, self._services()),
            (Subject.FAMILY, self._families()),
        ):
            try:
                for _ in pages:
                    if seconds_left() < _MARGIN:
                        return True
            except _ListingFailed as failed:
                self._missing(kind, failed.why)
        self._end()
        return False

    def _began(self) -> None:
        """Count what is known as not sent, and forget why a listing failed before: it is tried again."""
        for kind in (Subject.SERVICE, Subject.FAMILY):
            listing = replace(self.swept.listing(kind), missing=None, known=len(self.progress.known.get(kind, ())))
            self.swept = self.swept.with_listing(kind, listing)

    def _end(self) -> None:
        """Send what is known and does not exist, of each kind that was listed to its end. Inspect looks for it."""
        families_sent = self.progress.families is None and not self.progress.names
        for kind in (Subject.SERVICE, Subject.FAMILY):
            if kind not in self.failed or (kind is Subject.FAMILY and families_sent):
                self._send(kind, sorted(self.progress.known.get(kind, ())))
                listing = replace(self.swept.listing(kind), complete=True)
                self.swept = self.swept.with_listing(kind, listing)
        if not any(each.transient for each in self.failed.values()):
            self.swept = replace(self.swept, ended=self.parts.now())

    def _missing(self, kind: Subject, why: CallFailed) -> None:
        self.failed.setdefault(kind, why)
        listing = replace(self.swept.listing(kind), missing=self.failed[kind].fact)
        self.swept = self.swept.with_listing(kind, listing)

    def _services(self) -> Iterator[None]:
        progress, place = self.progress, self.swept.place
        if progress.clusters is None:
            with _listing():
                progress.clusters = self.parts.ecs.clusters(place)
        while progress.clusters:
            with _listing():
                titles, following = self.parts.ecs.services(place, progress.clusters[0], progress.services)
            self._send(Subject.SERVICE, titles)
            progress.services = following
            if not following:
                progress.clusters.pop(0)
            yield

    def _tasks(self) -> Iterator[None]:
        progress, place = self.progress, self.swept.place
        if progress.families is None and not self.run.scope.family:
            return
        if progress.clusters_of_tasks is None:
            progress.at = self.parts.now()
            with _listing():
                progress.clusters_of_tasks = self.parts.ecs.clusters(place)
        while progress.clusters_of_tasks:
            cluster = progress.clusters_of_tasks[-1]
            with _listing():
                tasks = self.parts.ecs.tasks(place, cluster)
            for family, seen in tasks.of_no_service.items():
                progress.tasks.setdefault(family, {})[cluster] = seen
            for title, running in tasks.by_service.items():
                progress.running[title] = tuple(task.arn.rpartition("/")[2] for task in running)
            progress.clusters_of_tasks.pop()
            progress.with_tasks.add(cluster)
            yield

    def _families(self) -> Iterator[None]:
        """List families and their newest revisions, then send them, with the tasks that were listed before."""
        progress, place = self.progress, self.swept.place
        while progress.families is not None:
            with _listing():
                names, following = self.parts.ecs.families(place, progress.families)
            progress.names += names
            progress.families = following or None
            if not following:
                progress.pages = ceil(len(progress.names) / _FAMILIES_OF_A_PAGE)
            yield
        yield from self._revisions()
        while progress.names:
            if (failed := self.failed.get(Subject.FAMILY)) is not None and failed.transient:
                return  # families are sent with their tasks: once these can be listed
            self._send(Subject.FAMILY, progress.names[:_FAMILIES])
            del progress.names[:_FAMILIES]
            yield

    def _revisions(self) -> Iterator[None]:
        """List the newest revisions, while that takes fewer calls than to ask for each family; inspect asks for others.

        Without permission to list them, inspect asks for all.
        """
        progress = self.progress
        while progress.pages:
            try:
                found, progress.revisions = self.parts.ecs.newest(self.swept.place, progress.revisions)
            except CallFailed as failed:
                if failed.transient:
                    raise _ListingFailed(failed) from failed
                progress.pages = 0
                return
            for family, number in found.items():
                progress.newest[family] = max(number, progress.newest.get(family, 0))
            progress.pages = progress.pages - 1 if progress.revisions else 0
            yield

    def _send(self, kind: Subject, names: Sequence[str]) -> None:
        """Send a message for each. They count as sent once all are: a retry sends them again."""
        self.parts.changes.send_all(list(self._messages(kind, names)))
        sent, known, listing = set(names), self.progress.known.setdefault(kind, set()), self.swept.listing(kind)
        known -= sent
        listing = replace(listing, sent=listing.sent + len(sent), known=len(known))
        self.swept = self.swept.with_listing(kind, listing)

    def _messages(self, kind: Subject, names: Iterable[str]) -> Iterator[Message]:
        place, progress = self.swept.place, self.progress
        for name in names:
            rules = self.suppressed
            known = None if rules is None else rules.get(SubjectId(place, kind, name).key, ())
            trigger: FamilyTrigger | ServiceTrigger
            if kind is Subject.SERVICE:
                trigger = ServiceTrigger(
                    account=place.account,
                    region=place.region,
                    service=name,
                    quiet=self.swept.baseline,
                    suppressed=known,
                    sweep=self.run.id,
                    tasks=self._tasks_of(name),
                )
            else:
                trigger = FamilyTrigger(
                    account=place.account,
                    region=place.region,
                    family=name,
                    revision=progress.newest.get(name, 0),
                    tasks=progress.tasks.get(name, {}),
                    listed=progress.at or self.parts.now(),
                    quiet=self.swept.baseline,
                    suppressed=known,
                    sweep=self.run.id,
                )
            yield Message(trigger.message)

    def _tasks_of(self, title: str) -> tuple[str, ...] | None:
        """Return the ids of a service's tasks; None if they were not listed, or are too many."""
        if title.partition("/")[0] not in self.progress.with_tasks:
            return None
        found = self.progress.running.get(title, ())
        return found if len(found) <= _MOST_TASKS else None


_MOST_TASKS = 100
"""Tasks of a service that a message names; of more, inspect lists them."""


class _ListingFailed(Exception):
    """A listing failed, and not the sending of what was listed."""

    def __init__(self, why: CallFailed) -> None:
        super().__init__(str(why))
        self.why = why


@contextmanager
def _listing() -> Iterator[None]:
    try:
        yield
    except CallFailed as failed:
        raise _ListingFailed(failed) from failed


def _progress_key(run: str, place: Place) -> str:
    return f"sweeps/{run}/{place}/progress.json"
