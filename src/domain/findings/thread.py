"""A thread: the alerts about one family and its services, or about one parameter or role, which people read as one.

The alerts of a short time are one message. It shows the present state: what is open, what Outrider does about it, and
what a person does next. The next message is sent where there is something new to do, and when everything is closed.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict

from domain.findings.alert import Alert
from domain.severity import Severity
from domain.subject import Subject

_OPENING = frozenset({"opened", "raised", "reopened"})
_FOR_A_PERSON = frozenset({"failed", "refused", "undone"})
_KNOWN = 500  # alerts that are recognised when they are repeated
_TEXT = 400  # characters of each text that is kept; a message shows fewer
_KEPT = {"drifts": 5, "changes": 12, "statements": 4, "users": 4, "reasons": 10}
_OTHERS = 2  # messages in earlier channels that a bot changes, too: each takes time
_CLOSINGS = 5  # waits, in which the findings that a correction ends are closed


class Pending(BaseModel):
    """An alert that no message shows yet, and when one must."""

    model_config = ConfigDict(frozen=True)

    alert: Alert
    due: datetime


class Head(BaseModel):
    """The message of a bot that shows a thread's state: its channel, and its time stamp, which is its id there."""

    model_config = ConfigDict(frozen=True)

    channel: str
    ts: str


