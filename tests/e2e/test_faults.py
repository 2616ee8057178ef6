"""Whatever call fails, nothing is lost and nothing is passed; and when it works again, all is as if it never had.

The calls are those that the deployed policies allow, so that a new one is tried from the day that it is granted.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from local import fleet
from tests.e2e.stage import FUNCTIONS, UNKIND, Json, Stage, drifted, right
from tests.profiles import by_profile

# What a policy grants and the function's own code does not call: the event source and Lambda's runtime do, or IAM asks.
NOT_CALLED = {
    "iam:PassRole",
    "ecs:TagResource",
    "kms:Decrypt",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}
# Only a race, another failure or a kept answer decides whether these are called.
NOT_ALWAYS_CALLED = {
    ("Remediate", "ecs:DeregisterTaskDefinition"),  # a registration of somebody else's in between
    ("Remediate", "ecs:ListTaskDefinitions"),  # a crash in between
    ("Inspect", "dynamodb:DeleteItem"),  # a family that is gone
    ("Inspect", "dynamodb:UpdateItem"),  # a revision that was read a week ago
    ("Remediate", "dynamodb:DeleteItem"),  # a person releases a family; else only within transactions
    ("Remediate", "iam:GetRole"),  # a request of a person, who says who it is
    ("Remediate", "iam:GetUser"),  # the same
    ("Approve", "dynamodb:Query"),  # a person picks the custom action
    ("Approve", "sqs:SendMessage"),  # the same
    ("Inspect", "iam:GetAccountAuthorizationDetails"),  # a batch that needs many roles
    *((function, "sqs:ChangeMessageVisibility") for function in FUNCTIONS),  # the same
    *((function, "ssm:GetParameter") for function in FUNCTIONS),  # standard and webhook are kept for minutes
}
# Releasing a notice that was not published: not worth a failure, nor a line.
NOT_NAMED = {
    ("Inspect", "dynamodb:DeleteItem"),
    ("Inspect", "iam:GetAccountAuthorizationDetails"),  # each role is read alone instead
}
# What is read for many at once first, and for each alone where that fails: only the second failure is named.
FIRST_FOR_MANY = {("Inspect", "ecs:DescribeServices"), ("Inspect", "ecs:DescribeTasks")}
# What a role may do because it may do another.
ALSO = {("Remediate", "dynamodb:PutItem"): "dynamodb:TransactWriteItems"}


def allowed(stage: Stage, function: str) -> set[str]:
    """The calls that the deployed policy of a function allows."""
    role, iam = stage.role(function), stage.client("iam")
    found = set[str]()
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]:
            action = statement["Action"]
            found |= {action} if isinstance(action, str) else set(action)
    also = {call for (whose, action), call in ALSO.items() if whose == function and action in found}
    return found - NOT_CALLED | also


def stir(stage: Stage, name: str) -> None:
    """Everything that makes the functions call: families, a service, a parameter, a role and its policies."""
    ssm, ecs, iam = stage.client("ssm"), stage.client("ecs"), stage.client("iam")
    role, parameter = f"{name}-task", f"/{name}/config"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    fleet.allow(iam, role, TASK_ACTIONS)
    policy = iam.create_policy(PolicyName=f"{name}-more", PolicyDocument=MORE)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    ssm.put_parameter(Name=parameter, Value=fleet.COLLECTOR_CONFIG, Type="SecureString")
    arn = f"arn:aws:iam::123456789012:role/{role}"
    for family, definition in ((f"{name}-drifted", drifted), (f"{name}-secret", right)):
        application, collector = definition(family)["containerDefinitions"]
        collector = collector | {"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": parameter}]}
        stage.register(definition(family, taskRoleArn=arn, containerDefinitions=[application, collector]))
    bare = right(f"{name}-bare")
    stage.register(bare | {"containerDefinitions": bare["containerDefinitions"][:1]})
    stage.register(right(f"{name}-other"))
    service = {"cluster": "shop", "desiredCount": 1, "platformVersion": "1.3.0", "launchType": "FARGATE"}
    ecs.create_service(serviceName=name, taskDefinition=f"{name}-secret", **service)
    stage.register(right(f"{name}-deployed"))
    stage.serve(f"{name}-api", f"{name}-deployed")


def unreserved(family: str) -> Json:
    """What drifts at LOW: whether the family or the service is evaluated first, nothing is raised."""
    application, collector = right(family)["containerDefinitions"]
    without = {member: value for member, value in collector.items() if member not in {"cpu", "memoryReservation"}}
    return right(family, containerDefinitions=[application, without])


def stir_again(stage: Stage, name: str) -> None:
    """What people would do next: policies and the parameter change, the service moves to another family."""
    policy = f"arn:aws:iam::123456789012:policy/{name}-more"
    stage.client("iam").create_policy_version(PolicyArn=policy, PolicyDocument=MORE, SetAsDefault=True)
    fleet.allow(stage.client("iam"), f"{name}-task", TASK_ACTIONS)
    broken = {"Name": f"/{name}/config", "Value": fleet.BROKEN_CONFIG, "Type": "SecureString", "Overwrite": True}
    stage.client("ssm").put_parameter(**broken)
    stage.client("ecs").update_service(cluster="shop", service=name, taskDefinition=f"{name}-other")
    with stage.all_at_once():
        stage.register(unreserved(f"{name}-deployed"))
        stage.client("ecs").update_service(cluster="shop", service=f"{name}-api", taskDefinition=f"{name}-deployed")


def stir_at_last(stage: Stage, name: str) -> None:
    """And at last: the family takes the parameter of all others, and the service goes."""
    stage.register(right(f"{name}-secret"))
    stage.client("ecs").delete_service(cluster="shop", service=name, force=True)


TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})  # fmt: skip
MORE = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}],
})  # fmt: skip
(TASK_ACTIONS,) = (role.actions for role in fleet.ROLES if role.name == "my-fargate-task")


def stands(stage: Stage, name: str) -> dict[str, Any]:
    """What has come of it all, without the name that sets it apart."""
    families = [f"{name}-{each}" for each in ("drifted", "bare", "secret", "other", "deployed")]
    subjects = [
        *families,
        f"shop/{name}",
        f"/{name}/config",
        f"arn:aws:iam::123456789012:role/{name}-task",
    ]
    found: dict[str, Any] = {subject: stage.findings(subject) for subject in subjects}
    found |= {f"{family} newest": stage.newest(family) for family in families}
    api = f"{name}-api"
    found |= {"runs": stage.runs(api), "updates": stage.updates(api), "drifts": sorted(stage.open(f"shop/{api}"))}
    # That the service runs the earlier revision may be seen before the update is written down, as nothing settles here.
    lines = (f"{each['transition']}: {each['name']}: {each['title']}" for each in stage.alerts())
    published = Counter(line for line in lines if name in line and f": shop/{api}: " not in line)
    renamed: dict[str, Any] = json.loads(json.dumps(found | {"published": published}).replace(name, "NAME"))
    return renamed


def run(stage: Stage, name: str) -> dict[str, Any]:
    for act in (stir, stir_again, stir_at_last):
        act(stage, name)
        stage.quiet()
    return stands(stage, name)


@pytest.fixture(scope="module")
def calm(stage: Stage) -> dict[str, Any]:
    """What comes of it where nothing fails."""
    return run(stage, "calm")


type Calls = set[tuple[str, str]]  # function and call


def granted(stage: Stage, *functions: str) -> Calls:
    # Nothing is registered in a member here: test_members.py has one whose role cannot be assumed.
    calls = ((function, call) for function in functions for call in allowed(stage, function))
    return {(function, call) for function, call in calls if call != "sts:AssumeRole"}


def fail_once(stage: Stage, calls: Sequence[tuple[str, str]], error: str) -> None:
    for function, call in calls:
        # One by one, or in batches.
        batched = call.replace("SendMessage", "SendMessage*").replace("sns:Publish", "sns:Publish*")
        service, _, operation = batched.partition(":")
        fault = {"service": service, "operation": operation, "caller": f"*{stage.role(function)}*", "error": error}
        stage.fault(**fault, times=2 if (function, call) in FIRST_FOR_MANY else 1)


def begin_failing(stage: Stage, name: str, calls: Calls, error: str) -> None:
    """The same, but only what people do first: every kind of fact is read then."""
    fail_once(stage, sorted(calls), error)
    with stage.queues_with(VisibilityTimeout="2"):
        stir(stage, name)
        stage.quiet()
    stage.cloud.control("DELETE", "faults")


def run_failing(stage: Stage, name: str, calls: Calls, error: str) -> tuple[dict[str, Any], Calls]:
    """What comes of it where each of the calls fails once, and the calls that did."""
    ordered = sorted(calls)
    fail_once(stage, ordered, error)
    # Two seconds: no longer than what failed has to wait, and longer than an evaluation takes.
    with stage.queues_with(VisibilityTimeout="2"):
        run(stage, name)
        for _ in range(2):  # two calls show whether a collector runs; where one fails, that is read minutes later
            stage.come_due(f"{name}-deployed")
            stage.quiet()
        struck = {call for call, rule in zip(ordered, stage.struck(), strict=True) if rule["struck"]}
        stage.cloud.control("DELETE", "faults")
        touch(stage)
        stage.quiet(slack=True)
    return stands(stage, name), struck


def touch(stage: Stage) -> None:
    """Write roles and configuration again, as they are: every family that uses them is evaluated again."""
    for role in fleet.ROLES:
        fleet.allow(stage.client("iam"), role.name, role.actions)
    again = {"Name": fleet.PARAMETER, "Value": fleet.COLLECTOR_CONFIG, "Type": "String", "Overwrite": True}
    stage.client("ssm").put_parameter(**again)


def unnamed(stage: Stage, calls: Calls, error: str) -> Calls:
    """Those of the calls whose failure no line of their function's log names, with the resource."""
    logs = {function: "\n".join(json.dumps(line) for line in stage.logs(function)) for function in FUNCTIONS}
    return {(f, call) for f, call in calls if not re.search(rf"{call} on \S.* failed: {error}", logs[f])}


