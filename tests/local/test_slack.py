"""The Slack stand-in takes what Slack takes and refuses what Slack refuses."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from local.slack import Slack, Trouble


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack() as running:
        yield running


def post(url: str, payload: Any) -> tuple[int, str, str | None]:
    """Status, text and Retry-After."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=5) as response:  # noqa: S310 - loopback
            return response.status, response.read().decode(), None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers.get("Retry-After")


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_a_message_is_taken_and_kept(slack: Slack) -> None:
    message = {"text": "Drift", "blocks": [section("no collector"), {"type": "divider"}]}
    assert post(slack.webhook, message)[:2] == (200, "ok")
    assert slack.wait_for(bool) == [message]
    with urllib.request.urlopen(f"{slack.origin}/messages", timeout=5) as response:  # noqa: S310 - loopback
        assert json.load(response) == [message]


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (b"{", "invalid_payload"),
        ([], "invalid_payload"),
        ({}, "no_text"),
        ({"blocks": [section("x")] * 51}, "invalid_blocks"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"blocks": [section("")]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}]}, "invalid_blocks"),
        ({"blocks": [{"type": "actions", "elements": []}]}, "invalid_blocks"),
        (
            {
                "blocks": [
                    {
                        "type": "actions",
                        "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x" * 76}}],
                    }
                ]
            },
            "invalid_blocks",
        ),
        ({"blocks": [{"type": "table"}]}, "invalid_blocks"),
        ({"attachments": [{"blocks": [section("x" * 3001)]}]}, "invalid_blocks"),
    ],
)
def test_what_slack_refuses_is_refused_in_its_words(slack: Slack, payload: Any, error: str) -> None:
    assert post(slack.webhook, payload)[:2] == (400, error)
    assert slack.messages() == []
    assert len(slack.refused()) == 1


def test_it_fails_as_often_as_requested_and_then_takes_the_message(slack: Slack) -> None:
    slack.answer_next(Trouble(status=429, retry_after=2, times=2))
    post(f"{slack.origin}/answers", {"status": 500})
    answers = [post(slack.webhook, {"text": "x"}) for _ in range(4)]
    assert [(status, after) for status, _, after in answers] == [(429, "2"), (429, "2"), (500, None), (200, None)]
    assert slack.messages() == [{"text": "x"}]


def call(slack: Slack, token: str | None = None, **members: Any) -> dict[str, Any]:
    """What chat.postMessage answers."""
    payload = json.dumps({"channel": slack.channel, "text": "x"} | members).encode()
    headers = {"Authorization": f"Bearer {token or slack.token}"}
    url = f"{json.loads(slack.bot)['api']}chat.postMessage"
    with urllib.request.urlopen(urllib.request.Request(url, payload, headers), timeout=5) as response:  # noqa: S310 - loopback
        found: dict[str, Any] = json.load(response)
        return found


def test_a_bots_message_is_taken_and_may_be_replied_to(slack: Slack) -> None:
    first = call(slack)
    assert first["ok"] is True
    assert call(slack, thread_ts=first["ts"], reply_broadcast=True)["ok"] is True
    assert [each.get("thread_ts") for each in slack.messages()] == [None, first["ts"]]


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"token": "xoxb-other"}, "invalid_auth"),
        ({"channel": "C0OTHER"}, "channel_not_found"),
        ({"thread_ts": "1.2"}, "thread_not_found"),
        ({"text": ""}, "no_text"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
    ],
)
def test_what_slack_refuses_a_bot_it_answers_with_200(slack: Slack, members: dict[str, Any], error: str) -> None:
    assert call(slack, **members) == {"ok": False, "error": error}
    assert slack.messages() == []


def test_a_bot_fails_as_often_as_requested(slack: Slack) -> None:
    slack.answer_next(Trouble(error="internal_error"))
    assert [call(slack).get("error") for _ in range(2)] == ["internal_error", None]


def test_another_path_is_no_webhook(slack: Slack) -> None:
    assert post(f"{slack.origin}/services/T0/B0/x", {"text": "x"})[:2] == (404, "no_service")
