"""No plan turns one of AWS's own ECS controls from passed to failed."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from domain.drift import Safety
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, Facts
from domain.remediation.plan import Plan
from domain.standard import Standard, default_standard
from domain.workload import Workload
from tests.corpus import corpus
from tests.ecs_controls import OF_TASK_DEFINITIONS, failed
from tests.rules.examples import Example, all_examples
from tests.strategies import PLACE, workloads
from tests.test_plans import planned, thoroughly

PUBLISHED = {name: found for name, found in corpus().items() if found.get("containerDefinitions")}
CONTROL_FAILS = "control-fails"
"""The code of what asks for approval where the standard's own kind of collector would fail a control."""


def lost(plan: Plan) -> frozenset[str]:
    """The controls that passed before a plan, and fail after it."""
    before = failed(plan.before.task, plan.before.service)
    return failed(plan.after.task, plan.after.service) - before


def loses_none_unasked(plan: Plan | None) -> None:
    """A kind of collector that fails a control is the organisation's choice, and each such change needs approval."""
    if plan is None or not (controls := lost(plan)):
        return
    asked = [remark for repair in plan.repairs for remark in repair.reasons if remark.code == CONTROL_FAILS]
    assert plan.safety is Safety.REVIEW
    assert asked, controls


def hardened(task: dict[str, Any]) -> TaskDefinition:
    """The definition with every control passed that a container may fail."""
    more = {"user": "1001", "readonlyRootFilesystem": True, "privileged": None}
    logging = {"logDriver": "awslogs", "options": {"awslogs-group": "/x", "awslogs-region": "eu-west-1"}}
    containers = [
        {"logConfiguration": logging} | {name: value for name, value in each.items() if value is not None} | more
        for each in task.get("containerDefinitions") or []
        if isinstance(each, dict)
    ]
    return TaskDefinition(task).with_(containerDefinitions=containers, pidMode=None)


@thoroughly
@given(workloads())
def test_over_generated_workloads(drawn: tuple[Workload, Standard]) -> None:
    workload, standard = drawn
    for each in (workload, workload.with_task(hardened(workload.task.to_aws()))):
        loses_none_unasked(planned(each, standard))


CHANGED = [example for example in all_examples() if example.case.changes]


@pytest.mark.parametrize("example", CHANGED, ids=lambda example: f"{example.rule}: {example.case.name}")
def test_over_the_rules_examples(example: Example) -> None:
    before, task = example.before, example.before.task
    if task.execution_role is None or task.task_role is None:  # its example's facts are of no role
        before = replace(before, facts=replace(before.facts, execution_role=Absent(), task_role=Absent()))
    for each in (before, before.with_task(hardened(task.to_aws()))):
        loses_none_unasked(planned(each, example.standard))


@pytest.mark.parametrize("name", PUBLISHED or [pytest.param("", marks=pytest.mark.skip("no corpus"))])
def test_over_what_people_published(name: str) -> None:
    standard = default_standard()
    for task in (TaskDefinition(PUBLISHED[name]), hardened(PUBLISHED[name])):
        fargate = task.with_(requiresCompatibilities=["FARGATE"])
        workload = Workload(PLACE, fargate, facts=Facts(), kinds=standard.kind_of)
        plan = planned(replace(workload, runs_on=True), standard)
        assert plan is None or not lost(plan)


@pytest.mark.parametrize(
    ("control", "members"),
    [
        ("ECS.3", {"pidMode": "host"}),
        ("ECS.17", {"networkMode": "host"}),
        ("ECS.4", {"container": {"privileged": True}}),
        ("ECS.5", {"container": {"readonlyRootFilesystem": None}}),
        ("ECS.8", {"container": {"environment": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]}}),
        ("ECS.9", {"container": {"logConfiguration": None}}),
        ("ECS.18", {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]}),
        ("ECS.20", {"container": {"user": "root:root"}}),
        ("ECS.20", {"container": {"user": None}}),
    ],
)
def test_each_predicate_fails_by_what_its_control_names(control: str, members: dict[str, Any]) -> None:
    good = hardened({"containerDefinitions": [{"name": "app", "image": "shop:1"}]})
    assert failed(good) == frozenset()
    changed = good.with_(**{name: value for name, value in members.items() if name != "container"})
    if "container" in members:
        changed = changed.with_container(changed.containers[0].with_(**members["container"]))
    assert {name.partition(" ")[0] for name in failed(changed)} >= {control}
    assert any(name.startswith(f"{control} ") for name in OF_TASK_DEFINITIONS)
