"""Many alerts at once, what fails while they are sent, and what is no alert."""

import json
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest

from domain.findings.alert import Alert
from domain.findings.thread import Head
from operations.notification.notifier import (
    AlertUnreadable,
    NotSent,
    Outcome,
    Sent,
    SentBefore,
    Waiting,
    read_alert,
)
from operations.notification.posting import Post, SlackRefused
from tests.operations.notifying import LIFE, MOST, WAIT, Died, Machine, alerts, kinds, names
from tests.reports import samples, threads

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


def routed(number: int, *channels: str) -> list[Alert]:
    """Their routes lead to one channel after the other."""
    return [alert.model_copy(update={"channel": channels[n % len(channels)]}) for n, alert in enumerate(alerts(number))]


def test_a_bot_sends_one_digest_to_each_channel_that_routes_lead_to(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.follows = True
    outcomes = here.later(*routed(MOST + 7, "C1", "", "C2"))
    found = {post.channel: post.message.alert for post in here.posts[MOST:]}
    assert {channel: (alert.transition, alert.name) for channel, alert in found.items()} == {
        "C1": ("burst", "2 messages"),
        "": ("burst", "2 messages"),
        "C2": ("burst", "3 messages"),
    }
    assert len(here.posts) == MOST + 3
    assert sorted(here.shown()) == names(MOST + 7)
    digests = {outcome.message for outcome in outcomes.values() if isinstance(outcome, Sent) and outcome.in_digest}
    assert digests == {"digest", "digest C1", "digest C2"}


def test_the_only_one_beyond_of_a_channel_is_a_message_of_its_own(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.follows = True
    here.later(*routed(MOST + 2, "C1", "C2"))
    assert [(post.channel, post.message.alert.transition) for post in here.posts] == [
        ("C1", "opened"),
        ("C2", "opened"),
    ] * 2


def test_a_digest_that_one_channel_refuses_holds_up_no_other(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.follows = True
    sent: Any = here.send

    def send(post: Post) -> Head | None:
        if post.message.alert.transition == "burst" and post.channel == "C1":
            raise SlackRefused("No.")
        found: Head | None = sent(post)
        return found

    here.send = send  # type: ignore[method-assign] # one channel fails
    outcomes = here.later(*routed(MOST + 4, "C1", "C2"))
    assert [id_ for id_, outcome in outcomes.items() if outcome == NotSent("No.")] == ["a2", "a4"]
    assert [post.channel for post in here.posts[MOST:]] == ["C2"]


def test_what_is_in_a_digest_changes_the_messages_that_people_have_of_it(machine: Callable[[], Machine]) -> None:
    here = followed(machine)
    here.later(*closed(MOST + 2))
    assert [(post.message.header[2:], post.silent, post.head is not None) for post in here.posts[MOST + 2 :]] == [
        ("Resolved: web-0", False, True),
        ("Resolved: web-1", False, True),
        ("Resolved: web-2", True, True),
        ("Resolved: web-3", True, True),
        ("Many at once: 2 messages", False, False),
    ]


def test_what_is_exempt_is_not_reported_as_resolved(machine: Callable[[], Machine]) -> None:
    here = followed(machine)
    there = {"rule": "sidecar.resources"}
    others = [
        alert.model_copy(update=there | {"id": f"other {alert.id}", "finding": f"other {alert.finding}"})
        for alert in alerts(MOST + 2)
    ]
    here.later(*others)
    exempt = [
        alert.model_copy(update={"id": f"exempt {alert.id}", "transition": "exempted", "sequence": alert.sequence + 1})
        for alert in others
    ]
    here.later(*closed(MOST + 2), *exempt)
    [section] = here.posts[-1].message.alert.sections
    assert section.title == "Resolved: 2"
    assert [line.text for line in section.lines] == [f"family web-{n}: sidecar.image-pinned" for n in (2, 3)]
    changed = [post.message for post in here.posts if post.message.header == "✅ Resolved: web-2"][-1]
    assert changed.text == "Resolved: web-2: sidecar.image-pinned"
    assert "1 finding is exempt: sidecar.resources" in "".join(changed.parts)


def test_what_could_not_be_changed_is_tried_again_and_is_not_in_the_digest(machine: Callable[[], Machine]) -> None:
    here, some = followed(machine), closed(MOST + 2)
    here.notify(*some)
    here.clock += WAIT
    sent: Any = here.send

    def send(post: Post) -> Head | None:
        if post.silent:
            raise SlackRefused("Busy.", after=3)
        found: Head | None = sent(post)
        return found

    here.send = send  # type: ignore[method-assign] # no message can be changed
    outcomes = here.notify(*some)
    assert [id_ for id_, outcome in outcomes.items() if outcome == NotSent("Busy.", 3)] == ["closed a2", "closed a3"]
    here.send = sent  # type: ignore[method-assign] # now it can
    here.retried(*some)
    assert here.headers[MOST + 2 :] == [f"✅ Resolved: web-{n}" for n in range(MOST + 2)]


def test_the_only_one_beyond_is_changed_once(machine: Callable[[], Machine]) -> None:
    here = followed(machine)
    here.later(*closed(MOST + 1))
    assert [post.silent for post in here.posts[MOST + 2 :]] == [False] * (MOST + 1)


def closed(number: int) -> list[Alert]:
    some = alerts(number)
    return [
        closing.model_copy(update={"id": f"closed {alert.id}"})
        for alert, closing in zip(some, threads.closed(some), strict=True)
    ]


def followed(machine: Callable[[], Machine]) -> Machine:
    """People have a message of each, which a bot can change."""
    here = machine()
    here.follows = True
    for alert in alerts(MOST + 2):
        here.later(alert)
    return here


def test_by_webhook_the_rest_is_one_digest_whatever_the_routes(machine: Callable[[], Machine]) -> None:
    here = machine()
    here.later(*routed(MOST + 4, "C1", "C2"))
    assert [post.message.alert.name for post in here.posts[MOST:]] == ["4 messages"]


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
    assert here.notify(alert) == {alert.id: Waiting(LIFE, claimed=True)}
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
