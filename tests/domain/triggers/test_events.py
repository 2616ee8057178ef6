import json
from typing import Any

import pytest

from domain.triggers.events import _RULES, events_in, message_of
from tests.event_rules import EVENTS, RULES, matches, transformed, transformer_of

OURS = [name for name, rule in RULES.items() if '"kind"' in str(transformer_of(name)["InputTemplate"])]


def by_the_template(event: Any) -> str | None:
    """What the stack's rules send to `changes`."""
    fitting = [name for name in OURS if name != "ApprovedPlans" and matches(RULES[name]["EventPattern"], event)]
    return transformed(transformer_of(fitting[0]), event) if fitting else None


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())
def test_a_sample_is_the_message_that_the_template_makes_of_it(event: Any) -> None:
    wanted, found = by_the_template(event), message_of(event)
    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        assert json.loads(found) == json.loads(wanted)


def test_it_takes_the_calls_that_the_template_takes() -> None:
    wanted = {
        name
        for rule in OURS
        for name in RULES[rule]["EventPattern"]["detail"].get("eventName", ())
        if RULES[rule]["EventPattern"]["source"] != ["aws.securityhub"]
    }
    assert {name for rule in _RULES if rule.name == "eventName" for name in rule.names} == wanted


def test_records_of_cloudtrail_are_events() -> None:
    event = EVENTS["update-service"]
    for content in ({"Records": [event["detail"]]}, [event["detail"]], event["detail"], [event], event):
        (found,) = events_in(content)
        assert json.loads(message_of(found) or "") == json.loads(message_of(event) or "")


@pytest.mark.parametrize("content", [None, 1, "x", {}, {"detail": 1}, {"detail": {}}, {"source": "aws.ecs"}])
def test_anything_else_is_no_event(content: Any) -> None:
    assert [message_of(each) for each in events_in(content)] == [None]
