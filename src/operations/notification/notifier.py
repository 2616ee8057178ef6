"""Notify: each alert told once, one by one; what comes beyond a number a minute in one digest, and none dropped.

An alert beyond the number is written down as waiting for its minute's digest, and then its message is done. A message
that asks for the digest is sent to the function's own queue, delayed to the minute's end, before the alert counts as
written: see `_ask`. Any step may be repeated, by another worker too, and the digest is the same:

    join     the alert waits, and is in no other digest: one transaction
    ask      where no message is on its way: send one, then say so
    begin    whoever receives it first says that none is on its way. An alert that joined before is read after this; one
             that joins later finds that none is, and sends another
    keep     the digest with what waits, under the number of those told before
    tell     once, by the digest's id
    finish   what was in it waits no longer; the number grows
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aws.bursts import Bursts
from aws.channels import Queue
from domain.findings.alert import Alert
from domain.severity import Severity
from reports.digest import burst_of

_MOST = 500  # alerts in one digest; DynamoDB takes 400 KB in an item
_MARGIN = 1  # seconds after the minute's end
_KEPT = {
    "id", "kind", "transition", "account", "region", "subject", "name", "resource", "rule", "title", "severity",
    "since", "occurred", "links",
}  # fmt: skip


class AlertUnreadable(Exception):
    """A message that is no alert of ours."""


class BurstDue(BaseModel):
    """Asks for the digest of a minute: a message of the function to itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["burst"] = "burst"
    minute: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d$")


class Channel(Protocol):
    """Where people are told: a webhook, a bot, or the topic of Amazon Q."""

    def tell(self, alert: Alert) -> None:
        """SlackRefused or CallFailed where it could not be told."""


def read_message(body: str) -> Alert | BurstDue:
    """An alert, also where SNS wrapped it in an envelope of its own, or what asks for a digest."""
    try:
        content = json.loads(body)
        if isinstance(content, dict) and content.get("Type") == "Notification":
            content = json.loads(content["Message"])
        elif isinstance(content, dict) and content.get("kind") == "burst":
            return BurstDue.model_validate(content)
        return Alert.model_validate(content)
    except (ValueError, KeyError, TypeError, ValidationError):
        raise AlertUnreadable("The message is no alert: it did not come from the stack's topic.") from None


class Digest(BaseModel):
    """A digest as it is kept while it is told, and the keys of what is in it."""

    model_config = ConfigDict(frozen=True)

    alert: Alert
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notifier:
    """The use case; `most` alerts a minute are told one by one. Its parts come from operations.wiring."""

    channel: Channel
    bursts: Bursts
    queue: Queue
    most: int
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def notify(self, alert: Alert) -> bool:
        """Whether it was told; False where it waits for a digest. To be called once for each alert that is told.

        SlackRefused or CallFailed where neither is certain: the message is to come again.
        """
        if _by_itself(alert):
            self.channel.tell(alert)
            return True
        minute = self.bursts.minute_of(alert.id)
        if minute is None:
            minute = f"{self.now():%Y-%m-%dT%H:%M}"
            if self.bursts.one_by_one(minute, alert.id, self.most):
                self.channel.tell(alert)
                return True
            minute = self.bursts.join(minute, alert.id, alert.model_dump_json(include=_KEPT))
        self._ask(minute)
        return False

    def notify_burst(self, minute: str, tell: Callable[[Alert], None]) -> int:
        """Have the digests of a minute told, by what tells each id once. Gives how many."""
        self.bursts.begin(minute)
        digests = 0
        while (found := self._digest(minute)) is not None:
            told, digest = found
            tell(digest.alert)
            self.bursts.finish(minute, digest.keys, told)
            digests += 1
        return digests

    def _ask(self, minute: str) -> None:
        """Have the digest told once the minute has passed. A message too many does nothing."""
        state = self.bursts.minute(minute)
        if not state.due:
            end = datetime.fromisoformat(f"{minute}:59Z")
            wait = int((end - self.now()).total_seconds()) + 1 + _MARGIN
            self.queue.send(BurstDue(minute=minute).model_dump_json(), delay=max(wait, 0))
            self.bursts.due(minute, state.begun)

    def _digest(self, minute: str) -> tuple[int, Digest] | None:
        """The digest that is to be told next, and how many were before it."""
        while True:
            state = self.bursts.minute(minute)
            if state.digest is not None:
                return state.told, Digest.model_validate_json(state.digest)
            waiting = self.bursts.waiting(minute, _MOST)
            if not waiting:
                return None
            made = self._made(minute, waiting)
            if self.bursts.keep(minute, made.model_dump_json(), state.told):
                return state.told, made

    def _made(self, minute: str, waiting: dict[str, str]) -> Digest:
        alerts = [Alert.model_validate_json(body) for body in waiting.values()]
        same = hashlib.sha256("\n".join(sorted(waiting)).encode()).hexdigest()[:16]
        alert = burst_of(alerts, id_=f"burst/{minute}/{same}", most=self.most, occurred=self.now())
        return Digest(alert=alert, keys=tuple(waiting))


def _by_itself(alert: Alert) -> bool:
    """Digests, and corrections that went wrong: few, and each wants somebody at once."""
    return alert.kind == "digest" or (alert.kind == "outcome" and alert.severity >= Severity.HIGH)
