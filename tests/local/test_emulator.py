"""What the launcher adds to the emulator, seen through boto3 as a user sees it."""

import io
import json
import subprocess
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import PYTHON, ROOT, Cloud
from local.emulator import ACCOUNT, REGION
from local.internals import VERSION

pytestmark = pytest.mark.xdist_group("local")

POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
FARGATE = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "512", "memory": "1024"}
APP = {"name": "app", "image": "app:1", "environment": [{"name": "PASSWORD", "value": "canary"}]}
COLLECTOR = {"name": "collector", "image": "collector:1", "essential": False}
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def register(cloud: Cloud, family: str, **more: Any) -> Any:
    definition = {"family": family, "containerDefinitions": [APP, COLLECTOR], **FARGATE, **more}
    return cloud.client("ecs").register_task_definition(**definition)["taskDefinition"]


def serve(cloud: Cloud, family: str, **more: Any) -> Any:
    settings = {"launchType": "FARGATE", "desiredCount": 2, "deploymentConfiguration": BREAKER, **more}
    return cloud.client("ecs").create_service(serviceName=family, taskDefinition=family, **settings)["service"]


def events(cloud: Cloud, kind: str, about: str) -> list[Any]:
    """The published events of this detail type about `about`."""
    return [e for e in cloud.control("GET", "events") if e["detail-type"] == kind and about in json.dumps(e)]


