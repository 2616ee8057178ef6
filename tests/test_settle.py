"""What holds for every workload, generated or published: fixes settle, keep the unknown, and make nothing worse."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from domain.drift import Safety
from domain.ecs.task_definition import TaskDefinition
from domain.remediation.plan import Fixed, Plan
from domain.severity import Severity
from domain.standard import Standard
from domain.verdict import Drifted
from domain.workload import Workload
from rules import CATALOGUE
from tests.corpus import CORPUS, corpus
from tests.profiles import examples
from tests.rules.examples import Case, Example
from tests.strategies import PLACE, json_values, workloads

PUBLISHED = corpus()

# Rules whose fix corrects what it can and leaves the rest to people.
MAY_LEAVE = {"task.roles", "task.depends-on", "application.resource-attributes"}

thoroughly = examples(200)

each_published = pytest.mark.parametrize("name", PUBLISHED or [pytest.param("", marks=pytest.mark.skip("no corpus"))])


def _unknown(thing: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Members of the document, its containers and its volumes that no rule knows, with their exact JSON."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            if key.startswith("x"):
                yield (*path, key), json.dumps(value)
            elif key in {"containerDefinitions", "volumes"}:
                yield from _unknown(value, (*path, key))
    elif isinstance(thing, list):
        for item in thing:
            yield from _unknown(item, (*path, str(item.get("name"))))


def _orders(thing: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """The order of members: of the document and of each container."""
    yield path, list(thing)
    for item in thing.get("containerDefinitions") or []:
        yield (*path, str(item.get("name"))), list(item)


def _drifted(workload: Workload, standard: Standard) -> set[tuple[str, str]]:
    return {
        (verdict.rule, drift.where)
        for verdict in engine.evaluate(workload, standard, CATALOGUE)
        if isinstance(verdict, Drifted)
        for drift in verdict.drifts
        if drift.severity is not Severity.INFORMATIONAL
    }


def _holds(workload: Workload, standard: Standard) -> None:
    as_it_was = json.dumps(workload.task.json)
    twin = workload.with_task(TaskDefinition(copy.deepcopy(workload.task.to_aws())))

    before = _drifted(workload, standard)
    settled = engine.settle(workload, standard, CATALOGUE)
    plan = engine.plan(settled, settled.after, standard, CATALOGUE)
    after = _drifted(settled.after, standard)
    again = engine.settle(settled.after, standard, CATALOGUE)

    assert json.dumps(workload.task.json) == as_it_was, "input is unchanged"
    assert engine.evaluate(twin, standard, CATALOGUE) == engine.evaluate(workload, standard, CATALOGUE)
    assert engine.settle(twin, standard, CATALOGUE).after == settled.after, "the same input settles in the same way"
    assert (again.after.task, again.after.service) == (settled.after.task, settled.after.service)
    fixed = {repair.rule for repair in settled.repairs if repair.outcome is Fixed.FIXED}
    left = {(rule, where) for rule, where in after if rule in fixed}
    assert {rule for rule, _ in left} <= MAY_LEAVE, f"what was fixed is fixed: {sorted(left)}"
    assert left <= before, "what is left was there before"
    if plan.safety is Safety.SAFE:
        assert after <= before, "a safe plan brings no drift of its own"
    if fixed & {"sidecar.present", "sidecar.resources"}:
        _leaves_room(settled.after, standard)
    _keeps(workload.task.to_aws(), settled.after.task.to_aws())
    _stays_legal(workload.task, settled.after.task)


def _keeps(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert dict(_unknown(before)).items() <= dict(_unknown(after)).items()
    orders = dict(_orders(after))
    for path, members in _orders(before):
        kept = [member for member in orders[path] if member in members]
        assert kept == [member for member in members if member in kept], path


def _leaves_room(workload: Workload, standard: Standard) -> None:
    """Next to what everything else reserves, the applications keep what they reserve, and the standard's floor."""
    size, floor = workload.task.size, standard.applications
    if size is None or not size.legal:
        return  # task.size could not fix it
    beside = (*workload.container_roles.collectors, *workload.container_roles.others)
    cpu, memory = sum(c.cpu for c in workload.applications), sum(c.memory for c in workload.applications)
    assert sum(c.cpu for c in beside) + max(cpu, floor.cpu_floor) <= size.cpu
    assert sum(c.memory for c in beside) + max(memory, floor.memory_floor) <= size.memory


