"""A bot changes its message and replies to it; what Slack answers, and a token that is shown nowhere."""

import json
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain.findings.thread import Head, Thread
from local.slack import Slack, Trouble
from operations.notification.bot import Bot
from operations.notification.posting import Post, Secret, SlackRefused
from reports.message import of_thread, reply_of
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
