"""Which container is a collector, over generated workloads and published definitions: one is never given a second."""

from dataclasses import replace

import pytest
from hypothesis import given

from domain.ecs.recognition import Answer
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Facts
from domain.remediation.plan import Plan
from domain.standard import Standard, default_standard
from domain.workload import Workload
from tests.corpus import corpus
from tests.strategies import PLACE, workloads
from tests.test_plans import planned, thoroughly

PUBLISHED = {name: found for name, found in corpus().items() if found.get("containerDefinitions")}


def adds_none_to_one(plan: Plan | None) -> None:
    """A plan adds a container only where every other one is known to be no collector."""
    if plan is None or len(plan.after.task.containers) == len(plan.before.task.containers):
        return
    answers = {each.recognition.answer for each in plan.before.container_roles.every}
    assert answers <= {Answer.IS_NOT}
    assert plan.before.kind.id != "none"
    added = plan.after.task.containers[-1]
    assert plan.after.collector is added, "what is added is the collector, by the same recognition"


@thoroughly
@given(workloads())
def test_no_collector_is_added_where_one_is_or_may_be(drawn: tuple[Workload, Standard]) -> None:
    workload, standard = drawn
    for each in (workload, replace(workload, service=None)):
        adds_none_to_one(planned(each, standard))


@thoroughly
@given(workloads())
def test_every_container_plays_one_part_and_an_environments_values_do_not_matter(
    drawn: tuple[Workload, Standard],
) -> None:
    """A revision that is kept has no values but those of OTEL_ variables."""
    workload, _ = drawn
    every = workload.container_roles.every
    assert [each.container.name for each in every] == [each.name for each in workload.task.containers]
    kept = workload.with_task(workload.task.without_values())
    assert [each[1:] for each in kept.container_roles.every] == [each[1:] for each in every]


@pytest.mark.parametrize("name", PUBLISHED or [pytest.param("", marks=pytest.mark.skip("no corpus"))])
def test_a_published_definition_gets_no_second_collector(name: str) -> None:
    standard = default_standard()
    task = TaskDefinition(PUBLISHED[name]).with_(requiresCompatibilities=["FARGATE"])
    workload = Workload(PLACE, task, facts=Facts(), kinds=standard.kind_of)
    adds_none_to_one(planned(workload, standard))
