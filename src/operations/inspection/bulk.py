"""Bulk: what several subjects of a batch need is read for all of them at once, and what a sweep needs is read once.

Whatever is missing here is read by the evaluation that needs it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aws.calls import CallFailed
from aws.ecs import Ecs
from domain.ecs.service import Service
from domain.facts import Fact, Known, RunningTask
from domain.places import Place
from domain.subject import Subject, SubjectId
from domain.triggers.trigger import ServiceTrigger, SubjectTrigger, SweptTrigger
from operations.facts import FactReader

_FRESH = timedelta(minutes=10)
_MOST_FACTS = 2_000
"""Facts that are remembered: a role takes some kilobytes."""

type Received = Mapping[SubjectId, Sequence[SubjectTrigger]]
type MakeReader = Callable[[Mapping[str, int]], FactReader]
"""Makes a reader that has read nothing yet; it is given how many roles each account's evaluations may need."""


@dataclass(frozen=True, slots=True)
class Described:
    """A service as ECS described it, and when."""

    service: Service
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read for a batch.

    The facts of `reader` were read after its messages were received. Those of `remembered` may be some minutes old:
    they can show that nothing changed, and nothing else. It is None if not all messages are of one sweep.
    """

    reader: FactReader
    remembered: FactReader | None = None
    services: Mapping[SubjectId, Described] = field(default_factory=dict)


@dataclass(slots=True)
class Bulk:
    """Reads for batches. The facts of a sweep are remembered as long as the function lives, but not for long."""

    ecs: Ecs
    make: MakeReader
    now: Callable[[], datetime]
    _remembered: tuple[str, datetime, FactReader] | None = field(default=None, init=False, repr=False)

    def read(self, received: Received) -> Batch:
        """Read the services of a batch, and the running tasks that the sweep named; make the readers of facts."""
        sweep = _one_sweep(received)
        services = dict(self._services(received))
        ecs = replace(self.ecs, running=dict(self._running(received, services)))
        families = Counter(on.place.account for on in received if on.kind is Subject.FAMILY)
        reader = self.make({account: 2 * count for account, count in families.items()} if sweep else {})
        remembered = replace(self._of_sweep(sweep), ecs=ecs) if sweep else None
        return Batch(replace(reader, ecs=ecs), remembered, services)

    def _of_sweep(self, sweep: str) -> FactReader:
        now = self.now()
        if self._remembered is not None:
            of, since, reader = self._remembered
            if of == sweep and now < since + _FRESH and reader.size < _MOST_FACTS:
                return reader
        reader = self.make({})
        self._remembered = (sweep, now, reader)
        return reader

    def _services(self, received: Received) -> Iterator[tuple[SubjectId, Described]]:
        """Describe the services of each cluster of which there are several. One that ECS does not show is missing."""
        by_cluster = defaultdict[tuple[Place, str], list[str]](list)
        for on in received:
            if on.kind is Subject.SERVICE:
                by_cluster[on.place, on.name.partition("/")[0]].append(on.name)
        for (place, _), titles in by_cluster.items():
            if len(titles) == 1:
                continue
            read_at = self.now()
            try:
                found = [service for some in self.ecs.described(place, titles) for service in some]
            except CallFailed:
                continue
            for service in found:
                yield SubjectId(place, Subject.SERVICE, service.title), Described(service, read_at)

    def _running(
        self, received: Received, services: Mapping[SubjectId, Described]
    ) -> Iterator[tuple[tuple[Place, str], Fact[tuple[RunningTask, ...]]]]:
        """Describe the tasks that the sweep saw. They are all that run if they are as many as their service counts."""
        named = dict[SubjectId, tuple[str, ...]]()
        by_cluster = defaultdict[tuple[Place, str], list[str]](list)
        for on in services:
            for trigger in received.get(on, ()):
                if isinstance(trigger, ServiceTrigger) and trigger.tasks is not None:
                    named[on] = trigger.tasks
            by_cluster[on.place, on.name.partition("/")[0]] += named.get(on, ())
        found = defaultdict[tuple[Place, str], list[RunningTask]](list)
        for (place, cluster), ids in by_cluster.items():
            try:
                for title, task in self.ecs.tasks_by_id(place, cluster, ids):
                    found[place, title].append(task)
            except CallFailed:
                continue
        for on in named:
            if len(running := found[on.place, on.name]) == services[on].service.running:
                yield (on.place, on.name), Known(tuple(running))


def _one_sweep(received: Received) -> str:
    """Return the sweep that sent all of these messages; empty if there is none."""
    sweeps = {
        trigger.sweep if isinstance(trigger, SweptTrigger) else ""
        for triggers in received.values()
        for trigger in triggers
    }
    return next(iter(sweeps)) if len(sweeps) == 1 else ""
