"""What a SAFE plan holds to, over generated and published definitions and mutations of both, whatever is known."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

import engine
from cli.evaluating import FileEvaluator
from cli.fix import Correction
from cli.sources.configuration import ConfigurationOrigin
from cli.sources.definition import Definition
from domain.collector import CollectorConfiguration
from domain.collector.releases import newest_known
from domain.drift import Safety
from domain.ecs.container import Container
from domain.ecs.placeholders import placeholder, texts_within
from domain.ecs.recognition import Answer
from domain.ecs.task_definition import TaskDefinition
from domain.ecs.values import truth_of
from domain.facts import NOT_READ, Absent, Fact, Facts, Known, Unavailable
from domain.otlp import Protocol, destinations
from domain.otlp_receivers import otlp_receivers
from domain.remediation.plan import Plan
from domain.standard import Standard, default_standard
from domain.workload import Workload
from rules import CATALOGUE
from tests.corpus import corpus
from tests.ecs_controls import failed
from tests.mutations import mutants
from tests.profiles import examples
from tests.rules.examples import Case, Example
from tests.strategies import CONFIG, PLACE, workloads

PUBLISHED = {name: found for name, found in corpus().items() if found.get("containerDefinitions")}
each_published = pytest.mark.parametrize("name", PUBLISHED or [pytest.param("", marks=pytest.mark.skip("no corpus"))])
thoroughly = examples(200)


def planned(workload: Workload, standard: Standard) -> Plan:
    settled = engine.settle(workload, standard, CATALOGUE)
    return engine.plan(settled, settled.after, standard, CATALOGUE)


def depends_only_on_what_is_known(plan: Plan) -> None:
    """Decided from the documents alone, without what the fixes declare."""
    if plan.safety is not Safety.SAFE or not plan.changes_task:
        return
    unknown = [why for container in plan.after.task.containers for why in _unknown(plan, container)]
    assert unknown == [], plan.fixes
    before, after = (_placeholders(each.task) for each in (plan.before, plan.after))
    assert after <= before, "no placeholder is written"


def _unknown(plan: Plan, container: Container) -> Iterator[str]:
    before, facts = plan.before.task.container(container.name), plan.after.facts
    changed = {
        name
        for name in {*container.json, *(before.json if before else {})}
        if before is None or before.json.get(name) != container.json.get(name)
    }
    if not changed:
        return
    collector = plan.after.collector
    if collector is not None and container.name == collector.name:
        pinned = before is not None and before.image.tag in {None, "latest"} and plan.after.release == newest_known()
        matter = {"secrets", "command", "healthCheck"} | (set() if pinned else {"image"})
        if changed & matter and not _only_contradictions(changed):
            configuration = plan.after.configuration
            if not (isinstance(configuration, Known) and isinstance(configuration.value, CollectorConfiguration)):
                yield "the configuration"
        if (before is None or changed & {"logConfiguration"}) and not isinstance(facts.execution_role, Known):
            yield "the execution role"
        if before is None and not isinstance(facts.task_role, Known):
            yield "the task role"
        group = container.log_options.get("awslogs-group")
        creates = truth_of(container.log_options.get("awslogs-create-group"))
        fact: Fact[object] = facts.log_groups.get(group or "", NOT_READ)
        if "logConfiguration" in changed and group and not creates and isinstance(fact, Unavailable):
            yield "the log group"
    if before is not None and "environment" in changed and container in plan.after.applications:
        yield from _unknown_endpoints(plan, before, container)


def _only_contradictions(changed: set[str]) -> bool:
    """Whether it may be only what the collector ignores, or ECS refuses: that goes whatever the configuration is."""
    return changed <= {"command", "entryPoint", "environment", "secrets"}


def _unknown_endpoints(plan: Plan, before: Container, after: Container) -> Iterator[str]:
    receivers = otlp_receivers(plan.after, after)
    earlier = {each.variable: each for each in destinations(before)}
    for each in destinations(after):
        if each == earlier.get(each.variable):
            continue
        endpoint, old = each.leads_to, earlier.get(each.variable)
        there = receivers.at(endpoint.port) if endpoint is not None else None
        if endpoint is None or there is None or not there.known:
            yield f"who takes {each.variable}"
            continue
        if there.tls is not (endpoint.scheme == "https"):
            yield f"the scheme of {each.variable}"
        if each.protocol_set and there.protocol not in {"", "grpc" if each.protocol_set is Protocol.GRPC else "http"}:
            yield f"the protocol of {each.variable}"
        was = old.leads_to if old is not None else None
        if was is not None and was.port not in {None, endpoint.port} and receivers.who_may_listen(was.port or 0):
            yield f"who took {each.variable} before"


def _placeholders(task: TaskDefinition) -> int:
    return sum(1 for text in texts_within(task.json) if placeholder(text))


def adds_none_to_one(plan: Plan) -> None:
    if len(plan.after.task.containers) > len(plan.before.task.containers):
        assert {each.recognition.answer for each in plan.before.container_roles.every} <= {Answer.IS_NOT}


def fails_no_control(plan: Plan) -> None:
    if plan.safety is Safety.SAFE:
        assert failed(plan.after.task, plan.after.service) <= failed(plan.before.task, plan.before.service)


def is_a_fixed_point(plan: Plan, standard: Standard) -> None:
    again = engine.settle(plan.after, standard, CATALOGUE)
    assert (again.after.task, again.after.service) == (plan.after.task, plan.after.service), plan.fixes


def hold(workload: Workload, standard: Standard) -> None:
    plan = planned(workload, standard)
    depends_only_on_what_is_known(plan)
    adds_none_to_one(plan)
    fails_no_control(plan)
    is_a_fixed_point(plan, standard)


@thoroughly
@given(workloads())
def test_generated_workloads(drawn: tuple[Workload, Standard]) -> None:
    hold(*drawn)


@thoroughly
@given(mutants())
def test_mutated_definitions(drawn: tuple[Workload, Standard]) -> None:
    hold(*drawn)


@each_published
def test_published_definitions(name: str) -> None:
    standard = default_standard()
    task = TaskDefinition(PUBLISHED[name]).with_(requiresCompatibilities=["FARGATE"])
    hold(Workload(PLACE, task, facts=Facts(), kinds=standard.kind_of), standard)


@examples(100)
@given(mutants())
def test_the_command_fixes_once(drawn: tuple[Workload, Standard]) -> None:
    """With its own ways to choose fixes: the SAFE ones, or all; with a configuration, or without."""
    workload, standard = drawn
    for judge in (FileEvaluator(standard), FileEvaluator(standard, ConfigurationOrigin("", CONFIG))):
        for review in (False, True):
            once = Correction.of(judge, Definition(workload.task), review=review)
            assert once.trouble == ""
            twice = Correction.of(judge, Definition(once.wanted.task), review=review)
            assert twice.wanted.task.json == once.wanted.task.json, (review, once.fixed, twice.fixed)


@thoroughly
@given(workloads())
def test_a_fact_that_is_not_known_makes_no_plan_safe(drawn: tuple[Workload, Standard]) -> None:
    """What is REVIEW where all is known is REVIEW where nothing is."""
    workload, standard = drawn
    nothing = replace(workload, facts=Facts())
    known, unknown = planned(workload, standard), planned(nothing, standard)
    if unknown.safety is Safety.SAFE and known.after.task == unknown.after.task and _all_known(workload.facts):
        assert known.safety is Safety.SAFE


def _all_known(facts: Facts) -> bool:
    found: Mapping[str, Fact[object]] = facts.log_groups
    read = (facts.parameter, facts.execution_role, facts.task_role, *found.values())
    return not any(isinstance(fact, Absent | Unavailable) for fact in read)


@pytest.mark.parametrize(
    ("case", "safety"),
    [
        ({}, Safety.SAFE),
        ({"facts": {"parameter": {"text": "receivers: ["}}}, Safety.REVIEW),
        ({"facts": {"parameter": {"text": "{receivers: {otlp: {protocols: {grpc: }}}, exporters: {none: },"
          " service: {pipelines: {traces: {receivers: [otlp], exporters: [none]}}}}"}}}, Safety.REVIEW),
        ({"facts": {"parameter": "unavailable"}}, Safety.REVIEW),
        ({"before": {"containers": {"adot-collector": {"command": ["--config=/none.yaml"], "secrets": None}}}},
         Safety.REVIEW),
        ({"before": {"containers": {"adot-collector": {"healthCheck": {"command": ["CMD", "curl"]}}}}}, Safety.REVIEW),
    ],
    ids=str,
)  # fmt: skip
def test_a_collector_becomes_essential_only_where_it_is_known_to_start(case: dict[str, Any], safety: Safety) -> None:
    essential = {"collector": {"essential": True}}
    example = Example("sidecar.not-essential", Case(name="any", verdict="none", standard=essential, **case))
    settled = engine.settle(example.before, example.standard, CATALOGUE, ["sidecar.not-essential"])
    plan = engine.plan(settled, settled.after, example.standard, CATALOGUE)
    assert (plan.fixes, plan.safety) == (("sidecar.not-essential",), safety)
