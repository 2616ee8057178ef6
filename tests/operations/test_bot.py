"""A bot changes its message and replies to it; what Slack answers, and a token that is shown nowhere."""

import json
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain.findings.alert import Alert
from domain.findings.thread import Head, Thread
from domain.severity import Severity
from local.slack import Slack, Trouble
from operations.notification.bot import Bot
from operations.notification.posting import Post, Secret, SlackRefused
from reports.message import of_thread, reply_of
from tests.operations.notifying import Machine
from tests.reports import samples, threads


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack() as running:
        yield running


def bot(slack: Slack, **members: str) -> Bot:
    secret = json.dumps(json.loads(slack.bot) | members)
    return Bot(Secret(lambda: secret))


FIRST = Post(of_thread(threads.KEY, Thread().after(threads.opened())))


def follow(head: Head | None, *, loud: bool = False) -> Post:
    """What is sent when all of it is closed."""
    some = [threads.deployed(), *threads.closed(threads.opened())]
    last = Thread().after([*threads.opened(), *some])
    return Post(of_thread(threads.KEY, last, notified=True), head, reply_of(some), loud)


def places(slack: Slack) -> list[tuple[str | None, bool, int]]:
    """In which thread each message is, whether the channel shows it too, and how often it was changed."""
    return [
        (each.get("thread_ts"), each.get("reply_broadcast", False), each.get("edits", 0)) for each in slack.messages()
    ]


@pytest.mark.parametrize("loud", [False, True])
def test_the_first_message_is_changed_and_what_is_new_is_a_reply(slack: Slack, *, loud: bool) -> None:
    sending = bot(slack)
    head = sending.send(FIRST)
    assert slack.messages()[0]["text"].startswith("Drift: web (HIGH)")
    assert sending.send(follow(head, loud=loud)) == head
    first, reply = slack.messages()
    assert places(slack) == [(None, False, 1), (first["ts"], loud, 0)]
    assert first["text"].startswith("Resolved: web")
    assert "5 findings are closed" in json.dumps(reply)
    assert slack.refused() == []
    assert {message["channel"] for message in slack.messages()} == {slack.channel}
    assert not any(message["unfurl_links"] or message["unfurl_media"] for message in slack.messages())


def test_a_digest_is_a_message_of_its_own(slack: Slack) -> None:
    sending = bot(slack)
    for name in ("digest", "daily"):
        sending.send(Post(samples.shown(samples.messages()[name])))
    assert places(slack) == [(None, False, 0)] * 2


@pytest.mark.parametrize("word", ["cant_update_message", "message_not_found", "edit_window_closed"])
def test_where_the_first_message_cannot_be_changed_another_is_sent(slack: Slack, word: str) -> None:
    sending = bot(slack)
    head = sending.send(FIRST)
    slack.answer_next(Trouble(error=word))
    new = sending.send(follow(head))
    assert new not in {None, head}
    assert places(slack) == [(None, False, 0)] * 2


def test_a_message_that_is_gone_is_not_replaced_by_one_that_would_only_change_it(slack: Slack) -> None:
    sending = bot(slack)
    head = sending.send(FIRST)
    silent = replace(follow(head), reply=None, silent=True)
    assert sending.send(silent) == head
    assert places(slack) == [(None, False, 1)]
    slack.answer_next(Trouble(error="message_not_found"))
    assert sending.send(silent) == head
    assert len(slack.messages()) == 1


def test_where_the_thread_is_gone_another_message_is_sent(slack: Slack) -> None:
    sending = bot(slack)
    head = sending.send(FIRST)
    slack.answer_next(Trouble())
    slack.answer_next(Trouble(error="thread_not_found"))
    assert sending.send(follow(head)) != head
    assert [message["text"].split(":")[0] for message in slack.messages()] == ["Resolved", "Resolved"]


def test_another_channel_has_a_message_of_its_own(slack: Slack) -> None:
    head = bot(slack).send(FIRST)
    slack.channel = "C0ANOTHER1"
    new = bot(slack).send(follow(head))
    assert new is not None
    assert new.channel == "C0ANOTHER1"
    assert places(slack) == [(None, False, 0)] * 2


def test_a_route_leads_to_another_channel(slack: Slack) -> None:
    slack.others.add("C0ROUTED00")
    sending = bot(slack)
    head = sending.send(replace(FIRST, channel="C0ROUTED00"))
    assert head is not None
    sending.send(replace(follow(head), channel=head.channel))
    assert {message["channel"] for message in slack.messages()} == {"C0ROUTED00"}
    assert places(slack) == [(None, False, 1), (head.ts, False, 0)]


GENERAL, ONCALL = "C0GENERAL1", "C0ONCALL01"


