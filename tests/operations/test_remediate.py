"""What remediate registers, what it refuses, and how it goes on after a crash between any two steps."""

import json
from dataclasses import replace
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.ecs import Ecs
from aws.ledger.attempts import Attempts
from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.request import RequestUnreadable
from domain.standard import Mode
from domain.subject import SubjectId
from operations.planning import Planner
from operations.remediation.outcome import NotRead
from operations.remediation.recording import Recorder
from operations.remediation.remediator import Remediator
from rules import BY_ID
from tests.operations.saying import said
from tests.operations.world import (
    ACCOUNT,
    BROKEN,
    CANARY,
    CONFIG,
    EXECUTION,
    FLOATING,
    IMAGE,
    PARAMETER,
    PLACE,
    REGION,
    RULES,
    World,
    application,
    definition,
    registered,
    without_collector,
)

REGISTER = "version: 1\nmode: register\nremediation: {settling_minutes: 0}\n"
DRIFTED = definition(collector=FLOATING)


def request(family: str = "web", revision: int = 1) -> str:
    body = {"kind": "correct", "account": ACCOUNT, "region": REGION, "family": family, "revision": revision}
    return json.dumps(body | {"digest": "seen"})


def source(revision: int = 1) -> Revision:
    return Revision(PLACE, "web", revision)


def _registrable(document: dict[str, Any]) -> dict[str, Any]:
    """Without what only a description has, and without tags."""
    output = ("taskDefinitionArn", "revision", "status", "compatibilities", "registeredAt", "registeredBy", "tags")
    return {key: value for key, value in document.items() if key not in {*output, "requiresAttributes"}}


# --- what is registered -----------------------------------------------------------------------------------------------


def test_the_corrected_revision_differs_only_where_the_diff_says(world: World) -> None:
    tags = [{"key": "team", "value": "shop"}, {"key": "cost-center", "value": "4711"}]
    volumes = [{"name": "data"}]
    world.register(definition(collector=FLOATING, tags=tags, volumes=volumes))
    outcome = world.remediator(REGISTER).remediate(request())
    assert (outcome.state, outcome.registered) == (AttemptState.REGISTERED, source(2))
    before, after = _registrable(world.document("web:1")), _registrable(world.document("web:2"))
    assert after["containerDefinitions"][1].pop("image") == IMAGE
    assert before["containerDefinitions"][1].pop("image") == FLOATING["image"]
    assert json.dumps(after) == json.dumps(before), "order included"
    [alert] = world.alerts
    assert (alert["transition"], alert["kind"]) == ("registered", "outcome")
    assert [change["where"] for change in alert["changes"]] == ["containers/adot-collector/image"]
    assert alert["resource"] == source(2).arn


def test_tags_are_kept_those_of_aws_left_out_and_outriders_added(world: World) -> None:
    tags = [{"key": "team", "value": "shop"}]
    world.register(definition(collector=FLOATING, tags=tags))
    # Nobody may set these; ECS sets them itself, which moto does not.
    original = Ecs.task_definition

    def tagged(self: Ecs, place: Any, name: str) -> Any:
        found = original(self, place, name)
        assert found is not None
        kept = [*(found.json.get("tags") or []), {"key": "aws:cloudformation:stack-name", "value": "web"}]
        return found.with_(tags=kept)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ecs, "task_definition", tagged)
        world.remediator(REGISTER).remediate(request())
    found = {tag["key"]: tag["value"] for tag in world.document("web:2")["tags"]}
    assert found.pop("team") == "shop"
    digest = found.pop("outrider:plan")
    assert found == {
        "outrider:source": "1", "outrider:release": "0.1.0", "outrider:rules": "sidecar.image-pinned",
    }  # fmt: skip
    assert len(digest) == 16


@pytest.mark.parametrize(("others", "own"), [(46, 4), (48, 2), (50, 0)])
def test_tags_of_outrider_stay_within_the_limit_of_ecs(world: World, others: int, own: int) -> None:
    tags = [{"key": f"t{number}", "value": "x"} for number in range(others)]
    world.register(definition(collector=FLOATING, tags=tags))
    world.remediator(REGISTER).remediate(request())
    found = {tag["key"] for tag in world.document("web:2")["tags"]}
    assert found >= {tag["key"] for tag in tags}
    assert len(found) == others + own <= 50