def _stays_legal(before: TaskDefinition, after: TaskDefinition) -> None:
    """What ECS would refuse to register, and had no reason to refuse before."""
    names = [container.name for container in after.containers]
    assert len(set(names)) == len(names) or len({c.name for c in before.containers}) < len(before.containers)
    assert len(names) <= max(10, len(before.containers))
    assert any(c.essential for c in after.containers) or not any(c.essential for c in before.containers)
    if before.size is not None and before.size.legal:
        assert after.size is not None
        assert after.size.legal
        assert (after.size.cpu, after.size.memory) >= (before.size.cpu, before.size.memory)
    if any(c.secrets for c in after.containers) and not any(c.secrets for c in before.containers):
        assert after.execution_role is not None
    if before != after:
        assert after.size is None or sum(c.cpu for c in after.containers) <= after.size.cpu or after.size == before.size


@thoroughly
@given(workloads())
def test_generated_workloads_settle(drawn: tuple[Workload, Standard]) -> None:
    workload, standard = drawn
    _holds(workload, standard)


@each_published
def test_published_task_definitions_settle(name: str) -> None:
    """As they are, and as if their services ran on Fargate."""
    task = PUBLISHED[name]
    standard = Standard.model_validate({"version": 1})
    for forced in ({}, {"requiresCompatibilities": ["FARGATE"]}):
        _holds(Workload(place=PLACE, task=TaskDefinition({**task, **forced})), standard)


@thoroughly
@given(json_values)
def test_any_json_survives_a_document(value: Any) -> None:
    """Where any is allowed, and in the place of what is known."""
    for document in ({"x": value}, {"family": value, "containerDefinitions": [value, {"name": "a", "x": value}]}):
        assert json.dumps(TaskDefinition(document).to_aws()) == json.dumps(document)


TASK_MEMBERS = (
    "cpu", "memory", "tags", "executionRoleArn", "taskRoleArn", "networkMode", "proxyConfiguration", "family",
)  # fmt: skip
CONTAINER_MEMBERS = (
    "name", "image", "essential", "cpu", "memory", "memoryReservation", "command", "entryPoint", "environment",
    "secrets", "environmentFiles", "portMappings", "dependsOn", "healthCheck", "logConfiguration",
    "firelensConfiguration", "restartPolicy",
)  # fmt: skip


@thoroughly
@given(st.sampled_from([*TASK_MEMBERS, *CONTAINER_MEMBERS]), json_values | json_values.map(lambda value: [value]))
def test_no_rule_stumbles_over_odd_json(member: str, value: Any) -> None:
    """Whatever stands where something is expected, rules answer and fixes settle or refuse."""
    standard = Standard.model_validate({"version": 1})
    containers = [{"name": "app", "image": "web:1"}, {"name": "otel", "image": "amazon/aws-otel-collector:latest"}]
    good = {"family": "web", "requiresCompatibilities": ["FARGATE"], "containerDefinitions": containers}
    if member in TASK_MEMBERS:
        engine.settle(Workload(place=PLACE, task=TaskDefinition({**good, member: value})), standard, CATALOGUE)
    for index in range(2) if member in CONTAINER_MEMBERS else ():
        odd = [{**item, member: value} if i == index else item for i, item in enumerate(containers)]
        task = TaskDefinition({**good, "containerDefinitions": odd})
        engine.settle(Workload(place=PLACE, task=task), standard, CATALOGUE)


def test_the_corpus_is_read() -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"the published task definitions are not there: {CORPUS.name} next to the project")
    assert len(PUBLISHED) > 80


def _injected(facts: dict[str, Any], **application: object) -> Plan:
    """The plan for the examples' good task without its collector."""
    patch = {"containers": {"adot-collector": None, "app": application}}
    bare = Example("sidecar.present", Case(name="bare", verdict="drifted", before=patch, facts=facts))
    settled = engine.settle(bare.before, bare.standard, CATALOGUE)
    return engine.plan(settled, settled.after, bare.standard, CATALOGUE)


def test_a_collector_is_added_without_asking_where_everything_that_it_needs_is_there() -> None:
    plan = _injected({})
    assert (plan.fixes, plan.safety, plan.reasons) == (("sidecar.present",), Safety.SAFE, ())


@pytest.mark.parametrize("facts", [{"parameter": "unavailable"}, {"log_groups": {"/ecs/web": "unavailable"}}], ids=str)
def test_a_collector_is_added_only_with_a_person_where_that_is_not_known(facts: dict[str, Any]) -> None:
    plan = _injected(facts)
    assert plan.fixes == ("sidecar.present",)
    assert plan.safety is Safety.REVIEW


def test_a_collector_is_added_only_with_a_person_where_its_port_is_taken() -> None:
    plan = _injected({}, portMappings=[{"containerPort": 4317}])
    assert plan.safety is Safety.REVIEW
    assert any(reason.startswith("sidecar.ports would drift") for reason in plan.reasons)
