"""The steps of sweeps on the fake AWS, one after the other as the state machine takes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from math import inf
from typing import Any

from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.objects import Bucket
from aws.organizations import Organizations
from aws.security_hub import SecurityHub
from aws.sessions import Sessions
from domain.places import Place
from domain.subject import Subject
from domain.sweeping import PlaceSweep, Run, SweepRequest
from operations.inspection.notices import Operations
from operations.standards import Standards
from operations.sweep.beginning import Beginner, Watched
from operations.sweep.certifying import Certified, Certifier
from operations.sweep.digests import Digests
from operations.sweep.places import PlaceSweeper
from operations.sweep.reporting import Reporter
from rules import CATALOGUE

BUCKET = "outrider-certificates"
HOME = Place("123456789012", "eu-west-1")
_NUMBERS = count(1)


@dataclass(frozen=True)
class Channels:
    """The URLs of the queues, and the ARNs of the topics."""

    changes: str
    subjects: str
    alerts: str = ""
    operations: str = ""


@dataclass
class Sweeping:
    """Its use cases, and what they swept last."""

    sessions: Sessions
    channels: Channels
    standards: Standards
    now: Callable[[], datetime]
    release: str = "1"
    table: str = "ledger"
    watched: Watched = Watched(HOME)  # noqa: RUF009 - frozen
    run_id: str = ""
    begun_wait: int = field(default=0, init=False)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.sessions, self.table)

    @property
    def bucket(self) -> Bucket:
        return Bucket(self.sessions, BUCKET)

    @property
    def hub(self) -> SecurityHub:
        return SecurityHub(self.sessions)

    @property
    def beginner(self) -> Beginner:
        return Beginner(
            self.ledger,
            self.bucket,
            Organizations(self.sessions),
            self.standards,
            self.watched,
            Operations(self.ledger, Topic(self.sessions, self.channels.operations)),
            self.release,
            self.now,
        )

    @property
    def place_sweeper(self) -> PlaceSweeper:
        changes = Queue(self.sessions, self.channels.changes)
        return PlaceSweeper(Ecs(self.sessions), self.ledger, changes, self.hub, self.bucket, self.now)

    @property
    def digests(self) -> Digests:
        return Digests(
            self.ledger,
            self.bucket,
            Topic(self.sessions, self.channels.alerts),
            self.hub,
            self.standards,
            "outrider",
            self.now,
        )

    @property
    def certifier(self) -> Certifier:
        return Certifier(
            self.ledger,
            self.bucket,
            Queue(self.sessions, self.channels.changes),
            Queue(self.sessions, self.channels.subjects),
            Topic(self.sessions, self.channels.operations),
            self.standards,
            self.digests,
            Reporter(self.ledger, self.bucket, CATALOGUE, "https://docs.example"),
            self.now,
        )

    def list(self, run: str = "", **request: Any) -> Sequence[PlaceSweep]:
        """Begin a sweep, and list every place: what is sent is not evaluated yet."""
        self.run_id = run or f"run-{next(_NUMBERS)}"
        begun = self.beginner.begin(self.run_id, SweepRequest(**request))
        assert begun.started, "Another sweep runs."
        self.begun_wait = begun.wait
        for swept in self.ledger.runs.places(self.run_id):
            if swept.watched:
                while self.place_sweeper.sweep(self.run_id, swept.place, lambda: inf):
                    pass
        return self.ledger.runs.places(self.run_id)

    def certify(self) -> Certified:
        return self.certifier.certify(self.run_id)

    def sweep(self, run: str = "", **request: Any) -> PlaceSweep:
        """Take all steps, without waiting for evaluations; returns what was listed at home."""
        swept = self.list(run, **request)
        self.certify()
        return next(each for each in swept if each.place == self.watched.home)

    @property
    def run(self) -> Run:
        found = self.ledger.runs.current()
        assert found is not None
        return found


def sent(swept: PlaceSweep) -> tuple[int, int]:
    """How many families and services were sent for evaluation."""
    return swept.listing(Subject.FAMILY).sent, swept.listing(Subject.SERVICE).sent
