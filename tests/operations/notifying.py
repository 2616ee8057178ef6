"""The notifier as the Slack function has it, with a table, people, and a clock that a test moves."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.ledger import Ledger
from aws.sessions import Sessions
from domain.findings.alert import Alert
from domain.findings.thread import Head
from operations.notification.notifier import (
    Notifier,
    NotSent,
    Outcome,
    Received,
    Waiting,
)
from operations.notification.posting import Post
from tests.reports import samples

MOST = 2
LIFE = 60  # seconds that a function may run
WAIT = 60


class Died(BaseException):
    """What a function that dies leaves behind: nothing is caught, nothing is undone."""


class Machine:
    """The notifier with its table and people; every step of it may be the last, or be interrupted."""

    def __init__(self, aws: Sessions) -> None:
        self.clock = 1_785_580_950.0
        self.posts: list[Post] = []
        self.refusals: list[Exception] = []
        self.steps = 0
        self.at: dict[int, Callable[[], None]] = {}
        self.seconds_left: Callable[[], float] = lambda: LIFE
        self.follows = False
        self.sent = dict[str, float]()
        self.notifier = Notifier(self, Ledger(aws, "ledger").threads, MOST, timedelta(seconds=WAIT), self.now)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock, UTC)

    def step[T](self, doing: Callable[[], T]) -> T:
        """One thing that has an effect; something else may come after it."""
        self.steps += 1
        number = self.steps
        try:
            return doing()
        finally:
            self.at.pop(number, lambda: None)()

    def send(self, post: Post) -> Head | None:
        """As the channel."""
        if self.refusals:
            raise self.refusals.pop(0)
        self.step(lambda: self.posts.append(post))
        return Head(channel="C0", ts="1.0") if self.follows else None

    def notify(self, *alerts: Alert) -> dict[str, Outcome]:
        for alert in alerts:
            self.sent.setdefault(alert.id, self.clock)
        received = [Received(alert, datetime.fromtimestamp(self.sent[alert.id], UTC)) for alert in alerts]
        return dict(self.notifier.notify(received, self.seconds_left))

    def later(self, *alerts: Alert, seconds: float = WAIT) -> dict[str, Outcome]:
        """Receive them now, and again when they are due."""
        self.notify(*alerts)
        self.clock += seconds
        return self.notify(*alerts)

    def retried(self, *alerts: Alert) -> None:
        """Receive them as the queue delivers them, until none is left."""
        left = list(alerts)
        for _ in range(50):
            outcomes: dict[str, Outcome] = {}
            with suppress(Died):
                outcomes = self.notify(*left)
            self.clock += 6 * LIFE
            left = [each for each in left if isinstance(outcomes.get(each.id, NotSent("died")), NotSent | Waiting)]
            if not left:
                return
        pytest.fail(f"The queue would give up {[alert.id for alert in left]}.")

    @property
    def headers(self) -> list[str]:
        return [post.message.header for post in self.posts]

    def shown(self) -> list[str]:
        """The families that people read of, in messages of their own and in digests."""
        found = list[str]()
        for post in self.posts:
            lines = [line.text for section in post.message.alert.sections for line in section.lines]
            burst = post.message.alert.transition == "burst"
            found += [text.split()[1].strip(":") for text in lines] if burst else [post.message.alert.name]
        return found


def alerts(number: int, **members: Any) -> list[Alert]:
    """Each of a family of its own."""
    return [
        samples.opened().model_copy(
            update={"id": f"a{n}", "name": f"web-{n}", "finding": f"f{n}", "thread": f"{samples.PLACE}/family/web-{n}"}
            | members
        )
        for n in range(number)
    ]


def names(number: int) -> list[str]:
    return sorted(f"web-{n}" for n in range(number))


def kinds(outcomes: dict[str, Outcome]) -> set[type]:
    return {type(outcome) for outcome in outcomes.values()}