def test_a_missing_collector_is_put_in(world: World) -> None:
    world.register(without_collector())
    assert world.remediator(REGISTER).remediate(request()).state is AttemptState.REGISTERED
    names = [container["name"] for container in world.document("web:2")["containerDefinitions"]]
    assert names == ["app", "adot-collector"]
    assert CANARY not in world.dump()
    assert CANARY not in repr(world.alerts)


def test_the_same_request_twice_registers_once_and_publishes_once(world: World) -> None:
    world.register(DRIFTED)
    remediator = world.remediator(REGISTER)
    first, second = remediator.remediate(request()), remediator.remediate(request())
    assert (first.state, first.registered) == (second.state, second.registered) == (AttemptState.REGISTERED, source(2))
    assert len(world.revisions()) == 2
    assert len(world.alerts) == 1


def test_what_was_registered_closes_the_findings_and_asks_for_nothing_further(world: World) -> None:
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    world.sees(registered(world.register(DRIFTED)), inspector=inspector)
    outcome = world.remediator(REGISTER).remediate(json.dumps(world.requests[0]))
    assert outcome.registered is not None
    world.sees(registered(outcome.registered.arn), inspector=inspector)
    assert world.open() == set()
    assert len(world.requests) == 1
    assert [alert["transition"] for alert in world.alerts] == ["opened", "registered", "closed"]


# --- crashes ----------------------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The function ends here."""


@pytest.mark.parametrize(
    "step",
    [
        (Attempts, "write", 1),
        (Ecs, "register", 1),
        (Attempts, "registered", 1),
        (Attempts, "write", 2),
        (Recorder, "publish", 1),
        (Attempts, "write", 3),
    ],
    ids=lambda step: f"{step[1]}-{step[2]}",
)
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_crash_before_or_after_any_step_is_taken_up_by_the_next_delivery(
    world: World, monkeypatch: pytest.MonkeyPatch, step: tuple[type, str, int], *, done: bool
) -> None:
    world.register(DRIFTED)
    owner, method, nth = step
    original, calls = getattr(owner, method), list[int]()

    def crashing(self: Any, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) != nth:
            return original(self, *arguments)
        if done:
            original(self, *arguments)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(owner, method, crashing)
        with pytest.raises(Crash):
            world.remediator(REGISTER).remediate(request())
    world.pass_(minutes=6)  # the visibility timeout of the template
    outcome = world.remediator(REGISTER).remediate(request())
    assert (outcome.state, outcome.registered) == (AttemptState.REGISTERED, source(2))
    assert [revision.number for revision in world.revisions()] == [2, 1]
    history = world.ledger.history(_family())
    assert history.own_revisions == {2}
    [attempt] = history.attempts
    assert (attempt.state, attempt.registered, attempt.pending) == ("registered", 2, ())
    assert len({alert["id"] for alert in world.alerts}) == 1
    assert {alert["transition"] for alert in world.alerts} == {"registered"}


def _family() -> SubjectId:
    return SubjectId.of_family(source())


@pytest.mark.parametrize(
    "operation", ["Publish", "PutItem", "RegisterTaskDefinition", "Query", "DescribeTaskDefinition"]
)
@pytest.mark.parametrize("after", [0, 1, 2])
def test_one_throttled_call_and_the_message_again_end_in_one_revision(world: World, operation: str, after: int) -> None:
    world.register(DRIFTED)
    world.fail(operation, "ThrottlingException", times=1, after=after)
    remediator, failures = world.remediator(REGISTER), list[CallFailed]()
    for _ in range(3):
        try:
            remediator.remediate(request())
        except CallFailed as failed:
            failures.append(failed)
            world.pass_(minutes=6)
    assert all(failure.call.endswith(f":{operation}") and failure.transient for failure in failures)
    outcome = remediator.remediate(request())
    assert (outcome.state, outcome.registered) == (AttemptState.REGISTERED, source(2))
    assert len(world.revisions()) == 2


