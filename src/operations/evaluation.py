"""Evaluation: one workload built, its facts read, judged by the rules, and its plan drawn up.

Everybody who judges what is in AWS does it here: inspect, remediate and the command line.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import engine
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Fact, Newest, Unavailable
from domain.places import Place
from domain.remediation.plan import Plan
from domain.rule import Rule
from domain.standard import Mode, Standard
from domain.verdict import Drifted, Unknown, Verdict
from domain.workload import Workload
from operations.facts import FactReader, unread
from operations.planning import Planner


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A workload with its facts, and what the rules say of it."""

    workload: Workload
    verdicts: tuple[Verdict, ...]

    @property
    def drifted(self) -> tuple[Drifted, ...]:
        return tuple(verdict for verdict in self.verdicts if isinstance(verdict, Drifted))

    @property
    def doubtful(self) -> bool:
        """Whether it drifts, or may."""
        return any(isinstance(verdict, Drifted | Unknown) for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Evaluator:
    """By one standard and at one moment, with facts that are each read once."""

    planner: Planner
    standard: Standard
    reader: FactReader
    read_at: datetime

    def workload(
        self, place: Place, task: TaskDefinition, service: Service | None = None, *, runs_on: bool | None = None
    ) -> Workload:
        """A revision, or the service that runs it. `runs_on` as `operations.facts.runs_on_fargate` finds it."""
        where = service.fargate if service is not None else runs_on
        patterns = self.standard.collector.also
        return Workload(place, task, service, patterns=patterns, runs_on=where, read_at=self.read_at)

    def evaluate(self, workload: Workload, rules: Sequence[Rule] | None = None) -> Evaluation:
        """By these rules, or all; only the facts that they need are read, and none of what is out of scope."""
        rules = self.planner.catalogue if rules is None else rules
        if engine.out_of_scope(workload, self.standard) is None:
            workload = self.reader.with_facts(workload, engine.needs(rules))
        return Evaluation(workload, engine.evaluate(workload, self.standard, rules))

    def with_newest(self, workload: Workload, newest: TaskDefinition | None) -> Workload:
        """A service's workload with what is known of its family's newest revision."""
        fact: Fact[Newest] = self.planner.newest(workload, newest, self.standard, self.reader)
        return replace(workload, facts=replace(workload.facts, newest=fact))

    def plan(
        self, found: Evaluation, least: Mode, *, without: Collection[str] = (), explains: bool = False
    ) -> Plan | None:
        """What corrects the drift of rules of at least this mode, but of those `without`; None where nothing does.

        Where it `explains`, a plan that changes nothing says why not. engine.Disagreement where fixes undo each other.
        """
        given = (found.workload, self.standard, found.verdicts, self.reader, least)
        return self.planner.plan(*given, without=frozenset(without), explains=explains)


def unread_for_now(plan: Plan) -> list[Unavailable]:
    """Facts of a plan that may be readable later: without them what is SAFE would look as if it needed approval."""
    passing = [fact for side in (plan.before, plan.after) for fact in unread(side) if fact.transient]
    return list({fact.reason: fact for fact in passing}.values())