@pytest.fixture
def routed(slack: Slack, machine: Callable[[], Machine]) -> Machine:
    """The notifier with a bot, whose routes lead to two channels."""
    slack.others |= {GENERAL, ONCALL}
    here = machine()
    here.notifier = replace(here.notifier, channel=bot(slack))
    return here


def one_of(severity: Severity, transition: str, sequence: int, still: Severity | None = None) -> Alert:
    """A finding of the family that is routed by its severity; `still` is the other one, if that is open."""
    rule = {Severity.LOW: "sidecar.low", Severity.HIGH: "sidecar.high"}
    known = {severity} - ({severity} if transition == "closed" else set()) | ({still} if still else set())
    return samples.opened().model_copy(
        update={
            "id": f"{severity}{sequence}",
            "finding": severity.value,
            "sequence": sequence,
            "transition": transition,
            "rule": rule[severity],
            "severity": severity,
            "channel": ONCALL if severity is Severity.HIGH else GENERAL,
            "open": tuple(rule[each] for each in known),
        }
    )


LOW_OPENS, HIGH_OPENS = one_of(Severity.LOW, "opened", 1), one_of(Severity.HIGH, "opened", 1, Severity.LOW)
HIGH_CLOSES, LOW_CLOSES = one_of(Severity.HIGH, "closed", 2, Severity.LOW), one_of(Severity.LOW, "closed", 2)


BOTH = "Drift: web (HIGH): 2 findings are open"
ONLY_LOW = "Drift: web (LOW): 1 finding is open"
NONE = "Resolved: web: sidecar.high, sidecar.low"


def state(slack: Slack) -> list[tuple[str, str]]:
    """The channel of each message that is no reply, and what it says before its details."""
    return [(each["channel"], each["text"]) for each in slack.messages() if "thread_ts" not in each]


def replies(slack: Slack) -> list[tuple[str, bool]]:
    """The channel of each reply, and whether the channel shows it, too."""
    return [(each["channel"], each["reply_broadcast"]) for each in slack.messages() if "thread_ts" in each]


def test_a_message_that_moves_to_another_channel_is_right_in_both_until_all_is_closed(
    slack: Slack, routed: Machine
) -> None:
    routed.later(LOW_OPENS)
    routed.later(HIGH_OPENS)
    assert state(slack) == [(GENERAL, BOTH), (ONCALL, BOTH)]
    assert replies(slack) == []
    routed.later(HIGH_CLOSES)
    assert state(slack) == [(GENERAL, ONLY_LOW), (ONCALL, ONLY_LOW)]
    assert replies(slack) == [(ONCALL, False)]  # where people followed the finding that is closed
    again = one_of(Severity.HIGH, "reopened", 3, Severity.LOW)
    routed.later(again)
    assert replies(slack)[1:] == [(ONCALL, True)]
    routed.later(one_of(Severity.HIGH, "closed", 4, Severity.LOW))
    routed.later(LOW_CLOSES)
    assert state(slack) == [(GENERAL, NONE), (ONCALL, NONE)]
    assert replies(slack)[2:] == [(ONCALL, False), (GENERAL, False)]


def test_what_becomes_exempt_is_not_open_in_any_channel(slack: Slack, routed: Machine) -> None:
    routed.later(LOW_OPENS)
    routed.later(HIGH_OPENS)
    routed.later(one_of(Severity.HIGH, "exempted", 2, Severity.LOW))
    assert state(slack) == [(GENERAL, ONLY_LOW), (ONCALL, ONLY_LOW)]
    assert replies(slack) == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_whatever_call_fails_both_messages_are_right_in_the_end_and_nothing_is_posted_twice(
    slack: Slack, routed: Machine, number: int
) -> None:
    routed.later(LOW_OPENS)
    routed.later(HIGH_OPENS)
    for _ in range(number - 1):
        slack.answer_next(Trouble())
    slack.answer_next(Trouble(429, retry_after=3))
    routed.later(HIGH_CLOSES)
    routed.retried(HIGH_CLOSES)
    assert state(slack) == [(GENERAL, ONLY_LOW), (ONCALL, ONLY_LOW)]
    assert replies(slack) == [(ONCALL, False)]


def test_a_channel_that_the_bot_was_removed_from_holds_up_no_other(slack: Slack, routed: Machine) -> None:
    routed.later(LOW_OPENS)
    routed.later(HIGH_OPENS)
    slack.others.discard(ONCALL)
    routed.later(HIGH_CLOSES)
    routed.later(LOW_CLOSES)
    assert state(slack) == [(GENERAL, NONE), (ONCALL, BOTH)]
    assert replies(slack) == [(GENERAL, False)] * 2


