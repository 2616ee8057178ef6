"""One event, all the way: finding, corrected revision, Slack message, and the finding closed."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.e2e.stage import Json, Stage, drifted, right

# What AWS sets itself when a revision is registered.
BY_AWS = {
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy",
}  # fmt: skip
RULES = {"sidecar.image-pinned", "sidecar.resources", "sidecar.restart-policy"}
PINNED = "sidecar.image-pinned"
RICH: dict[str, Any] = {
    "tags": [{"key": "zone", "value": "b"}, {"key": "aws-team", "value": "shop"}, {"key": "cost", "value": "47"}],
    "ephemeralStorage": {"sizeInGiB": 30},
    "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
    "volumes": [{"name": "scratch"}, {"name": "cache"}],
    "pidMode": "task",
    "enableFaultInjection": True,
}
RICH_CONTAINER: dict[str, Any] = {
    "ulimits": [{"name": "nofile", "softLimit": 4096, "hardLimit": 8192}],
    "dockerLabels": {"z": "1", "a": "2"},
    "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/var/scratch", "readOnly": False}],
    "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
    "stopTimeout": 30,
    "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 30, "retries": 3, "timeout": 5},
    "readonlyRootFilesystem": True,
}


def rich(family: str) -> dict[str, Any]:
    definition = drifted(family, **RICH)
    application, collector = definition["containerDefinitions"]
    application |= RICH_CONTAINER
    environment = [{"name": name, "value": name.lower()} for name in ("ZULU", "ALPHA", "MIKE")]
    application["environment"] = environment + application["environment"]
    return definition | {"containerDefinitions": [application, collector]}


def given(revision: dict[str, Any]) -> dict[str, Any]:
    """What was registered, without the tags that Outrider adds."""
    kept = {key: value for key, value in revision.items() if key not in BY_AWS}
    return kept | {"tags": [tag for tag in revision["tags"] if not tag["key"].startswith("outrider:")]}


def test_a_drift_is_found_corrected_published_and_closed(stage: Stage) -> None:
    stage.register(rich("flow"))
    stage.until(lambda: stage.history("flow"), "No finding came.")
    stage.quiet()

    assert {rule for rule, *state in stage.history("flow") if state == ["FAILED", "ACTIVE"]} == RULES
    assert stage.findings("flow") == dict.fromkeys(RULES, ("PASSED", "ARCHIVED"))

    # The corrected revision differs only where the diff says.
    before, after = given(stage.revision("flow:1")), given(stage.revision("flow:2"))
    wanted = json.loads(json.dumps(before))
    wanted["containerDefinitions"][1] |= {
        "image": "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0",
        "cpu": 256,
        "memoryReservation": 512,
        "restartPolicy": {"enabled": True},
    }
    assert after == wanted
    assert {tag["key"] for tag in stage.revision("flow:2")["tags"]} >= {"outrider:source", "outrider:plan"}
    (corrected,) = (each for each in alerts(stage, "flow") if each["kind"] == "outcome")
    assert {change["where"] for change in corrected["changes"]} == {
        f"containers/adot-collector/{name}" for name in ("image", "cpu", "memoryReservation", "restartPolicy/enabled")
    }

    # Its own revision is judged like any other, and never corrected again.
    assert stage.newest("flow") == 2

    published = stage.alert_lines("flow")
    assert set(published.values()) == {1}
    assert Counter(title.partition(":")[0] for title in published) == {"Drift": 3, "Corrected": 1, "Closed": 3}
    assert alerted(stage, "flow") == {"opened": 3, "registered": 1, "closed": 3}
    # And a person reads it as two messages, or as many more as a slow machine needs waits of three seconds.
    stage.until(lambda: words(stage, "flow")[-1:] == ["Resolved"], "Slack has no message that it is resolved.")
    assert len(words(stage, "flow")) < len(alerts(stage, "flow"))


def words(stage: Stage, name: str) -> list[str]:
    """What Slack's messages about a family begin with."""
    return [each["text"].partition(":")[0] for each in stage.messages(name)]


def test_a_right_definition_and_one_out_of_scope_bring_nothing_about(stage: Stage) -> None:
    ec2 = right("on-ec2", requiresCompatibilities=["EC2"], networkMode="bridge")
    for definition in (right("as-wanted"), ec2, drifted("ignored-by-standard")):
        stage.register(definition)
    stage.quiet()
    for family in ("as-wanted", "on-ec2", "ignored-by-standard"):
        assert evaluations(stage, family)
        assert stage.findings(family) == {}
        assert stage.newest(family) == 1
        assert not stage.alert_lines(family)


def test_a_failed_call_brings_nothing_about(stage: Stage) -> None:
    stage.quiet()
    with pytest.raises(stage.client("ecs").exceptions.ClientException):
        stage.register(drifted("refused", networkMode="no such mode"))
    stage.delivered()
    assert [event["detail"]["errorCode"] for event in stage.events("refused")]
    assert all(stage.waiting(stage.queue(name)) == 0 for name in ("Changes", "Subjects", "Remediations"))


def test_events_that_are_repeated_in_reverse_order_change_nothing(stage: Stage) -> None:
    stage.register(drifted("again"))
    stage.until(lambda: stage.newest("again") == 2, "No corrected revision came.")
    stage.quiet()
    before = (stage.findings("again"), stage.alert_lines("again"), alerted(stage, "again"))
    events = stage.events("again")
    assert len(events) == 2
    stage.publish(event for event in reversed(events) for _ in range(2))
    stage.quiet()
    assert (stage.findings("again"), stage.alert_lines("again"), alerted(stage, "again")) == before
    assert stage.newest("again") == 2