class Thread(BaseModel):
    """What people were notified of since everything was closed, and what the next message will show.

    `findings` and `outcomes` hold the last alert about each finding and each correction. `known` holds the sequence of
    the last alert about each of them that was shown, and when the last correction of each family or service ended: the
    queue may deliver the alert that it began later. `notified` says that people have a message. `unread` has the
    open findings that no message shows yet. `head` is the last message of a bot that people follow, and `others` has
    those in the channels where the thread was before. All show the present state. `busy` is the time until which a
    function sends one.
    """

    model_config = ConfigDict(frozen=True)

    findings: Mapping[str, Alert] = {}
    outcomes: Mapping[str, Alert] = {}
    pending: tuple[Pending, ...] = ()
    known: Mapping[str, int] = {}
    notified: bool = False
    unread: frozenset[str] = frozenset()
    head: Head | None = None
    others: tuple[Head, ...] = ()
    busy: datetime = datetime.min.replace(tzinfo=UTC)

    # --- what it shows ------------------------------------------------------------------------------------------------

    @property
    def open(self) -> Sequence[Alert]:
        """The alerts about open findings, the most severe first."""
        found = [alert for alert in self.findings.values() if not alert.ends]
        return sorted(found, key=lambda each: (-each.severity.rank, each.subject, each.name, each.rule))

    @property
    def closed(self) -> Sequence[Alert]:
        """The alerts about findings that are not open any more: closed, exempt or gone."""
        return [alert for alert in self.findings.values() if alert.ends]

    @property
    def resolved(self) -> Sequence[Alert]:
        """The same, without those that are only exempt or gone, unless all are."""
        return [alert for alert in self.closed if not alert.silent] or self.closed

    @property
    def outcome(self) -> Alert | None:
        """The last outcome of a correction: that of the family, if it and those of its services succeeded."""
        found = sorted(self.outcomes.values(), key=lambda each: each.occurred)
        succeeded = all(alert.carried_out for alert in found)
        return max(found, key=lambda each: (succeeded and each.subject == "family", each.occurred), default=None)

    @property
    def needs_person(self) -> bool:
        """Whether the last correction did not succeed."""
        return self.outcome is not None and self.outcome.transition in _FOR_A_PERSON

    @property
    def updating(self) -> frozenset[str]:
        """The services that Outrider is updating."""
        return frozenset(service for alert in self.outcomes.values() for service in alert.updating)

    @property
    def channel(self) -> str:
        """The channel of the most severe open finding, else of the message so far, else of the route.

        Empty for the bot's own.
        """
        return self.head.channel if self.head is not None and not self.open else self.routed

    @property
    def routed(self) -> str:
        """The channel to which the route of the most severe open finding leads, else that of the last alert."""
        last = self.outcome or max(self.closed, key=lambda each: each.occurred, default=None)
        shown = next(iter(self.open), last)
        return shown.channel if shown is not None else ""

    @property
    def over(self) -> bool:
        """Whether all findings that people were notified of are closed, and no correction is under way."""
        return not self.open and not self.updating

    @property
    def severity(self) -> Severity:
        """The highest severity of what is open, and of the last outcome."""
        found = [alert.severity for alert in self.open]
        found += [self.outcome.severity] if self.outcome is not None and self.needs_person else []
        return max(found, default=Severity.INFORMATIONAL)

    # --- what it receives ---------------------------------------------------------------------------------------------

    def knows(self, alert: Alert) -> bool:
        """Whether people were notified of it, of a later change of the same finding, or of what a correction led to."""
        ended = bool(alert.updating) and self.known.get(_end(alert), 0) > _milliseconds(alert)
        return ended or self.known.get(_mark(alert), 0) >= alert.sequence

    def receives(self, alert: Alert, sent: datetime, wait: timedelta) -> "Thread":
        """Return the thread with one more alert, which was `sent` then. One that is pending is not added again."""
        if self.knows(alert) or any(each.alert.id == alert.id for each in self.pending):
            return self
        return self.model_copy(
            update={"pending": (*self.pending, Pending(alert=_short(alert), due=_due(alert, sent, wait)))}
        )

    @property
    def due(self) -> datetime:
        """When the next message is due: if all of it is only LOW, not before the quiet hours end."""
        due = min((each.due for each in self.pending), default=datetime.max.replace(tzinfo=UTC))
        low = all(each.alert.severity <= Severity.LOW for each in self.pending)
        quiet = [each.alert.not_before for each in self.pending if each.alert.not_before is not None and low]
        return max([due, *quiet])

    # --- what it sends ------------------------------------------------------------------------------------------------

    def after(self, alerts: Iterable[Alert]) -> "Thread":
        """Return the thread when these alerts are shown."""
        findings, outcomes, known = dict(self.findings), dict(self.outcomes), dict(self.known)
        for alert in sorted(alerts, key=lambda each: (each.occurred, each.sequence)):
            mark = _mark(alert)
            known[mark] = max(alert.sequence, known.pop(mark, 0))
            if alert.kind == "outcome" and not alert.updating:
                known[_end(alert)] = max(_milliseconds(alert), known.pop(_end(alert), 0))
            held = findings.get(alert.finding)
            if alert.transition == "superseded":  # the correction was dropped: what is open shows the present state
                outcomes.pop(alert.name, None)
            elif alert.kind == "outcome":
                outcomes[alert.name] = alert
            elif alert.kind == "finding" and (held is None or held.sequence < alert.sequence):
                left = {id_: _present(each, alert) for id_, each in findings.items()}
                findings = {id_: each for id_, each in left.items() if not _ran_it(each, alert)}
                findings[alert.finding] = alert
        skipped = {name for each in outcomes.values() for name in each.skipped}
        # The family's outcome says why it skipped a service; the service's own outcome would only repeat it.
        repeated = {name for name in skipped if name in outcomes and outcomes[name].transition == "refused"}
        outcomes = {name: each for name, each in outcomes.items() if name not in repeated}
        if findings and all(alert.ends for alert in findings.values()):
            # Somebody corrected what a person was needed for.
            outcomes = {name: each for name, each in outcomes.items() if each.transition not in _FOR_A_PERSON}
        newest = dict(list(known.items())[-_KNOWN:])
        return self.model_copy(update={"findings": findings, "outcomes": outcomes, "known": newest})

    @property
    def batch(self) -> Sequence[Alert]:
        return [each.alert for each in self.pending]

    def to_send(self, now: datetime, *, follows: bool) -> bool:
        """Whether a message is due; `follows` says that people see each step in a thread of their own.

        No message is due about a step that Outrider takes, or a finding that is exempt or gone: the next message shows
        it, and a bot changes the one that people have. None is due about what opened and closed before people read of
        it, unless Outrider corrected it. No alarm is raised about what Outrider itself leads to, while its correction
        is under way: it is shown with the outcome.
        """
        after, done = self.after(self.batch), any(alert.succeeded for alert in self.batch)
        closed = any(alert.transition == "closed" for alert in after.closed)
        if after.over and (done or (closed and self._may_be_read)):
            return True
        due = [each.alert for each in self.pending if each.due <= now]
        follows_up = bool(after.updating) or done
        expected = {alert.id for alert in due if (alert.own and follows_up) or alert.name in after.updating}
        asks = any(_asks(after, alert) for alert in due if alert.kind != "finding" or alert.id not in expected)
        return asks or (follows and self.head is not None and bool(due))

    @property
    def _may_be_read(self) -> bool:
        """Whether people may have a message: also of a function that claimed the thread and died."""
        return bool(self.findings) or self.busy > Thread().busy

    def without_due(self, now: datetime) -> "Thread":
        """Return the thread with what is due recorded, without a message."""
        due = [each.alert for each in self.pending if each.due <= now]
        after = self.shown(due, notified=self.notified, head=self.head)
        unread = self.unread | {each.finding for each in due}
        return after.model_copy(update={"unread": unread & {each.finding for each in after.open}})

    def shown(self, alerts: Sequence[Alert], *, notified: bool, head: Head | None) -> "Thread":
        """Return the thread when a message shows these alerts. Once it is over, the next one begins."""
        ids = {alert.id for alert in alerts}
        after = self.after(alerts)
        left = tuple(each for each in self.pending if each.alert.id not in ids and not after.knows(each.alert))
        update = {"pending": left, "notified": notified, "head": head, "others": self._others_than(head)}
        after = after.model_copy(update=update | {"unread": frozenset()})
        if after.over:
            after = Thread(pending=left, known=after.known)
        return after.model_copy(update={"busy": Thread().busy})

    def _others_than(self, head: Head | None) -> tuple[Head, ...]:
        """Return the messages in other channels than this one's, the last ones of them."""
        if head is None or self.head is None:
            return ()
        return tuple(each for each in (*self.others, self.head) if each.channel != head.channel)[-_OTHERS:]


