"""A drifted family is registered, its service created, corrected, deployed and verified: what people read of it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from aws.sessions import Sessions
from local.slack import Slack
from operations.notification.notifier import Channel
from tests.aws_fake.calls import Calls
from tests.operations.playing import DEPLOY, REGISTER, Run, Scenario, account, arn_of, deployments
from tests.operations.reading import Reader, bot, texts, webhook
from tests.operations.world import FLOATING, PLACE, application, definition, registered, service_changed

RULES = (
    "application.otlp-endpoint",
    "service.platform-version",
    "sidecar.image-pinned",
    "sidecar.not-essential",
    "sidecar.resources",
)


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack() as running:
        yield running


def drifted() -> dict[str, object]:
    """A family whose collector has four mistakes, next to an application with one."""
    made = definition(collector=FLOATING | {"cpu": 0, "memoryReservation": None, "essential": True})
    _, collector = made["containerDefinitions"]
    endpoint = {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "localhost:4317"}
    return made | {"containerDefinitions": [application(environment=[endpoint]), collector]}


def begins(run: Run) -> None:
    """It is registered, and its service created, on a platform version that is too old."""
    run.aws.definitions.register(drifted())
    run.aws.services.add("shop/web", arn_of(1), platformVersion="1.3.0")
    service = PLACE.arn("ecs", "service/shop/web")
    run.aws.sqs.put("changes", registered(arn_of(1)), service_changed(service, "CreateService"))


def story(sessions: Sessions, channel: Channel, standard: str = DEPLOY, **members: object) -> Run:
    scenario = replace(Scenario(None, begins, standard, plays=deployments, inspects=True), **members)  # type: ignore[arg-type] # its own members
    run = Run(scenario, sessions, Calls(account(standard)))
    with run.line.answering():
        scenario.begin(run)
    Reader(run, channel).until_quiet()
    return run


def words(slack: Slack) -> list[str]:
    """How each message begins."""
    return [message["text"].partition(":")[0] for message in slack.messages()]


def test_by_webhook_it_is_two_messages(sessions: Sessions, slack: Slack) -> None:
    run = story(sessions, webhook(slack))
    assert len(run.alerts) > 10
    assert words(slack) == ["Drift", "Resolved"]
    first, last = texts(slack)
    for rule in RULES:
        assert first.count(f"· {rule}") == 1
    assert "service shop/web: The service runs on Fargate platform version 1.3.0" in first
    assert "by deployer/ci with Terraform" in first
    assert first.count("What was changed:") == first.count("Next:") == 1
    assert "corrected by Outrider" in last
    assert "web:2 runs on shop/web, and its collectors run." in last
    assert "5 findings are closed" in last
    assert len(last) < 900


def test_by_bot_it_is_one_message_that_is_changed(sessions: Sessions, slack: Slack) -> None:
    story(sessions, bot(slack))
    head, *replies = slack.messages()
    assert replies
    assert all(reply["thread_ts"] == head["ts"] and not reply["reply_broadcast"] for reply in replies)
    assert "thread_ts" not in head
    assert head["edits"] == len(replies)
    assert head["text"].startswith("Resolved: web")


def test_what_a_person_must_deploy_stays_one_message_until_the_findings_close(sessions: Sessions, slack: Slack) -> None:
    """Outrider registers, and a person updates the service, which closes what is left."""
    run = story(sessions, webhook(slack), REGISTER)
    assert words(slack)[0] == "Drift"
    assert "web:2 is registered and corrects web:1" in texts(slack)[0]
    assert len(slack.messages()) <= 2
    assert run.aws.services.services["shop/web"]["taskDefinition"] == arn_of(1)


def test_a_correction_that_fails_is_the_second_message(sessions: Sessions, slack: Slack) -> None:
    ends = partial(deployments, ends=lambda _title, revision: "badly" if revision == "web:2" else "well")
    story(sessions, webhook(slack), plays=ends)
    assert words(slack) == ["Drift", "Correction failed"]
    failed = texts(slack)[1]
    assert "quarantine" in failed
    assert all(rule in failed for rule in RULES)


def test_services_that_are_skipped_are_named_in_one_message_and_not_each_in_its_own(
    sessions: Sessions, slack: Slack
) -> None:
    def two_more(run: Run) -> None:
        begins(run)
        run.aws.services.add("shop/blue", arn_of(1), deploymentController={"type": "CODE_DEPLOY"})
        run.aws.services.add("shop/old", arn_of(1), launchType="EC2")
        names = [PLACE.arn("ecs", f"service/shop/{name}") for name in ("blue", "old")]
        run.aws.sqs.put("changes", *(service_changed(name, "CreateService") for name in names))

    story(sessions, webhook(slack), begin=two_more)
    assert words(slack) == ["Drift", "Partly corrected"]
    last = texts(slack)[1]
    assert "shop/blue: deployment controller: CODE_DEPLOY" in last
    assert "shop/old: launch type: It runs on EC2" in last
    assert "web:2 runs on shop/web" in last
