"""Whatever others wrote is read or refused, never an unexpected error; and what was read can be written again."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import engine
from domain.ecs.equivalence import equivalent, fingerprint
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.json_text import strict_json
from domain.places import Place
from domain.remediation.request import RequestUnreadable, read_request
from domain.triggers.message import read_message
from domain.triggers.reading import Ignored, Refused, TriggerUnreadable, read, read_approval
from domain.workload import Workload
from operations.notification.notifier import AlertUnreadable, read_alert
from rules import CATALOGUE
from tests.profiles import examples
from tests.rules.examples import Case, Example

BASE = Example("a.b", Case(name="base", verdict="none"))
NAMES = sorted({
    *BASE.before.task.json, *(name for container in BASE.before.task.containers for name in container.json),
    "name", "value", "valueFrom", "logDriver", "options", "containerName", "condition", "key", "secretOptions",
})  # fmt: skip
TEXT = st.text(max_size=12) | st.sampled_from(
    ["\ud800", "\udfff\x00", "256", "awslogs", "awsvpc", "app", "adot-collector"]
)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
ANYTHING = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=10,
)
KINDS = ["task-definition", "service", "family", "role", "apply", "correct", "resume", "undo", "release", "approval"]
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(KINDS),
        "account": st.just("123456789012") | st.just(["123456789012"]) | ANYTHING,
        "region": st.just("eu-west-1") | st.just(["eu-west-1"]) | ANYTHING,
        "subject": st.just("123456789012/eu-west-1/family/web") | ANYTHING,
        "trigger": ANYTHING,
        "family": ANYTHING,
        "service": ANYTHING,
        "arn": ANYTHING,
        "time": ANYTHING,
        "agent": ANYTHING,
        "identity": ANYTHING,
        "revision": ANYTHING,
        "caller": ANYTHING,
    },
)


def body(content: Any) -> str:
    return json.dumps(content)


@examples(400)
@given(MESSAGE | ANYTHING)
def test_a_message_is_read_or_refused_and_can_be_sent_on(content: Any) -> None:
    for reader in (read, read_approval, read_message):
        with suppress(TriggerUnreadable):
            found = reader(body(content))
            if not isinstance(found, Ignored | Refused):
                found.model_dump_json()
    with suppress(RequestUnreadable):
        read_request(body(content)).model_dump_json()
    with suppress(AlertUnreadable):
        read_alert(body(content))


@examples(400)
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda some: some.decode("latin-1")))
def test_a_text_is_json_or_refused(text: str) -> None:
    with suppress(ValueError):
        json.dumps(strict_json(text), ensure_ascii=False).encode()
    for reader in (read, read_approval, read_message):
        with suppress(TriggerUnreadable):
            reader(text)


@examples(300)
@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=6), st.sampled_from(["task", "first", "collector"]))
def test_a_definition_of_any_form_is_evaluated(members: dict[str, Any], where: str) -> None:
    content = json.loads(json.dumps(dict(BASE.before.task.json)))
    match where:
        case "task":
            content |= members
        case "first":
            content["containerDefinitions"][0] |= members
        case _:
            content["containerDefinitions"][-1] |= members
    task = TaskDefinition(content)
    workload = Workload(BASE.before.place, task, facts=BASE.before.facts)
    engine.evaluate(workload, BASE.standard, CATALOGUE)
    assert task.without_values() is not None
    assert equivalent(task, task)
    assert len(fingerprint(task, "x")) == 32


def test_container_definitions_that_are_no_list_are_none() -> None:
    for odd in (5, "x", {"a": 1}, None, True, 1.5):
        task = TaskDefinition({"family": "web", "containerDefinitions": odd})
        assert task.containers == ()
        task.without_values()
        task.adding(BASE.before.task.containers[0])
        engine.evaluate(Workload(Place("123456789012", "eu-west-1"), task), BASE.standard, CATALOGUE)


@examples(200)
@given(st.dictionaries(st.sampled_from(["serviceArn", "deployments", "events", "tags", "launchType"]), ANYTHING))
def test_a_service_of_any_form_is_read(members: dict[str, Any]) -> None:
    service = Service(members)
    assert (service.title, service.fargate, service.primary, service.deployments) is not None
