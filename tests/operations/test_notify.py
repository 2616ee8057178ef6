"""Alerts of threads: one message for what belongs together, none lost, and none shown twice."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from aws.ledger import Ledger
from aws.sessions import Sessions
from domain.findings.alert import Alert
from domain.findings.thread import Head
from domain.severity import Severity
from operations.notification.notifier import (
    AlertUnreadable,
    Notifier,
    NotSent,
    Outcome,
    Received,
    Recorded,
    Sent,
    SentBefore,
    Waiting,
    read_alert,
)
from operations.notification.posting import Post, SlackRefused
from tests.reports import samples, threads

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
            running.append(Machine(sessions))
            return running[-1]

        yield made


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


# --- one message ------------------------------------------------------------------------------------------------------


def test_what_one_change_brings_about_is_one_message(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    assert here.notify(*some[:2]) == {alert.id: Waiting(WAIT) for alert in some[:2]}
    here.clock += 20
    assert here.notify(*some[2:]) == {alert.id: Waiting(WAIT - 20) for alert in some[2:]}
    assert here.posts == []
    here.clock += 40
    assert kinds(here.notify(*some[:2])) == {Sent}
    assert kinds(here.notify(*some[2:])) == {SentBefore}
    assert here.headers == ["🟠 Drift: web"]


def test_a_story_by_webhook_has_a_first_and_a_last_message(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened(), threads.rolling())
    assert kinds(here.later(threads.deployed(), *threads.closed(threads.opened()))) == {Sent}
    assert here.headers == ["🟠 Drift: web", "✅ Resolved: web"]


def test_what_is_over_before_its_first_message_has_only_one(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened(), threads.rolling(), threads.deployed(), *threads.closed(threads.opened()))
    assert here.headers == ["✅ Resolved: web"]


def test_a_step_that_outrider_takes_is_shown_by_the_next_message(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened())
    assert kinds(here.later(threads.rolling())) == {Recorded}
    some = threads.closed(threads.opened())
    assert kinds(here.later(*some[1:])) == {Recorded}
    assert len(here.posts) == 1
    here.later(threads.deployed(), some[0])
    assert here.headers[1:] == ["✅ Resolved: web"]
    assert any("web:8 runs on shop/web" in part for part in here.posts[1].message.parts)
    assert any("5 findings are closed" in part for part in here.posts[1].message.parts)


def test_a_correction_that_leaves_a_drift_says_so_when_its_closings_had_time(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened(), threads.rolling())
    some = [threads.deployed(), *threads.closed(threads.opened()[1:], threads.opened()[0].rule)]
    assert kinds(here.later(*some)) == {Waiting, Recorded}
    here.clock += 4 * WAIT
    assert here.notify(some[0]) == {some[0].id: Sent(threads.KEY)}
    assert here.headers[1:] == ["🟡 Partly corrected: web"]


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_a_correction_that_failed_waits_for_nothing(machine: Callable[[], Machine], severity: Severity) -> None:
    here = machine()
    here.notify(*threads.opened())
    failed = samples.of_corrections()["failed"].model_copy(update={"severity": severity})
    assert kinds(here.notify(failed)) == {Sent}
    assert [header[2:] for header in here.headers] == ["Correction failed: web"]
    here.clock += WAIT
    assert kinds(here.notify(*threads.opened())) == {SentBefore}


def test_a_service_that_is_being_updated_and_what_outriders_own_call_shows_raise_no_alarm(
    machine: Callable[[], Machine],
) -> None:
    here = machine()
    here.later(*threads.opened()[:-1], threads.rolling())
    behind = threads.opened()[-1]
    own = samples.finding_alert("sidecar.present", "web", samples.WEB, threads.SERVICE).model_copy(update={"own": True})
    assert kinds(here.later(behind, own)) == {Recorded}
    here.later(samples.of_corrections()["failed"])
    assert here.headers == ["🟠 Drift: web", "🟠 Correction failed: web"]
    assert sum("service `shop/web`" in part for part in here.posts[1].message.parts) == 1


def test_what_a_correction_brings_up_is_shown_with_its_outcome(machine: Callable[[], Machine]) -> None:
    """Outrider's own revision may show a drift that the earlier one hid: people read of it once it is deployed."""
    here = machine()
    here.later(*threads.opened()[:-1], threads.rolling())
    own = samples.finding_alert("sidecar.present", "web", samples.WEB, threads.SERVICE).model_copy(update={"own": True})
    here.later(own)
    here.later(threads.deployed(), *threads.closed(threads.opened()[:-1], "sidecar.present"), seconds=5 * WAIT)
    assert [header[2:] for header in here.headers] == ["Drift: web", "Partly corrected: web"]


