"""Messages that are no messages, a Slack that is busy, and secrets that must be nowhere."""

import json
from typing import Any

from local.slack import Trouble
from tests.e2e.stage import Stage, drifted, right

CANARY = "canary-1d5e0b7f93c2"
NAMES = (
    "DATABASE_PASSWORD",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
    "OTEL_TRACES_SAMPLER_ARG",
    "AWS_SECRET_ACCESS_KEY",
)


def test_a_malformed_message_alone_goes_to_the_dlq_and_the_log_says_why(stage: Stage) -> None:
    changes, dead = stage.queue("Changes"), stage.queue("ChangesDlq")
    redrive = json.loads(attribute(stage, changes, "RedrivePolicy")) | {"maxReceiveCount": 2}
    with stage.queues_with(VisibilityTimeout="2"):
        stage.client("sqs").set_queue_attributes(QueueUrl=changes, Attributes={"RedrivePolicy": json.dumps(redrive)})
        with stage.paused("Dispatch"):
            stage.register(drifted("batch-mate"))
            stage.client("sqs").send_message(QueueUrl=changes, MessageBody='{"kind": "no such kind"}')
            stage.register(right("other-batch-mate"))
        stage.until(lambda: stage.bodies(dead), "Nothing came into the DLQ.")
        stage.quiet()
        redrive["maxReceiveCount"] = 100
        stage.client("sqs").set_queue_attributes(QueueUrl=changes, Attributes={"RedrivePolicy": json.dumps(redrive)})
    assert stage.bodies(dead) == ['{"kind": "no such kind"}']
    assert "The message is no trigger: kind missing or malformed." in stage.errors()
    assert set(stage.findings("batch-mate").values()) == {("PASSED", "ARCHIVED")}
    assert any("other-batch-mate" in str(line.get("subject")) for line in stage.logs("Inspect"))
    stage.client("sqs").purge_queue(QueueUrl=dead)


def test_a_busy_slack_has_each_message_once_in_the_end(stage: Stage) -> None:
    stage.quiet(slack=True)
    stage.cloud.slack.answer_next(Trouble(status=429, retry_after=1, times=2))
    stage.cloud.slack.answer_next(Trouble(status=503, retry_after=1))
    stage.register(drifted("busy"))
    stage.until(lambda: stage.newest("busy") == 2, "No corrected revision came.")

    def words() -> list[str]:
        return [each["text"].partition(":")[0] for each in stage.messages("busy")]

    stage.until(lambda: "Resolved" in words(), "Slack has no message that it is resolved.")
    stage.quiet(slack=True)
    assert words().count("Resolved") == 1
    assert words()[-1] == "Resolved"
    assert len(words()) < len(stage.alert_lines("busy"))
    assert any("429" in str(line.get("reason")) for line in stage.logs("Slack"))


def test_no_environment_value_and_no_webhook_is_found_anywhere(stage: Stage) -> None:
    application, collector = drifted("secretive")["containerDefinitions"]
    for container in (application, collector):
        others = [each for each in container.get("environment", ()) if each["name"] not in NAMES]
        container["environment"] = [*others, *({"name": name, "value": f"{CANARY},x={CANARY}"} for name in NAMES)]
    endpoint = {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": f"user:{CANARY}@localhost:4318?token={CANARY}"}
    application["environment"] = [each for each in application["environment"] if each["name"] != endpoint["name"]]
    application["environment"].append(endpoint)
    collector["environment"].append({"name": "AOT_CONFIG_CONTENT", "value": f"receivers: [{CANARY}]\n  - {CANARY}"})
    del collector["secrets"]
    secretive: dict[str, Any] = drifted("secretive", containerDefinitions=[application, collector])

    found = dict[str, str]()
    # Each queue is looked into while nobody takes from it.
    with stage.paused("Slack"):
        with stage.paused("Remediate"):
            with stage.paused("Inspect"):
                with stage.paused("Dispatch"):
                    stage.register(secretive)
                    stage.client("sqs").send_message(QueueUrl=stage.queue("Changes"), MessageBody="{")
                    stage.delivered()
                    found |= named("changes", stage.everything())
                stage.until(lambda: stage.waiting(stage.queue("Subjects")), "Nothing was dispatched.")
                found |= named("subjects", stage.everything())
            stage.until(lambda: stage.open("secretive"), "No finding came.")
            found |= named("remediations", stage.everything())
        stage.until(lambda: not stage.waiting(stage.queue("Remediations")), "Remediate did not do its work.")
        found |= named("slack", stage.everything())
    stage.until(lambda: stage.messages("secretive"), "Slack has no message.")
    found |= named("end", stage.everything())
    stage.client("sqs").purge_queue(QueueUrl=stage.queue("Changes"))  # of what nobody can read, and would come for long

    for queue in ("Changes", "Subjects", "SlackMessages"):
        assert any("secretive" in text for where, text in found.items() if f"-{queue}-" in where)
    secrets = {"canary": CANARY, "webhook": stage.cloud.slack.webhook, "its path": stage.cloud.slack.path}
    assert stage.open("secretive")
    assert {where: name for where, text in found.items() for name, secret in secrets.items() if secret in text} == {}


def named(when: str, found: dict[str, str]) -> dict[str, str]:
    return {f"{where} ({when})": text for where, text in found.items()}


def attribute(stage: Stage, queue: str, name: str) -> str:
    found = stage.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"]
    return str(found[name])
