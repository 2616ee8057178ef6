"""Slack by a bot: one message for each family, one digest for many at once, and each alert sent once."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from local import fleet
from local.cloud import PYTHON, Cloud
from local.sam import SAM
from tests.e2e.stage import QUEUES, SLACK, STANDARD, STANDARD_TEXT, Stage, drifted, right, unkind_if_asked

BOT = "outrider/slack-bot"
MOST = 3
RULES = {"sidecar.image-pinned", "sidecar.resources", "sidecar.restart-policy"}


@pytest.fixture(scope="module")
def telling() -> Iterator[Stage]:
    """Outrider with a bot, which only reports, and sends few alerts of a batch one by one."""
    for tool in (PYTHON, SAM):
        if not tool.exists():
            pytest.skip(f"{tool} is not there: run `make venvs` once.")
    with Cloud() as cloud:
        fleet.create_dependencies(cloud.client)
        cloud.client("ssm").put_parameter(Name=STANDARD, Type="String", Value=STANDARD_TEXT)
        cloud.client("secretsmanager").create_secret(Name=BOT, SecretString=cloud.slack.bot)
        outputs = cloud.deploy_outrider(
            StandardLocation=f"ssm:{STANDARD}",
            RemediationMode="report",
            SlackBotLocation=f"secretsmanager:{BOT}",
            MessagesPerBatch=str(MOST),
            LogLevel="DEBUG",
        )
        stage = Stage(cloud, outputs)
        # What fails is retried soon. A batch of messages to Slack may take longer than that on a busy machine.
        for name in (each for each in QUEUES if each != SLACK):
            cloud.client("sqs").set_queue_attributes(QueueUrl=stage.queue(name), Attributes={"VisibilityTimeout": "10"})
        unkind_if_asked(cloud)
        yield stage


def words(stage: Stage, name: str) -> list[str]:
    return [each["text"].partition(":")[0] for each in stage.messages(name)]


def test_a_family_has_one_message_that_is_changed(telling: Stage) -> None:
    telling.register(drifted("threaded"))
    telling.until(lambda: words(telling, "threaded") == ["Drift"], "Slack has no message.")
    telling.register(right("threaded"))
    telling.until(lambda: words(telling, "threaded")[:1] == ["Resolved"], "Slack's message was not changed.")
    telling.quiet(slack=True)
    head, *replies = telling.messages("threaded")
    assert {reply["thread_ts"] for reply in replies} == {head["ts"]}
    assert all(rule in json.dumps(head) for rule in RULES)
    assert telling.cloud.slack.refused() == []


def test_many_at_once_are_each_posted_once_alone_or_in_a_digest(telling: Stage) -> None:
    families = {f"burst-{number}" for number in range(6)}
    queue = telling.queue("SlackMessages")
    with telling.paused("Slack"):
        for family in families:
            telling.register(drifted(family))
        telling.until(lambda: telling.waiting(queue) == len(families) * len(RULES), "Not every alert was published.")
    telling.until(lambda: set(posted(telling)) == families, "Slack has not received everything.")
    telling.quiet(slack=True)
    assert posted(telling) == Counter(dict.fromkeys(families, 1))
    assert telling.errors() == []


def posted(stage: Stage) -> Counter[str]:
    """The families that people were notified of, in messages of their own and in digests."""
    found = Counter[str]()
    for each in stage.cloud.slack.messages():
        if "thread_ts" in each:  # what a slow machine evaluates after the first message
            continue
        text = json.dumps(each, ensure_ascii=False)
        if each["text"].startswith("Drift: burst-"):
            found[each["text"].split()[1]] += 1
        elif each["text"].startswith("Many at once"):
            found += Counter(re.findall(r"family (burst-\d): 3 findings", text))
    return found


def test_the_daily_digest_lists_what_is_open_and_what_closed(telling: Stage) -> None:
    payload = json.dumps({"digest": True}).encode()
    answer = telling.client("lambda").invoke(FunctionName=telling.outputs["SweepFunction"], Payload=payload)
    assert json.load(answer["Payload"]) == {"published": 1}
    (message,) = telling.until(
        lambda: [each for each in telling.cloud.slack.messages() if each["text"].startswith("Daily digest")],
        "Slack has no daily digest.",
    )
    text = json.dumps(message, ensure_ascii=False)
    assert "3 closed since yesterday" in text
    assert "The oldest" in text
    assert "thread_ts" not in message


def test_the_token_is_found_nowhere(telling: Stage) -> None:
    telling.quiet(slack=True)
    token = telling.cloud.slack.token
    assert {where for where, text in telling.everything().items() if token in text} == set()
