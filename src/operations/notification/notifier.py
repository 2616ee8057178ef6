"""Notify: send the alerts of one batch to people, each alert once.

claim each alert, so that no other function sends it meanwhile; one that was sent before is done send up to a number of
them one by one, in the order of their events; then the rest in one digest record each one that was sent; or release it,
so that it is tried again

A function that dies between sending and recording sends that message again, and loses none: its claims expire.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from typing import Protocol

from pydantic import ValidationError

from aws.calls import CallFailed
from aws.sent_alerts import Claim, SentAlerts
from domain.findings.alert import Alert
from domain.severity import Severity
from operations.notification.posting import TIMEOUT, SlackRefused
from operations.unexpected import described
from reports.digest import burst_of

_ELSEWHERE = 15  # seconds until an alert is tried again that another function has claimed
_NO_TIME = 5  # seconds until an alert is tried again for which no time was left
_MARGIN = 2 * TIMEOUT + 10  # seconds that sending a message may take: a bot may post twice, and the result is recorded


class AlertUnreadable(Exception):
    """A message that is not an alert of Outrider."""


class Channel(Protocol):
    """How people are notified: a webhook, a bot, or the topic of Amazon Q."""

    def send(self, alert: Alert) -> None:
        """SlackRefused or CallFailed where it was not sent."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The alert was sent. `unrecorded` is the call that failed to record it: a repetition would be sent again."""

    in_digest: bool
    unrecorded: CallFailed | None = None


@dataclass(frozen=True, slots=True)
class SentBefore:
    """The alert is a repetition."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The alert must be tried again, in `after` seconds if that is known."""

    reason: str
    after: int | None = None


type Outcome = Sent | SentBefore | NotSent


def read_alert(body: str) -> Alert:
    """Return the alert in a message, with or without the envelope of SNS."""
    try:
        content = json.loads(body)
        if isinstance(content, dict) and content.get("Type") == "Notification":
            content = json.loads(content["Message"])
        return Alert.model_validate(content)
    except (ValueError, KeyError, TypeError, ValidationError):
        raise AlertUnreadable("The message is not an alert: it did not come from the stack's topic.") from None


@dataclass(frozen=True, slots=True)
class Notifier:
    """The use case; `most` alerts of a batch are sent one by one. Its parts come from operations.wiring."""

    channel: Channel
    sent: SentAlerts
    most: int
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def notify(self, alerts: Iterable[Alert], seconds_left: Callable[[], float]) -> dict[str, Outcome]:
        """Return the outcome of each alert, by id. `seconds_left` is the time until the function is stopped."""
        batch, claimed = _Batch(), list[Alert]()
        for alert in sorted({each.id: each for each in alerts}.values(), key=lambda each: each.occurred.timestamp()):
            outcome = self._claim(alert, seconds_left)
            if outcome is None:
                claimed.append(alert)
            else:
                batch.add(alert, outcome)
        singly, together = divided(claimed, self.most)
        for alert in singly:
            failure = batch.waiting.get(alert.thread) or self._post([alert], seconds_left)
            batch.add(alert, self._settle(alert, failure, in_digest=False))
        rest = [alert for alert in together if alert.thread not in batch.waiting]
        failure = self._post(rest, seconds_left) if rest else None
        for alert in together:
            held_up = batch.waiting.get(alert.thread)
            batch.add(alert, self._settle(alert, held_up or failure, in_digest=len(rest) > 1))
        return batch.outcomes

    def _claim(self, alert: Alert, seconds_left: Callable[[], float]) -> Outcome | None:
        """Claim the alert; None if this function may send it."""
        try:
            claim = self.sent.claim(alert.id, ceil(seconds_left()))
        except CallFailed as failed:
            return NotSent(str(failed))
        match claim:
            case Claim.TAKEN:
                return None
            case Claim.SENT:
                return SentBefore()
            case Claim.ELSEWHERE:
                return NotSent(
                    "Another function is sending the alert, or stopped before it recorded the result.", _ELSEWHERE
                )

    def _post(self, alerts: Sequence[Alert], seconds_left: Callable[[], float]) -> NotSent | None:
        """Send one alert as a message, or several as a digest. Return None if the message was sent."""
        if seconds_left() < _MARGIN:
            return NotSent("No time was left to send the alert.", _NO_TIME)
        try:
            self.channel.send(alerts[0] if len(alerts) == 1 else self._digest(alerts))
        except SlackRefused as refused:
            return NotSent(str(refused), refused.after)
        except CallFailed as failed:
            return NotSent(str(failed))
        except Exception as error:  # noqa: BLE001 - an alert that cannot be shown must not stop the others
            return NotSent(described(error))
        return None

    def _settle(self, alert: Alert, failure: NotSent | None, *, in_digest: bool) -> Outcome:
        """Record an alert that was sent, or release one that was not."""
        try:
            if failure is None:
                self.sent.record(alert.id)
            else:
                self.sent.release(alert.id)
        except CallFailed as failed:
            if failure is None:
                return Sent(in_digest, unrecorded=failed)
            return NotSent(f"{failure.reason} {failed}", failure.after)  # the claim expires by itself
        return failure or Sent(in_digest)

    def _digest(self, alerts: Sequence[Alert]) -> Alert:
        same = hashlib.sha256("\n".join(sorted(alert.id for alert in alerts)).encode()).hexdigest()[:32]
        return burst_of(alerts, id_=f"burst/{same}", most=self.most, occurred=self.now())


@dataclass(frozen=True, slots=True)
class _Batch:
    """The outcomes of a batch so far, and by thread why an alert waits: later alerts of the thread wait too."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    waiting: dict[str, NotSent] = field(default_factory=dict)

    def add(self, alert: Alert, outcome: Outcome) -> None:
        """Add an outcome. After a rejected alert its thread continues: otherwise the rest would end in the DLQ too."""
        self.outcomes[alert.id] = outcome
        if isinstance(outcome, NotSent) and outcome.after is not None and alert.thread:
            self.waiting.setdefault(alert.thread, outcome)


def divided(alerts: Sequence[Alert], most: int) -> tuple[list[Alert], list[Alert]]:
    """Return the alerts to send one by one, and the rest, for a digest.

    Urgent alerts, and the others of their threads, are never in a digest: so a thread stays in order.
    """
    urgent = {alert.thread or alert.id for alert in alerts if _is_urgent(alert)}
    singly, together = list[Alert](), list[Alert]()
    room = most
    for alert in alerts:
        if (alert.thread or alert.id) in urgent:
            singly.append(alert)
        elif room:
            singly.append(alert)
            room -= 1
        else:
            together.append(alert)
    return singly, together


def _is_urgent(alert: Alert) -> bool:
    """Whether it is a digest or a failed correction. There are few of them."""
    return alert.kind == "digest" or (alert.kind == "outcome" and alert.severity >= Severity.HIGH)
