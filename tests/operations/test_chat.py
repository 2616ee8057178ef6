"""Amazon Q is notified on a topic of its own, in the format that it accepts."""

import json
from typing import Any

import pytest

from aws.channels import Topic
from domain.findings.alert import Alert
from operations.notification.amazon_q import AmazonQ
from operations.notification.posting import Post
from tests.operations.world import World
from tests.reports import samples
from tests.reports.test_slack import mentions

FAMILIES = samples.messages()


def sent(alert: Alert, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    bodies = list[str]()
    monkeypatch.setattr(Topic, "publish", lambda _, body: bodies.append(body))
    AmazonQ(Topic(None, "arn:aws:sns:eu-west-1:123456789012:chat")).send(Post(samples.shown(alert)))  # type: ignore[arg-type] # nothing is called
    (body,) = bodies
    found: dict[str, Any] = json.loads(body)
    return found


@pytest.mark.parametrize("alert", [*FAMILIES.values(), samples.hostile()], ids=[*FAMILIES, "hostile"])
def test_a_notification_has_the_form_that_amazon_q_takes(alert: Alert, monkeypatch: pytest.MonkeyPatch) -> None:
    body = sent(alert, monkeypatch)
    assert (body["version"], body["source"], body["content"]["textType"]) == ("1.0", "custom", "client-markdown")
    content, metadata = body["content"], body["metadata"]
    texts = [content["title"], content["description"], metadata["summary"], *content["nextSteps"], *content["keywords"]]
    assert all(texts)
    assert len(content["title"]) <= 250
    assert len(content["description"]) <= 3000
    assert all(mentions(text) == [] for text in texts)
    assert all(text.count("```") % 2 == 0 for text in texts)
    assert "<!date" not in content["description"]
    assert ("*Next:*" in content["description"]) is False
    strings = [*metadata["relatedResources"], *metadata["additionalContext"].values(), metadata["threadId"]]
    assert all(isinstance(each, str) and each for each in strings)


def test_what_happens_to_a_family_has_one_thread_in_which_each_message_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [sent(alert, monkeypatch) for alert in (samples.opened(), samples.registered(), samples.closed())]
    parameter = sent(samples.messages()["opened-parameter"], monkeypatch)
    threads = {each["metadata"]["threadId"] for each in found}
    assert len(threads) == 1
    assert parameter["metadata"]["threadId"] not in threads
    assert len({each["id"] for each in found}) == 3


def test_what_is_published_comes_to_all_who_read_the_topic(world: World) -> None:
    AmazonQ(Topic(world.sessions, world.topics["alerts"])).send(Post(samples.shown(samples.opened())))
    (body,) = world.alerts
    assert body["source"] == "custom"
