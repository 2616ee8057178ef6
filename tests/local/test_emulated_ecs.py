"""ECS in the local cloud: task definitions, services and their deployments."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import Cloud
from tests.local.using import APP, BREAKER, COLLECTOR, events, register, serve, until

# --- ECS --------------------------------------------------------------------------------------------------------------


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


def deployment_names(cloud: Cloud, service_arn: str) -> list[str]:
    return [e["detail"]["eventName"] for e in events(cloud, "ECS Deployment State Change", service_arn)]


def described(cloud: Cloud, name: str) -> Any:
    return cloud.client("ecs").describe_services(services=[name])["services"][0]


# --- deployments ------------------------------------------------------------------------------------------------------


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
    published = [
        e["detail"]
        for e in events(cloud, "ECS Task State Change", "service:dead")
        if e["detail"]["lastStatus"] == "RUNNING"
        and {c["name"]: c["lastStatus"] for c in e["detail"]["containers"]}
        == {"app": "RUNNING", "collector": "STOPPED"}
    ]
    assert len(published) == 2