def test_a_drift_that_is_raised_before_the_first_message_is_a_drift(machine: Callable[[], Machine]) -> None:
    """Its service was created within the wait. Of one that people know, or that is older, they read that it rose."""
    opened = threads.opened()[0]
    raised = opened.model_copy(update={"id": "raised", "sequence": opened.sequence + 1, "transition": "raised"})
    here = machine()
    here.later(opened, raised)
    assert here.headers == ["🟡 Drift: web"]
    here.later(raised.model_copy(update={"id": "once more", "sequence": opened.sequence + 2}))
    assert here.headers[1:] == ["🟡 Drift, now more severe: web"]
    older = machine()
    older.later(raised.model_copy(update={"since": opened.occurred - timedelta(days=1)}))
    assert older.headers == ["🟡 Drift, now more severe: web"]


def test_what_opens_after_the_end_begins_again(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened())
    here.later(*threads.closed(threads.opened()))
    again = threads.opened()[0].model_copy(update={"id": "again", "sequence": 10, "transition": "reopened"})
    here.later(again)
    assert here.headers[2:] == ["🟡 Drift again: web"]


def test_the_queue_may_change_the_order_of_a_findings_transitions(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.closed(threads.opened()[:1]))
    assert here.later(threads.opened()[0]) == {threads.opened()[0].id: SentBefore()}
    assert [header[2:] for header in here.headers] == ["Resolved: web"]


def test_a_correction_that_ended_is_not_under_way_again(machine: Callable[[], Machine]) -> None:
    """The alert that a service is being updated is received late. What opens then is no step of that correction."""
    here, some = machine(), threads.opened()
    here.later(*some, threads.deployed(), *threads.closed(some), seconds=5 * WAIT)
    assert kinds(here.later(threads.rolling())) == {SentBefore}
    again = {"id": "again", "sequence": 10, "transition": "reopened", "occurred": samples.THEN + timedelta(hours=1)}
    here.later(some[-1].model_copy(update=again))
    assert [header[2:] for header in here.headers] == ["Resolved: web", "Drift again: service shop/web"]


