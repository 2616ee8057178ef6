"""Use: who runs a family or uses a parameter or role, and how that limits a drift's severity."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.ecs.service import Service
from domain.places import Revision
from domain.severity import Severity
from domain.verdict import Drifted

MOST_USERS = 20
UNUSED = Severity.LOW
_SEEN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Running:
    """What a service runs of a family, and how many tasks it wants. `revision` is 0 where it is not known.

    `managed` says that ECS itself manages the service, as an Express Mode one. `replaced` are the family's other
    revisions that tasks of the service still run: a deployment is replacing them.
    """

    fargate: bool
    revision: int = 0
    tasks: int = 0
    managed: bool = False
    replaced: tuple[int, ...] = ()

    @classmethod
    def of(cls, service: Service, revision: Revision) -> "Running":
        """Return what a service runs of the family of `revision`, which is the one that it names now."""
        deployed = (Revision.parse(each.task_definition) for each in service.deployments if each.running)
        others = {each.number for each in deployed if each is not None and each.family == revision.family}
        return cls(
            fargate=bool(service.fargate),
            revision=revision.number,
            tasks=service.desired,
            managed=service.managed,
            replaced=tuple(sorted(others - {revision.number})),
        )


class SeenTasks(NamedTuple):
    """Tasks of a family that no service started: their newest revision, how many run, their oldest platform version."""

    revision: int
    tasks: int
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The same, and when they were last started or seen in a cluster. `revision` is 0 where it is not known."""

    revision: int
    tasks: int
    at: datetime
    platform: str = ""

    def counts(self, now: datetime) -> bool:
        """Whether it was recently: tasks that are started at times may be started again."""
        return now - self.at < _SEEN_FOR


@dataclass(frozen=True, slots=True)
class User:
    """A service or cluster that a finding concerns, besides its subject.

    `title` is `cluster/service`, or the cluster alone for tasks that no service started; it is empty for a family that
    nothing is known to run. `revision` is what is run, 0 if that is not known.
    """

    family: str
    title: str = ""
    revision: int = 0
    tasks: int = 0


@dataclass(frozen=True, slots=True)
class Users:
    """Return as many as a finding lists, by family and the newest revision first, and how many `more` there are."""

    known: tuple[User, ...] = ()
    more: int = 0

    @classmethod
    def of(cls, users: Iterable[User], more: int = 0) -> "Users":
        found = sorted(users, key=lambda user: (user.family, -user.revision, user.title))
        return cls(tuple(found[:MOST_USERS]), max(len(found) - MOST_USERS, 0) + more)

    def same(self, other: "Users") -> bool:
        """Whether the same users run the same revisions, whatever their number of tasks."""
        mine, theirs = ([replace(user, tasks=0) for user in users.known] for users in (self, other))
        return (mine, self.more) == (theirs, other.more)


NOBODY = Users()


def users_of(family: str, services: Mapping[str, Running], seen: Mapping[str, Seen], now: datetime) -> list[User]:
    """Return the services that run a family, and the clusters where its tasks were seen recently.

    A service counts once for each revision that its tasks run.
    """
    found = [
        User(family, title, number, each.tasks)
        for title, each in services.items()
        for number in (each.revision, *each.replaced)
    ]
    return found + [User(family, name, each.revision, each.tasks) for name, each in seen.items() if each.counts(now)]


def in_use(users: Iterable[User], revision: int) -> bool:
    """Whether any of these runs the revision. An unknown revision may be it."""
    return any(user.revision in {revision, 0} for user in users)


def capped(verdict: Drifted, most: Severity) -> Drifted:
    """Return the verdict with no severity above `most`, its own and its drifts'."""
    if verdict.severity <= most:
        return verdict
    drifts = (replace(drift, severity=min(drift.severity or verdict.severity, most)) for drift in verdict.drifts)
    return replace(verdict, severity=most, drifts=tuple(drifts))
