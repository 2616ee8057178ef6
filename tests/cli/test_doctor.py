"""`outrider doctor`, against a deployed stack in the fake AWS."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from domain.health.row import Check, Code
from local.slack import Slack
from operations.health import Doctor
from reports.health import _SENTENCES, _TITLES
from tests.aws_fake.watching import WRITES
from tests.cli.conftest import Ran, Run
from tests.operations.conftest import sessions, world
from tests.operations.stack import STACK, WEBHOOK, Deployed, deploy
from tests.operations.world import CANARY, REGION, STANDARD, SWITCH, World
from tests.templates import actions, calls_of

__all__ = ["sessions", "world"]

OURS = f"Outrider/{STACK}"


@pytest.fixture
def stack(world: World, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """A stack that is well, examined at the time of the fake AWS."""
    monkeypatch.setenv("AWS_REGION", REGION)
    # One for all tests, as in tests/operations: to read botocore's models again takes half a second.
    monkeypatch.setattr("cli.deployed.Sessions", lambda *_, **__: world.sessions)
    monkeypatch.setattr("cli.doctor.Doctor", partial(Doctor, now=world.aws.clock.now))
    world.sessions.__dict__.pop("caller", None)
    return deploy(world)


def rows(ran: Ran) -> dict[str, Any]:
    return {row["check"]: row for row in ran.json["checks"]}


def not_ok(ran: Ran) -> dict[str, tuple[str, str]]:
    """State and code of each check that is not ok."""
    return {check: (row["state"], row["code"]) for check, row in rows(ran).items() if row["state"] != "ok"}


@pytest.mark.usefixtures("stack")
def test_a_stack_that_is_well_is_all_ok(run: Run) -> None:
    ran = run("doctor", "--format", "json")
    assert not_ok(ran) == {}
    assert list(rows(ran)) == [check.value for check in Check]
    assert {row["fix"] for row in rows(ran).values()} == {""}
    assert (ran.code, ran.err) == (0, "")
    assert (ran.json["region"], ran.json["stack"]) == (REGION, STACK)


def test_it_only_reads_and_reads_no_secret(stack: Deployed, run: Run) -> None:
    stack.world.calls.clear()
    ran = run("doctor")
    assert "GetSecretValue" not in stack.world.calls
    assert CANARY not in ran.out + ran.err
    assert all(re.match("Get|List|Describe", call) for call in stack.world.calls)


# --- what is broken ---------------------------------------------------------------------------------------------------


def no_trail(stack: Deployed) -> None:
    stack.region.trails.trails.clear()


def a_stopped_trail(stack: Deployed) -> None:
    stack.region.trails.add().logging = False


def a_trail_of_reads(stack: Deployed) -> None:
    stack.region.trails.add().selectors = [WRITES | {"ReadWriteType": "ReadOnly"}]


def a_trail_of_data_events(stack: Deployed) -> None:
    stack.region.trails.add().advanced = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]


def no_trail_in_us_east_1(stack: Deployed) -> None:
    stack.iams.trails.trails.clear()


def hub_disabled(stack: Deployed) -> None:
    stack.world.hub.enabled = False


def rule_disabled(stack: Deployed) -> None:
    stack.region.events.rules[stack.ids["ServiceCalls"]] = False


def rule_of_members_disabled(stack: Deployed) -> None:
    stack.region.events.rules[stack.ids["MemberServiceCalls"]] = False


def rule_deleted(stack: Deployed) -> None:
    del stack.region.events.rules[stack.ids["ServiceCalls"]]


def dlq_not_empty(stack: Deployed) -> None:
    stack.region.sqs.put(stack.ids["SubjectsDlq"], "{}", "{ }")


def dlq_of_approvals_not_empty(stack: Deployed) -> None:
    stack.region.sqs.put(stack.ids["ApprovalsDlq"], "{}")


def old_message(stack: Deployed) -> None:
    stack.region.sqs.put(stack.ids["Subjects"], "{}")
    stack.measure("AWS/SQS", "ApproximateAgeOfOldestMessage", stack.ids["Subjects"].rpartition("/")[2], 1900)


def switch_absent(stack: Deployed) -> None:
    stack.region.ssm.delete_parameter({"Name": SWITCH})


def switch_off(stack: Deployed) -> None:
    stack.region.ssm.put(SWITCH, "off")


def no_passable_roles(stack: Deployed) -> None:
    stack.sets(PassableRoles="")


def broken_standard(stack: Deployed) -> None:
    stack.region.ssm.put(STANDARD, "version: 9\n")


def no_standard(stack: Deployed) -> None:
    stack.region.ssm.delete_parameter({"Name": STANDARD})


def standard_not_swept(stack: Deployed) -> None:
    stack.region.ssm.put(STANDARD, "version: 1\nname: another\n")


def old_sweep(stack: Deployed) -> None:
    stack.swept(hours=50)


def sweep_not_ended(stack: Deployed) -> None:
    stack.swept(hours=7, ended=False)


def no_sweep(stack: Deployed) -> None:
    stack.world.client("dynamodb").delete_item(
        TableName="ledger", Key={"pk": {"S": "swept/123456789012/eu-west-1"}, "sk": {"S": "run"}}
    )


def role_missing(stack: Deployed) -> None:
    del stack.region.iam.roles[stack.ids["InspectRole"]]


def role_of_others(stack: Deployed) -> None:
    stack.world.trust(stack.ids["InspectRole"], "ecs-tasks.amazonaws.com")


def subscription_pending(stack: Deployed) -> None:
    topic = stack.region.sns.topic(stack.ids["Operations"])
    topic.subscribers.clear()
    topic.pending.append("team@example.com")


def no_webhook(stack: Deployed) -> None:
    stack.region.ssm.delete_parameter({"Name": WEBHOOK})


def no_bots_secret(stack: Deployed) -> None:
    stack.sets(SlackBotLocation="secretsmanager:bot")


def nobody_reads_alerts(stack: Deployed) -> None:
    stack.region.sns.topic(stack.ids["Alerts"]).subscribers.clear()


def unread_facts(stack: Deployed) -> None:
    stack.measure(OURS, "UnreadFacts", "inspect", 3, minutes=300)
    stack.measure(OURS, "UnknownVerdicts", "ssm:GetParameters", 3, minutes=300)
    stack.measure(OURS, "UnknownVerdicts", "evidence", 9, minutes=300)


def late_events(stack: Deployed) -> None:
    stack.measure(OURS, "EventLag", "dispatch", 12, minutes=70)
    stack.measure(OURS, "EventLag", "dispatch", 1500, minutes=400)


@dataclass(frozen=True)
class Broken:
    """A breakage, the one check that it concerns, and a part of the command that fixes it."""

    by: Callable[[Deployed], None]
    check: str
    state: str
    code: str
    fix: str


BROKEN = [
    Broken(no_trail, "trail", "failing", "no-trail", "aws cloudtrail create-trail"),
    Broken(a_stopped_trail, "trail", "failing", "trail-stopped", "aws cloudtrail start-logging --name arn:"),
    Broken(a_trail_of_reads, "trail", "failing", "trail-without-writes", "aws cloudtrail create-trail"),
    Broken(a_trail_of_data_events, "trail", "failing", "trail-without-writes", "aws cloudtrail create-trail"),
    Broken(no_trail_in_us_east_1, "trail-of-iam", "warning", "no-trail", "--region us-east-1"),
    Broken(hub_disabled, "security-hub", "failing", "hub-not-enabled", "--no-enable-default-standards"),
    Broken(rule_disabled, "event-rules", "failing", "rule-disabled", "enable-rule --name outrider-ServiceCalls-"),
    Broken(
        rule_of_members_disabled,
        "event-rules",
        "failing",
        "rule-disabled",
        f"--name {STACK}-MemberServiceCalls-1A2B3C --event-bus-name {STACK}-members",
    ),
    Broken(rule_deleted, "event-rules", "failing", "rule-missing", "aws cloudformation detect-stack-drift"),
    Broken(dlq_not_empty, "dlqs", "failing", "dlq-not-empty", ":outrider-Subjects-1A2B3C.fifo --region"),
    Broken(dlq_of_approvals_not_empty, "dlqs", "failing", "dlq-not-empty", "aws sqs purge-queue --queue-url"),
    Broken(old_message, "queues", "failing", "messages-old", "aws logs tail outrider-InspectLog-1A2B3C "),
    Broken(switch_absent, "switch", "warning", "switch-absent", "outrider corrections on --region eu-west-1"),
    Broken(switch_off, "switch", "warning", "switch-off", "outrider corrections on --region eu-west-1"),
    Broken(no_passable_roles, "switch", "warning", "no-passable-roles", "PassableRoles="),
    Broken(broken_standard, "standard", "failing", "standard-invalid", f"aws ssm put-parameter --name {STANDARD} "),
    Broken(no_standard, "standard", "failing", "standard-absent", f"aws ssm put-parameter --name {STANDARD} "),
    Broken(standard_not_swept, "standard", "warning", "standard-not-swept", "aws stepfunctions start-execution"),
    Broken(
        old_sweep, "sweep", "failing", "sweep-old", "start-execution --state-machine-arn outrider-SweepMachine-1A2B3C "
    ),
    Broken(sweep_not_ended, "sweep", "failing", "sweep-not-ended", "aws stepfunctions start-execution"),
    Broken(no_sweep, "sweep", "warning", "no-sweep", "aws stepfunctions start-execution"),
    Broken(role_missing, "roles", "failing", "role-missing", "aws cloudformation detect-stack-drift"),
    Broken(role_of_others, "roles", "failing", "role-not-assumable", "aws cloudformation detect-stack-drift"),
    Broken(subscription_pending, "operations", "failing", "subscription-pending", "aws sns subscribe --topic-arn arn:"),
    Broken(no_webhook, "slack", "failing", "secret-absent", f"--name {WEBHOOK} --type SecureString"),
    Broken(no_bots_secret, "slack", "failing", "secret-absent", "aws secretsmanager create-secret --name bot "),
    Broken(nobody_reads_alerts, "slack", "failing", "not-subscribed", "aws sns subscribe --topic-arn arn:"),
    Broken(unread_facts, "unread-facts", "warning", "facts-unread", "aws logs tail outrider-InspectLog-1A2B3C "),
    Broken(late_events, "event-lag", "warning", "lag-long", "aws cloudtrail describe-trails"),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.by.__name__)
def test_each_breakage_is_named_and_nothing_else_is(stack: Deployed, run: Run, broken: Broken) -> None:
    with stack.world.peace():
        broken.by(stack)
    ran = run("doctor", "--format", "json")
    assert not_ok(ran) == {broken.check: (broken.state, broken.code)}
    command = rows(ran)[broken.check]["fix"]
    assert broken.fix in command
    assert ran.code == (1 if broken.state == "failing" else 0)
    table = run("doctor")
    assert re.search(rf"^{broken.state} +{broken.check} ", table.out, re.MULTILINE)
    assert command in table.out
    assert (table.code, table.err) == (ran.code, "")
    assert CANARY not in ran.out + table.out


def test_what_was_read_is_named(stack: Deployed, run: Run) -> None:
    with stack.world.peace():
        for breakage in (rule_disabled, broken_standard, unread_facts, old_message, dlq_not_empty):
            breakage(stack)
    found = rows(run("doctor", "--format", "json"))
    assert found["event-rules"]["names"] == ["ServiceCalls"]
    assert "version" in found["standard"]["detail"]
    assert (found["unread-facts"]["names"], found["unread-facts"]["number"]) == (["ssm:GetParameters"], 3)
    assert (found["queues"]["names"], found["queues"]["number"]) == (["Subjects"], 1900)
    assert (found["dlqs"]["names"], found["dlqs"]["number"]) == (["SubjectsDlq"], 2)


def test_a_young_message_is_no_trouble_and_an_old_measurement_none_either(stack: Deployed, run: Run) -> None:
    old_message(stack)
    stack.world.pass_(minutes=20)
    assert rows(run("doctor", "--format", "json"))["queues"]["code"] == "messages-wait"


def test_a_trail_of_another_region_counts_and_is_read_at_its_home(stack: Deployed, run: Run) -> None:
    no_trail(stack)
    home = stack.iams.trails.add("organisation")
    stack.region.trails.trails[home.arn] = home
    assert run("doctor").code == 0


@pytest.mark.parametrize(
    ("conditions", "logs"),
    [
        ([], True),
        ([{"Field": "readOnly", "Equals": ["false"]}], True),
        ([{"Field": "readOnly", "Equals": ["true"]}], False),
        ([{"Field": "eventSource", "NotEquals": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}], True),
        ([{"Field": "eventSource", "NotEquals": ["ecs.amazonaws.com"]}], False),
        ([{"Field": "eventSource", "Equals": ["iam.amazonaws.com"]}], False),
        ([{"Field": "eventSource", "StartsWith": ["e"]}], True),
        ([{"Field": "eventName", "Equals": ["UpdateService"]}], False),
    ],
)
def test_advanced_selectors_are_read_as_cloudtrail_reads_them(
    stack: Deployed, run: Run, conditions: list[dict[str, Any]], *, logs: bool
) -> None:
    management = {"Field": "eventCategory", "Equals": ["Management"]}
    stack.region.trails.add().advanced = [{"FieldSelectors": [management, *conditions]}]
    assert (rows(run("doctor", "--format", "json"))["trail"]["state"] == "ok") is logs


def test_a_stack_that_reports_needs_no_switch_and_one_without_slack_a_reader(stack: Deployed, run: Run) -> None:
    switch_absent(stack)
    stack.sets(RemediationMode="report", SlackWebhookLocation="", StandardLocation="")
    ran = run("doctor", "--format", "json")
    assert not_ok(ran) == {}
    codes = {check: row["code"] for check, row in rows(ran).items()}
    assert (codes["switch"], codes["slack"], codes["standard"]) == ("report-only", "no-slack", "standard-packaged")


def test_amazon_q_needs_a_subscription_of_its_topic(stack: Deployed, run: Run) -> None:
    stack.sets(AmazonQ="on")
    assert not_ok(run("doctor", "--format", "json")) == {}
    stack.region.sns.topic(stack.ids["Chat"]).subscribers.clear()
    assert not_ok(run("doctor", "--format", "json")) == {"slack": ("failing", "not-subscribed")}


# --- the bot's token --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("denied", "token", "code"),
    [(False, "", "token-accepted"), (False, "xoxb-0", "token-refused"), (True, "", "slack-ready")],
)
def test_a_bots_token_is_tried_where_it_may_be_read(
    stack: Deployed, run: Run, token: str, code: str, *, denied: bool
) -> None:
    stack.sets(SlackBotLocation="secretsmanager:bot")
    with Slack() as slack:
        secret = json.loads(slack.bot) | ({"token": token} if token else {})
        stack.region.secrets.secrets["bot"] = json.dumps(secret)
        if denied:
            stack.world.fail("GetSecretValue")
        ran = run("doctor", "--format", "json")
        assert slack.messages() == []
        assert slack.token not in ran.out
    assert rows(ran)["slack"]["code"] == code
    assert ran.code == (1 if token else 0)


# --- who may not read, and wrong use ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "unknown"),
    [
        ("DescribeTrails", {"trail", "trail-of-iam"}),
        ("GetTrailStatus", {"trail", "trail-of-iam"}),
        ("GetEventSelectors", {"trail", "trail-of-iam"}),
        ("DescribeHub", {"security-hub"}),
        ("DescribeRule", {"event-rules"}),
        ("GetQueueAttributes", {"queues", "dlqs"}),
        ("GetParameter", {"switch", "standard"}),
        ("GetRole", {"roles"}),
        ("ListSubscriptionsByTopic", {"slack", "operations"}),
        ("DescribeParameters", {"slack"}),
        ("GetItem", {"standard", "sweep"}),
        ("GetMetricData", {"unread-facts", "event-lag"}),
        ("ListStackResources", {"event-rules", "queues", "dlqs", "roles"}),
    ],
)
def test_what_may_not_be_read_is_unknown_with_the_action(
    stack: Deployed, run: Run, operation: str, unknown: set[str]
) -> None:
    stack.world.fail(operation)
    ran = run("doctor", "--format", "json")
    found = rows(ran)
    assert {check for check, row in found.items() if row["state"] != "ok"} == unknown
    for check in unknown:
        assert found[check]["state"] == "unknown"
        assert found[check]["failed"]["call"].endswith(f":{operation}")
        assert found[check]["failed"]["error"] == "AccessDeniedException"
        assert found[check]["fix"] == f"outrider doctor --policy --stack {STACK} --region {REGION}"
    assert (ran.code, ran.err) == (0, "")


def test_a_call_that_is_throttled_is_worth_another_try(stack: Deployed, run: Run) -> None:
    stack.world.fail("DescribeHub", "ThrottlingException")
    row = rows(run("doctor", "--format", "json"))["security-hub"]
    assert (row["state"], row["fix"]) == ("unknown", f"outrider doctor --stack {STACK} --region {REGION}")


def test_a_stack_that_may_not_be_read_or_is_not_there_is_wrong_use(stack: Deployed, run: Run) -> None:
    ran = run("doctor", "--stack", "another")
    assert (ran.code, ran.out) == (2, "")
    assert "There is no stack another in eu-west-1." in ran.err
    stack.world.stacks["other"] = {"StackName": "other", "Parameters": [], "Outputs": []}
    assert run("doctor", "--stack", "other").code == 2
    stack.world.fail("DescribeStacks")
    ran = run("doctor")
    assert (ran.code, ran.out) == (2, "")
    assert "cloudformation:DescribeStacks" in ran.err
    assert "`outrider doctor --policy`" in ran.err


# --- the policy -------------------------------------------------------------------------------------------------------


def test_the_policy_allows_what_the_command_calls_and_no_more(stack: Deployed, run: Run) -> None:
    stack.world.calls.clear()
    ran = run("doctor", "--policy", "--region", "eu-west-1", "--stack", "governance")
    assert (ran.code, stack.world.calls) == (0, {})
    granted = [action for statement in ran.json["Statement"] for action in actions(statement)]
    called = {
        "stack_health": calls_of("stack_health"),
        "stacks": calls_of("stacks"),
        "ledger/health": {"run": calls_of("ledger/health")["run"]},
        "parameters": {"read_document": calls_of("parameters")["read_document"]},
    }
    needed = {call for methods in called.values() for calls in methods.values() for call in calls}
    assert sorted(granted) == sorted(needed)
    assert "arn:aws:sqs:eu-west-1:ACCOUNT:governance-*" in ran.out
    assert [each["Sid"] for each in ran.json["Statement"] if each["Resource"] == "*"] == ["ListTrailsAndReadMetrics"]


def test_every_call_that_is_made_is_in_the_policy(stack: Deployed, run: Run) -> None:
    """Read off the calls themselves, not off the source."""
    stack.world.calls.clear()
    run("doctor")
    allowed = {
        action.partition(":")[2] for each in run("doctor", "--policy").json["Statement"] for action in actions(each)
    }
    assert set(stack.world.calls) - {"GetCallerIdentity"} <= allowed


def test_every_code_has_a_sentence_and_every_check_a_title() -> None:
    assert _SENTENCES.keys() == set(Code)
    assert _TITLES.keys() == set(Check)
