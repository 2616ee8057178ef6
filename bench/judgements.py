"""Evaluation of task definitions by all rules about families, from AWS's text to the verdicts.

Rules about services, roles and parameters are not included. Each evaluation starts from the text. Outrider's caches
(images, endpoints, configurations) stay in use; a fleet of 5,000 definitions, each with its own names, images and
attributes, shows how much they help.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import engine
from bench.clock import Row, cost
from domain.drift import Doubt, Drift
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Facts
from domain.places import Place
from domain.rule import Rule
from domain.standard import Standard, default_standard
from domain.subject import Subject
from domain.workload import Workload
from rules import CATALOGUE
from tests.rules.examples import Case, Example

RULES: tuple[Rule, ...] = tuple(rule for rule in CATALOGUE if rule.subject is Subject.FAMILY)
DEFINITION = Path(__file__).with_name("definition.json")
GOAL = "50 µs"
_FLEET = 5_000


@dataclass(frozen=True, slots=True)
class DefinitionResult:
    """A task definition as text, and its facts."""

    name: str
    text: str
    place: Place
    standard: Standard
    facts: Facts

    def workload(self) -> Workload:
        """Read from the text."""
        task = TaskDefinition(json.loads(self.text))
        return Workload(self.place, task, facts=self.facts, kinds=self.standard.kind_of)

    def judge(self, rules: tuple[Rule, ...] = RULES) -> object:
        """From text to verdicts."""
        return engine.evaluate(self.workload(), self.standard, rules)


def judgements() -> tuple[DefinitionResult, ...]:
    """The base of the rules' examples, and a definition of 4 KB; offline, then with all facts."""
    base = Example("base", Case(name="base", verdict="compliant")).before
    large: Any = json.loads(DEFINITION.read_text(encoding="utf-8"))
    found = list[DefinitionResult]()
    for title, task in (("base example", base.task.to_aws()), ("definition.json", large)):
        text = json.dumps(task, separators=(",", ":"))
        for known, facts in (("offline", Facts()), ("all facts known", base.facts)):
            name = f"{title}, {len(text) / 1000:.1f} KB, {known}"
            found.append(DefinitionResult(name, text, base.place, default_standard(), facts))
    return tuple(found)


def rows() -> Iterator[Row]:
    """Measure an evaluation: of one definition many times, then of a fleet of different ones."""
    for judgement in judgements():
        found = cost(judgement.judge)
        remark = f"{1e6 / found.best:,.0f}/s; median {found.median:,.1f} µs"
        yield Row(judgement.name, f"{found.best:,.1f} µs", remark, GOAL)
    for judgement in (each for each in judgements() if "offline" in each.name):
        fleet = [replace(judgement, text=judgement.text.replace("web", f"web-{n}")) for n in range(_FLEET)]
        whole = cost(partial(_judge_all, fleet), rounds=5)
        best, median = whole.best / _FLEET, whole.median / _FLEET
        what = f"{_FLEET:,} like it: {judgement.name}"
        yield Row(what, f"{best:,.1f} µs", f"{1e6 / best:,.0f}/s; median {median:,.1f} µs", GOAL)


def _judge_all(fleet: list[DefinitionResult]) -> None:
    for judgement in fleet:
        judgement.judge()


def profile() -> Iterator[Row]:
    """Measure the parts of an evaluation of the larger definition: each part's shortest time, slowest first."""
    for judgement in judgements()[2:]:
        read, workload = cost(partial(json.loads, judgement.text)).best, cost(judgement.workload).best
        none = cost(partial(judgement.judge, ())).best
        whole = cost(judgement.judge).best
        shortest = _shortest(judgement)
        checks = sum(shortest.values())
        yield Row(judgement.name, f"{whole:,.1f} µs")
        parts = {"JSON": read, "the workload made": workload - read, "scope and container roles": none - workload}
        for name, each in {**parts, "all checks": checks, "engine and verdicts": whole - none - checks}.items():
            yield Row(f"  {name}", f"{each:,.1f} µs", f"{each / whole:.0%}")
        for name, each in sorted(shortest.items(), key=lambda item: -item[1]):
            yield Row(f"    {name}", f"{each:,.1f} µs", f"{each / whole:.0%}")


def _shortest(judgement: DefinitionResult, times: int = 3_000) -> dict[str, float]:
    """Return the shortest time of each rule's check, in µs. The first rule pays for cached values of later ones."""
    shortest = dict.fromkeys((rule.id for rule in RULES), float("inf"))

    def timed(rule: Rule) -> Rule:
        def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
            start = perf_counter_ns()
            found = list(rule.check(workload, standard))
            shortest[rule.id] = min(shortest[rule.id], (perf_counter_ns() - start) / 1000)
            return iter(found)

        return replace(rule, check=check)

    rules = tuple(timed(rule) for rule in RULES)
    for _ in range(times):
        judgement.judge(rules)
    return shortest
