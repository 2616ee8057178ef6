"""Notify: send the alerts of a batch to people, those of one thread as one message.

Each alert is stored in its thread. Its message waits in the queue until the thread is due: then one message shows all
that is pending, and the messages of the other alerts find that they were shown. If more threads are due than are sent
one by one, the rest is in one digest for each channel.

A function that dies between sending and recording sends that message again, and loses none: the messages in the queue
hold the alerts, and the time for which a function claims a thread expires.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from typing import Protocol

from pydantic import ValidationError

from aws.calls import CallFailed
from aws.ledger import LedgerConflict
from aws.ledger.threads import Threads
from domain.findings.alert import Alert
from domain.findings.thread import Head, Thread
from domain.severity import Severity
from operations.notification.posting import TIMEOUT, Post, SlackRefused
from operations.unexpected import described
from reports.digest import burst_of
from reports.message import of_digest, of_thread, reply_of

_NO_TIME = 5  # seconds until a thread is tried again for which no time was left
_MARGIN = 2 * TIMEOUT + 10  # seconds that sending a message may take: a bot posts twice, and the result is recorded


class AlertUnreadable(Exception):
    """A message that is not an alert of Outrider."""


class Channel(Protocol):
    """How people are notified: a webhook, a bot, or the topic of Amazon Q."""

    @property
    def follows(self) -> bool:
        """Whether it can change a message, so that people can follow each step."""

    def send(self, post: Post) -> Head | None:
        """Return the message that shows the thread. SlackRefused or CallFailed where it was not sent."""


@dataclass(frozen=True, slots=True)
class Received:
    """An alert that a message of the queue holds, and when the message was sent."""

    alert: Alert
    sent: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """People have a message that shows the alert: of its thread, or a digest.

    `unrecorded` is the call that failed to record it: a repetition would be sent again.
    """

    message: str
    in_digest: bool = False
    unrecorded: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The alert is recorded in its thread, and the next message of the thread shows it."""


@dataclass(frozen=True, slots=True)
class SentBefore:
    """The alert is a repetition, or an earlier message showed it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The thread is not due, or with `claimed` another function is sending its message.

    `after` is the number of seconds until the thread is due, or until the other function must have ended.
    """

    after: int
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """The alert must be tried again, in `after` seconds if that is known."""

    reason: str
    after: int | None = None


type Outcome = Sent | Recorded | SentBefore | Waiting | NotSent


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
class _Due:
    """A thread that this function claimed: as it was, the alerts that its message is about, and those received."""

    key: str
    before: Thread
    alerts: Sequence[Alert]
    received: Sequence[Alert]
    loud: bool

    @property
    def after(self) -> Thread:
        return self.before.after(self.alerts)

    @property
    def urgent(self) -> bool:
        """Whether it is a digest, or needs a person now. There are few of them."""
        return any(
            alert.kind == "digest" or (alert.kind == "outcome" and alert.severity >= Severity.HIGH)
            for alert in self.alerts
        )

    @property
    def silent(self) -> bool:
        """Whether only the message that people have is changed."""
        return all(alert.silent for alert in self.alerts)

    def post(self) -> Post:
        """Return its message, or what only changes the messages that people have."""
        digest = next((alert for alert in self.alerts if alert.kind == "digest"), None)
        if digest is not None:
            return Post(of_digest(digest), channel=digest.channel)
        head, others = self.before.head, self.before.others
        if head is not None and self.silent:
            return self.change(head)
        message = of_thread(self.key, self.after, notified=self.before.notified)
        reply = reply_of([alert for alert in self.alerts if not alert.silent]) if head is not None else None
        return Post(message, head, reply, self.loud and reply is not None, self.after.channel, others=others)

    def change(self, head: Head) -> Post:
        """Return what only changes the messages that people have."""
        message = of_thread(self.key, self.after, notified=self.before.notified)
        return Post(message, head, channel=head.channel, silent=True, others=self.before.others)


