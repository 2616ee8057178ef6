"""The functions dispatch, inspect and remediate: which messages are retried, what is logged, and what is in no log."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.ecs import Ecs
from tests.aws_fake.calls import failure
from tests.handlers.conftest import Call, Context
from tests.handlers.output import Function, again, metrics, records, request
from tests.operations.world import CANARY, FLOATING, PLACE, World, application, definition, of_rule, registered

# --- inspect ----------------------------------------------------------------------------------------------------------


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
    assert "KeyError at revisions.py:" in out, "the innermost place of Outrider, which the patched call is not"


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


@pytest.fixture
def remediate(function: Function) -> Call:
    return function("remediate")


# --- remediate --------------------------------------------------------------------------------------------------------


def test_a_malformed_request_is_retried_and_its_reason_is_logged(
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


def test_a_failure_delays_the_later_messages_of_its_family_and_no_other(world: World, remediate: Call) -> None:
    world.register(definition(collector=FLOATING))
    world.fail("DescribeTaskDefinition", times=1)
    assert again(remediate(request("web"), request("web"))) == ["m0", "m1"]
    assert again(remediate("not for this family", request("web"), groups=["api", "web"])) == ["m0"]


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
    assert record["reason"].startswith("KeyError at registration.py:")
    assert CANARY not in captured.out + captured.err