# Passing, as throttling is; but botocore does not first spend seconds on trying again by itself.
PASSING = pytest.param("InternalError", FUNCTIONS, id="passing")
# Where remediate may not read, it refuses, and a person is notified: see below.
DENIED = pytest.param("AccessDeniedException", ("Dispatch", "Inspect", "Slack"), id="denied")
THOROUGH = UNKIND in os.environ or by_profile(default=False, deep=True, explore=True)


@pytest.mark.parametrize(("error", "functions"), [PASSING, DENIED] if THOROUGH else [PASSING])
def test_each_call_that_fails_once_is_as_if_it_never_had(
    stage: Stage, calm: dict[str, Any], error: str, functions: tuple[str, ...]
) -> None:
    # Without the standard, evaluation goes on by the last good one: tests/operations/test_broken_standard.py.
    wanted = granted(stage, *functions) - {("Inspect", "ssm:GetParameter")}
    found, struck = run_failing(stage, f"{error.lower()}-1", wanted, error)
    assert found == calm
    assert wanted - NOT_ALWAYS_CALLED - struck == set()
    if THOROUGH:
        each_is_named(stage, calm, error, struck - NOT_NAMED)
    for name in ("ChangesDlq", "SubjectsDlq", "RemediationsDlq", "SlackMessagesDlq"):
        assert stage.waiting(stage.queue(name)) == 0