def test_a_thread_has_no_more_than_three_messages_that_are_changed() -> None:
    thread = Thread().after([LOW_OPENS])
    for number in range(5):
        thread = thread.shown([], notified=True, head=Head(channel=f"C{number}", ts="1"))
    assert [each.channel for each in thread.others] == ["C2", "C3"]
    back = thread.shown([], notified=True, head=Head(channel="C2", ts="1"))
    assert [each.channel for each in back.others] == ["C3", "C4"]


def test_a_reply_that_slack_does_not_accept_is_repeated_with_the_change(slack: Slack) -> None:
    sending = bot(slack)
    head = sending.send(FIRST)
    slack.answer_next(Trouble())
    slack.answer_next(Trouble(429, retry_after=3))
    with pytest.raises(SlackRefused):
        sending.send(follow(head))
    sending.send(follow(head))
    assert places(slack) == [(None, False, 2), (slack.messages()[0]["ts"], False, 0)]


@pytest.mark.parametrize(
    ("trouble", "after", "reason"),
    [
        (Trouble(429, retry_after=17), 17, "Slack answered 429 and asks for a later try."),
        (Trouble(503), 30, "Slack answered 503 and asks for a later try."),
        (Trouble(error="ratelimited"), 30, "Slack answered ratelimited and asks for a later try."),
        (Trouble(error="internal_error"), 30, "Slack answered internal_error and asks for a later try."),
        (
            Trouble(error="not_in_channel"),
            None,
            "Slack answered not_in_channel and rejected the message. Invite the bot into the channel.",
        ),
        (
            Trouble(error="token_revoked"),
            None,
            "Slack answered token_revoked and rejected the message. Check the bot's token and channel.",
        ),
        (
            Trouble(error="<!channel> c4nary"),
            None,
            "Slack answered an error and rejected the message. Check the bot's token and channel.",
        ),
    ],
)
def test_what_slack_refuses_is_reported_with_slacks_error(
    slack: Slack, trouble: Trouble, after: int | None, reason: str
) -> None:
    sending = bot(slack)
    slack.answer_next(trouble)
    with pytest.raises(SlackRefused) as caught:
        sending.send(FIRST)
    assert (str(caught.value), caught.value.after) == (reason, after)
    sending.send(FIRST)
    assert places(slack) == [(None, False, 0)]


def test_a_token_that_is_no_longer_valid_is_read_again(slack: Slack) -> None:
    stored = [json.dumps(json.loads(slack.bot) | {"token": "xoxb-old"}), slack.bot]
    sending = Bot(Secret(lambda: stored.pop(0)))
    with pytest.raises(SlackRefused, match="invalid_auth"):
        sending.send(FIRST)
    sending.send(FIRST)
    assert len(slack.messages()) == 1


GOOD: dict[str, Any] = {"channel": "C0123456789", "token": "xoxb-c4nary"}


@pytest.mark.parametrize(
    "stored",
    [
        "xoxb-c4nary",
        "[]",
        json.dumps({"token": "xoxb-c4nary"}),
        json.dumps({"channel": "C0123456789"}),
        json.dumps(GOOD | {"token": ""}),
        json.dumps(GOOD | {"token": "xoxb-c4nary\r\nX: y"}),
        json.dumps(GOOD | {"token": "xoxb-c4naryé"}),
        json.dumps(GOOD | {"channel": "a channel"}),
        json.dumps(GOOD | {"token": {"xoxb": "c4nary"}}),
        json.dumps(GOOD | {"api": "https://slack.com.c4nary.example/api/"}),
        json.dumps(GOOD | {"api": "http://slack.com/api/"}),
        json.dumps(GOOD | {"api": "https://c4nary.example/slack.com/api/"}),
        json.dumps(GOOD | {"api": "https://slack.com@c4nary.example/api/"}),
        json.dumps(GOOD | {"api": "file:///etc/c4nary"}),
    ],
)
def test_what_is_no_bot_is_refused_without_showing_it_and_sent_nowhere(stored: str) -> None:
    with pytest.raises(SlackRefused) as caught:
        Bot(Secret(lambda: stored)).send(FIRST)
    assert str(caught.value).startswith("The stored bot is not a JSON object of a channel and a token.")
    assert "c4nary" not in "".join(traceback.format_exception(caught.value)).lower().replace(__file__, "")
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_token_is_in_no_repr_and_no_error(slack: Slack) -> None:
    sending = bot(slack)
    sending.send(FIRST)
    slack.answer_next(Trouble(404))
    with pytest.raises(SlackRefused) as caught:
        sending.send(FIRST)
    shown = repr(sending) + "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert slack.token not in shown
    assert slack.token[5:20] not in shown
