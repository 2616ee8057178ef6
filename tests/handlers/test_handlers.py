"""The functions: which messages are retried, what is logged, and what is in no log."""

import importlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.ecs import Ecs
from aws.ledger import SweepBasis
from domain.findings.alert import Alert
from domain.severity import Severity
from local.slack import Slack, Trouble
from operations.standards import Standards
from settings import RELEASE
from tests.aws_fake.calls import failure
from tests.handlers.conftest import WEBHOOK, Call, Context
from tests.operations.machine import Machine
from tests.operations.test_digests import certified
from tests.operations.world import CANARY, FLOATING, PLACE, World, application, definition, of_rule, registered
from tests.reports import samples

BOT = "outrider/slack-bot"

type Function = Callable[[str], Call]


def again(answer: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def records(text: str) -> list[dict[str, Any]]:
    """What was logged, metrics apart."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [record for record in found if "_aws" not in record]


def metrics(text: str) -> dict[str, float]:
    """What was emitted to CloudWatch: `Name/dimension's value` → the sum of its values."""
    found: Counter[str] = Counter()
    for record in (json.loads(line) for line in text.splitlines() if line.startswith("{") and '"_aws"' in line):
        for directive in record["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == "Outrider/test"
            [[dimension]] = directive["Dimensions"]
            for each in directive["Metrics"]:
                found[f"{each['Name']}/{record[dimension]}"] += sum(record[each["Name"]])
    return dict(found)


@pytest.fixture
def slack(world: World) -> Iterator[Slack]:
    with Slack() as running:
        world.client("ssm").put_parameter(Name=WEBHOOK, Value=running.webhook, Type="SecureString")
        yield running


# --- inspect ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def dispatch(function: Function) -> Call:
    return function("dispatch")


def test_a_change_becomes_a_message_for_each_subject_and_only_what_failed_is_retried(
    world: World, dispatch: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    message = registered(world.register())
    nothing = of_rule("run-task", asked="web", failed="RESOURCE:MEMORY")
    assert again(dispatch(CANARY, message, nothing)) == ["m0"]
    assert [body["subject"] for body in world.subjects] == [f"{PLACE}/family/web"]
    out = capsys.readouterr().out
    logged = {record.get("message_id"): record for record in records(out)}
    assert (logged["m0"]["level"], logged["m0"]["message"]) == ("ERROR", "The message is unreadable")
    assert logged["m0"]["reason"].startswith("The message is not JSON.")
    assert (logged["m1"]["level"], logged["m1"]["subjects"]) == ("INFO", 1)
    assert logged["m2"]["level"] == "DEBUG"
    found = metrics(out)
    assert (found["Messages/dispatch"], found["FailedMessages/dispatch"]) == (3, 1)
    assert CANARY not in out


def test_how_long_an_event_took_is_a_metric_and_no_other_message_counts(
    world: World, dispatch: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    own = json.dumps({"kind": "service", "account": PLACE.account, "region": PLACE.region, "service": "shop/web"})
    dispatch(own)
    assert "EventLag/dispatch" not in metrics(capsys.readouterr().out)
    dispatch(registered(world.register()), own)
    assert metrics(capsys.readouterr().out)["EventLag/dispatch"] == 90


def test_what_cannot_be_sent_is_dispatched_again_and_no_other(world: World, dispatch: Call) -> None:
    messages = [registered(world.register(definition(f"web-{number}"))) for number in range(11)]
    world.fail("SendMessageBatch", "ThrottlingException", times=1, after=1)
    assert again(dispatch(*messages)) == ["m10"]
    assert len(world.subjects) == 10


def test_how_late_messages_of_outrider_itself_are_is_not_measured(
    dispatch: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    early = datetime.now(UTC) - timedelta(seconds=90)
    place = {"account": PLACE.account, "region": PLACE.region, "time": early.isoformat()}
    swept = {"kind": "family", "family": "web"} | place
    settled = {"kind": "service", "service": "shop/web", "settled": early.isoformat()} | place
    assert again(dispatch(json.dumps(swept), json.dumps(settled))) == []
    assert "EventLag" not in capsys.readouterr().out


@pytest.fixture
def inspect(world: World, function: Function) -> Call:
    """It is given messages of the queue of changes, and takes those that dispatch makes of them."""
    call, dispatcher = function("inspect"), world.inspector().dispatcher

    def dispatched(body: str) -> str:
        before = len(world.subjects)
        with world.peace():
            dispatcher.dispatch({str(before): body})
        return json.dumps(world.subjects[before]) if len(world.subjects) > before else body

    return lambda *bodies: call(*map(dispatched, bodies))


def test_only_what_failed_is_retried(world: World, inspect: Call, capsys: pytest.CaptureFixture[str]) -> None:
    message = registered(world.register(definition(collector=FLOATING)))
    assert again(inspect("no json", message)) == ["m0"]
    logged = {record["message_ids"][0]: record for record in records(capsys.readouterr().out)}
    assert (logged["m0"]["level"], logged["m0"]["message"]) == ("ERROR", "The message is unreadable")
    assert logged["m0"]["reason"].startswith("The message names no subject to evaluate")
    assert (logged["m1"]["level"], logged["m1"]["subject"]) == ("INFO", f"{PLACE}/family/web")
    assert any("sidecar.image-pinned" in transition for transition in logged["m1"]["transitions"])
    assert again(inspect(message)) == []
    assert [record["message"] for record in records(capsys.readouterr().out)] == ["Skipped"]


def test_messages_of_one_subject_are_one_evaluation_and_are_retried_together(
    world: World, inspect: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    message, other = (registered(world.register(definition(name))) for name in ("web", "api"))

    def of_web(operation: str, given: dict[str, Any], answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if operation == "DescribeTaskDefinition" and given["taskDefinition"] == "web":
            raise failure("AccessDeniedException", operation)
        return answer()

    world.line.around = of_web
    assert again(inspect(message, other, message)) == ["m0", "m2"]
    world.line.around = None
    capsys.readouterr()
    assert again(inspect(message, message)) == []
    [record] = records(capsys.readouterr().out)
    assert record["message_ids"] == ["m0", "m1"]


def test_what_is_handed_back_has_not_failed_and_is_deleted_from_the_queue(
    world: World, inspect: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", staticmethod(lambda: 5_000))
    messages = [registered(world.register(definition(name, collector=FLOATING))) for name in ("web", "api")]
    assert again(inspect(*messages)) == []
    out = capsys.readouterr().out
    [record] = [each for each in records(out) if each["message"].startswith("Handed back")]
    assert (record["level"], record["message_ids"]) == ("INFO", ["m1"])
    assert metrics(out)["FailedMessages/inspect"] == 0
    assert [each["subject"] for each in world.subjects].count(f"{PLACE}/family/api") == 2


def test_the_log_names_the_call_and_the_resource(
    world: World, inspect: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    message = registered(world.register())
    world.fail("DescribeTaskDefinition")
    assert again(inspect(message)) == ["m0"]
    [record] = [each for each in records(capsys.readouterr().out) if each["level"] == "ERROR"]
    assert record["reason"] == "ecs:DescribeTaskDefinition on web failed: AccessDeniedException"


def test_seconds_to_the_finding_and_counts_are_metrics(
    world: World, inspect: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))), "no json")
    found = metrics(capsys.readouterr().out)
    assert (found["Messages/inspect"], found["FailedMessages/inspect"]) == (2, 1)
    assert found["Transitions/opened"] == len(world.hub.open())
    assert found["SecondsToFinding/inspect"] >= 0


def test_drifted_verdicts_are_counted_by_rule_and_the_others_together(
    world: World, inspect: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(*(registered(world.register(definition(name, collector=FLOATING))) for name in ("one", "two")))
    found = metrics(capsys.readouterr().out)
    assert found["DriftedVerdicts/sidecar.image-pinned"] == 2
    by_rule = [number for name, number in found.items() if re.match(r"DriftedVerdicts/\w+\.", name)]
    assert found["DriftedVerdicts/inspect"] == sum(by_rule)
    assert found["CompliantVerdicts/inspect"] > 10


def test_a_fact_that_cannot_be_read_is_counted_once_and_its_verdicts_by_the_call(
    world: World, inspect: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    message = registered(world.register())
    world.fail("GetParameters")
    inspect(message)
    found = metrics(capsys.readouterr().out)
    assert found["UnreadFacts/inspect"] == 1
    assert found["UnknownVerdicts/ssm:GetParameters"] > 1


def test_no_metric_has_the_name_of_a_family_or_a_value(
    world: World, inspect: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each value of a dimension is paid for, and people read them."""
    inspect(registered(world.register(definition(CANARY, collector=FLOATING))))
    assert not any(CANARY in name for name in metrics(capsys.readouterr().out))


def test_calls_are_counted_by_service(world: World, inspect: Call, capsys: pytest.CaptureFixture[str]) -> None:
    inspect(registered(world.register()))
    capsys.readouterr()
    inspect("no json")
    assert not any(name.startswith("AwsCalls") for name in metrics(capsys.readouterr().out))
    inspect(registered(world.register(definition("other"))))
    found = metrics(capsys.readouterr().out)
    assert {"AwsCalls/dynamodb", "AwsCalls/ecs", "AwsCalls/iam", "AwsCalls/ssm"} <= found.keys()


def test_what_nobody_thought_of_in_one_message_holds_back_no_other_and_shows_nothing(
    world: World, inspect: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, drifted = (registered(world.register(definition(name, collector=FLOATING))) for name in ("odd", "web"))
    original = Ecs.task_definition

    def surprising(self: Ecs, place: Any, name: str) -> Any:
        if name == "odd":
            raise KeyError(CANARY)
        return original(self, place, name)

    monkeypatch.setattr(Ecs, "task_definition", surprising)
    assert again(inspect(odd, drifted)) == ["m0"]
    assert "sidecar.image-pinned" in world.open("web")
    out = capsys.readouterr().out
    assert CANARY not in out
    assert "KeyError at test_handlers.py:" in out


def test_no_environment_value_is_logged(world: World, inspect: Call, capsys: pytest.CaptureFixture[str]) -> None:
    app = application(
        environment=[{"name": "A", "value": CANARY}, {"name": "OTEL_EXPORTER_OTLP_HEADERS", "value": CANARY}]
    )
    plain = {"secrets": None, "environment": [{"name": "AOT_CONFIG_CONTENT", "value": f"receivers: [{CANARY}"}]}
    inspect(
        registered(world.register(definition("one", containerDefinitions=[app]))),
        registered(world.register(definition("two", collector=plain))),
        json.dumps({"subject": CANARY}),
        f'{{"subject": "{PLACE}/family/web", "trigger": "{CANARY}"}}',
    )
    world.fail("DescribeTaskDefinition")
    inspect(registered(world.register(definition("three", containerDefinitions=[app]))))
    captured = capsys.readouterr()
    assert len(records(captured.out)) > 4
    assert CANARY not in captured.out + captured.err


# --- remediate --------------------------------------------------------------------------------------------------------


def request(family: str) -> str:
    body = {"kind": "correct", "account": PLACE.account, "region": PLACE.region, "family": family, "revision": 1}
    return json.dumps(body)


@pytest.fixture
def remediate(function: Function) -> Call:
    return function("remediate")


def test_a_request_that_is_none_comes_again_and_its_reason_is_logged(
    remediate: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert again(remediate(f'{{"account": "{CANARY}"}}')) == ["m0"]
    out = capsys.readouterr().out
    assert "The message is no request for a correction" in out
    assert CANARY not in out


def test_what_came_of_a_request_is_logged_and_counted(
    world: World, remediate: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    """The packaged standard only reports: nothing is left to correct."""
    world.register(definition(collector=FLOATING))
    assert again(remediate(request("web"))) == []
    out = capsys.readouterr().out
    [record] = [each for each in records(out) if each["message"] == "Remediated"]
    assert (record["source"], record["state"]) == ("web:1", "nothing")
    found = metrics(out)
    assert (found["Corrections/nothing"], found["Messages/remediate"], found["FailedMessages/remediate"]) == (1, 1, 0)


def test_a_denied_call_brings_the_request_back_with_its_name(
    world: World, remediate: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    world.register(definition(collector=FLOATING))
    world.fail("DescribeTaskDefinition")
    assert again(remediate(request("web"))) == ["m0"]
    out = capsys.readouterr().out
    assert metrics(out)["FailedMessages/remediate"] == 1
    assert "ecs:DescribeTaskDefinition on web failed: AccessDeniedException" in out
    assert CANARY not in out


def test_what_nobody_thought_of_is_logged_too(
    world: World, remediate: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprising(*_: object) -> None:
        raise KeyError(CANARY)

    world.register(definition(collector=FLOATING))
    monkeypatch.setattr(Ecs, "task_definition", surprising)
    assert again(remediate(request("web"))) == ["m0"]
    captured = capsys.readouterr()
    [record] = [each for each in records(captured.out) if each["level"] == "ERROR"]
    assert record["reason"].startswith("KeyError at test_handlers.py:")
    assert CANARY not in captured.out + captured.err


# --- slack ------------------------------------------------------------------------------------------------------------


def alert(**members: Any) -> str:
    """Of a family of its own."""
    id_ = members["id"]
    own = {"thread": f"{PLACE}/family/{id_}", "finding": f"finding/{id_}"}
    return samples.opened().model_copy(update=own | members).model_dump_json()


def test_an_alert_is_shown_once_however_often_it_is_told(
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


def test_where_slack_asks_to_wait_the_message_is_hidden_for_so_long_and_comes_again(
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


def test_a_message_that_slack_does_not_take_comes_again_and_says_why(
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


def test_an_alert_that_is_none_comes_again_and_is_not_shown(
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


def test_a_bot_goes_before_a_webhook_and_changes_its_message(bot: Slack, function: Function) -> None:
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


def test_amazon_q_goes_before_both(
    world: World, bot: Slack, function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTRIDER_CHAT_TOPIC", world.topics["alerts"])
    tell = function("slack")
    assert again(tell(alert(id="one"), alert(id="one"))) == []
    assert bot.messages() == []
    assert [told["source"] for told in world.alerts] == ["custom"]


def test_an_alert_can_be_read_again_from_what_was_published() -> None:
    assert Alert.model_validate_json(alert(id="one")).id == "one"


# --- sweep ------------------------------------------------------------------------------------------------------------


def by_the_standard_of_now(world: World) -> None:
    """The last sweep was by it: the next is no baseline."""
    with world.peace():
        world.ledger.sweeps.finished(PLACE, SweepBasis(RELEASE, Standards(world.sessions, "", ()).current().digest))


def swept(world: World, **request: Any) -> dict[str, Any]:
    """An execution of the state machine; what it sends is evaluated while it waits."""
    sweep = importlib.import_module("handlers.sweep")
    buckets = world.aws.region().s3.buckets

    def wait(_: float) -> None:
        waiting = world.aws.sqs.queue("changes").waiting
        bodies = [message.body for message in waiting]
        waiting.clear()
        world.look(*bodies)

    def invoke(event: dict[str, Any]) -> Any:
        return sweep.handler(event, Context())

    return Machine(invoke, lambda bucket, key: buckets[bucket][key].decode(), wait).run("daily", request)


def test_a_sweep_counts_what_it_sent_and_what_is_open(
    world: World, inspect: Call, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    by_the_standard_of_now(world)
    capsys.readouterr()
    function("sweep")
    assert swept(world) == {"again": False, "run": "daily.2", "complete": True}
    found = metrics(capsys.readouterr().out)
    assert (found["SweptFamilies/sweep"], found["SweptServices/sweep"], found["CoverageGaps/sweep"]) == (1, 0, 0)
    by_severity = Counter(
        world.hub.findings[f"outrider/{PLACE}/{id_}"]["Severity"]["Label"] for id_ in world.hub.open()
    )
    severities = [severity for severity in Severity if severity is not Severity.INFORMATIONAL]
    assert {s: found[f"OpenFindings/{s}"] for s in severities} == {s: by_severity[s] for s in severities}


def test_a_baseline_that_could_not_tell_its_digest_tells_it_once_when_it_is_tried_again(
    world: World, inspect: Call, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    function("sweep")
    world.fail("Publish", "ThrottlingException", times=1)
    capsys.readouterr()
    swept(world, at="2026-08-01T08:00:00Z")
    assert metrics(capsys.readouterr().out)["SweptFamilies/sweep"] == 1
    [digest] = [alert for alert in world.alerts if alert["kind"] == "digest"]
    assert digest["id"] == f"{PLACE}/digest/2026-08-01T08:00:00+00:00"
    assert digest["title"].startswith("Everything was evaluated: ")


def test_a_second_execution_ends_at_once_and_does_nothing(world: World, inspect: Call, function: Function) -> None:
    inspect(registered(world.register()))
    function("sweep")
    assert importlib.import_module("handlers.sweep").handler(
        {"step": "begin", "run": "first", "request": {}}, Context()
    )["started"]
    before = len(world.sent_back)
    assert not swept(world)["begun"]["started"]
    assert len(world.sent_back) == before


def test_a_count_that_fails_is_not_worth_another_sweep(
    world: World, inspect: Call, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    by_the_standard_of_now(world)
    world.fail("Scan", after=1)
    function("sweep")
    assert swept(world)["complete"]
    out = capsys.readouterr().out
    assert "The open findings were not counted" in out
    assert "OpenFindings" not in out


def test_a_stack_that_cannot_be_checked_is_not_worth_another_sweep(
    world: World, inspect: Call, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    by_the_standard_of_now(world)
    world.fail("DescribeStacks")
    function("sweep")
    assert swept(world)["complete"]
    assert "The stack was not checked" in capsys.readouterr().out
    run = world.ledger.health.run(PLACE)
    assert run is not None
    assert run.ended is not None


@pytest.mark.parametrize("at", ["2026-08-01T08:00:00Z", "<aws.scheduler.scheduled-time>"])
def test_the_daily_digest_is_told_and_nothing_is_swept(
    world: World, inspect: Call, function: Function, at: str, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    function("sweep")
    before = len(world.sent_back)
    capsys.readouterr()
    answer = importlib.import_module("handlers.sweep").handler({"digest": True, "at": at}, Context())
    assert answer == {"published": 1}
    assert len(world.sent_back) == before
    told = world.alerts[-1]
    assert (told["kind"], told["transition"]) == ("digest", "daily")
    assert (told["occurred"] == "2026-08-01T08:00:00Z") is at.startswith("2026")
    assert "SweptFamilies" not in capsys.readouterr().out


def test_each_team_has_a_weekly_digest_and_nothing_is_swept(world: World, inspect: Call, function: Function) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    function("sweep")
    before = len(world.sent_back)
    given = {"weekly": True, "at": "2026-08-03T08:00:00Z"}
    assert importlib.import_module("handlers.sweep").handler(given, Context()) == {"published": 1}
    assert len(world.sent_back) == before
    assert (world.alerts[-1]["transition"], world.alerts[-1]["team"]) == ("weekly", "shop")


@pytest.mark.usefixtures("inspect")
def test_where_there_is_nothing_to_tell_there_is_no_daily_digest(world: World, function: Function) -> None:
    certified(world.sessions)
    function("sweep")
    answer = importlib.import_module("handlers.sweep").handler({"digest": True}, Context())
    assert answer == {"published": 0}
    assert world.alerts == []
