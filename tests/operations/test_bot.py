"""One thread for each finding by a bot; what Slack answers, and a token that is shown nowhere."""

import json
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from aws.threads import Threads
from domain.findings.alert import Alert
from domain.remediation.reason import Code, Reason
from local.slack import Slack, Trouble
from operations.notification.bot import Bot
from operations.notification.posting import Secret, SlackRefused
from tests.operations.world import TABLE, World
from tests.reports import samples


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack() as running:
        yield running


def bot(world: World, slack: Slack, **members: str) -> Bot:
    secret = json.dumps(json.loads(slack.bot) | members)
    return Bot(Secret(lambda: secret), Threads(world.sessions, TABLE))


def finding(transition: str, family: str = "web") -> Alert:
    given = {"id": transition, "transition": transition, "finding": f"outrider/{family}", "name": family}
    return samples.opened().model_copy(update=given)


def threads(slack: Slack) -> list[tuple[str | None, bool]]:
    """In which thread each message stands, and whether the channel shows it too."""
    return [(each.get("thread_ts"), each.get("reply_broadcast", False)) for each in slack.messages()]


def test_what_becomes_of_a_finding_stands_in_the_thread_of_its_first_message(world: World, slack: Slack) -> None:
    telling = bot(world, slack)
    for transition in ("opened", "raised", "closed", "reopened"):
        telling.send(finding(transition))
    first = slack.messages()[0]["ts"]
    assert threads(slack) == [(None, False), (first, True), (first, False), (first, True)]
    assert slack.refused() == []
    assert {message["channel"] for message in slack.messages()} == {slack.channel}
    assert not any(message["unfurl_links"] or message["unfurl_media"] for message in slack.messages())


def test_another_finding_has_a_thread_of_its_own_and_digests_have_none(world: World, slack: Slack) -> None:
    telling = bot(world, slack)
    digest = samples.messages()["digest"]
    for alert in (finding("opened"), finding("opened", "cart"), digest, digest):
        telling.send(alert)
    assert threads(slack) == [(None, False)] * 4


def test_the_corrections_of_a_family_share_a_thread(world: World, slack: Slack) -> None:
    telling = bot(world, slack)
    refused = samples.outcome("refused", Reason(Code.NO_CHANGE))
    for alert in (finding("opened"), samples.registered(), refused, finding("closed")):
        telling.send(alert)
    opened, registered = (slack.messages()[n]["ts"] for n in (0, 1))
    assert threads(slack) == [(None, False), (None, False), (registered, False), (opened, False)]


@pytest.mark.parametrize("word", ["cannot_reply_to_message", "message_not_found", "thread_not_found"])
def test_where_the_first_message_is_gone_a_new_thread_is_begun(world: World, slack: Slack, word: str) -> None:
    telling = bot(world, slack)
    telling.send(finding("opened"))
    slack.answer_next(Trouble(error=word))
    for transition in ("raised", "closed"):
        telling.send(finding(transition))
    second = slack.messages()[1]["ts"]
    assert threads(slack) == [(None, False), (None, False), (second, False)]


def test_another_channel_has_threads_of_its_own(world: World, slack: Slack) -> None:
    bot(world, slack).send(finding("opened"))
    slack.channel = "C0ANOTHER1"
    for transition in ("raised", "closed"):
        bot(world, slack).send(finding(transition))
    second = slack.messages()[1]["ts"]
    assert threads(slack)[1:] == [(None, False), (second, False)]


def test_of_two_threads_that_were_begun_at_a_time_the_first_is_kept(world: World, slack: Slack) -> None:
    telling = bot(world, slack)
    # Another function sends its message and stores its thread before this one stores its own.
    world.meanwhile["PutItem"] = lambda: bot(world, slack).send(finding("raised"))
    telling.send(finding("opened"))
    telling.send(finding("closed"))
    assert threads(slack) == [(None, False), (None, False), (slack.messages()[1]["ts"], False)]


def test_a_thread_that_cannot_be_kept_makes_no_message_come_again(world: World, slack: Slack) -> None:
    world.fail("PutItem")
    telling = bot(world, slack)
    telling.send(finding("opened"))
    telling.send(finding("closed"))
    assert threads(slack) == [(None, False), (None, False)]


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
def test_what_slack_refuses_is_told_in_its_word_and_begins_no_thread(
    world: World, slack: Slack, trouble: Trouble, after: int | None, reason: str
) -> None:
    telling = bot(world, slack)
    slack.answer_next(trouble)
    with pytest.raises(SlackRefused) as caught:
        telling.send(finding("opened"))
    assert (str(caught.value), caught.value.after) == (reason, after)
    telling.send(finding("opened"))
    assert threads(slack) == [(None, False)]


def test_a_token_that_is_no_more_good_is_read_anew(world: World, slack: Slack) -> None:
    stored = [json.dumps(json.loads(slack.bot) | {"token": "xoxb-old"}), slack.bot]
    telling = Bot(Secret(lambda: stored.pop(0)), Threads(world.sessions, TABLE))
    with pytest.raises(SlackRefused, match="invalid_auth"):
        telling.send(finding("opened"))
    telling.send(finding("opened"))
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
def test_what_is_no_bot_is_refused_without_showing_it_and_sent_nowhere(world: World, stored: str) -> None:
    with pytest.raises(SlackRefused) as caught:
        Bot(Secret(lambda: stored), Threads(world.sessions, TABLE)).send(finding("opened"))
    assert str(caught.value).startswith("The stored bot is not a JSON object of a channel and a token.")
    assert "c4nary" not in "".join(traceback.format_exception(caught.value)).lower().replace(__file__, "")
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_token_is_in_no_repr_and_no_error(world: World, slack: Slack) -> None:
    telling = bot(world, slack)
    telling.send(finding("opened"))
    slack.answer_next(Trouble(404))
    with pytest.raises(SlackRefused) as caught:
        telling.send(finding("closed"))
    shown = repr(telling) + "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert slack.token not in shown
    assert slack.token[5:20] not in shown