@dataclass(frozen=True, slots=True)
class Notifier:
    """The use case; messages of `most` threads of a batch are sent one by one. Its parts come from operations.wiring.

    `wait` is the time in which the alerts of a thread become one message.
    """

    channel: Channel
    threads: Threads
    most: int
    wait: timedelta
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def notify(self, received: Iterable[Received], seconds_left: Callable[[], float]) -> Mapping[str, Outcome]:
        """Return the outcome of each alert, by id. `seconds_left` is the time until the function is stopped."""
        outcomes, due = dict[str, Outcome](), list[_Due]()
        by_thread = defaultdict[str, dict[str, Received]](dict)
        for each in received:
            by_thread[each.alert.thread or each.alert.id][each.alert.id] = each
        for key, each_once in by_thread.items():
            taken = self._take(key, list(each_once.values()), ceil(seconds_left()), outcomes)
            due += [taken] if taken is not None else []
        singly, together = divided(due, self.most)
        for thread in singly:
            outcomes |= self._settled(thread, self._sent(thread.post, seconds_left), thread.key, in_digest=False)
        for channel, all_of_it in self._by_channel(together).items():
            alone = len(all_of_it) == 1
            some = [each for each in all_of_it if alone or self._is_changed(each, seconds_left, outcomes)]
            if not some:
                continue
            make = partial(self._digest, some, channel) if len(some) > 1 else some[0].post
            result = self._sent(make, seconds_left)
            for thread in some:
                outcomes |= self._settled(thread, result, f"digest {channel}".strip(), in_digest=len(some) > 1)
        return outcomes

    def _by_channel(self, due: Sequence[_Due]) -> Mapping[str, Sequence[_Due]]:
        """Return the threads by the channel that their digest goes to. Only a bot has several."""
        found = defaultdict[str, list[_Due]](list)
        for each in due:
            found[each.after.routed if self.channel.follows else ""].append(each)
        return found

    def _is_changed(self, due: _Due, seconds_left: Callable[[], float], outcomes: dict[str, Outcome]) -> bool:
        """Change the messages that people have of a thread in a digest; if that fails, add its outcomes.

        It comes before the digest, because it may be repeated.
        """
        head = due.before.head
        if head is None or not self.channel.follows:
            return True
        result = self._sent(partial(due.change, head), seconds_left)
        if isinstance(result, NotSent):
            outcomes |= self._settled(due, result, due.key, in_digest=False)
        return not isinstance(result, NotSent)

    def _take(self, key: str, received: Sequence[Received], seconds: int, outcomes: dict[str, Outcome]) -> _Due | None:
        """Store the alerts in their thread, and claim it if a message is due; else add the outcomes."""
        now, found = self.now(), _Taken()

        def change(thread: Thread) -> Thread:
            found.before, found.claimed = thread, False
            for each in received:
                thread = thread.receives(each.alert, each.sent, self.wait)
            found.after = thread
            if thread.due > now or thread.busy > now:
                return thread
            found.claimed = thread.to_send(now, follows=self.channel.follows)
            if found.claimed:
                found.loud = thread.to_send(now, follows=False) and not thread.after(thread.batch).over
                return thread.model_copy(update={"busy": now + timedelta(seconds=seconds)})
            found.after = thread.without_due(now)
            return found.after

        ids = [each.alert.id for each in received]
        try:
            self.threads.change(key, change)
        except (CallFailed, LedgerConflict) as failed:
            outcomes |= dict.fromkeys(ids, NotSent(str(failed)))
            return None
        if found.claimed:
            alerts = [each.alert for each in received if not found.before.knows(each.alert)]
            outcomes |= dict.fromkeys(set(ids) - {alert.id for alert in alerts}, SentBefore())
            return _Due(key, found.after, found.after.batch, alerts, found.loud)
        pending = {each.alert.id for each in found.after.pending}
        for each in received:
            id_ = each.alert.id
            if id_ in pending:
                until = max(found.after.due, found.after.busy)
                left = max(ceil((until - now).total_seconds()), 1)
                outcomes[id_] = Waiting(left, claimed=found.after.due <= now)
            else:
                outcomes[id_] = SentBefore() if found.before.knows(each.alert) else Recorded()
        return None

    def _sent(self, make: Callable[[], Post], seconds_left: Callable[[], float]) -> NotSent | Head | None:
        """Send one thread's message, or a digest of several. Return why it was not sent, or the message's head."""
        try:
            post = make()
            if seconds_left() < _MARGIN + TIMEOUT * len(post.others):
                return NotSent("No time was left to send the message.", _NO_TIME)
            return self.channel.send(post)
        except SlackRefused as refused:
            return NotSent(str(refused), refused.after)
        except CallFailed as failed:
            return NotSent(str(failed))
        except Exception as error:  # noqa: BLE001 - a message that cannot be made must not stop the others
            return NotSent(described(error))

    def _settled(
        self, due: _Due, result: NotSent | Head | None, message: str, *, in_digest: bool
    ) -> dict[str, Outcome]:
        """Record a thread whose message was sent, or release one whose message was not."""
        ids = [alert.id for alert in due.received]

        def change(thread: Thread) -> Thread:
            if not isinstance(result, NotSent):
                return thread.shown(due.alerts, notified=True, head=thread.head if in_digest else result)
            # If Slack rejected it permanently, only the queue keeps the alerts: one of them may be the reason.
            pending = thread.pending if result.after is not None else ()
            return thread.model_copy(update={"busy": Thread().busy, "pending": pending})

        try:
            self.threads.change(due.key, change)
        except (CallFailed, LedgerConflict) as failed:
            if not isinstance(result, NotSent):
                return dict.fromkeys(ids, Sent(message, in_digest, unrecorded=str(failed)))
            return dict.fromkeys(ids, NotSent(f"{result.reason} {failed}", result.after))  # the claim expires by itself
        return dict.fromkeys(ids, result if isinstance(result, NotSent) else Sent(message, in_digest))

    def _digest(self, due: Sequence[_Due], channel: str) -> Post:
        same = hashlib.sha256("\n".join(sorted(alert.id for each in due for alert in each.alerts)).encode()).hexdigest()
        threads = {each.key: each.after for each in due}
        digest = burst_of(threads, id_=f"burst/{same[:32]}", most=self.most, occurred=self.now())
        return Post(of_digest(digest), channel=channel)


@dataclass(slots=True)
class _Taken:
    """What a change made of a thread, the last time that it was made."""

    before: Thread = field(default_factory=Thread)
    after: Thread = field(default_factory=Thread)
    claimed: bool = False
    loud: bool = False


def divided(due: Sequence[_Due], most: int) -> tuple[list[_Due], list[_Due]]:
    """Return the threads whose messages are sent one by one, and the rest, for a digest.

    Urgent ones are in none, nor those that make no new message.
    """
    ordered = sorted(due, key=lambda each: min(alert.occurred for alert in each.alerts))
    singly, together = list[_Due](), list[_Due]()
    room = most
    for each in ordered:
        if each.urgent or each.silent:
            singly.append(each)
        elif room:
            singly.append(each)
            room -= 1
        else:
            together.append(each)
    return singly, together
