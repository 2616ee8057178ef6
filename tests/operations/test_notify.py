"""Alerts told one by one up to a number a minute, and the rest in one digest: none dropped, none twice."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from aws.bursts import Bursts
from aws.calls import CallFailed
from aws.channels import Queue
from aws.sessions import Sessions
from domain.findings.alert import Alert
from domain.severity import Severity
from operations.notification.notifier import AlertUnreadable, BurstDue, Notifier, read_message
from tests.operations.world import TABLE, World
from tests.reports import samples

MINUTE = "2026-08-01T10:42"
MOST = 2


class Died(BaseException):
    """What a function that dies leaves behind: nothing is caught, nothing is undone."""


class Busy(Exception):
    """Another function is about the same id: the message comes again."""


class Machine:
    """The notifier with its table, its queue and people; every step of it may be the last, or be interrupted."""

    def __init__(self, aws: Sessions, queue: str) -> None:
        self.clock = datetime.fromisoformat(f"{MINUTE}:30Z")
        self.said: list[Alert] = []
        self.sent: list[str] = []
        self.delays: list[int] = []
        self.done, self.doing = set[str](), set[str]()
        self.steps = 0
        self.at: dict[int, Callable[[], None]] = {}
        self.bursts = Bursts(aws, TABLE)
        self.notifier = Notifier(self, self.bursts, Queue(aws, queue), MOST, lambda: self.clock)

    # --- its surroundings ---------------------------------------------------------------------------------------------

    def step[T](self, doing: Callable[[], T]) -> T:
        """One thing that has an effect; something else may come after it."""
        self.steps += 1
        number = self.steps
        try:
            return doing()
        finally:
            self.at.pop(number, lambda: None)()

    def call(self, operation: str, arguments: dict[str, Any], act: Callable[[], Any]) -> Any:
        if operation == "SendMessage":
            self.sent.append(arguments["MessageBody"])
            self.delays.append(arguments.get("DelaySeconds", 0))
        return self.step(act)

    def tell(self, alert: Alert) -> None:
        """As the channel."""
        self.step(lambda: self.said.append(alert))

    def once(self, alert: Alert) -> None:
        """As the handler does by Powertools: once for each id, and by one at a time."""
        if alert.id in self.done:
            return
        if alert.id in self.doing:
            raise Busy
        self.doing.add(alert.id)
        try:
            self.notifier.notify(alert)
            self.step(lambda: self.done.add(alert.id))
        finally:
            self.doing.discard(alert.id)  # also where it died: the mark is for a minute

    # --- what happens to it -------------------------------------------------------------------------------------------

    def deliver(self, message: Alert | str) -> None:
        if isinstance(message, Alert):
            self.once(message)
        else:
            burst = read_message(message)
            assert isinstance(burst, BurstDue)
            self.notifier.notify_burst(burst.minute, self.once)

    def deliver_until_done(self, messages: list[Alert | str]) -> None:
        """Each message again until it is done, minutes later; then what the notifier has sent itself."""
        while messages or self.sent:
            later = list[Alert | str]()
            for message in messages:
                try:
                    self.deliver(message)
                except (Died, CallFailed):
                    later.append(message)
                    self.clock += timedelta(minutes=6)
            messages = later
            if not messages:
                messages, self.sent = list(self.sent), []

    def told(self) -> list[str]:
        """The families that people were told of, one by one and in digests."""
        found = list[str]()
        for alert in self.said:
            lines = [line.text for section in alert.sections for line in section.lines]
            found += [text.split()[1].strip(",:") for text in lines] if alert.transition == "burst" else [alert.name]
        return sorted(found)


@pytest.fixture
def machine(world: World) -> Callable[[], Machine]:
    """Makes machines, each on an AWS of its own."""
    before = world.aws.copy()

    def made() -> Machine:
        world.line.aws = before.copy()
        here = Machine(world.sessions, world.queues["slack"])
        world.line.around = here.call
        return here

    return made


def alerts(number: int, **members: Any) -> list[Alert]:
    return [samples.opened().model_copy(update={"id": f"a{n}", "name": f"web-{n}", **members}) for n in range(number)]


def names(number: int) -> list[str]:
    return sorted(f"web-{n}" for n in range(number))


def test_up_to_the_number_each_is_told_by_itself(machine: Callable[[], Machine]) -> None:
    here = machine()
    for alert in alerts(MOST):
        assert here.notifier.notify(alert)
    assert [alert.name for alert in here.said] == names(MOST)
    assert here.sent == []


def test_the_next_minute_begins_anew(machine: Callable[[], Machine]) -> None:
    here = machine()
    first, second = alerts(2 * MOST)[:MOST], alerts(2 * MOST)[MOST:]
    for alert in first:
        here.notifier.notify(alert)
    here.clock += timedelta(minutes=1)
    assert all(here.notifier.notify(alert) for alert in second)


def test_what_comes_beyond_is_in_one_digest_after_the_minute(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.deliver_until_done(list(alerts(MOST + 40)))
    assert [alert.transition for alert in here.said] == ["opened"] * MOST + ["burst"]
    digest = here.said[-1]
    assert digest.name == "40 alerts"
    assert digest.sections[0].title == "Drift: 40"
    assert len(digest.sections[0].lines) + digest.sections[0].omitted == 40
    assert digest.reasons == ("40 MEDIUM", "sidecar.image-pinned: 40")
    assert here.delays == [31]


def test_a_message_that_asks_for_the_digest_is_sent_once_a_minute(machine: Callable[[], Machine]) -> None:
    here = machine()
    for alert in alerts(MOST + 5):
        here.once(alert)
    assert len(here.sent) == 1
    assert BurstDue.model_validate_json(here.sent[0]).minute == MINUTE


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_a_correction_that_went_wrong_and_a_digest_wait_for_nobody(
    machine: Callable[[], Machine], severity: Severity
) -> None:
    here = machine()
    for alert in alerts(MOST):
        here.notifier.notify(alert)
    failed = samples.outcome("refused").model_copy(update={"severity": severity, "id": "failed"})
    assert here.notifier.notify(failed)
    assert here.notifier.notify(samples.messages()["digest"])
    assert not here.notifier.notify(samples.registered())
    assert not here.notifier.notify(alerts(MOST + 1, severity=Severity.CRITICAL)[-1])


def test_more_than_one_digest_holds_are_told_in_several(
    machine: Callable[[], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.notification.notifier._MOST", 4)
    here = machine()
    here.deliver_until_done(list(alerts(MOST + 10)))
    assert [alert.name for alert in here.said[MOST:]] == ["4 alerts", "4 alerts", "2 alerts"]
    assert here.told() == names(MOST + 10)


def test_an_alert_that_comes_again_while_it_waits_is_in_the_digest_once(machine: Callable[[], Machine]) -> None:
    """As after a function that died before it could write down that it was done: minutes later, when all is calm."""
    here = machine()
    some = alerts(MOST + 2)
    for alert in some:
        here.once(alert)
    here.clock += timedelta(minutes=6)
    assert not here.notifier.notify(some[-1])
    here.deliver_until_done([])
    assert here.told() == names(MOST + 2)
    assert not here.notifier.notify(some[-1])
    here.deliver_until_done([])
    assert here.told() == names(MOST + 2)


def test_a_function_that_dies_after_any_step_loses_nothing(machine: Callable[[], Machine]) -> None:
    """And tells nothing twice, but where it died between telling and writing that down."""

    def die() -> None:
        raise Died

    for number in count(1):
        here = machine()
        twice = list[bool]()

        def dying(here: Machine = here, twice: list[bool] = twice) -> None:
            twice.append(bool(here.said) and here.said[-1].id not in here.done)
            die()

        here.at[number] = dying
        here.deliver_until_done(list(alerts(MOST + 2)))
        if not twice:  # there are no more steps
            break
        told = here.told()
        assert set(told) == set(names(MOST + 2)), number
        if not twice[0]:
            assert told == names(MOST + 2), number
    assert number > 30


@pytest.mark.parametrize("one", ["alert", "digest"])
@pytest.mark.parametrize("other", ["alert", "same alert", "digest"])
def test_two_functions_at_a_time_end_as_one_after_the_other_would(
    machine: Callable[[], Machine], one: str, other: str
) -> None:
    """After each step of the one the other does all its work, in the same minute."""
    first = MOST if one == "alert" else MOST + 2  # whether the one is the first to ask for a digest
    some = alerts(first + 2)
    burst = BurstDue(minute=MINUTE).model_dump_json()

    def work(which: str) -> Alert | str:
        return burst if which == "digest" else some[-1] if which == "same alert" else some[-2]

    for number in count(1):
        here = machine()
        for alert in some[:first]:
            here.once(alert)
        interrupted = list[bool]()
        again = list[Alert | str]()

        def deliver(message: Alert | str, here: Machine = here, again: list[Alert | str] = again) -> None:
            if message == burst:
                here.sent.clear()  # it is the one that was sent
            try:
                here.deliver(message)
            except Busy:
                again.append(message)

        def meanwhile(interrupted: list[bool] = interrupted, deliver: Callable[[Alert | str], None] = deliver) -> None:
            interrupted.append(True)
            deliver(work(other))

        here.at[here.steps + number] = meanwhile
        deliver(some[-1] if one == "alert" else burst)
        if not interrupted:
            break
        here.deliver_until_done([*again, some[-1], some[-2]])
        assert here.told() == names(first + 2), number
    assert number > 4


def test_an_alert_is_read_raw_and_from_the_envelope_of_sns() -> None:
    alert = samples.opened()
    envelope = {"Type": "Notification", "MessageId": "1", "Message": alert.model_dump_json()}
    assert read_message(alert.model_dump_json()) == read_message(json.dumps(envelope)) == alert


@pytest.mark.parametrize(
    "body", ["", "[]", "null", '"canary"', '{"Type": "Notification"}', '{"Type": "Notification", "Message": "canary"}',
             '{"Type": "Notification", "Message": {"canary": 1}}', '{"id": "canary"}'],
)  # fmt: skip
def test_what_is_no_alert_is_refused_without_showing_it(body: str) -> None:
    with pytest.raises(AlertUnreadable) as caught:
        read_message(body)
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__