def test_late_events_are_evaluated_by_the_present_state(stage: Stage) -> None:
    """While the event rule was off, one family was fixed and another broken; their events come twice and reversed."""
    rules = stage.client("events")
    rule = stage.named("TaskDefinitionCalls", (each["Name"] for each in rules.list_rules()["Rules"]))
    rules.disable_rule(Name=rule)
    try:
        for definition in (drifted("fixed"), right("fixed"), right("broken"), drifted("broken")):
            stage.register(definition)
        stage.delivered()
    finally:
        rules.enable_rule(Name=rule)
    for family in ("fixed", "broken"):
        stage.publish(event for event in reversed(stage.events(family)) for _ in range(2))
    stage.until(lambda: stage.newest("broken") == 3, "No corrected revision came.")
    stage.quiet()
    assert stage.history("fixed") == []
    assert not stage.alert_lines("fixed")
    assert stage.newest("fixed") == 2
    assert stage.findings("broken") == dict.fromkeys(RULES, ("PASSED", "ARCHIVED"))
    assert stage.newest("broken") == 3
    assert set(stage.alert_lines("broken").values()) == {1}
    assert len(stage.alert_lines("broken")) == 7


def test_an_alert_that_is_published_again_is_shown_once(stage: Stage) -> None:
    stage.register(drifted("repeated"))
    stage.until(lambda: words(stage, "repeated")[-1:] == ["Resolved"], "Slack has no message that it is resolved.")
    before = stage.messages("repeated")
    for alert in alerts(stage, "repeated"):
        stage.client("sns").publish(TopicArn=stage.outputs["AlertsTopic"], Message=json.dumps(alert))
    stage.quiet(slack=True)
    assert stage.messages("repeated") == before


def test_a_service_on_an_old_platform_is_found_and_closed(stage: Stage) -> None:
    stage.register(right("old-platform"))
    ecs, service = stage.client("ecs"), {"cluster": "shop", "desiredCount": 1, "platformVersion": "1.3.0"}
    ecs.create_service(serviceName="old-platform", taskDefinition="old-platform", launchType="FARGATE", **service)
    stage.until(lambda: stage.open("shop/old-platform") == {"service.platform-version"}, "No finding came.")
    ecs.update_service(cluster="shop", service="old-platform", platformVersion="LATEST")
    stage.until(lambda: not stage.open("shop/old-platform"), "The finding did not close.")
    stage.quiet()
    assert stage.findings("shop/old-platform") == {"service.platform-version": ("PASSED", "ARCHIVED")}
    assert set(stage.alert_lines("shop/old-platform").values()) == {1}


def test_a_drift_is_low_until_a_service_runs_it(stage: Stage) -> None:
    with stage.paused("Remediate"):
        stage.register(drifted("unused"))
        stage.until(lambda: stage.open("unused") == RULES, "No finding came.")
        service = {"cluster": "shop", "desiredCount": 1, "launchType": "FARGATE"}
        stage.client("ecs").create_service(serviceName="unused", taskDefinition="unused", **service)
        stage.until(lambda: alerted(stage, "unused")["raised"], "It was not raised.")
    stage.quiet()
    severities = {(each["transition"], each["severity"]) for each in alerts(stage, "unused") if each["rule"] == PINNED}
    assert severities >= {("opened", "LOW"), ("raised", "MEDIUM")}
    published = {(each["rule"], each["use"]) for each in alerts(stage, "unused") if each["transition"] == "raised"}
    assert published == {(PINNED, "run by shop/unused, 1 task")}


def test_tasks_that_are_run_on_an_old_platform_are_a_finding_of_their_family(stage: Stage) -> None:
    stage.register(right("run-alone"))
    stage.quiet()
    run = {"cluster": "shop", "taskDefinition": "run-alone", "launchType": "FARGATE"}
    stage.client("ecs").run_task(**run, platformVersion="LATEST")
    stage.quiet()
    assert stage.findings("run-alone") == {}
    stage.client("ecs").run_task(**run, platformVersion="1.3.0")
    stage.until(lambda: stage.open("run-alone") == {"task.platform-version"}, "No finding came.")
    stage.quiet()


def test_deleted_revisions_are_evaluated(stage: Stage) -> None:
    arn = stage.register(right("deleted"))
    ecs = stage.client("ecs")
    ecs.deregister_task_definition(taskDefinition=arn)
    ecs.delete_task_definitions(taskDefinitions=[arn])
    stage.quiet()
    messages = [id_ for line in evaluations(stage, "deleted") for id_ in line["message_ids"]]
    assert len(messages) == 3, "registered, deregistered, deleted"


def evaluations(stage: Stage, family: str) -> list[Json]:
    return [line for line in stage.logs("Inspect") if str(line.get("subject")).endswith(f"/family/{family}")]


def alerts(stage: Stage, name: str) -> list[dict[str, Any]]:
    """What the topic `alerts` was given about a subject."""
    return [each for each in stage.alerts() if each["name"] == name]


def alerted(stage: Stage, name: str) -> Counter[str]:
    return Counter(each["transition"] for each in alerts(stage, name))
