"""The function slack: which messages are retried, what is logged, and what is in no log."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from domain.findings.alert import Alert
from local.slack import Slack, Trouble
from tests.handlers.conftest import WEBHOOK
from tests.handlers.output import Function, again, alert, metrics, records
from tests.operations.world import CANARY, PLACE, World

BOT = "outrider/slack-bot"


@pytest.fixture
def slack(world: World) -> Iterator[Slack]:
    with Slack() as running:
        world.client("ssm").put_parameter(Name=WEBHOOK, Value=running.webhook, Type="SecureString")
        yield running


def test_an_alert_is_shown_once_however_often_it_is_published(
    slack: Slack, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    tell = function("slack")
    envelope = json.dumps({"Type": "Notification", "Message": alert(id="one")})
    assert again(tell(alert(id="one"), alert(id="two"))) == []
    assert again(tell(alert(id="one"), envelope, alert(id="two"))) == []
    assert len(slack.messages()) == 2
    found = metrics(capsys.readouterr().out)
    assert (found["Messages/slack"], found["SlackMessages/slack"]) == (5, 2)


def test_an_alert_whose_thread_is_not_due_waits_and_that_is_no_failure(
    slack: Slack, function: Function, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = list[tuple[str, int]]()
    monkeypatch.setattr("aws.channels.Queue.hide", lambda _, receipt, seconds: hidden.append((receipt, seconds)))
    monkeypatch.setattr("handlers.slack._sent", lambda _: datetime.now(UTC))
    tell = function("slack")
    same = {"thread": f"{PLACE}/family/web"}
    some = (alert(id="one", **same), alert(id="two", **same))
    assert again(tell(*some)) == ["m0", "m1"]
    assert [receipt for receipt, _ in hidden] == ["receipt-0", "receipt-1"]
    assert all(50 < seconds <= 60 for _, seconds in hidden)
    out = capsys.readouterr().out
    assert metrics(out)["FailedMessages/slack"] == 0
    assert {record["level"] for record in records(out)} == {"DEBUG"}
    assert slack.messages() == []


def test_while_another_function_sends_the_thread_s_message_it_is_soon_tried_again_and_later_each_time(
    slack: Slack, function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell, hidden = function("slack"), list[int]()
    monkeypatch.setattr("aws.channels.Queue.hide", lambda _, __, seconds: hidden.append(seconds))
    with monkeypatch.context() as dying:
        dying.setattr("operations.notification.webhook.Webhook.send", lambda *_: sys.exit())
        with pytest.raises(SystemExit):
            tell(alert(id="one"))
    for received in (1, 2, 4, 19):
        assert again(tell(alert(id="one"), received=received)) == ["m0"]
    assert hidden[:3] == [5, 10, 20]
    assert hidden[3] <= 60  # by then the other has ended, or was stopped
    assert slack.messages() == []


def test_where_slack_asks_to_wait_the_message_is_hidden_for_this_long_and_retried(
    slack: Slack, function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = list[tuple[str, int]]()
    monkeypatch.setattr("aws.channels.Queue.hide", lambda _, receipt, seconds: hidden.append((receipt, seconds)))
    tell = function("slack")
    slack.answer_next(Trouble(429, retry_after=17))
    some = alerts(2)
    assert again(tell(*some)) == ["m0"]
    assert hidden == [("receipt-0", 17)]
    assert again(tell(*some)) == []
    assert len(slack.messages()) == 2


def test_while_slack_cannot_be_reached_the_tries_of_a_message_last_for_more_than_an_hour(
    slack: Slack, function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = list[int]()
    monkeypatch.setattr("aws.channels.Queue.hide", lambda _, __, seconds: hidden.append(seconds))
    handle = function("slack")
    for count in range(1, 20):
        slack.answer_next(Trouble(503))
        handle(alert(id="one"), received=count)
    assert hidden == sorted(hidden)
    assert sum(hidden) > 3600


def test_a_message_that_slack_does_not_accept_is_retried_and_the_reason_is_logged(
    slack: Slack, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    slack.answer_next(Trouble(404))
    assert again(function("slack")(alert(id="one"))) == ["m0"]
    assert "Slack answered 404 and rejected the message. Check the webhook." in capsys.readouterr().out
    assert again(function("slack")(alert(id="one"))) == []
    assert len(slack.messages()) == 1


def test_an_alert_that_cannot_be_stored_is_not_sent_and_is_retried(
    world: World, slack: Slack, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    tell = function("slack")
    world.fail("PutItem", times=1)
    assert again(tell(alert(id="one"))) == ["m0"]
    assert f"dynamodb:PutItem on thread/{PLACE}/family/one failed: AccessDenied" in capsys.readouterr().out
    assert again(tell(alert(id="one"))) == []
    assert len(slack.messages()) == 1


def test_where_it_cannot_be_recorded_that_an_alert_was_sent_its_message_is_not_retried(
    world: World, slack: Slack, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    tell = function("slack")
    world.fail("PutItem", times=1, after=1)
    assert again(tell(alert(id="one"))) == []
    assert len(slack.messages()) == 1
    [record] = [each for each in records(capsys.readouterr().out) if each["level"] == "WARNING"]
    assert record["reason"].startswith(f"dynamodb:PutItem on thread/{PLACE}/family/one failed: AccessDenied")


def test_a_malformed_alert_is_retried_and_not_shown(
    slack: Slack, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    assert again(function("slack")(f'{{"id": "{CANARY}"}}', alert(id="one"))) == ["m0"]
    assert CANARY not in capsys.readouterr().out
    assert len(slack.messages()) == 1


@pytest.mark.parametrize("stored", ["https://127.0.0.1:1/services/T0/B0/{} x", "http://h.example/services/{}", "{}"])
def test_the_webhook_is_in_no_log_whatever_is_wrong_with_it(
    world: World, function: Function, capsys: pytest.CaptureFixture[str], stored: str
) -> None:
    world.client("ssm").put_parameter(Name=WEBHOOK, Value=stored.format(CANARY), Type="SecureString")
    assert again(function("slack")(alert(id="one"))) == ["m0"]
    captured = capsys.readouterr()
    assert "The stored webhook is not an https address" in captured.out
    assert CANARY not in captured.out + captured.err


@pytest.mark.parametrize("trouble", [None, Trouble(429), Trouble(500), Trouble(404)])
def test_the_webhook_is_in_no_log(
    slack: Slack, function: Function, capsys: pytest.CaptureFixture[str], trouble: Trouble | None
) -> None:
    if trouble:
        slack.answer_next(trouble)
    function("slack")(alert(id="one"))
    captured = capsys.readouterr()
    assert slack.path not in captured.out + captured.err
    assert slack.path.rpartition("/")[2] not in captured.out + captured.err


def test_a_webhook_that_cannot_be_read_is_named(
    world: World, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    assert again(function("slack")(alert(id="one"))) == ["m0"]
    assert f"ssm:GetParameter on {WEBHOOK} failed: ParameterNotFound" in capsys.readouterr().out
    assert world.alerts == []


def alerts(number: int) -> list[str]:
    """Each of a family of its own."""
    return [alert(id=f"one-{n}", name=f"web-{n}") for n in range(number)]


def test_many_at_once_are_sent_in_one_digest_and_none_again(
    slack: Slack, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    tell = function("slack")
    some = alerts(9)
    assert again(tell(*some)) == []
    out = capsys.readouterr().out
    assert len(slack.messages()) == 6
    assert slack.messages()[-1]["text"].startswith("Many at once: 4 messages")
    assert (metrics(out)["SlackMessages/slack"], metrics(out)["AlertsInDigests/slack"]) == (6, 4)
    assert [record["message"] for record in records(out)].count("Sent in a digest") == 4
    assert again(tell(*some)) == []
    assert len(slack.messages()) == 6


def test_a_digest_that_slack_does_not_accept_just_now_is_retried_as_its_alerts(
    slack: Slack, function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = list[tuple[str, int]]()
    monkeypatch.setattr("aws.channels.Queue.hide", lambda _, receipt, seconds: hidden.append((receipt, seconds)))
    tell = function("slack")
    some = alerts(7)
    for _ in range(5):
        slack.answer_next(Trouble())
    slack.answer_next(Trouble(429, retry_after=3))
    assert again(tell(*some)) == ["m5", "m6"]
    assert hidden == [("receipt-5", 3), ("receipt-6", 3)]
    assert again(tell(*some)) == []
    assert len(slack.messages()) == 7


@pytest.fixture
def bot(world: World, slack: Slack, monkeypatch: pytest.MonkeyPatch) -> Slack:
    with world.peace():
        world.client("secretsmanager").create_secret(Name=BOT, SecretString=slack.bot)
    monkeypatch.setenv("OUTRIDER_SLACK_BOT", f"secretsmanager:{BOT}")
    return slack


def test_a_bot_has_priority_over_a_webhook_and_changes_its_message(bot: Slack, function: Function) -> None:
    tell, same = function("slack"), {"thread": f"{PLACE}/family/web", "finding": "finding"}
    assert again(tell(alert(id="one", **same))) == []
    assert again(tell(alert(id="two", transition="closed", sequence=2, **same), alert(id="one", **same))) == []
    first, reply = bot.messages()
    assert reply["thread_ts"] == first["ts"]
    assert first["text"].startswith("Resolved: ")


@pytest.mark.parametrize("trouble", [None, Trouble(429), Trouble(error="invalid_auth"), Trouble(404)])
def test_the_token_is_in_no_log(
    bot: Slack, function: Function, capsys: pytest.CaptureFixture[str], trouble: Trouble | None
) -> None:
    if trouble:
        bot.answer_next(trouble)
    function("slack")(alert(id="one"))
    captured = capsys.readouterr()
    assert captured.out
    assert not any(part in captured.out + captured.err for part in (bot.token, bot.token[5:20]))


def test_amazon_q_has_priority_over_both(
    world: World, bot: Slack, function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTRIDER_CHAT_TOPIC", world.topics["alerts"])
    tell = function("slack")
    assert again(tell(alert(id="one"), alert(id="one"))) == []
    assert bot.messages() == []
    assert [published["source"] for published in world.alerts] == ["custom"]


def test_an_alert_can_be_read_again_from_what_was_published() -> None:
    assert Alert.model_validate_json(alert(id="one")).id == "one"
