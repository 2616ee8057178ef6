"""The sample events: which of the stack's rules takes each, what it passes on, and what is read from that."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.trigger import Ignored, read

ROOT = Path(__file__).parents[1]
EVENTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "events").glob("*.json"))}
CANARY = "c4nary-s3cret-p4ss"

TAKEN_BY = {
    "register-task-definition": "TaskDefinitionCalls",
    "deregister-task-definition": "TaskDefinitionCalls",
    "create-service": "ServiceCalls",
    "update-service": "ServiceCalls",
    "update-service-forced": "ServiceCalls",
    "delete-service": "ServiceCalls",
    "deployment-completed": "Deployments",
    "container-stopped": "StoppedContainers",
    "parameter-changed": "ParameterChanges",
    "put-role-policy": "RoleCalls",
    "create-policy-version": "PolicyCalls",
    "register-task-definition-failed": None,
    "other-source": None,
}
LOOKED_AT = {
    "register-task-definition": "web",
    "deregister-task-definition": "web",
    "create-service": "prod/web",
    "update-service": "prod/web",
    "update-service-forced": "prod/web",
    "delete-service": "prod/web",
    "deployment-completed": "prod/web",
    "container-stopped": "prod/web",
    "parameter-changed": "/fargate/otel-collector-config",
    "put-role-policy": "web-execution",
    "create-policy-version": "arn:aws:iam::123456789012:policy/telemetry",
}


class _Loader(yaml.SafeLoader):
    """Reads past CloudFormation's tags: the rules' patterns hold none."""


_Loader.add_multi_constructor("!", lambda _loader, suffix, _node: suffix)
RULES = {
    name: resource["Properties"]
    for name, resource in yaml.load((ROOT / "template.yaml").read_text(), Loader=_Loader)["Resources"].items()  # noqa: S506 - it is a safe one
    if resource["Type"] == "AWS::Events::Rule"
}


def matches(pattern: Any, found: Any) -> bool:
    """An event pattern, as far as the stack uses the language; a list in the event matches by any of its items."""
    if isinstance(pattern, dict):
        if isinstance(found, list):
            return any(matches(pattern, item) for item in found)
        inside = found if isinstance(found, dict) else {}
        return all(matches(wanted, inside.get(key)) for key, wanted in pattern.items())
    values = found if isinstance(found, list) else [found]
    return any(_one(wanted, value) for wanted in pattern for value in values)


def _one(wanted: Any, value: Any) -> bool:
    match wanted:
        case {"exists": exists}:
            return (value is not None) is exists
        case {"prefix": prefix}:
            return isinstance(value, str) and value.startswith(prefix)
        case _:
            return bool(wanted == value)


def transformed(rule: str, event: Any) -> str:
    """What the rule's InputTransformer makes of an event: a path that is not there leaves nothing."""
    transformer = RULES[rule]["Targets"][0]["InputTransformer"]
    body = str(transformer["InputTemplate"])
    for variable, path in transformer["InputPathsMap"].items():
        found = at(event, path)
        text = "" if found is None else found if isinstance(found, str) else json.dumps(found)
        body = body.replace(f"<{variable}>", text)
    return body


def at(event: Any, path: str) -> Any:
    for name, index in re.findall(r"\.([A-Za-z]+)(?:\[(\d+)\])?", path):
        event = event.get(name) if isinstance(event, dict) else None
        if index and isinstance(event, list):
            event = event[int(index)]
    return event


def looked_at(body: str) -> str:
    trigger = read(body)
    assert not isinstance(trigger, Ignored)
    named = (getattr(trigger, name, "") for name in ("looks_at", "title", "name", "role", "policy"))
    return next(name for name in named if name)


def test_every_sample_is_spoken_of() -> None:
    assert EVENTS.keys() == TAKEN_BY.keys()


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_is_taken_by_the_rule_that_is_for_it_and_no_other(name: str) -> None:
    taken = [rule for rule, properties in RULES.items() if matches(properties["EventPattern"], EVENTS[name])]
    assert taken == ([TAKEN_BY[name]] if TAKEN_BY[name] else [])


@pytest.mark.parametrize("name", sorted(LOOKED_AT))
def test_what_the_rule_passes_on_leads_where_the_event_does(name: str) -> None:
    rule = TAKEN_BY[name]
    assert rule is not None
    body = transformed(rule, EVENTS[name])
    assert looked_at(body) == looked_at(json.dumps(EVENTS[name])) == LOOKED_AT[name]
    passed, whole = read(body), read(json.dumps(EVENTS[name]))
    assert not isinstance(passed, Ignored)
    assert not isinstance(whole, Ignored)
    assert (passed.place, passed.when, passed.actor) == (whole.place, whole.when, whole.actor)


@pytest.mark.parametrize("name", sorted(LOOKED_AT))
def test_no_environment_value_is_passed_on(name: str) -> None:
    rule = TAKEN_BY[name]
    assert rule is not None
    body = transformed(rule, EVENTS[name])
    assert CANARY not in body
    assert "postgres" not in body
    assert CANARY not in repr(read(json.dumps(EVENTS[name])))


@pytest.mark.parametrize("name", ["register-task-definition-failed", "other-source"])
def test_an_event_that_asks_for_nothing_is_ignored_with_a_reason(name: str) -> None:
    found = read(json.dumps(EVENTS[name]))
    assert isinstance(found, Ignored)
    assert found.reason


def test_a_cut_response_still_leads_to_the_family() -> None:
    """CloudTrail leaves out what is too large: the request's family is enough."""
    event = json.loads(json.dumps(EVENTS["register-task-definition"]))
    event["detail"]["responseElements"] = {"omitted": True}
    assert looked_at(transformed("TaskDefinitionCalls", event)) == looked_at(json.dumps(event)) == "web"


def test_who_did_it_is_told_by_role_session_and_tool() -> None:
    trigger = read(transformed("TaskDefinitionCalls", EVENTS["register-task-definition"]))
    assert not isinstance(trigger, Ignored)
    assert (trigger.actor.name, trigger.actor.tool) == ("deploy/pipeline", "Terraform")
