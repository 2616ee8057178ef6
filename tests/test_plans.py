"""What a plan changes, it shows; what it does not show, it leaves; and once it is carried out there is no other.

Over generated workloads and what people published, ten containers and 60 KB among them.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from hypothesis import assume, given
from hypothesis import strategies as st

import engine
from aws.ecs import registrable_members
from domain.drift import Safety
from domain.ecs.documents import name_of
from domain.ecs.equivalence import equivalent
from domain.ecs.task_definition import DESCRIBED_ONLY, TaskDefinition
from domain.places import Revision
from domain.remediation.plan import Plan
from domain.standard import Mode, Standard, default_standard
from domain.workload import Workload
from operations.evaluation import Evaluation, Evaluator
from operations.facts import FactReader
from operations.planning import Planner
from rules import CATALOGUE
from tests.corpus import corpus
from tests.legality import illegal
from tests.profiles import examples
from tests.strategies import PLACE, workloads

thoroughly = examples(100)
PUBLISHED = {name: found for name, found in corpus().items() if found.get("containerDefinitions")}
each_published = pytest.mark.parametrize("name", PUBLISHED or [pytest.param("", marks=pytest.mark.skip("no corpus"))])

PLANNER = Planner(CATALOGUE, Mode.REGISTER)
SHAPE: Any = get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
OURS = {"outrider:source": "7", "outrider:plan": "0123456789abcdef", "outrider:release": "0.1.0"}
DESCRIBED = {
    "revision": 7, "status": "ACTIVE", "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.x"}],
    "registeredAt": "2026-11-23T09:14:02+00:00", "registeredBy": "arn:aws:iam::123456789012:user/ann",
}  # fmt: skip


class _Facts:
    """Reads nothing: what a workload was given is what there is."""

    def with_approved(self, workload: Workload, _name: str) -> Workload:
        return workload

    def with_facts(self, workload: Workload, _needs: object) -> Workload:
        return workload


READER = cast("FactReader", _Facts())


def planned(workload: Workload, standard: Standard) -> Plan | None:
    """As inspect and remediate plan for a family, whatever the mode."""
    found = Evaluation(workload, engine.evaluate(workload, standard, CATALOGUE))
    return Evaluator(PLANNER, standard, READER, workload.read_at).plan(found, Mode.REPORT)


def as_revision(workload: Workload, number: int = 7) -> Workload:
    """The workload as a revision of a family that no service runs."""
    described = workload.task.with_(**DESCRIBED, taskDefinitionArn=Revision(workload.place, "web", number).arn)
    return replace(workload, task=described, service=None)


def registered(plan: Plan) -> TaskDefinition:
    """What remediate registers of a plan."""
    known = {name for name in plan.after.task.json if name.startswith("x")}  # as if botocore knew them
    return plan.after.task.only(registrable_members() | known).with_tags(OURS)


def described(task: TaskDefinition, number: int) -> TaskDefinition:
    """How ECS describes it afterwards: nulls gone, defaults filled in, empty lists for what was not given."""
    found = task.to_aws() | DESCRIBED | {"taskDefinitionArn": Revision(PLACE, "web", number).arn, "revision": number}
    found = {"volumes": [], "placementConstraints": []} | {
        name: each for name, each in found.items() if each is not None
    }
    found["compatibilities"] = ["EC2", "FARGATE"]
    for each in found["containerDefinitions"]:
        for name in [name for name, value in each.items() if value is None]:
            del each[name]
        for name, default in (("cpu", 0), ("essential", True), *((name, []) for name in _LISTS)):
            each.setdefault(name, default)
        if found.get("networkMode") == "awsvpc":
            for mapping in each["portMappings"]:
                if "containerPort" in mapping:
                    mapping.update(hostPort=mapping["containerPort"], protocol=mapping.get("protocol", "tcp"))
    return TaskDefinition(found)


_LISTS = ("environment", "mountPoints", "portMappings", "systemControls", "volumesFrom")


def differing(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Every place that differs, by names; a null is as good as not there."""
    if json.dumps(bare(before), sort_keys=True) == json.dumps(bare(after), sort_keys=True):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in {*before, *after}:
            part = "containers" if name == "containerDefinitions" and not where else name
            yield from differing(before.get(name), after.get(name), f"{where}/{part}" if where else part)
    elif isinstance(before, list) and isinstance(after, list) and (names := _names(before, after)):
        one, other = ({name_of(each): each for each in things} for things in (before, after))
        for name in names:
            yield from differing(one.get(name), other.get(name), f"{where}/{name}")
    else:
        yield where


def _names(before: list[Any], after: list[Any]) -> set[str] | None:
    things = [*before, *after]
    if not all(isinstance(each, dict) and name_of(each) for each in things):
        return None
    names = [[name_of(each) or "" for each in some] for some in (before, after)]
    return {*names[0], *names[1]} if all(len(set(some)) == len(some) for some in names) else None


def bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: bare(each) for name, each in value.items() if each is not None}
    return [bare(each) for each in value] if isinstance(value, list) else value


def _covers(shown: str, place: str) -> bool:
    """Whether a line of the diff is about a place: itself, what contains it, or what it contains."""
    return shown == place or place.startswith(f"{shown}/") or shown.startswith(f"{place}/")


