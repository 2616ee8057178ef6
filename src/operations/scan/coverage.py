"""What a scan found and read, by place and kind: so that what was not read is never shown as good."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

from aws.calls import CallFailed
from domain.facts import Fact, Unavailable
from domain.places import Place
from domain.workload import Workload
from reports.fleet.model import Coverage, Unread


class Kind(StrEnum):
    """What is read."""

    SERVICES = "services"
    FAMILIES = "families"
    TASK_DEFINITIONS = "task definitions"
    TASKS = "running tasks"
    PARAMETERS = "parameters"
    ROLES = "roles"
    LOG_GROUPS = "log groups"


_EXAMPLES = 5
"""Errors of one place and kind that are kept: the rest is counted."""


@dataclass(slots=True)
class _Counts:
    found: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    unread: dict[tuple[str, str], list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """The counts, which several threads add to."""

    _counts: dict[tuple[Place, Kind], _Counts] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def found(self, place: Place, kind: Kind, names: Iterable[str]) -> None:
        """Note that these exist, or are named."""
        with self._lock:
            self._of(place, kind).found.update(names)

    def read(self, place: Place, kind: Kind, *names: str) -> None:
        """Note that these were read; whether they exist or not, that is known now."""
        with self._lock:
            counts = self._of(place, kind)
            counts.found.update(names)
            counts.read.update(names)

    def unread(self, place: Place, kind: Kind, name: str, failed: CallFailed | Unavailable) -> None:
        """Note that this could not be read. An empty name stands for the list of all."""
        with self._lock:
            counts = self._of(place, kind)
            counts.found.update({name} - {""})
            named = counts.unread.setdefault((failed.call or failed.code, failed.code), [])
            if (failed.resource or name) not in named:
                named.append(failed.resource or name)

    def facts(self, workload: Workload) -> None:
        """Note which facts of a workload were read."""
        facts, place = workload.facts, workload.place
        reference = workload.parameter_reference
        if reference is not None:
            self._fact(reference.place, Kind.PARAMETERS, reference.name, facts.parameter)
        for arn, known in workload.roles:
            self._fact(place, Kind.ROLES, arn, known)
        for name, group in facts.log_groups.items():
            self._fact(place, Kind.LOG_GROUPS, name, group)
        if workload.service is not None:
            self._fact(place, Kind.TASKS, workload.service.title, facts.running)

    def _fact(self, place: Place, kind: Kind, name: str, fact: Fact[object]) -> None:
        if isinstance(fact, Unavailable):
            if fact.call or fact.resource:  # else no rule needed it
                self.unread(place, kind, name, fact)
        else:
            self.read(place, kind, name)

    def _of(self, place: Place, kind: Kind) -> _Counts:
        return self._counts.setdefault((place, kind), _Counts())

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """Return what was found and read, by place and kind."""
        order = list(Kind)
        keys = sorted(self._counts, key=lambda each: (each[0], order.index(each[1])))
        return tuple(self._coverage(place, kind, self._counts[place, kind]) for place, kind in keys)

    @staticmethod
    def _coverage(place: Place, kind: Kind, counts: _Counts) -> Coverage:
        sizes = Counter({key: len(names) for key, names in counts.unread.items()})
        unread = tuple(
            Unread(call, code, counts.unread[call, code][0], count)
            for (call, code), count in sizes.most_common(_EXAMPLES)
        )
        return Coverage(place, kind.value, len(counts.found), len(counts.read), unread)