def test_what_is_exempt_or_no_longer_evaluated_is_not_shown_as_open(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.later(*some)
    worse = {"id": "worse", "sequence": 3, "transition": "raised", "open": (some[1].rule,)}
    here.later(some[1].model_copy(update=worse | {"occurred": samples.THEN + timedelta(hours=1)}))
    said = "\n".join(here.posts[1].message.parts)
    assert some[1].rule in said
    assert not any(alert.rule in said for alert in some if alert.rule not in {some[1].rule, "service.platform-version"})


def test_what_was_open_on_a_service_that_is_deleted_does_not_keep_a_thread_open(
    machine: Callable[[], Machine],
) -> None:
    """No alert says so: the finding is gone. The closings of the family list what runs it."""
    here, some = machine(), threads.opened()
    here.later(*some)
    here.later(*(alert.model_copy(update={"users": ()}) for alert in threads.closed(some[:-1])))
    assert [header[2:] for header in here.headers] == ["Drift: web", "Resolved: web"]


def ended(transition: str, *some: Alert) -> list[Alert]:
    """The same findings, which became exempt or gone."""
    since = samples.THEN + timedelta(hours=1)
    update = {"transition": transition, "sequence": 9, "occurred": since, "drifts": (), "changes": (), "open": ()}
    return [each.model_copy(update=update | {"id": f"{transition} {each.id}"}) for each in some]


@pytest.mark.parametrize(("transition", "state"), [("exempted", "exempt"), ("gone", "gone")])
def test_a_bot_changes_the_message_of_what_became_exempt_or_is_gone_and_sends_none(
    machine: Callable[[], Machine], transition: str, state: str
) -> None:
    here, some = machine(), threads.opened()
    here.follows = True
    here.later(*some)
    here.later(*ended(transition, *some[:2]))
    here.later(*ended(transition, *some[2:]))
    first, fewer, last = here.posts
    head = Head(channel="C0", ts="1.0")
    assert [(post.head, post.silent, post.reply) for post in (fewer, last)] == [(head, True, None)] * 2
    assert [post.message.header[2:] for post in here.posts] == ["Drift: web", "Drift: web", "Resolved: web"]
    assert f"2 findings are {state}" in "\n".join(fewer.message.parts)
    assert some[0].rule not in "\n".join(fewer.message.parts).partition(f"findings are {state}")[0]
    assert f"{len(some)} findings are {state}" in "\n".join(last.message.parts)
    assert "corrected" not in "\n".join(last.message.parts)
    assert first.head is None


def test_a_webhook_sends_nothing_about_it_and_the_next_message_shows_it(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.later(*some)
    assert kinds(here.later(*ended("exempted", *some[:2]))) == {Recorded}
    here.later(*threads.closed(some[2:]))
    _, last = here.posts
    said = "\n".join(last.message.parts)
    assert "2 findings are exempt" in said
    assert f"{len(some) - 2} findings are closed" in said


def test_very_many_that_become_exempt_at_once_are_no_digest(machine: Callable[[], Machine]) -> None:
    here, some = machine(), alerts(2 * MOST)
    here.follows = True
    for each in some:
        here.later(each)
    here.later(*ended("exempted", *some))
    changed = here.posts[len(some) :]
    assert len(changed) == len(some)
    assert all(post.silent for post in changed)


def test_what_becomes_exempt_before_anybody_read_of_it_is_in_no_message(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.follows = True
    here.notify(*some)
    here.later(*some, *ended("exempted", *some))
    assert here.posts == []


def test_a_bot_edits_its_message_and_replies(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.follows = True
    here.later(*threads.opened())
    for each in (threads.rolling(), threads.deployed()):
        here.later(each, seconds=5 * WAIT)
    here.later(*threads.closed(threads.opened()))
    worse = threads.opened()[0].model_copy(update={"id": "worse", "sequence": 10})
    here.later(worse)
    first, rolling, deployed, last, anew = here.posts
    assert (first.head, first.reply) == (None, None)
    assert all(post.head == Head(channel="C0", ts="1.0") for post in (rolling, deployed, last))
    assert [post.loud for post in here.posts] == [False, False, True, False, False]
    assert [post.message.header[2:] for post in (rolling, last)] == ["Drift: web", "Resolved: web"]
    assert (anew.head, anew.reply) == (None, None)


def test_what_is_only_low_waits_for_the_end_of_the_quiet_hours(machine: Callable[[], Machine]) -> None:
    here = machine()
    until = here.now() + timedelta(hours=9)
    low, medium = (
        each.model_copy(update={"severity": severity, "not_before": not_before})
        for each, severity, not_before in zip(
            threads.opened(), (Severity.LOW, Severity.MEDIUM), (until, None), strict=False
        )
    )
    other = low.model_copy(update={"id": "other", "thread": f"{samples.PLACE}/family/other"})
    assert kinds(here.later(low, other)) == {Waiting}
    assert here.notify(other)[other.id] == Waiting(9 * 3600 - WAIT)
    here.later(medium)
    assert here.headers == ["🟡 Drift: web"]
    here.clock = until.timestamp()
    assert kinds(here.notify(low, other)) == {Sent, SentBefore}


def test_a_bot_posts_to_the_channel_of_the_most_severe_finding(machine: Callable[[], Machine]) -> None:
    here = machine()
    first, second = threads.opened()[:2]
    assert second.severity > first.severity
    here.later(first.model_copy(update={"channel": "C1"}), second.model_copy(update={"channel": "C2"}))
    assert [post.channel for post in here.posts] == ["C2"]


def test_what_is_over_before_its_first_message_goes_where_its_alerts_go(machine: Callable[[], Machine]) -> None:
    here, some = machine(), [alert.model_copy(update={"channel": "C2"}) for alert in threads.opened()]
    here.follows = True
    here.later(*some, *(alert.model_copy(update={"channel": "C2"}) for alert in threads.closed(some)))
    assert [(post.channel, post.message.header) for post in here.posts] == [("C2", "✅ Resolved: web")]


def test_what_a_person_corrected_after_a_failure_is_resolved(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*threads.opened(), samples.of_corrections()["failed"])
    here.later(*threads.closed(threads.opened()))
    assert here.headers == ["🟠 Correction failed: web", "✅ Resolved: web"]


# --- many at once -----------------------------------------------------------------------------------------------------


def test_up_to_the_number_each_is_sent_by_itself(machine: Callable[[], Machine]) -> None:
    here = machine()
    assert kinds(here.later(*alerts(MOST))) == {Sent}
    assert here.shown() == names(MOST)


def test_what_is_beyond_is_in_one_digest_and_each_is_sent_once(machine: Callable[[], Machine]) -> None:
    here = machine()
    outcomes = here.later(*alerts(MOST + 40))
    assert [post.message.alert.transition for post in here.posts] == ["opened"] * MOST + ["burst"]
    assert [outcome for outcome in outcomes.values() if isinstance(outcome, Sent) and outcome.in_digest] == [
        Sent("digest", in_digest=True)
    ] * 40
    digest = here.posts[-1].message.alert
    assert digest.name == "40 messages"
    assert digest.sections[0].title == "Drift: 40"
    assert len(digest.sections[0].lines) + digest.sections[0].omitted == 40
    assert digest.reasons == ("40 MEDIUM", "sidecar.image-pinned: 40")
    assert kinds(here.notify(*alerts(MOST + 40))) == {SentBefore}
    assert len(here.posts) == MOST + 1


def test_a_digest_is_no_message_of_a_thread(machine: Callable[[], Machine]) -> None:
    """A bot never changes it."""
    here = machine()
    here.follows = True
    some = alerts(MOST + 2)
    here.later(*some)
    worse = {"transition": "raised", "sequence": 2}
    here.later(*(alert.model_copy(update=worse | {"id": f"{alert.id} again"}) for alert in some))
    of_digest = {"web-2", "web-3"}
    assert all(post.head is None for post in here.posts if post.message.alert.name in of_digest)


def test_a_single_one_beyond_is_no_digest(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*alerts(MOST + 1))
    assert [post.message.alert.transition for post in here.posts] == ["opened"] * (MOST + 1)


def test_what_is_urgent_is_in_no_digest(machine: Callable[[], Machine]) -> None:
    here = machine()
    failed, daily = samples.of_corrections()["failed"], samples.messages()["daily"]
    here.later(*alerts(MOST + 3), failed, daily)
    found = [post.message.alert.transition for post in here.posts]
    assert sorted(found) == sorted(["daily", "failed", *["opened"] * MOST, "burst"])


# --- what fails -------------------------------------------------------------------------------------------------------


def test_what_slack_asks_to_retry_is_sent_with_what_came_meanwhile(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.refusals = [SlackRefused("Busy.", after=17)]
    assert here.later(*some[:2]) == dict.fromkeys([alert.id for alert in some[:2]], NotSent("Busy.", 17))
    here.clock += 17
    here.notify(*some[2:])
    assert len(here.posts) == 1
    assert kinds(here.notify(*some[:2])) == {SentBefore}


def test_what_slack_rejects_holds_up_nothing(machine: Callable[[], Machine]) -> None:
    here, some = machine(), threads.opened()
    here.refusals = [SlackRefused("No.")]
    assert here.later(some[0]) == {some[0].id: NotSent("No.")}
    assert kinds(here.later(*some[1:])) == {Sent}
    assert kinds(here.notify(some[0])) == {Sent}


def test_a_digest_that_is_refused_is_tried_again_with_all_that_is_in_it(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*alerts(MOST))
    here.refusals = []
    some = alerts(MOST + 3)
    sent: Any = here.send

    def send(post: Post) -> Head | None:
        if post.message.alert.transition == "burst" and not refused:
            refused.append(post)
            raise SlackRefused("Busy.", after=3)
        found: Head | None = sent(post)
        return found

    refused = list[Post]()
    here.send = send  # type: ignore[method-assign] # the channel fails once
    more = [alert.model_copy(update={"id": f"b{n}", "thread": f"{alert.thread}-b", "name": f"{alert.name}-b",
                                     "finding": f"{alert.finding}-b"}) for n, alert in enumerate(some)]  # fmt: skip
    outcomes = here.later(*more)
    assert [id_ for id_, outcome in outcomes.items() if outcome == NotSent("Busy.", 3)] == ["b2", "b3", "b4"]
    here.notify(*more)
    assert sorted(here.shown()[MOST:]) == [f"{name}-b" for name in names(MOST + 3)]


def test_a_message_that_cannot_be_made_holds_up_no_other_and_is_not_repeated(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.refusals = [KeyError("c4nary")]
    outcomes = here.later(*alerts(2))
    assert isinstance(failed := outcomes["a0"], NotSent)
    assert failed.reason.startswith("KeyError at ")
    assert "c4nary" not in failed.reason
    assert here.shown() == ["web-1"]


def test_without_time_for_another_message_the_rest_is_tried_again(machine: Callable[[], Machine]) -> None:
    here = machine()
    some = alerts(MOST + 2)
    here.seconds_left = lambda: 60 if not here.posts else 29
    outcomes = here.later(*some)
    assert isinstance(outcomes.pop("a0"), Sent)
    assert kinds(outcomes) == {NotSent}
    here.seconds_left = lambda: 60
    here.notify(*some)
    assert sorted(here.shown()) == names(MOST + 2)


def story() -> Sequence[Alert]:
    return [*threads.opened()[:2], *alerts(MOST + 2)]


def test_a_function_that_dies_after_any_step_loses_nothing(machine: Callable[[], Machine]) -> None:
    """And sends nothing twice, but the one message after which it died before it was recorded."""

    def die() -> None:
        raise Died

    for number in count(1):
        here = machine()
        died = list[int]()

        def dying(here: Machine = here, died: list[int] = died) -> None:
            died.append(len(here.posts))
            die()

        here.at[number] = dying
        here.retried(*story())
        if not died:  # there are no more steps
            break
        shown = here.shown()
        assert set(shown) == {"web", *names(MOST + 2)}, number
        repeated = {name for name in shown if shown.count(name) > 1}
        last = here.posts[died[0] - 1].message.alert if died[0] else None
        burst = last is not None and last.transition == "burst"
        assert repeated <= ({"web", *names(MOST + 2)} if burst or last is None else {last.name}), number
        assert not repeated or died[0], number
    assert number > 12


@pytest.mark.parametrize("number", [1, MOST + 3])
def test_two_functions_at_a_time_send_nothing_twice(machine: Callable[[], Machine], number: int) -> None:
    """After each step of the one the other tries to send the same alerts."""
    some = alerts(number)
    for step in count(1):
        here = machine()
        here.notify(*some)
        here.clock += WAIT
        interrupted = list[dict[str, Outcome]]()

        def meanwhile(here: Machine = here, interrupted: list[dict[str, Outcome]] = interrupted) -> None:
            interrupted.append(here.notify(*some))

        here.at[here.steps + step] = meanwhile
        outcomes = here.notify(*some)
        if not interrupted:
            break
        for id_ in outcomes:
            pair = (outcomes[id_], interrupted[0][id_])
            assert any(isinstance(outcome, Sent | SentBefore) for outcome in pair), (step, pair)
        here.retried(*some)
        assert sorted(here.shown()) == names(number), step
    assert step > 2


def test_a_thread_that_another_function_is_sending_waits_until_that_one_must_be_dead(
    machine: Callable[[], Machine],
) -> None:
    here = machine()
    (alert,) = alerts(1)
    here.notify(alert)
    here.clock += WAIT

    def die() -> None:
        raise Died

    here.at[here.steps + 2] = die  # it has read the thread and claimed it
    with pytest.raises(Died):
        here.notify(alert)
    assert here.notify(alert) == {alert.id: Waiting(LIFE)}
    here.clock += LIFE
    assert kinds(here.notify(alert)) == {Sent}


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
