"""What the launcher adds to the emulator, seen through boto3 as a user sees it."""

import io
import json
import subprocess
import zipfile

import pytest
from botocore.exceptions import ClientError

from local.builds import ROOT
from local.cloud import PYTHON, Cloud
from local.emulator import ACCOUNT, REGION
from local.internals import VERSION
from tests.local.using import APP, events, register, role, serve, until

POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


# --- the pin ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sabotage", "sentence"),
    [
        (
            "import ministack.services.sts as m; del m._sessions",
            "ministack's internals have moved: ministack.services.sts._sessions is no longer there.",
        ),
        (
            "import ministack.services.eventbridge as m; m._put_events = lambda data: None",
            "ministack.services.eventbridge._put_events takes (data) where (data, allow_aws_source) is expected.",
        ),
        (
            "import importlib.metadata as m; m.version = lambda name: '9.9.9'",
            f"The local cloud is written against ministack {VERSION}, and this environment has 9.9.9.",
        ),
    ],
)
def test_the_launcher_stops_with_a_sentence_where_the_emulators_internals_moved(sabotage: str, sentence: str) -> None:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is not there: run `make venvs` once.")
    program = (
        f"{sabotage}\nimport runpy, sys\nsys.argv = ['x']\nrunpy.run_module('local.emulator', run_name='__main__')"
    )
    ended = subprocess.run(  # noqa: S603 - our own program
        [str(PYTHON), "-c", program], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


# --- CloudTrail -------------------------------------------------------------------------------------------------------


def test_a_registration_is_recorded_as_cloudtrail_records_it(cloud: Cloud) -> None:
    arn = register(cloud, "told", tags=[{"key": "team", "value": "a"}])["taskDefinitionArn"]
    (event,) = events(cloud, "AWS API Call via CloudTrail", "told")
    detail = event["detail"]
    assert event["source"] == "aws.ecs"
    assert (detail["eventSource"], detail["eventName"]) == ("ecs.amazonaws.com", "RegisterTaskDefinition")
    assert (detail["awsRegion"], detail["recipientAccountId"]) == (REGION, ACCOUNT)
    assert detail["eventTime"].endswith("Z")
    assert detail["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert "Botocore" in detail["userAgent"]
    assert detail["requestParameters"]["family"] == "told"
    assert detail["requestParameters"]["containerDefinitions"][0]["environment"] == APP["environment"]
    assert detail["responseElements"]["taskDefinition"]["taskDefinitionArn"] == arn
    assert detail["responseElements"]["taskDefinition"]["registeredAt"].endswith(("AM", "PM"))
    assert "errorCode" not in detail
    assert detail["eventID"]


def test_a_failed_call_carries_its_error_and_no_response(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="No Fargate configuration exists"):
        register(cloud, "failed", memory="999")
    (event,) = events(cloud, "AWS API Call via CloudTrail", '"failed"')
    assert event["detail"]["errorCode"] == "ClientException"
    assert event["detail"]["responseElements"] is None


def test_a_service_update_is_recorded_without_tags_and_as_it_was_sent(cloud: Cloud) -> None:
    register(cloud, "updated")
    serve(cloud, "updated", tags=[{"key": "team", "value": "a"}])
    cloud.client("ecs").update_service(service="updated", forceNewDeployment=True)
    create, update = (
        e["detail"]
        for e in events(cloud, "AWS API Call via CloudTrail", '"updated"')
        if "Service" in e["detail"]["eventName"]
    )
    assert create["requestParameters"]["tags"] == [{"key": "team", "value": "a"}]
    assert "tags" not in create["responseElements"]["service"]
    assert update["requestParameters"] == {"service": "updated", "forceNewDeployment": True}
    assert update["responseElements"]["service"]["serviceArn"].endswith("/updated")


def test_reading_is_not_recorded(cloud: Cloud) -> None:
    register(cloud, "read-only")
    before = len(cloud.control("GET", "events"))
    cloud.client("ecs").describe_task_definition(taskDefinition="read-only")
    cloud.client("ecs").list_task_definitions()
    assert len(cloud.control("GET", "events")) == before


def test_a_role_names_itself_and_its_denied_call_is_recorded_too(cloud: Cloud) -> None:
    credentials = role(cloud, "pipeline")
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client_as("ecs", credentials).register_task_definition(family="denied", containerDefinitions=[APP])
    (event,) = events(cloud, "AWS API Call via CloudTrail", '"denied"')
    identity = event["detail"]["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/pipeline/local-session"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{ACCOUNT}:role/pipeline"
    assert event["detail"]["errorCode"].startswith("AccessDenied")


def test_only_who_may_list_a_bucket_learns_that_an_object_does_not_exist(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket="kept")
    reader = role(cloud, "reader", {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::kept/*"})
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client_as("s3", reader).get_object(Bucket="kept", Key="none")
    both = ["arn:aws:s3:::kept", "arn:aws:s3:::kept/*"]
    lister = role(cloud, "lister", {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": both})
    with pytest.raises(ClientError, match="NoSuchKey"):
        cloud.client_as("s3", lister).get_object(Bucket="kept", Key="none")


def test_changes_of_a_role_are_recorded_in_us_east_1_wherever_they_are_made(cloud: Cloud) -> None:
    iam = cloud.client("iam", region="eu-west-1")
    iam.create_role(RoleName="changed", AssumeRolePolicyDocument=POLICY)
    iam.put_role_policy(RoleName="changed", PolicyName="p", PolicyDocument=POLICY)
    iam.update_assume_role_policy(RoleName="changed", PolicyDocument=POLICY)
    iam.delete_role_policy(RoleName="changed", PolicyName="p")
    published = [e["detail"] for e in events(cloud, "AWS API Call via CloudTrail", '"changed"')]
    assert [d["eventName"] for d in published] == [
        "CreateRole",
        "PutRolePolicy",
        "UpdateAssumeRolePolicy",
        "DeleteRolePolicy",
    ]
    assert {d["awsRegion"] for d in published} == {"us-east-1"}
    assert published[0]["responseElements"]["role"]["roleName"] == "changed"
    assert published[1]["requestParameters"] == {
        "roleName": "changed",
        "policyName": "p",
        "policyDocument": POLICY,
    }
    assert published[1]["responseElements"] is None


def test_parameter_changes_are_recorded_with_operation_and_type(cloud: Cloud) -> None:
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name="/told/config", Value="a", Type="SecureString")
    ssm.put_parameter(Name="/told/config", Value="b", Overwrite=True, Type="SecureString")
    ssm.label_parameter_version(Name="/told/config", Labels=["live"])
    ssm.delete_parameter(Name="/told/config")
    published = events(cloud, "Parameter Store Change", "/told/config")
    assert [e["detail"]["operation"] for e in published] == ["Create", "Update", "LabelParameterVersion", "Delete"]
    assert {e["detail"]["type"] for e in published} == {"SecureString"}
    assert {tuple(e["resources"]) for e in published} == {(f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/told/config",)}


# --- event rules ------------------------------------------------------------------------------------------------------


def test_a_rule_delivers_only_where_the_queue_lets_it_and_a_missing_path_leaves_nothing(cloud: Cloud) -> None:
    sqs, rules = cloud.client("sqs"), cloud.client("events")
    pattern = {
        "source": ["aws.ecs"],
        "detail": {"errorCode": [{"exists": False}], "requestParameters": {"family": [{"prefix": "ruled"}]}},
    }
    rule = rules.put_rule(Name="ruled", EventPattern=json.dumps(pattern))["RuleArn"]
    transformer = {
        "InputPathsMap": {
            "arn": "$.detail.responseElements.taskDefinition.taskDefinitionArn",
            "none": "$.detail.x",
            "who": "$.detail.userIdentity",
            "first": "$.detail.requestParameters.containerDefinitions[0].name",
        },
        "InputTemplate": '{"arn": <arn>, "none": "<none>", "who": <who>, "first": <first>, "gone": <none>}',
    }
    queues = {}
    for name, principal in (("open", "events.amazonaws.com"), ("closed", "sns.amazonaws.com")):
        url = sqs.create_queue(QueueName=f"ruled-{name}")["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:ruled-{name}"
        condition = {"ArnEquals": {"aws:SourceArn": rule}}
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": principal},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": condition,
        }
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
        rules.put_targets(Rule="ruled", Targets=[{"Id": name, "Arn": arn, "InputTransformer": transformer}])
        queues[name] = url
    arn = register(cloud, "ruled")["taskDefinitionArn"]
    (message,) = sqs.receive_message(QueueUrl=queues["open"], WaitTimeSeconds=5)["Messages"]
    assert message["Body"].endswith('"gone": }')
    body = json.loads(message["Body"].replace('"gone": }', '"gone": 0}'))
    assert (body["arn"], body["none"], body["first"], body["who"]["type"]) == (arn, "", "app", "Root")
    assert "Messages" not in sqs.receive_message(QueueUrl=queues["closed"])


# --- functions --------------------------------------------------------------------------------------------------------


def test_a_crash_kills_the_function_and_not_the_cloud(cloud: Cloud) -> None:
    code = "import boto3\ndef handler(event, context):\n    boto3.client('ecs').list_clusters()\n    return 'done'\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    role(cloud, "function", {"Action": "ecs:ListClusters", "Resource": "*"})
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName="crashing", Runtime="python3.13", Handler="app.handler", Code={"ZipFile": packed.getvalue()},
        Role=f"arn:aws:iam::{ACCOUNT}:role/function", Timeout=20,
    )  # fmt: skip

    def invoke() -> tuple[str | None, str]:
        answer = functions.invoke(FunctionName="crashing")
        return answer.get("FunctionError"), answer["Payload"].read().decode()

    assert invoke() == (None, '"done"')
    cloud.control(
        "POST",
        "faults",
        {
            "service": "ecs",
            "operation": "ListClusters",
            "caller": "*:assumed-role/function/*",
            "crash": True,
            "error": "",
        },
    )
    assert invoke()[0] == "Unhandled"
    assert invoke() == (None, '"done"')


HEARS = """
import json, os, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
"""


# --- the clock --------------------------------------------------------------------------------------------------------


def test_a_schedule_gives_a_function_its_input_each_time_that_it_comes_due(cloud: Cloud) -> None:
    functions, sqs = cloud.client("lambda"), cloud.client("sqs")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    may = {"Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:heard"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", HEARS)
    arn = functions.create_function(
        FunctionName="hears", Runtime="python3.13", Handler="app.handler", Code={"ZipFile": packed.getvalue()},
        Role=f"arn:aws:iam::{ACCOUNT}:role/{role(cloud, 'hears', may)}", Environment={"Variables": {"QUEUE": url}},
    )["FunctionArn"]  # fmt: skip
    cloud.client("scheduler").create_schedule(
        Name="visits",
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/any", "Input": '{"visit": "overdue"}'},
    )
    for _ in range(2):
        assert cloud.control("POST", "schedules", {"name": "vis*"}) == ["visits"]
        (message,) = until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages"))
        assert json.loads(message["Body"]) == {"visit": "overdue"}
