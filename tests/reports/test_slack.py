"""Messages that Slack takes, and in which text from outside stays text."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alert import Alert
from local.slack import fault_of
from reports.slack import message
from tests.reports import samples


def texts(found: Any) -> list[str]:
    """Every text that Slack reads as mrkdwn."""
    if isinstance(found, dict):
        inner = [text for value in found.values() for text in texts(value)]
        return ([found["text"]] if found.get("type") == "mrkdwn" else []) + inner
    return [text for item in found for text in texts(item)] if isinstance(found, list) else []


@pytest.mark.parametrize("make", [samples.opened, samples.closed, samples.registered, samples.hostile])
def test_slack_takes_it(make: Any) -> None:
    assert fault_of(message(make())) is None


def mentions(text: str) -> list[str]:
    """What Slack reads between angle brackets, but for the date that is ours."""
    return [found for found in re.findall(r"<([^>]*)>", text) if not found.startswith("!date^")]


def test_names_from_outside_mention_nobody_link_nowhere_and_format_nothing() -> None:
    made = message(samples.hostile())
    for text in [*texts(made), made["text"]]:
        assert mentions(text) == []
        assert not re.search("[\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", text)
    outside = [text for text in texts(made) if "```" not in text]
    assert len(outside) > 10
    assert not any(sign in text for text in outside for sign in ("`", "*bold*", "~no~", "@here"))


def test_bare_text_is_not_made_a_link_or_a_mention() -> None:
    assert all(each.get("verbatim") for each in _mrkdwn(message(samples.hostile())))


def _mrkdwn(found: Any) -> list[dict[str, Any]]:
    if isinstance(found, dict):
        inner = [each for value in found.values() for each in _mrkdwn(value)]
        return ([found] if found.get("type") == "mrkdwn" else []) + inner
    return [each for item in found for each in _mrkdwn(item)] if isinstance(found, list) else []


def test_a_diff_that_is_cut_still_ends_its_fence_and_cannot_end_it_early() -> None:
    [diff] = [text for text in texts(message(samples.hostile())) if "```" in text]
    assert diff.count("```") == 2
    assert diff.endswith("```")


def test_only_addresses_by_https_become_buttons() -> None:
    [actions] = [block for block in message(samples.hostile())["blocks"] if block["type"] == "actions"]
    assert [button["url"] for button in actions["elements"]] == ["https://console.example/x"]


def test_a_message_says_what_where_who_and_what_would_change() -> None:
    made = message(samples.opened())
    said = "\n".join(texts(made))
    for word in ("MEDIUM", "family", "web", "123456789012", "eu-west-1", "deployer/ci-4711", "Terraform", "latest"):
        assert word in said
    assert "- public.ecr.aws/aws-observability/aws-otel-collector:latest" in said
    assert "+ public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0" in said
    assert made["text"].startswith("Drift: ")
    assert samples.CANARY not in json.dumps(made)


anything = st.text(max_size=200) | st.sampled_from([samples.HOSTILE, "&" * 5000, "<" * 3000, "`" * 400, ""])


@given(st.fixed_dictionaries(dict.fromkeys(("name", "title", "actor", "tool", "rule", "digest"), anything)), anything)
def test_whatever_an_alert_holds_slack_takes_its_message(members: dict[str, str], other: str) -> None:
    content = samples.opened().model_dump() | members | {"reasons": [other] * 3, "changes": [{"where": other}] * 9}
    content["drifts"] = [{"where": other, "why": other}] * 3
    made = message(Alert.model_validate(content))
    assert fault_of(made) is None
    assert all(mentions(text) == [] for text in texts(made))
    json.dumps(made).encode()
