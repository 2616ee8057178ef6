"""Member accounts: events, findings and corrections by the roles of member.yaml, each account apart."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from local import fleet
from local.emulator import ACCOUNT
from tests.e2e.stage import MEMBER, SILENT, Stage, drifted


@pytest.fixture(scope="module")
def members(stage: Stage) -> Stage:
    """Two members. Somebody deleted the roles of one."""
    for account in (MEMBER, SILENT):
        fleet.create_dependencies(partial(stage.cloud.client, account=account))
        stage.cloud.join(account, stage.outputs, Corrections="register")
    iam = stage.cloud.client("iam", account=SILENT)
    for role in ("outrider-read", "outrider-remediate"):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=policy)
        iam.delete_role(RoleName=role)
    stage.quiet()
    return stage


def in_account(definition: Any, account: str) -> Any:
    return json.loads(json.dumps(definition).replace(ACCOUNT, account))


def findings(stage: Stage, account: str, family: str) -> dict[str, tuple[str, str]]:
    found = stage.cloud.client("securityhub", account=account).get_findings()["Findings"]
    ours = (each for each in found if f"/family/{family}/" in each["Id"])
    return {each["Id"]: (each["Compliance"]["Status"], each["RecordState"]) for each in ours}


@contextmanager
def notices(stage: Stage) -> Iterator[list[str]]:
    """What the topic `operations` publishes meanwhile; complete at the end."""
    sqs, found = stage.client("sqs"), list[str]()
    url = sqs.create_queue(QueueName="notices")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic_may = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [topic_may | {"Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    topic = stage.outputs["OperationsTopic"]
    stage.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    yield found
    found += stage.bodies(url)


def test_a_drift_in_a_member_is_found_and_corrected_there_by_the_roles_of_its_own(members: Stage) -> None:
    stage, ecs = members, members.cloud.client("ecs", account=MEMBER)
    ecs.register_task_definition(**in_account(drifted("member-web"), MEMBER))
    stage.until(lambda: findings(stage, MEMBER, "member-web"), "No finding came.")
    prefix = f"outrider/{MEMBER}/us-east-1/family/member-web/"
    assert all(id_.startswith(prefix) for id_ in findings(stage, MEMBER, "member-web"))

    def newest() -> Any:
        return ecs.describe_task_definition(taskDefinition="member-web")["taskDefinition"]

    stage.until(lambda: newest()["revision"] == 2, "It was not corrected.")
    stage.quiet()
    assert set(findings(stage, MEMBER, "member-web").values()) == {("PASSED", "ARCHIVED")}
    assert findings(stage, ACCOUNT, "member-web") == {}
    assert not stage.client("ecs").list_task_definitions(familyPrefix="member-web")["taskDefinitionArns"]


def test_a_member_without_roles_is_one_notice_and_the_others_are_not_affected(members: Stage) -> None:
    stage = members
    with notices(stage) as published:
        for family in ("silent-one", "silent-two"):
            ecs = stage.cloud.client("ecs", account=SILENT)
            ecs.register_task_definition(**in_account(drifted(family), SILENT))
        ecs = stage.cloud.client("ecs", account=MEMBER)
        ecs.register_task_definition(**in_account(drifted("member-api"), MEMBER))
        stage.until(lambda: findings(stage, MEMBER, "member-api"), "No finding came.")
        stage.quiet()
    [notice] = [each for each in published if SILENT in each]
    assert f"sts:AssumeRole on arn:aws:iam::{SILENT}:role/outrider-read failed: AccessDenied" in notice
    assert findings(stage, SILENT, "silent-one") == findings(stage, SILENT, "silent-two") == {}
