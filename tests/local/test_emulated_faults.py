"""Permissions in the local cloud, and faults on request."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import Cloud
from local.emulator import ACCOUNT, REGION
from tests.local.using import APP, events, register, role

PRODUCT = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default"


def a_finding(id_: str) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08", "Id": id_, "ProductArn": PRODUCT, "GeneratorId": "g", "AwsAccountId": ACCOUNT,
        "CreatedAt": "2026-11-01T12:00:00Z", "UpdatedAt": "2026-11-01T12:00:00Z", "Title": "t", "Description": "d",
        "Resources": [{"Type": "Other", "Id": id_}], "Severity": {"Label": "LOW"}, "Types": ["TTPs"],
    }  # fmt: skip


# --- IAM --------------------------------------------------------------------------------------------------------------


def test_importing_findings_wants_the_permission_on_the_product(cloud: Cloud) -> None:
    denied = role(cloud, "no-hub", {"Action": "securityhub:GetFindings", "Resource": "*"})
    with pytest.raises(ClientError, match=r"AccessDenied.*securityhub:BatchImportFindings"):
        cloud.client_as("securityhub", denied).batch_import_findings(Findings=[a_finding("denied")])
    allowed = role(cloud, "hub", {"Action": "securityhub:BatchImportFindings", "Resource": PRODUCT})
    answer = cloud.client_as("securityhub", allowed).batch_import_findings(Findings=[a_finding("allowed")])
    assert answer["SuccessCount"] == 1
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client_as("securityhub", allowed).get_findings()
    filters = {"Id": [{"Value": "allowed", "Comparison": "EQUALS"}]}
    assert len(cloud.client("securityhub").get_findings(Filters=filters)["Findings"]) == 1
    assert len(events(cloud, "Security Hub Findings - Imported", '"allowed"')) == 1


def test_registering_with_a_role_wants_pass_role_to_ecs_tasks(cloud: Cloud) -> None:
    cloud.client("iam").create_role(RoleName="passed", AssumeRolePolicyDocument="{}")
    arn = f"arn:aws:iam::{ACCOUNT}:role/passed"
    registers = {"Action": "ecs:RegisterTaskDefinition", "Resource": "*"}
    elsewhere = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    passes = {"Action": "iam:PassRole", "Resource": arn}
    request = {"family": "passing", "containerDefinitions": [APP], "executionRoleArn": arn}
    for name, statements in (("passes-none", ()), ("passes-elsewhere", ({**passes, "Condition": elsewhere},))):
        with pytest.raises(ClientError, match="iam:PassRole"):
            cloud.client_as("ecs", role(cloud, name, registers, *statements)).register_task_definition(**request)
    allowed = role(cloud, "passes-to-tasks", registers, {**passes, "Condition": to_tasks})
    cloud.client_as("ecs", allowed).register_task_definition(**request)


def test_sending_many_messages_wants_the_permission_to_send_one(cloud: Cloud) -> None:
    url = cloud.client("sqs").create_queue(QueueName="many")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:many"
    entries = [{"Id": "a", "MessageBody": "a"}]
    denied = role(cloud, "sends-nothing", {"Action": "sqs:ReceiveMessage", "Resource": arn})
    with pytest.raises(ClientError, match=r"AccessDenied"):
        cloud.client_as("sqs", denied).send_message_batch(QueueUrl=url, Entries=entries)
    allowed = role(cloud, "sends", {"Action": "sqs:SendMessage", "Resource": arn})
    assert cloud.client_as("sqs", allowed).send_message_batch(QueueUrl=url, Entries=entries)["Successful"]


def test_registering_with_tags_wants_tag_resource(cloud: Cloud) -> None:
    registers = {"Action": "ecs:RegisterTaskDefinition", "Resource": "*"}
    tagged = {"family": "tagging", "containerDefinitions": [APP], "tags": [{"key": "a", "value": "b"}]}
    with pytest.raises(ClientError, match="ecs:TagResource"):
        cloud.client_as("ecs", role(cloud, "tags-not", registers)).register_task_definition(**tagged)
    tags = {"Action": "ecs:TagResource", "Resource": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/*"}
    cloud.client_as("ecs", role(cloud, "tags", registers, tags)).register_task_definition(**tagged)


# --- faults -----------------------------------------------------------------------------------------------------------


def test_a_fault_strikes_as_often_as_requested_and_before_the_call_takes_effect(cloud: Cloud) -> None:
    cloud.control("POST", "faults", {"service": "ecs", "operation": "Register*", "times": 1})
    with pytest.raises(ClientError, match="ThrottlingException"):
        register(cloud, "struck")
    assert register(cloud, "struck")["revision"] == 1
    assert cloud.control("GET", "faults")[0]["struck"] == 1


def test_a_fault_after_the_call_leaves_its_effect(cloud: Cloud) -> None:
    cloud.control(
        "POST",
        "faults",
        {
            "service": "ecs",
            "operation": "RegisterTaskDefinition",
            "when": "after",
            "status": 500,
            "error": "ServerException",
        },
    )
    with pytest.raises(ClientError, match="ServerException"):
        register(cloud, "lost-answer")
    assert cloud.client("ecs").describe_task_definition(taskDefinition="lost-answer")["taskDefinition"]["revision"] == 1


@pytest.mark.parametrize(
    ("service", "operation", "call"),
    [
        ("iam", "GetRole", lambda client: client.get_role(RoleName="x")),
        ("dynamodb", "GetItem", lambda client: client.get_item(TableName="x", Key={"a": {"S": "b"}})),
        ("sns", "Publish", lambda client: client.publish(TopicArn="arn:aws:sns:us-east-1:123456789012:x", Message="m")),
        ("sqs", "SendMessage", lambda client: client.send_message(QueueUrl="http://x/1/q", MessageBody="m")),
        ("ssm", "GetParameters", lambda client: client.get_parameters(Names=["/x"])),
        ("securityhub", "GetFindings", lambda client: client.get_findings()),
        ("s3", "GetObject", lambda client: client.get_object(Bucket="b", Key="k")),
        ("sts", "AssumeRole", lambda client: client.assume_role(RoleArn="arn:aws:iam::1:role/x", RoleSessionName="xx")),
        ("secretsmanager", "GetSecretValue", lambda client: client.get_secret_value(SecretId="x")),
        ("logs", "DescribeLogGroups", lambda client: client.describe_log_groups()),
    ],
)
def test_a_fault_has_the_form_of_each_services_errors(
    cloud: Cloud, service: str, operation: str, call: Callable[[Any], Any]
) -> None:
    cloud.control(
        "POST", "faults", {"service": service, "operation": operation, "error": "Planned", "message": "on purpose"}
    )
    with pytest.raises(ClientError) as caught:
        call(cloud.client(service))
    assert caught.value.response["Error"]["Code"] == "Planned"
    assert caught.value.response["Error"]["Message"] == "on purpose"


def test_a_fault_can_single_out_its_caller(cloud: Cloud) -> None:
    cloud.control("POST", "faults", {"service": "ecs", "caller": "*:assumed-role/nobody/*", "times": None})
    assert register(cloud, "spared")["revision"] == 1


@pytest.mark.parametrize("rule", [{}, {"service": "ecs", "tims": 1}, {"service": "ecs", "when": "during"}])
def test_an_unusable_fault_is_refused_with_a_sentence(cloud: Cloud, rule: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"faults: .+\."):
        cloud.control("POST", "faults", rule)