def until[T](look: Callable[[], T], seconds: float = 20) -> T:
    """What `look` gives as soon as it is something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "It did not come about."
        time.sleep(0.02)
    return found


def role(cloud: Cloud, name: str, *statements: dict[str, Any]) -> str:
    """A role with these statements, which anybody in the account may take; its name."""
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    for index, statement in enumerate(statements):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
        cloud.client("iam").put_role_policy(RoleName=name, PolicyName=f"p{index}", PolicyDocument=policy)
    return name


# --- the pin --------------------------------------------------------------------------------------------------------


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


# --- CloudTrail -----------------------------------------------------------------------------------------------------


def test_a_registration_is_told_as_cloudtrail_tells_it(cloud: Cloud) -> None:
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


def test_a_service_update_is_told_without_tags_and_as_it_was_sent(cloud: Cloud) -> None:
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


def test_reading_is_not_told(cloud: Cloud) -> None:
    register(cloud, "read-only")
    before = len(cloud.control("GET", "events"))
    cloud.client("ecs").describe_task_definition(taskDefinition="read-only")
    cloud.client("ecs").list_task_definitions()
    assert len(cloud.control("GET", "events")) == before


def test_a_role_names_itself_and_its_denied_call_is_told_too(cloud: Cloud) -> None:
    credentials = role(cloud, "pipeline")
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client_as("ecs", credentials).register_task_definition(family="denied", containerDefinitions=[APP])
    (event,) = events(cloud, "AWS API Call via CloudTrail", '"denied"')
    identity = event["detail"]["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/pipeline/local-session"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{ACCOUNT}:role/pipeline"
    assert event["detail"]["errorCode"].startswith("AccessDenied")


def test_changes_of_a_role_are_told_in_us_east_1_wherever_they_are_made(cloud: Cloud) -> None:
    iam = cloud.client("iam", region="eu-west-1")
    iam.create_role(RoleName="changed", AssumeRolePolicyDocument=POLICY)
    iam.put_role_policy(RoleName="changed", PolicyName="p", PolicyDocument=POLICY)
    iam.update_assume_role_policy(RoleName="changed", PolicyDocument=POLICY)
    iam.delete_role_policy(RoleName="changed", PolicyName="p")
    told = [e["detail"] for e in events(cloud, "AWS API Call via CloudTrail", '"changed"')]
    assert [d["eventName"] for d in told] == [
        "CreateRole",
        "PutRolePolicy",
        "UpdateAssumeRolePolicy",
        "DeleteRolePolicy",
    ]
    assert {d["awsRegion"] for d in told} == {"us-east-1"}
    assert told[0]["responseElements"]["role"]["roleName"] == "changed"
    assert told[1]["requestParameters"] == {
        "roleName": "changed",
        "policyName": "p",
        "policyDocument": POLICY,
    }
    assert told[1]["responseElements"] is None


def test_parameter_changes_are_told_with_operation_and_type(cloud: Cloud) -> None:
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name="/told/config", Value="a", Type="SecureString")
    ssm.put_parameter(Name="/told/config", Value="b", Overwrite=True, Type="SecureString")
    ssm.label_parameter_version(Name="/told/config", Labels=["live"])
    ssm.delete_parameter(Name="/told/config")
    told = events(cloud, "Parameter Store Change", "/told/config")
    assert [e["detail"]["operation"] for e in told] == ["Create", "Update", "LabelParameterVersion", "Delete"]
    assert {e["detail"]["type"] for e in told} == {"SecureString"}
    assert {tuple(e["resources"]) for e in told} == {(f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/told/config",)}


# --- event rules ----------------------------------------------------------------------------------------------------


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


# --- ECS ------------------------------------------------------------------------------------------------------------


def test_a_definition_comes_back_as_ecs_gives_it(cloud: Cloud) -> None:
    ecs = cloud.client("ecs")
    tags = [{"key": "team", "value": "a"}]
    register(cloud, "shaped", enableFaultInjection=True, tags=tags)
    plain = ecs.describe_task_definition(taskDefinition="shaped")
    assert "tags" not in plain
    assert ecs.describe_task_definition(taskDefinition="shaped", include=["TAGS"])["tags"] == tags
    assert plain["taskDefinition"]["enableFaultInjection"] is True
    assert plain["taskDefinition"]["requiresAttributes"]
    assert not [name for name, value in plain["taskDefinition"].items() if value in (None, "")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cpu": "300"}, "No Fargate configuration"),
        ({"networkMode": "bridge"}, "awsvpc"),
        ({"containerDefinitions": [COLLECTOR]}, "essential"),
        ({"containerDefinitions": [APP, APP]}, "unique"),
        ({"containerDefinitions": [APP | {"cpu": 1024}]}, "cpu"),
        ({"containerDefinitions": [APP | {"memoryReservation": 2048}]}, "memory"),
        ({"containerDefinitions": [APP | {"name": f"c{n}"} for n in range(11)]}, "at most 10"),
        ({"containerDefinitions": [APP | {"secrets": [{"name": "A", "valueFrom": "/a"}]}]}, "execution role"),
        ({"tags": [{"key": "aws:x", "value": "y"}]}, "aws:"),
    ],
)
def test_what_ecs_would_not_register_is_refused(cloud: Cloud, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ClientError, match=sentence):
        register(cloud, "refused", **changes)


def test_services_come_ten_a_page_and_are_described_ten_at_a_time(cloud: Cloud) -> None:
    ecs = cloud.client("ecs")
    register(cloud, "many")
    ecs.create_cluster(clusterName="many")
    for number in range(11):
        ecs.create_service(cluster="many", serviceName=f"s{number}", taskDefinition="many", desiredCount=0)
    page = ecs.list_services(cluster="many")
    assert len(page["serviceArns"]) == 10
    rest = ecs.list_services(cluster="many", nextToken=page["nextToken"])
    assert len(rest["serviceArns"]) == 1
    with pytest.raises(ClientError, match="10"):
        ecs.describe_services(cluster="many", services=page["serviceArns"] + rest["serviceArns"])


# --- deployments ----------------------------------------------------------------------------------------------------


def deployment_names(cloud: Cloud, service_arn: str) -> list[str]:
    return [e["detail"]["eventName"] for e in events(cloud, "ECS Deployment State Change", service_arn)]


def described(cloud: Cloud, name: str) -> Any:
    return cloud.client("ecs").describe_services(services=[name])["services"][0]


def test_a_service_deploys_at_once_where_nothing_else_is_asked(cloud: Cloud) -> None:
    register(cloud, "quick")
    arn = serve(cloud, "quick")["serviceArn"]
    service = described(cloud, "quick")
    assert (service["platformVersion"], service["runningCount"]) == ("LATEST", 2)
    assert [d["rolloutState"] for d in service["deployments"]] == ["COMPLETED"]
    assert deployment_names(cloud, arn) == ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"]
    tasks = cloud.client("ecs").list_tasks(serviceName="quick")["taskArns"]
    shown = cloud.client("ecs").describe_tasks(tasks=tasks)["tasks"]
    assert {(c["name"], c["lastStatus"]) for t in shown for c in t["containers"]} == {
        ("app", "RUNNING"),
        ("collector", "RUNNING"),
    }
    assert {t["lastStatus"] for t in shown} == {"RUNNING"}


def test_another_platform_version_is_another_deployment(cloud: Cloud) -> None:
    register(cloud, "platform")
    arn = serve(cloud, "platform", platformVersion="1.3.0")["serviceArn"]
    assert described(cloud, "platform")["platformVersion"] == "1.3.0"
    cloud.client("ecs").update_service(service="platform", platformVersion="1.4.0")
    assert described(cloud, "platform")["platformVersion"] == "1.4.0"
    assert deployment_names(cloud, arn).count("SERVICE_DEPLOYMENT_COMPLETED") == 2


def test_a_slow_deployment_is_in_progress_and_then_completes(cloud: Cloud) -> None:
    register(cloud, "slow")
    serve(cloud, "slow")
    cloud.control("POST", "rollouts", {"service": "slow", "seconds": 0.5})
    cloud.client("ecs").update_service(service="slow", forceNewDeployment=True)
    primary, old = described(cloud, "slow")["deployments"]
    assert (primary["status"], primary["rolloutState"]) == ("PRIMARY", "IN_PROGRESS")
    assert primary["rolloutStateReason"] == f"ECS deployment {primary['id']} in progress."
    assert (old["status"], old["runningCount"]) == ("ACTIVE", 2)
    until(lambda: [d["rolloutState"] for d in described(cloud, "slow")["deployments"]] == ["COMPLETED"])


def test_a_failing_deployment_opens_the_circuit_breaker_and_rolls_back(cloud: Cloud) -> None:
    first = register(cloud, "failing")["taskDefinitionArn"]
    arn = serve(cloud, "failing", platformVersion="1.3.0")["serviceArn"]
    (good,) = described(cloud, "failing")["deployments"]
    assert good["rolloutStateReason"] == f"ECS deployment {good['id']} completed."
    second = register(cloud, "failing")["taskDefinitionArn"]
    cloud.control("POST", "rollouts", {"service": "failing", "outcome": "fails", "rollback_seconds": 0.5})
    ecs = cloud.client("ecs")
    updated = ecs.update_service(service="failing", taskDefinition=second, platformVersion="1.4.0")["service"]
    bad = updated["deployments"][0]
    until(lambda: "SERVICE_DEPLOYMENT_FAILED" in deployment_names(cloud, arn))

    def states(name: str) -> list[tuple[str, ...]]:
        members = ("id", "status", "rolloutState", "taskDefinition", "platformVersion")
        return [tuple(each[member] for member in members) for each in described(cloud, name)["deployments"]]

    # Whatever the order in the list: the failed one is newer.
    assert sorted(states("failing")) == sorted(
        [(good["id"], "PRIMARY", "IN_PROGRESS", first, "1.3.0"), (bad["id"], "ACTIVE", "FAILED", second, "1.4.0")]
    )
    reasons = {each["id"]: each["rolloutStateReason"] for each in described(cloud, "failing")["deployments"]}
    assert reasons == {
        good["id"]: f"ECS deployment circuit breaker: rolling back to deploymentId {good['id']}.",
        bad["id"]: "ECS deployment circuit breaker: tasks failed to start.",
    }
    until(lambda: deployment_names(cloud, arn).count("SERVICE_DEPLOYMENT_COMPLETED") == 2)
    assert deployment_names(cloud, arn)[2:] == [
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_FAILED",
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_COMPLETED",
    ]
    # Nothing is left of the failed one: the service is stable, on the earlier revision.
    assert states("failing") == [(good["id"], "PRIMARY", "COMPLETED", first, "1.3.0")]
    service = described(cloud, "failing")
    assert (service["taskDefinition"], service["platformVersion"], service["runningCount"]) == (first, "1.3.0", 2)
    messages = [event["message"] for event in service["events"]]
    assert f"(service failing) (deployment {bad['id']}) deployment failed: tasks failed to start." in messages
    assert f"(service failing) rolling back to deployment {good['id']}." in messages


def test_a_breaker_that_does_not_roll_back_leaves_the_failed_deployment_primary(cloud: Cloud) -> None:
    register(cloud, "stuck")
    only = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    arn = serve(cloud, "stuck", deploymentConfiguration=only)["serviceArn"]
    second = register(cloud, "stuck")["taskDefinitionArn"]
    cloud.control("POST", "rollouts", {"service": "stuck", "outcome": "fails"})
    cloud.client("ecs").update_service(service="stuck", taskDefinition=second)
    until(lambda: "SERVICE_DEPLOYMENT_FAILED" in deployment_names(cloud, arn))
    primary, before = described(cloud, "stuck")["deployments"]
    assert (primary["status"], primary["rolloutState"], primary["failedTasks"]) == ("PRIMARY", "FAILED", 3)
    assert primary["taskDefinition"] == second
    assert (before["status"], before["rolloutState"], before["runningCount"]) == ("ACTIVE", "COMPLETED", 2)


def test_the_breaker_and_what_is_not_said_of_a_deployment_are_kept_with_awss_defaults(cloud: Cloud) -> None:
    register(cloud, "configured")
    created = serve(cloud, "configured", deploymentConfiguration=BREAKER | {"strategy": "BLUE_GREEN"})
    expected = BREAKER | {
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "BLUE_GREEN",
        "bakeTimeInMinutes": 0,
    }
    assert created["deploymentConfiguration"] == expected
    cloud.client("ecs").update_service(service="configured", deploymentConfiguration={"minimumHealthyPercent": 50})
    shown = described(cloud, "configured")["deploymentConfiguration"]
    assert shown == expected | {"minimumHealthyPercent": 50}


@pytest.mark.parametrize(
    ("controller", "members", "sentence"),
    [
        ("CODE_DEPLOY", {"taskDefinition": "controlled"}, "Unable to update task definition .* CODE_DEPLOY"),
        ("CODE_DEPLOY", {"platformVersion": "1.4.0"}, "Unable to update platform version .* CODE_DEPLOY"),
        ("CODE_DEPLOY", {"forceNewDeployment": True}, "Cannot force a new deployment .* CODE_DEPLOY"),
        ("EXTERNAL", {"taskDefinition": "controlled"}, "EXTERNAL deployment controller"),
    ],
)
def test_what_another_deploys_is_refused_and_left_as_it_is(
    cloud: Cloud, controller: str, members: dict[str, Any], sentence: str
) -> None:
    register(cloud, "controlled")
    ecs, name = cloud.client("ecs"), f"{controller}-{next(iter(members))}"
    ecs.create_service(
        serviceName=name, taskDefinition="controlled", launchType="FARGATE", desiredCount=2,
        deploymentController={"type": controller},
    )  # fmt: skip
    before = described(cloud, name)
    with pytest.raises(ClientError, match=rf"InvalidParameterException.*{sentence}"):
        ecs.update_service(service=name, **members)
    after = described(cloud, name)
    assert (after["taskDefinition"], after["deployments"]) == (before["taskDefinition"], [])
    assert after["deploymentController"] == {"type": controller}
    assert ecs.update_service(service=name, desiredCount=1)["service"]["desiredCount"] == 1
    assert not deployment_names(cloud, before["serviceArn"])


def test_a_service_of_codedeploy_has_a_task_set_and_an_external_one_none(cloud: Cloud) -> None:
    revision = register(cloud, "sets")["taskDefinitionArn"]
    ecs = cloud.client("ecs")
    blue = {"deploymentController": {"type": "CODE_DEPLOY"}, "launchType": "FARGATE"}
    ecs.create_service(serviceName="blue", taskDefinition="sets", desiredCount=2, **blue)
    (task_set,) = described(cloud, "blue")["taskSets"]
    assert (task_set["status"], task_set["taskDefinition"], task_set["runningCount"]) == ("PRIMARY", revision, 2)
    assert task_set["launchType"] == "FARGATE"
    ecs.create_service(serviceName="outside", desiredCount=2, deploymentController={"type": "EXTERNAL"})
    outside = described(cloud, "outside")
    assert (outside["taskSets"], outside["deployments"], outside["runningCount"]) == ([], [], 0)
    assert "taskDefinition" not in outside


@pytest.mark.parametrize("launch_type", ["EC2", "EXTERNAL"])
def test_a_service_elsewhere_than_on_fargate_has_no_platform(cloud: Cloud, launch_type: str) -> None:
    name = f"on-{launch_type}"
    register(cloud, name, requiresCompatibilities=[launch_type], networkMode="bridge")
    serve(cloud, name, launchType=launch_type)
    service = described(cloud, name)
    assert service["launchType"] == launch_type
    assert not {"platformVersion", "platformFamily"} & (service.keys() | service["deployments"][0].keys())


def test_what_is_deregistered_or_deleted_cannot_be_deployed(cloud: Cloud) -> None:
    ecs = cloud.client("ecs")
    first = register(cloud, "retired")["taskDefinitionArn"]
    serve(cloud, "retired")
    register(cloud, "retired")
    ecs.update_service(service="retired", taskDefinition="retired")
    ecs.deregister_task_definition(taskDefinition=first)
    calls: tuple[Callable[[], Any], ...] = (
        lambda: ecs.update_service(service="retired", taskDefinition=first),
        lambda: ecs.create_service(serviceName="retired-too", taskDefinition=first, desiredCount=1),
        lambda: ecs.run_task(taskDefinition=first),
    )
    for call in calls:
        with pytest.raises(ClientError, match="TaskDefinition is inactive"):
            call()
    ecs.delete_service(service="retired", force=True)
    with pytest.raises(ecs.exceptions.ServiceNotActiveException):
        ecs.update_service(service="retired", forceNewDeployment=True)


def test_a_bare_family_name_means_its_newest_active_revision(cloud: Cloud) -> None:
    ecs = cloud.client("ecs")
    first, second = (register(cloud, "gone-back")["taskDefinitionArn"] for _ in range(2))
    ecs.deregister_task_definition(taskDefinition=second)
    assert ecs.describe_task_definition(taskDefinition="gone-back")["taskDefinition"]["taskDefinitionArn"] == first
    assert ecs.describe_task_definition(taskDefinition=second)["taskDefinition"]["status"] == "INACTIVE"
    ecs.deregister_task_definition(taskDefinition=first)
    with pytest.raises(ecs.exceptions.ClientException, match="Unable to describe task definition"):
        ecs.describe_task_definition(taskDefinition="gone-back")
    assert register(cloud, "gone-back")["revision"] == 3


def test_tasks_name_their_deployment_and_the_health_of_what_is_checked(cloud: Cloud) -> None:
    check = {"healthCheck": {"command": ["CMD", "/healthcheck"]}}
    revision = register(cloud, "examined", containerDefinitions=[APP, COLLECTOR | check])["taskDefinitionArn"]
    serve(cloud, "examined")
    ecs = cloud.client("ecs")
    cloud.control("POST", "rollouts", {"service": "examined", "outcome": "loses-a-container"})
    ecs.update_service(service="examined", forceNewDeployment=True, platformVersion="1.4.0")
    until(lambda: [d["rolloutState"] for d in described(cloud, "examined")["deployments"]] == ["COMPLETED"])
    (deployment,) = described(cloud, "examined")["deployments"]
    assert deployment["platformVersion"] == "1.4.0"
    by_deployment = ecs.list_tasks(startedBy=deployment["id"])["taskArns"]
    assert sorted(by_deployment) == sorted(ecs.list_tasks(serviceName="examined")["taskArns"])
    for task in ecs.describe_tasks(tasks=by_deployment)["tasks"]:
        assert (task["startedBy"], task["taskDefinitionArn"]) == (deployment["id"], revision)
        assert (task["platformVersion"], task["lastStatus"]) == ("1.4.0", "RUNNING")
        assert task["startedAt"]
        assert not {"containerInstanceArn", "stoppedAt", "stoppedReason"} & task.keys()
        states = {c["name"]: (c["lastStatus"], c["healthStatus"], c.get("exitCode")) for c in task["containers"]}
        assert states == {"app": ("RUNNING", "UNKNOWN", None), "collector": ("STOPPED", "UNKNOWN", 1)}
    started = cloud.client("ecs").run_task(taskDefinition="examined", launchType="FARGATE")["tasks"][0]["taskArn"]
    (task,) = ecs.describe_tasks(tasks=[started])["tasks"]
    assert {c["name"]: c["healthStatus"] for c in task["containers"]} == {"app": "UNKNOWN", "collector": "HEALTHY"}
    assert "startedBy" not in task


def test_without_a_circuit_breaker_a_failing_deployment_never_ends(cloud: Cloud) -> None:
    register(cloud, "endless")
    arn = serve(cloud, "endless", deploymentConfiguration={})["serviceArn"]
    cloud.control("POST", "rollouts", {"service": "endless", "outcome": "fails"})
    cloud.client("ecs").update_service(service="endless", forceNewDeployment=True)
    until(lambda: '"STOPPED"' in json.dumps(events(cloud, "ECS Task State Change", ":endless")))
    assert described(cloud, "endless")["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert "SERVICE_DEPLOYMENT_FAILED" not in deployment_names(cloud, arn)


def test_a_deployment_can_complete_with_a_dead_collector(cloud: Cloud) -> None:
    register(cloud, "dead")
    arn = serve(cloud, "dead")["serviceArn"]
    cloud.control("POST", "rollouts", {"service": "dead", "outcome": "loses-a-container"})
    cloud.client("ecs").update_service(service="dead", forceNewDeployment=True)
    until(lambda: deployment_names(cloud, arn).count("SERVICE_DEPLOYMENT_COMPLETED") == 2)
    told = [
        e["detail"]
        for e in events(cloud, "ECS Task State Change", "service:dead")
        if e["detail"]["lastStatus"] == "RUNNING"
        and {c["name"]: c["lastStatus"] for c in e["detail"]["containers"]}
        == {"app": "RUNNING", "collector": "STOPPED"}
    ]
    assert len(told) == 2


# --- IAM ------------------------------------------------------------------------------------------------------------

PRODUCT = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default"


def a_finding(id_: str) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08", "Id": id_, "ProductArn": PRODUCT, "GeneratorId": "g", "AwsAccountId": ACCOUNT,
        "CreatedAt": "2026-11-01T12:00:00Z", "UpdatedAt": "2026-11-01T12:00:00Z", "Title": "t", "Description": "d",
        "Resources": [{"Type": "Other", "Id": id_}], "Severity": {"Label": "LOW"}, "Types": ["TTPs"],
    }  # fmt: skip


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


# --- faults ---------------------------------------------------------------------------------------------------------


def test_a_fault_strikes_as_often_as_told_and_before_the_call_takes_effect(cloud: Cloud) -> None:
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
def test_a_fault_is_told_in_the_words_of_each_service(
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


# --- functions ------------------------------------------------------------------------------------------------------


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


# --- the clock --------------------------------------------------------------------------------------------------------

HEARS = """
import json, os, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
"""


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