# --- what others do at the same time ----------------------------------------------------------------------------------


def test_where_somebody_registers_in_between_outriders_is_deregistered(world: World) -> None:
    world.register(DRIFTED)
    world.meanwhile["RegisterTaskDefinition"] = lambda: world.register(definition(cpu="2048", memory="4096"))
    outcome = world.remediator(REGISTER).remediate(request())
    assert outcome.state is AttemptState.SUPERSEDED
    assert [revision.number for revision in world.revisions()] == [2, 1]
    assert world.document("web")["cpu"] == "2048"
    assert [alert["transition"] for alert in world.alerts] == ["superseded"]


def test_a_crash_before_outriders_is_deregistered_does_not_leave_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register(DRIFTED)
    world.meanwhile["RegisterTaskDefinition"] = lambda: world.register(definition(cpu="2048", memory="4096"))

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Ecs, "deregister", crash)
        with pytest.raises(Crash):
            world.remediator(REGISTER).remediate(request())
    assert world.remediator(REGISTER).remediate(request()).state is AttemptState.SUPERSEDED
    assert [revision.number for revision in world.revisions()] == [2, 1]


def test_a_request_for_a_revision_that_is_not_the_newest_any_more_is_dropped(world: World) -> None:
    world.register(DRIFTED)
    world.register(definition())
    outcome = world.remediator(REGISTER).remediate(request())
    assert (outcome.state, said(outcome)) == (AttemptState.SUPERSEDED, ("web:2 is the newest revision now.",))
    assert len(world.revisions()) == 2


def test_a_source_that_became_the_newest_again_is_corrected(world: World) -> None:
    """Numbers are never used twice: after a deregistered web:2, Outrider's is web:3, and nobody came in between."""
    world.register(DRIFTED)
    world.deregister(world.register(definition()))
    outcome = world.remediator(REGISTER).remediate(request())
    assert (outcome.state, outcome.registered) == (AttemptState.REGISTERED, source(3))
    assert [revision.number for revision in world.revisions()] == [3, 1]


def test_a_family_that_is_gone_is_skipped(world: World) -> None:
    world.deregister(world.register(DRIFTED))
    outcome = world.remediator(REGISTER).remediate(request())
    assert (outcome.state, said(outcome)) == (AttemptState.NOTHING, ("The family has no active revision.",))


def test_where_nothing_is_left_to_correct_nothing_is_registered(world: World) -> None:
    world.register()
    assert world.remediator(REGISTER).remediate(request()).state is AttemptState.NOTHING
    assert len(world.revisions()) == 1


def test_a_standard_that_only_reports_now_corrects_nothing(world: World) -> None:
    world.register(DRIFTED)
    assert world.remediator("version: 1\n").remediate(request()).state is AttemptState.NOTHING
    assert len(world.revisions()) == 1


# --- guards -----------------------------------------------------------------------------------------------------------


def refused(world: World, remediator: Remediator, revision: int = 1) -> str:
    count = len(world.revisions())
    outcome = remediator.remediate(request(revision=revision))
    assert outcome.state is AttemptState.REFUSED
    assert len(world.revisions()) == count, "nothing was registered"
    assert world.alerts[-1]["transition"] == "refused"
    assert world.alerts[-1]["reasons"] == list(said(outcome))
    assert world.alerts[-1]["guard"] == outcome.guard
    [reason] = said(outcome)
    return f"{outcome.guard}: {reason}"


def test_outriders_own_revision_is_never_corrected(world: World) -> None:
    world.register(DRIFTED)
    world.ledger.attempts.registered(source())
    reason = refused(world, world.remediator(REGISTER))
    assert reason == "own revision: Outrider registered it and does not correct its own work."


def test_an_image_from_a_repository_that_the_stack_does_not_allow_is_refused(world: World) -> None:
    world.register(without_collector())
    reason = refused(world, world.remediator(REGISTER, repositories=(f"{ACCOUNT}.dkr.ecr.*",)))
    assert reason.startswith("image: public.ecr.aws/aws-observability/aws-otel-collector is not an allowed repository")


