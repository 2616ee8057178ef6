"""Alerts of a batch: a number of them sent one by one, the rest in one digest, none lost and none sent twice."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from aws.sent_alerts import SentAlerts
from aws.sessions import Sessions
from domain.findings.alert import Alert
from domain.severity import Severity
from operations.notification.notifier import (
    AlertUnreadable,
    Notifier,
    NotSent,
    Outcome,
    Sent,
    SentBefore,
    divided,
    read_alert,
)
from operations.notification.posting import SlackRefused
from tests.reports import samples

MOST = 2
LIFE = 60  # seconds that a function may run


class Died(BaseException):
    """What a function that dies leaves behind: nothing is caught, nothing is undone."""


class Machine:
    """The notifier with its table and people; every step of it may be the last, or be interrupted."""

    def __init__(self, aws: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = 1_785_580_950.0
        self.messages: list[Alert] = []
        self.refusals = dict[str, Exception]()  # alert id → what the channel raises once
        self.steps = 0
        self.at: dict[int, Callable[[], None]] = {}
        self.seconds_left: Callable[[], float] = lambda: LIFE
        self.notifier = Notifier(self, SentAlerts(aws, "ledger"), MOST)
        monkeypatch.setattr("aws.sent_alerts.time", lambda: self.clock)

    def step[T](self, doing: Callable[[], T]) -> T:
        """One thing that has an effect; something else may come after it."""
        self.steps += 1
        number = self.steps
        try:
            return doing()
        finally:
            self.at.pop(number, lambda: None)()

    def send(self, alert: Alert) -> None:
        """As the channel."""
        if (refusal := self.refusals.pop(alert.id, None)) is not None:
            raise refusal
        self.step(lambda: self.messages.append(alert))

    def notify(self, *alerts: Alert) -> dict[str, Outcome]:
        return self.notifier.notify(alerts, self.seconds_left)

    def retried(self, *alerts: Alert) -> None:
        """Those that were not sent again, as the queue does, until none is left."""
        left = list(alerts)
        while left:
            outcomes: dict[str, Outcome] = {}
            with suppress(Died):
                outcomes = self.notify(*left)
            self.clock += 6 * LIFE
            left = [alert for alert in left if isinstance(outcomes.get(alert.id, NotSent("died")), NotSent)]

    def shown(self) -> list[str]:
        """The families that people read of, in messages of their own and in digests."""
        found = list[str]()
        for alert in self.messages:
            lines = [line.text for section in alert.sections for line in section.lines]
            found += [text.split()[1].strip(",:") for text in lines] if alert.transition == "burst" else [alert.name]
        return found


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Machine]]:
    """Makes machines, each with a table of its own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    running: list[Machine] = []
    original: Any = BaseClient._make_api_call  # type: ignore[attr-defined] # the stubs leave it out

    def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        if not running:
            return original(client, operation, arguments)
        return running[-1].step(lambda: original(client, operation, arguments))

    with mock_aws():
        sessions = Sessions()
        client = sessions.own("dynamodb")
        monkeypatch.setattr(BaseClient, "_make_api_call", call)

        def made() -> Machine:
            running.clear()
            with suppress(client.exceptions.ResourceNotFoundException):
                client.delete_table(TableName="ledger")
            client.create_table(
                TableName="ledger",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            )
            running.append(Machine(sessions, monkeypatch))
            return running[-1]

        yield made


def alerts(number: int, **members: Any) -> list[Alert]:
    """Each of a finding of its own."""
    return [
        samples.opened().model_copy(update={"id": f"a{n}", "name": f"web-{n}", "finding": f"f{n}", **members})
        for n in range(number)
    ]


def names(number: int) -> list[str]:
    return sorted(f"web-{n}" for n in range(number))


def test_up_to_the_number_each_is_sent_by_itself(machine: Callable[[], Machine]) -> None:
    here = machine()
    assert here.notify(*alerts(MOST)) == dict.fromkeys(("a0", "a1"), Sent(in_digest=False))
    assert here.shown() == names(MOST)


def test_what_is_beyond_is_in_one_digest_and_each_is_sent_once(machine: Callable[[], Machine]) -> None:
    here = machine()
    outcomes = here.notify(*alerts(MOST + 40))
    assert [alert.transition for alert in here.messages] == ["opened"] * MOST + ["burst"]
    assert [outcome for outcome in outcomes.values() if outcome == Sent(in_digest=True)] == [Sent(in_digest=True)] * 40
    digest = here.messages[-1]
    assert digest.name == "40 alerts"
    assert digest.sections[0].title == "Drift: 40"
    assert len(digest.sections[0].lines) + digest.sections[0].omitted == 40
    assert digest.reasons == ("40 MEDIUM", "sidecar.image-pinned: 40")
    assert set(here.notify(*alerts(MOST + 40)).values()) == {SentBefore()}
    assert len(here.messages) == MOST + 1