def shows_what_it_changes(plan: Plan) -> None:
    before, after = plan.before.task.to_aws(), plan.after.task.to_aws()
    shown, places = [change.where for change in plan.changes], list(differing(before, after))
    assert shown, "there is no plan without a diff"
    assert len(set(shown)) == len(shown), "each place once"
    assert [place for place in places if not any(_covers(one, place) for one in shown)] == []
    assert [one for one in shown if not any(_covers(one, place) for place in places)] == []
    assert {name: after.get(name) for name in DESCRIBED_ONLY} == {name: before.get(name) for name in DESCRIBED_ONLY}


def keeps_what_it_does_not_know(plan: Plan) -> None:
    before, after = plan.before.task.to_aws(), plan.after.task.to_aws()
    for name, value in before.items():
        if name.startswith("x"):
            assert json.dumps(after[name]) == json.dumps(value)
    kept = [name for name in after if name in before]
    assert kept == [name for name in before if name in after], "members stay in their order"
    names = [container.name for container in plan.after.task.containers]
    assert [container.name for container in plan.before.task.containers if container.name in names] == [
        name for name in names if plan.before.task.container(name)
    ], "containers stay in their order"
    for container in plan.after.task.containers:
        earlier = plan.before.task.container(container.name)
        unknown = {name: value for name, value in (earlier.json if earlier else {}).items() if name.startswith("x")}
        assert json.dumps({name: container.json[name] for name in unknown}) == json.dumps(unknown)


def registers_what_ecs_takes(plan: Plan) -> None:
    task = registered(plan)
    assert not task.json.keys() & DESCRIBED_ONLY
    kept = {key: value for key, value in plan.before.task.tags.items() if not key.lower().startswith("aws:")}
    assert dict(task.tags) == kept | OURS
    # No type is wrong that was right in the source.
    known = registrable_members()
    wrong = [
        ParamValidator().validate(each.only(known).with_tags({}).to_aws(), SHAPE) for each in (plan.before.task, task)
    ]
    assert not wrong[1].has_errors() or wrong[0].has_errors(), wrong[1].generate_report()


def has_one_digest(plan: Plan, workload: Workload, standard: Standard) -> None:
    twin = planned(workload.with_task(TaskDefinition(copy.deepcopy(workload.task.to_aws()))), standard)
    assert twin is not None
    assert twin.digest == plan.digest
    known = planned(workload.with_task(workload.task.without_values()), standard)
    assert known is None or known.digest == plan.digest or known.changes != plan.changes, "as it is known from memory"
    other = replace(plan, after=plan.after.with_task(plan.after.task.with_(pidMode="task")))
    assert other.digest != plan.digest
    later = replace(plan, before=plan.before.with_task(plan.before.task.with_(taskDefinitionArn="arn:x")))
    assert later.digest != plan.digest


def comes_to_an_end(plan: Plan, standard: Standard) -> None:
    """What was registered, as ECS describes it, needs no second plan."""
    again = planned(replace(plan.after, task=described(registered(plan), 8)), standard)
    assert again is None or again.changes == (), [change.where for change in again.changes]


def holds(workload: Workload, standard: Standard) -> Plan | None:
    workload = as_revision(workload)
    plan = planned(workload, standard)
    if plan is None:
        return None
    assert plan.changes_task
    assert not equivalent(plan.before.task, plan.after.task), "a plan means something"
    shows_what_it_changes(plan)
    keeps_what_it_does_not_know(plan)
    registers_what_ecs_takes(plan)
    if plan.safety is Safety.SAFE:
        assert set(illegal(plan.after.task)) <= set(illegal(plan.before.task)), "it makes nothing illegal"
    has_one_digest(plan, workload, standard)
    comes_to_an_end(plan, standard)
    return plan


@thoroughly
@given(workloads())
def test_a_plan_of_a_generated_workload(given_: tuple[Workload, Standard]) -> None:
    holds(*given_)


@each_published
def test_a_plan_of_a_published_definition(name: str) -> None:
    holds(Workload(PLACE, TaskDefinition(PUBLISHED[name])), default_standard())


def large(task: TaskDefinition, containers: int, kilobytes: int) -> TaskDefinition:
    """The same with so many containers, and so much in one variable of the first."""
    items = [*task.json["containerDefinitions"]]
    items += [
        {"name": f"more-{n}", "image": "more:1", "essential": False} for n in range(max(containers - len(items), 0))
    ]
    filling = {"name": "LARGE", "value": "x" * (1024 * kilobytes - len(json.dumps(task.json)))}
    first = items[0] | {"environment": [*(items[0].get("environment") or []), filling]}
    return task.with_(containerDefinitions=[first, *items[1:]])


@examples(25)
@given(workloads(), st.sampled_from([(10, 1), (9, 60), (10, 60)]))
def test_a_plan_of_a_large_one(given_: tuple[Workload, Standard], size: tuple[int, int]) -> None:
    workload, standard = given_
    assume(isinstance(workload.task.containers[0].json.get("environment", []), list))
    plan = holds(workload.with_task(large(workload.task, *size)), standard)
    if plan is not None and workload.collector is None and size[0] == 10:
        assert "sidecar.present" not in plan.fixes, "there is no room for an eleventh"
