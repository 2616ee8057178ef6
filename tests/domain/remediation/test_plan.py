"""What people see of a plan: where it differs, by names, with every value masked that may be secret."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.drift import Safety
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.masking import HIDDEN
from domain.places import Place
from domain.remediation.plan import Change, Plan, changes_between, quotable
from domain.workload import Workload

CANARY = "c4nary-s3cret-p4ss"
PLACE = Place("123456789012", "eu-west-1")


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[Change, ...]:
    return changes_between(Workload(PLACE, TaskDefinition(before)), Workload(PLACE, TaskDefinition(after)))


def containers(*items: dict[str, Any]) -> dict[str, Any]:
    return {"family": "web", "containerDefinitions": list(items)}


def test_a_change_is_shown_by_names_and_not_by_indexes() -> None:
    before = containers({"name": "app", "image": "web:1"}, {"name": "adot", "image": "otel:latest", "essential": True})
    after = containers({"name": "adot", "image": "otel:v1", "essential": False}, {"name": "app", "image": "web:1"})
    assert changes(before, after) == (
        Change("containers/adot/image", "otel:latest", "otel:v1"),
        Change("containers/adot/essential", "true", "false"),
    )


def test_a_new_container_is_shown_member_by_member() -> None:
    new = {"name": "adot", "cpu": 256, "portMappings": [{"containerPort": 4317}], "command": ["--token", CANARY]}
    assert changes(containers(), containers(new)) == (
        Change("containers/adot/name", None, "adot"),
        Change("containers/adot/cpu", None, "256"),
        Change("containers/adot/portMappings/4317/containerPort", None, "4317"),
        Change("containers/adot/command", None, "(hidden)"),
    )


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("DATABASE_PASSWORD", CANARY, "(hidden)"),
        ("OTEL_EXPORTER_OTLP_HEADERS", f"authorization={CANARY}", "(hidden)"),
        ("OTEL_RESOURCE_ATTRIBUTES", f"token={CANARY}", "(hidden)"),
        ("AOT_CONFIG_CONTENT", CANARY, "(hidden)"),
        ("OTEL_SERVICE_NAME", "web", "web"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318", "http://localhost:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"https://user:{CANARY}@h:4318/v1?k={CANARY}", "https://h:4318/…"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"https://us@er:{CANARY}@h/", "https://h/"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"h:4318#{CANARY}", "h:4318"),
    ],
)
def test_of_environment_values_only_those_are_shown_that_may_be(name: str, value: str, shown: str) -> None:
    entry = {"name": "app", "environment": [{"name": name, "value": value}]}
    found = changes(containers({"name": "app"}), containers(entry))
    assert [change.after for change in found if change.where.endswith("/value")] == [shown]
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    "member", ["command", "entryPoint", "dockerLabels", "healthCheck", "links", "x-unknown", "secretOptions"]
)
@pytest.mark.parametrize("value", [CANARY, [CANARY], {"a": CANARY}, [{"name": "a", "secret": CANARY}], [[CANARY]]])
def test_what_may_hold_a_credential_is_shown_as_changed_and_no_more(member: str, value: Any) -> None:
    found = changes(containers({"name": "app"}), containers({"name": "app", member: value}))
    assert found
    assert CANARY not in repr(found)
    assert CANARY not in repr(changes(containers({"name": "app", member: value}), containers({"name": "app"})))


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["CMD", "/healthcheck"], "CMD /healthcheck"),
        (["CMD", "/healthcheck", "-port=13134"], "CMD /healthcheck -port=13134"),
        (["CMD", "/healthcheck", f"-token={CANARY}"], HIDDEN),
        (["CMD-SHELL", f"/healthcheck {CANARY}"], HIDDEN),
        ("CMD /healthcheck", HIDDEN),
    ],
)
def test_a_command_is_shown_where_it_is_one_that_a_fix_writes(command: Any, shown: str) -> None:
    found = changes(containers({"name": "app"}), containers({"name": "app", "healthCheck": {"command": command}}))
    assert found == (Change("containers/app/healthCheck/command", None, shown),)


@pytest.mark.parametrize("member", ["environment", "dockerLabels"])
@pytest.mark.parametrize("key", ["image", "name", "cpu", "valueFrom", "tags", "options"])
def test_a_value_is_not_shown_for_its_key_being_that_of_a_member_that_may_be(member: str, key: str) -> None:
    found = changes(containers({"name": "app"}), containers({"name": "app", member: {key: CANARY}}))
    assert [change.after for change in found] == ["(hidden)"]


def test_an_empty_object_that_is_added_or_removed_is_shown() -> None:
    assert changes({"x-new": {}}, {}) == (Change("x-new", HIDDEN, None),)
    assert changes({}, {"x-new": {}}) == (Change("x-new", None, HIDDEN),)


def test_a_variable_that_is_set_twice_is_shown_as_a_whole() -> None:
    twice = {"name": "app", "environment": [{"name": "A", "value": CANARY}, {"name": "A", "value": "b"}]}
    assert changes(containers({"name": "app"}), containers(twice)) == (
        Change("containers/app/environment", None, "(hidden)"),
    )


def test_tags_show_their_keys() -> None:
    found = changes({"family": "web"}, {"family": "web", "tags": [{"key": "team", "value": CANARY}]})
    assert found == (Change("tags/team/key", None, "team"), Change("tags/team/value", None, "(hidden)"))


def test_a_services_change_is_next_to_it() -> None:
    task = TaskDefinition({"family": "web"})
    one, other = (Workload(PLACE, task, Service({"platformVersion": version})) for version in ("1.3.0", "LATEST"))
    assert changes_between(one, other) == (Change("service/platformVersion", "1.3.0", "LATEST"),)


keys = st.sampled_from(
    ["name", "image", "cpu", "command", "environment", "value", "secrets", "containerDefinitions", "x"]
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
)
bodies = st.dictionaries(keys, documents, max_size=5)


@given(bodies, bodies)
def test_there_are_changes_exactly_where_documents_differ(before: dict[str, Any], after: dict[str, Any]) -> None:
    def bare(value: Any) -> Any:
        """A null is as good as not there, and so is a list of names or an object that holds nothing else."""
        if isinstance(value, dict):
            return {key: item for key, each in value.items() if (item := bare(each)) not in (None, {}, [])}
        return [bare(item) for item in value] if isinstance(value, list) else value

    assert changes(before, before) == ()
    if changes(before, after) == ():
        assert bare(before) == bare(after)


@given(st.text(), st.text())
def test_no_other_variable_is_quotable(name: str, value: str) -> None:
    if not name.startswith("OTEL_"):
        assert quotable(name, value) is None


def _plan(task: dict[str, Any], after: dict[str, Any]) -> Plan:
    one, other = (Workload(PLACE, TaskDefinition(each)) for each in (task, after))
    return Plan(one, other, (), Safety.SAFE, (), (), ())


def test_a_digest_is_of_the_source_and_the_outcome_and_of_no_value_that_is_not_kept() -> None:
    def task(value: str, cpu: str = "256", revision: int = 1) -> dict[str, Any]:
        arn = f"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{revision}"
        environment = [{"name": "PASSWORD", "value": value}]
        return {"taskDefinitionArn": arn, "cpu": cpu} | containers({"name": "app", "environment": environment})

    read, known = task(CANARY), TaskDefinition(task(CANARY)).without_values().to_aws()
    digest = _plan(read, read).digest
    assert digest == _plan(known, known).digest
    assert digest == _plan(dict(reversed(read.items())), dict(reversed(read.items()))).digest
    assert digest != _plan(read, task(CANARY, "512")).digest
    assert digest != _plan(task(CANARY, revision=2), task(CANARY, revision=2)).digest
    assert len(digest) == 16
