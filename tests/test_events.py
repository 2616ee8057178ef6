"""The sample events, from EventBridge's pattern by the InputTransformer of the rule that it matches to a trigger."""

import json
from typing import Any

import pytest

from domain.findings.users import SeenTasks
from domain.triggers.reading import Ignored, Refused, read, read_approval
from domain.triggers.trigger import (
    ApprovalTrigger,
    DeletedTrigger,
    ParameterTrigger,
    RoleTrigger,
    RunTaskTrigger,
    ServiceTrigger,
    TaskDefinitionTrigger,
    Trigger,
)
from tests.event_rules import EVENTS, RULES, matches, transformed, transformer_of

CANARY = "canary-4f1d9c0b7e"
ACCOUNT, REGION = "123456789012", "eu-west-1"
OF_OUTRIDER = {name: rule for name, rule in RULES.items() if rule["Targets"][0]["Id"] != "sweep"}

# Which event rule takes which sample; None where no rule does.
TAKEN = {
    "register-task-definition": "TaskDefinitionCalls",
    "deregister-task-definition": "TaskDefinitionCalls",
    "delete-task-definitions": "DeletedTaskDefinitions",
    "run-task": "TaskRuns",
    "run-task-latest": None,
    "create-service": "ServiceCalls",
    "update-primary-task-set": "ServiceCalls",
    "update-service": "ServiceCalls",
    "update-service-forced": "ServiceCalls",
    "delete-service": "ServiceCalls",
    "deployment-completed": "Deployments",
    "container-stopped": "StoppedContainers",
    "parameter-changed": "ParameterChanges",
    "put-role-policy": "RoleCalls",
    "tag-role": "RoleCalls",
    "create-policy-version": "PolicyCalls",
    "approve-plan": "ApprovedPlans",
    "register-task-definition-failed": None,
    "other-source": None,
}


def body_of(name: str, event: Any = None) -> str:
    """What the stack puts on the queue for a sample."""
    rule = TAKEN[name]
    assert rule is not None
    return transformed(transformer_of(rule), event or EVENTS[name])


def trigger_of(body: str) -> Trigger | ApprovalTrigger:
    found = read_approval(body) if json.loads(body)["kind"] == "approval" else read(body)
    assert not isinstance(found, Ignored | Refused)
    return found


@pytest.mark.parametrize("name", EVENTS)
def test_a_sample_is_taken_by_the_one_rule_that_is_meant_for_it(name: str) -> None:
    taken = [rule for rule, properties in OF_OUTRIDER.items() if matches(properties["EventPattern"], EVENTS[name])]
    assert taken == [TAKEN[name]] if TAKEN[name] else not taken


def test_every_rule_has_a_sample() -> None:
    assert {rule for rule in TAKEN.values() if rule} == set(OF_OUTRIDER)


@pytest.mark.parametrize("name", [name for name, rule in TAKEN.items() if rule])
def test_no_environment_value_and_no_document_is_queued(name: str) -> None:
    body = body_of(name)
    assert CANARY not in body
    for word in ("containerDefinitions", "environment", "policyDocument", "xray", "responseElements"):
        assert word not in body


def test_the_samples_hold_environment_values_as_real_events_do() -> None:
    """Else the tests above would prove nothing."""
    assert {name for name, event in EVENTS.items() if CANARY in json.dumps(event)} >= {
        "register-task-definition", "deregister-task-definition", "container-stopped", "other-source", "run-task",
        "delete-task-definitions",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "subject_name"),
    [
        ("register-task-definition", "checkout"),
        ("deregister-task-definition", "checkout"),
        ("delete-task-definitions", "checkout nightly-report"),
        ("run-task", "nightly-report:12 on 1.3.0 in batch"),
        ("create-service", "shop/checkout"),
        ("update-primary-task-set", "shop/checkout"),
        ("update-service", "shop/checkout"),
        ("update-service-forced", "default/report"),
        ("delete-service", "shop/checkout"),
        ("deployment-completed", "shop/checkout"),
        ("container-stopped", "shop/checkout"),
        ("parameter-changed", "/fargate/otel-collector-config"),
        ("put-role-policy", "shop-task"),
        ("tag-role", "shop-task"),
        ("approve-plan", f"outrider/{ACCOUNT}/{REGION}/family/web/sidecar.image-pinned"),
        ("create-policy-version", f"arn:aws:iam::{ACCOUNT}:policy/shop-telemetry"),
    ],
)
def test_what_a_sample_says_to_look_at(name: str, subject_name: str) -> None:
    match trigger_of(body_of(name)):
        case TaskDefinitionTrigger() as trigger:
            assert trigger.subject_name == subject_name
        case DeletedTrigger() as trigger:
            assert " ".join(trigger.families) == subject_name
        case RunTaskTrigger(family=family, sight=sight) as trigger:
            assert f"{family}:{sight.revision} on {sight.platform} in {trigger.ran_in}" == subject_name
        case ServiceTrigger() as trigger:
            assert trigger.title == subject_name
        case ParameterTrigger() as trigger:
            assert trigger.name == subject_name
        case RoleTrigger() as trigger:
            assert (trigger.role or trigger.policy) == subject_name
        case ApprovalTrigger() as trigger:
            assert trigger.finding == subject_name
            assert trigger.plan == "b6521ab105cf03f3"
        case other:
            pytest.fail(f"{other!r} is sent by no event rule")