def test_what_was_sent_before_takes_no_place(machine: Callable[[], Machine]) -> None:
    here = machine()
    some = alerts(2 * MOST)
    here.notify(*some[:MOST])
    here.notify(*some)
    assert [alert.transition for alert in here.messages] == ["opened"] * 2 * MOST


def test_a_single_one_beyond_is_no_digest(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.notify(*alerts(MOST + 1))
    assert [alert.transition for alert in here.messages] == ["opened"] * (MOST + 1)


def test_an_alert_that_a_batch_holds_twice_is_sent_once(machine: Callable[[], Machine]) -> None:
    here = machine()
    (alert,) = alerts(1)
    assert here.notify(alert, alert) == {"a0": Sent(in_digest=False)}
    assert len(here.messages) == 1


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_a_correction_that_went_wrong_and_a_digest_are_in_no_digest(severity: Severity) -> None:
    failed = samples.outcome("refused").model_copy(update={"severity": severity, "id": "failed"})
    daily = samples.messages()["daily"]
    others = [*alerts(MOST + 2, severity=Severity.CRITICAL), samples.outcome("superseded")]
    singly, together = divided([*others, failed.model_copy(update={"name": "cart"}), daily], MOST)
    assert [alert.id for alert in singly] == ["a0", "a1", "failed", daily.id]
    assert together == others[MOST:]


def test_what_came_of_a_family_before_its_correction_failed_is_sent_before_that() -> None:
    registered = samples.registered()
    failed = samples.outcome("failed").model_copy(update={"severity": Severity.HIGH, "id": "failed"})
    assert registered.thread == failed.thread
    singly, together = divided([*alerts(MOST + 2), registered, failed], MOST)
    assert singly[MOST:] == [registered, failed]
    assert [alert.id for alert in together] == ["a2", "a3"]


def test_the_queue_may_mix_up_what_becomes_of_a_finding(machine: Callable[[], Machine]) -> None:
    here = machine()
    opened, closed = samples.opened(), samples.closed()
    later = closed.model_copy(update={"occurred": opened.occurred + timedelta(seconds=1)})
    here.notify(later, opened)
    assert [alert.transition for alert in here.messages] == ["opened", "closed"]


# --- what fails -------------------------------------------------------------------------------------------------------


def test_only_what_was_not_sent_is_tried_again(machine: Callable[[], Machine]) -> None:
    here = machine()
    some = alerts(MOST)
    here.refusals["a0"] = SlackRefused("Busy.", after=17)
    assert here.notify(*some) == {"a0": NotSent("Busy.", 17), "a1": Sent(in_digest=False)}
    assert here.notify(*some) == {"a0": Sent(in_digest=False), "a1": SentBefore()}
    assert here.shown() == ["web-1", "web-0"]


def test_what_follows_in_a_findings_thread_waits_for_what_slack_asks_to_retry(machine: Callable[[], Machine]) -> None:
    here = machine()
    first, second, other, beyond, more = alerts(5)
    second, beyond = (each.model_copy(update={"finding": first.finding}) for each in (second, beyond))
    here.refusals[first.id] = SlackRefused("Busy.", after=17)
    batch = (first, second, other, beyond, more)
    outcomes = here.notify(*batch)
    assert {id_ for id_, outcome in outcomes.items() if outcome == NotSent("Busy.", 17)} == {"a0", "a1", "a3"}
    here.notify(*batch)
    assert here.shown() == ["web-2", "web-4", "web-0", "web-1", "web-3"]


def test_what_slack_rejects_holds_up_nothing(machine: Callable[[], Machine]) -> None:
    here = machine()
    first, second = alerts(2, finding="f")
    here.refusals[first.id] = SlackRefused("No.")
    assert here.notify(first, second) == {"a0": NotSent("No."), "a1": Sent(in_digest=False)}


def test_a_digest_that_is_refused_is_tried_again_with_all_that_is_in_it(machine: Callable[[], Machine]) -> None:
    here = machine()
    some = alerts(MOST + 3)
    sent: Any = here.notifier.channel.send

    def send(alert: Alert) -> None:
        if alert.transition == "burst" and not refused:
            refused.append(alert)
            raise SlackRefused("Busy.", after=3)
        sent(alert)

    refused = list[Alert]()
    here.send = send  # type: ignore[method-assign] # the channel fails once
    outcomes = here.notify(*some)
    assert [id_ for id_, outcome in outcomes.items() if outcome == NotSent("Busy.", 3)] == ["a2", "a3", "a4"]
    here.notify(*some)
    assert sorted(here.shown()) == names(MOST + 3)


def test_an_alert_that_cannot_be_shown_holds_up_no_other_and_is_not_repeated(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.refusals["a0"] = KeyError("c4nary")
    outcomes = here.notify(*alerts(2))
    assert isinstance(failed := outcomes["a0"], NotSent)
    assert failed.reason.startswith("KeyError at ")
    assert "c4nary" not in failed.reason
    assert here.shown() == ["web-1"]


def test_a_digest_that_cannot_be_made_is_tried_again_and_holds_up_no_other(
    machine: Callable[[], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any, **__: Any) -> Alert:
        raise TypeError("c4nary")

    here = machine()
    with monkeypatch.context() as broken:
        broken.setattr("operations.notification.notifier.burst_of", failing)
        outcomes = here.notify(*alerts(MOST + 2))
    assert [id_ for id_, outcome in outcomes.items() if isinstance(outcome, NotSent)] == ["a2", "a3"]
    here.notify(*alerts(MOST + 2))
    assert here.shown() == names(MOST + 2)


def test_without_time_for_another_message_the_rest_is_tried_again(machine: Callable[[], Machine]) -> None:
    here = machine()
    some = alerts(MOST + 2)
    here.seconds_left = lambda: 60 if not here.messages else 29
    outcomes = here.notify(*some)
    assert outcomes.pop("a0") == Sent(in_digest=False)
    assert {type(outcome) for outcome in outcomes.values()} == {NotSent}
    here.seconds_left = lambda: 60
    here.notify(*some)
    assert sorted(here.shown()) == names(MOST + 2)


def test_a_function_that_dies_after_any_step_loses_nothing(machine: Callable[[], Machine]) -> None:
    """And sends nothing twice, but the one message after which it died before it was recorded."""

    def die() -> None:
        raise Died

    some = alerts(MOST + 3)
    for number in count(1):
        here = machine()
        died = list[int]()

        def dying(here: Machine = here, died: list[int] = died) -> None:
            died.append(len(here.messages))
            die()

        here.at[number] = dying
        here.retried(*some)
        if not died:  # there are no more steps
            break
        shown = here.shown()
        assert set(shown) == set(names(MOST + 3)), number
        repeated = {name for name in shown if shown.count(name) > 1}
        last = here.messages[died[0] - 1] if died[0] else None
        assert repeated <= ({last.name} if last and last.transition == "opened" else set(names(MOST + 3)[MOST:])), (
            number
        )
    assert number > 12


@pytest.mark.parametrize("number", [1, MOST + 3])
def test_two_functions_at_a_time_send_nothing_twice(machine: Callable[[], Machine], number: int) -> None:
    """After each step of the one the other tries to send the same alerts."""
    some = alerts(number)
    for step in count(1):
        here = machine()
        interrupted = list[dict[str, Outcome]]()

        def meanwhile(here: Machine = here, interrupted: list[dict[str, Outcome]] = interrupted) -> None:
            interrupted.append(here.notify(*some))

        here.at[step] = meanwhile
        outcomes = here.notify(*some)
        if not interrupted:
            break
        for id_ in outcomes:
            pair = (outcomes[id_], interrupted[0][id_])
            assert any(isinstance(outcome, Sent | SentBefore) for outcome in pair), (step, pair)
        here.retried(*some)
        assert sorted(here.shown()) == names(number), step
    assert step > 2


def test_an_alert_that_another_function_is_sending_is_tried_again_soon(machine: Callable[[], Machine]) -> None:
    here = machine()
    (alert,) = alerts(1)
    here.notifier.sent.claim(alert.id, LIFE)
    assert isinstance(waits := here.notify(alert)[alert.id], NotSent)
    assert waits.after == 15
    here.clock += LIFE + 1  # the other must be dead by now
    assert here.notify(alert) == {alert.id: Sent(in_digest=False)}


# --- what is read -----------------------------------------------------------------------------------------------------


def test_an_alert_is_read_raw_and_from_the_envelope_of_sns() -> None:
    alert = samples.opened()
    envelope = {"Type": "Notification", "MessageId": "1", "Message": alert.model_dump_json()}
    assert read_alert(alert.model_dump_json()) == read_alert(json.dumps(envelope)) == alert


@pytest.mark.parametrize(
    "body", ["", "[]", "null", '"canary"', '{"Type": "Notification"}', '{"Type": "Notification", "Message": "canary"}',
             '{"Type": "Notification", "Message": {"canary": 1}}', '{"id": "canary"}'],
)  # fmt: skip
def test_what_is_no_alert_is_refused_without_showing_it(body: str) -> None:
    with pytest.raises(AlertUnreadable) as caught:
        read_alert(body)
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__