def each_is_named(stage: Stage, calm: dict[str, Any], error: str, calls: Calls) -> None:
    """The log names every call that failed."""
    # A message that failed in two ways reports one: what is left is tried again. What reports trouble comes last,
    # when there is no other.
    for turn in range(2, 10):
        left = unnamed(stage, calls, error)
        left = {each for each in left if each[1] != "sns:Publish"} or left
        if not left:
            break
        if turn % 2 == 0:  # a third of the time, and enough for most
            begin_failing(stage, f"{error.lower()}-{turn}", left, error)
            continue
        found, _ = run_failing(stage, f"{error.lower()}-{turn}", left, error)
        assert found == calm
    assert unnamed(stage, calls, error) == set()


def test_throttling_is_waited_out(stage: Stage) -> None:
    stage.fault(service="securityhub", operation="BatchImportFindings", times=4)  # as often as botocore tries
    stage.register(drifted("throttled"))
    stage.until(lambda: stage.newest("throttled") == 2, "No corrected revision came.")
    stage.quiet()
    assert any(re.search(r"BatchImportFindings on .* failed: ThrottlingException", each) for each in stage.errors())
    assert set(stage.findings("throttled").values()) == {("PASSED", "ARCHIVED")}
    assert set(stage.alert_lines("throttled").values()) == {1}


def test_what_remediate_may_not_read_is_not_corrected_and_a_person_hears_why(stage: Stage) -> None:
    denied = {"error": "AccessDeniedException", "caller": f"*{stage.role('Remediate')}*", "times": None}
    stage.fault(service="ssm", operation="GetParameters", **denied)
    bare = right("unreadable")
    stage.register(bare | {"containerDefinitions": bare["containerDefinitions"][:1]})
    stage.until(
        lambda: any(title.startswith("Not corrected") for title in stage.alert_lines("unreadable")), "Nobody heard."
    )
    stage.quiet(slack=True)
    *_, message = stage.messages("unreadable")
    assert message["text"].startswith("Not corrected: unreadable")
    assert "ssm:GetParameters on /fargate/otel-collector-config failed: AccessDeniedException" in json.dumps(message)
    assert stage.newest("unreadable") == 1
    assert stage.open("unreadable") == {"sidecar.present"}
