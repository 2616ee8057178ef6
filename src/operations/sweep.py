"""Sweep: have everything that is there, and everything that was, looked at again: what events missed.

It judges nothing itself. Each family and service goes to the queue `changes` as a message of its own, and what is known
of a revision is not read again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from aws.channels import Queue
from aws.ecs import Ecs
from aws.ledger import Ledger
from domain.places import Place
from domain.rule import Subject
from domain.trigger import FamilyTrigger, ServiceTrigger
from domain.verdict import SubjectId


@dataclass(frozen=True, slots=True)
class Swept:
    """How many families and services were sent to be looked at."""

    families: int
    services: int


@dataclass(frozen=True, slots=True)
class Sweeper:
    """The use case; its parts come from operations.wiring."""

    ecs: Ecs
    ledger: Ledger
    changes: Queue

    def sweep(self, place: Place) -> Swept:
        """CallFailed where something could not be read or sent: the schedule tries again."""
        newest, services = self.ecs.newest_revisions(place), self.ecs.services(place)
        known = self.ledger.subjects(place)
        families = dict.fromkeys(_named(known, Subject.FAMILY), 0) | newest
        titles = dict.fromkeys([*services, *_named(known, Subject.SERVICE)])
        self.changes.send_all(_bodies(place, families, list(titles)))
        return Swept(len(families), len(titles))


def _named(subjects: list[SubjectId], kind: Subject) -> Iterator[str]:
    return (subject.name for subject in subjects if subject.kind is kind)


def _bodies(place: Place, families: dict[str, int], services: list[str]) -> Iterator[str]:
    shared = {"kind", "account", "region"}
    for family, revision in sorted(families.items()):
        again = FamilyTrigger(account=place.account, region=place.region, family=family, revision=revision)
        yield again.model_dump_json(include=shared | {"family", "revision"})
    for title in services:
        look = ServiceTrigger(account=place.account, region=place.region, service=title)
        yield look.model_dump_json(include=shared | {"service"})