def test_with_no_allowed_repository_every_new_image_is_refused(world: World) -> None:
    world.register(DRIFTED)
    assert refused(world, world.remediator(REGISTER, repositories=())).startswith("image: ")


def test_a_correction_that_needs_approval_is_refused(world: World) -> None:
    world.client("ssm").put_parameter(Name="/mine", Value=CONFIG.replace("awsxray", "debug"), Type="String")
    world.register(definition(collector={"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/mine"}]}))
    only = REGISTER + "collector: {parameters_allowed: ['/fargate/*']}\n"
    assert refused(world, world.remediator(only)).startswith("review: The correction needs approval: ")


def test_a_family_that_comes_back_drifted_again_and_again_is_left_to_its_source(world: World) -> None:
    for number in (1, 2):
        world.ledger.attempts.write(
            Attempt(source(number), "digest", AttemptState.REGISTERED, world.now(), number + 10)
        )
    for _ in range(3):
        world.register(DRIFTED)
    reason = refused(world, world.remediator(REGISTER), revision=3)
    assert reason.startswith("attempts: Corrected 2 times in 24 hours")
    assert "Make the change at its source" in reason


def test_a_refusal_is_published_once(world: World) -> None:
    world.register(DRIFTED)
    remediator = world.remediator(REGISTER, repositories=())
    assert remediator.remediate(request()).state is AttemptState.REFUSED
    assert remediator.remediate(request()).state is AttemptState.REFUSED
    assert len(world.alerts) == 1


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["GetParameters", "GetRole", "GetRolePolicy", "DescribeLogGroups"])
def test_without_the_facts_nothing_is_registered_and_the_message_is_retried(world: World, operation: str) -> None:
    world.register(without_collector())
    world.fail(operation, "ThrottlingException", times=1)
    remediator = world.remediator(REGISTER)
    with pytest.raises(NotRead, match=rf"\w+:{operation} on \S+ failed: ThrottlingException"):
        remediator.remediate(request())
    assert len(world.revisions()) == 1
    assert remediator.remediate(request()).state is AttemptState.REGISTERED


def test_a_drift_that_cannot_be_read_for_now_is_not_given_up(world: World) -> None:
    world.register()
    world.allow("web-execution", *EXECUTION, "logs:CreateLogGroup")
    world.client("logs").delete_log_group(logGroupName="/ecs/web")
    world.fail("DescribeLogGroups", "ThrottlingException", times=1)
    made = world.remediator(REGISTER)
    planner = Planner((*RULES, BY_ID["sidecar.logging"]), Mode.REGISTER)
    remediator = replace(made, parts=replace(made.parts, planner=planner))
    with pytest.raises(NotRead, match="logs:DescribeLogGroups on /ecs/web failed: ThrottlingException"):
        remediator.remediate(request())
    assert remediator.remediate(request()).state is AttemptState.REGISTERED


def test_a_configuration_that_would_not_start_is_not_rolled_out(world: World) -> None:
    world.client("ssm").put_parameter(Name=PARAMETER, Value=BROKEN, Type="String", Overwrite=True)
    world.register(without_collector())
    assert refused(world, world.remediator(REGISTER)).startswith("review: ")


@pytest.mark.parametrize("body", ["", "[]", "{", f'{{"account": "{CANARY}"}}', request().replace(ACCOUNT, "12")])
def test_what_is_no_request_is_refused_without_showing_it(world: World, body: str) -> None:
    with pytest.raises(RequestUnreadable) as caught:
        world.remediator(REGISTER).remediate(body)
    assert CANARY not in repr((caught.value, caught.value.__cause__))
    assert caught.value.__suppress_context__


def test_no_environment_value_is_kept_or_published(world: World) -> None:
    app = application(
        environment=[{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "localhost:4318"}, {"name": "A", "value": CANARY}]
    )
    drifted = definition(collector=FLOATING)
    world.register(drifted | {"containerDefinitions": [app, drifted["containerDefinitions"][1]]})
    remediator = world.remediator(REGISTER)
    outcome = remediator.remediate(request())
    assert outcome.state is AttemptState.REGISTERED
    assert CANARY not in repr((world.alerts, outcome, remediator))
    assert CANARY not in world.dump()