def _asks(thread: Thread, alert: Alert) -> bool:
    """Whether people must be notified of an alert of a thread that is due."""
    match alert.kind:
        case "digest":
            return True
        case "finding":
            return alert.transition in _OPENING and thread.findings.get(alert.finding) == alert
        case "outcome" if alert.transition == "deployed":
            return any(not each.automatic or each.name == alert.name for each in thread.open)
        case "outcome" if alert.transition == "superseded":
            # The outcome would have shown it, and there is none now; that of another correction would.
            return not thread.updating and any(each.finding in thread.unread for each in thread.open)
        case "outcome" if alert.transition == "refused" and alert.name not in thread.outcomes:
            return False
        case "outcome":
            return alert.transition in _FOR_A_PERSON or (alert.succeeded and not alert.updating)


def _mark(alert: Alert) -> str:
    return _hashed(alert.finding or alert.id)


def _end(alert: Alert) -> str:
    return _hashed(f"the end of a correction of {alert.name}")


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _milliseconds(alert: Alert) -> int:
    return int(alert.occurred.timestamp() * 1000)


def _present(held: Alert, alert: Alert) -> Alert:
    """Return another finding of an alert's subject as closed if the alert shows that it is not open any more.

    The alert about its own end comes later, or never: a baseline sends none.
    """
    same = (held.subject, held.name) == (alert.subject, alert.name) and held.finding != alert.finding
    if same and not held.ends and held.occurred <= alert.occurred and held.rule not in alert.open:
        return held.model_copy(update={"transition": "closed", "occurred": alert.occurred})
    return held


def _ran_it(held: Alert, alert: Alert) -> bool:
    """Whether a closing of the family lists what runs it, and not the service of a finding that was open before.

    That service was deleted, or runs another family, without an alert about that. Before a closing the services that
    run the family are read again.
    """
    closes = (alert.subject, alert.transition) == (Subject.FAMILY, "closed") and not alert.omitted_users
    before = held.subject == Subject.SERVICE and not held.ends and held.occurred <= alert.occurred
    return closes and before and held.name not in {user.title for user in alert.users}


def _due(alert: Alert, sent: datetime, wait: timedelta) -> datetime:
    """Return when an alert must be shown: at once if a person is needed at once."""
    if alert.kind == "digest" or (alert.kind == "outcome" and alert.severity >= Severity.HIGH):
        return sent
    return sent + wait * (_CLOSINGS if alert.succeeded and not alert.updating else 1)


def _short(alert: Alert) -> Alert:
    """Return an alert without what a message has no room for."""
    if alert.kind == "digest":
        return alert
    given = {name: getattr(alert, name)[:most] for name, most in _KEPT.items()}
    omitted = {
        "omitted": alert.omitted + len(alert.drifts) - len(given["drifts"]),
        "omitted_changes": alert.omitted_changes + len(alert.changes) - len(given["changes"]),
        "omitted_users": alert.omitted_users + len(alert.users) - len(given["users"]),
    }
    drifts = tuple(
        each.model_copy(update={"why": each.why[:_TEXT], "found": "", "wanted": ""}) for each in given["drifts"]
    )
    return alert.model_copy(update=given | omitted | {"drifts": drifts})