@pytest.mark.parametrize(
    ("name", "actor", "tool"),
    [
        ("register-task-definition", "deployer/ci-4711", "Terraform"),
        ("deregister-task-definition", "deployer/ci-4711", "the console"),
        ("update-service-forced", "ada", "the AWS CLI"),
        ("put-role-policy", "cloudformation-execution/AWSCloudFormation", "CloudFormation"),
    ],
)
def test_who_did_it_and_by_what_is_read(name: str, actor: str, tool: str) -> None:
    trigger = trigger_of(body_of(name))
    assert (trigger.actor.name, trigger.actor.tool) == (actor, tool)
    assert trigger.when is not None
    assert trigger.when.isoformat().startswith("2026-11-23T09:")


@pytest.mark.parametrize("call", ["UntagRole", "AttachRolePolicy", "DeleteRolePermissionsBoundary", "CreateRole"])
def test_each_call_that_changes_what_a_role_may_do_is_taken(call: str) -> None:
    event = json.loads(json.dumps(EVENTS["tag-role"]))
    event["detail"] |= {"eventName": call, "requestParameters": {"roleName": "shop-task"}}
    assert matches(RULES["RoleCalls"]["EventPattern"], event)
    trigger = trigger_of(body_of("tag-role", event))
    assert isinstance(trigger, RoleTrigger)
    assert trigger.role == "shop-task"


@pytest.mark.parametrize("call", ["CreateTaskSet", "DeleteTaskSet"])
def test_deployments_by_codedeploy_and_others_are_taken(call: str) -> None:
    event = EVENTS["update-primary-task-set"]
    event = event | {"detail": event["detail"] | {"eventName": call}}
    assert matches(RULES["ServiceCalls"]["EventPattern"], event)
    trigger = trigger_of(body_of("update-primary-task-set", event))
    assert isinstance(trigger, ServiceTrigger)
    assert trigger.title == "shop/checkout"


@pytest.mark.parametrize(("name", "state", "taken"), [("adot", "STOPPED", True), ("app", "STOPPED", False)])
def test_name_and_state_of_a_stopped_container_are_those_of_one_container(
    name: str, state: str, *, taken: bool
) -> None:
    pattern = json.loads(json.dumps(RULES["StoppedContainers"]["EventPattern"]))
    pattern["detail"]["containers"] = {"name": ["adot"], "lastStatus": [state]}
    event = json.loads(json.dumps(EVENTS["container-stopped"]))
    event["detail"]["containers"] = [
        {"name": each, "lastStatus": state if each == name else "RUNNING"} for each in ("adot", "app")
    ]
    assert matches(pattern, event) is taken


def test_a_cut_answer_leaves_the_family_to_evaluate() -> None:
    """CloudTrail leaves out fields that are too large, and says `omitted`."""
    event = json.loads(json.dumps(EVENTS["register-task-definition"]))
    event["detail"]["responseElements"] = {"omitted": True, "originalSize": 120000, "reason": "too large"}
    trigger = trigger_of(body_of("register-task-definition", event))
    assert isinstance(trigger, TaskDefinitionTrigger)
    assert (trigger.subject_name, trigger.revision) == ("checkout", None)


@pytest.mark.parametrize("asked", ["checkout:6", f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/checkout:6"])
@pytest.mark.parametrize("answer", [None, {"omitted": True}])
def test_a_deregistration_without_an_answer_is_of_what_was_asked_for(asked: str, answer: Any) -> None:
    event = json.loads(json.dumps(EVENTS["deregister-task-definition"]))
    event["detail"] |= {"requestParameters": {"taskDefinition": asked}, "responseElements": answer}
    trigger = trigger_of(body_of("deregister-task-definition", event))
    assert isinstance(trigger, TaskDefinitionTrigger)
    assert trigger.subject_name == "checkout"


def test_a_cut_answer_leaves_the_tasks_to_evaluate() -> None:
    """Where the family alone was asked for, its revision is then not known."""
    event = json.loads(json.dumps(EVENTS["run-task"]))
    event["detail"]["responseElements"] = {"omitted": True}
    trigger = trigger_of(body_of("run-task", event))
    assert isinstance(trigger, RunTaskTrigger)
    assert (trigger.family, trigger.ran_in, trigger.sight) == ("nightly-report", "batch", SeenTasks(0, 1, "1.3.0"))


@pytest.mark.parametrize("started", [0, 1])
def test_a_call_that_started_no_task_is_none_that_was_seen(started: int) -> None:
    """RunTask answers without an error where there was no room, and tells how many it started."""
    event = json.loads(json.dumps(EVENTS["run-task"]))
    answer = event["detail"]["responseElements"]
    answer |= {"tasks": answer["tasks"][:started], "failures": [{"reason": "RESOURCE:MEMORY"}]}
    assert isinstance(read(body_of("run-task", event)), RunTaskTrigger if started else Ignored)


@pytest.mark.parametrize("name", ["create-service", "update-service", "delete-service"])
def test_a_cut_answer_leaves_the_service_to_evaluate(name: str) -> None:
    whole = trigger_of(body_of(name))
    event = json.loads(json.dumps(EVENTS[name]))
    event["detail"]["responseElements"] = {"omitted": True}
    trigger = trigger_of(body_of(name, event))
    assert isinstance(trigger, ServiceTrigger)
    assert isinstance(whole, ServiceTrigger)
    assert trigger.title == whole.title
