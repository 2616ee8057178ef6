"""Evaluate one workload: read its facts, apply the rules, and make its plan.

inspect, remediate and the command line all evaluate here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import engine
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, Fact, Known, Newest, Unavailable
from domain.places import Place
from domain.remediation.plan import Fixed, Plan
from domain.rule import Rule
from domain.scope import out_of_scope
from domain.standard import Mode, Standard
from domain.subject import Subject
from domain.verdict import Compliant, Drifted, Unknown, Verdict
from domain.workload import Workload
from operations.facts import FactReader, unread_for_now
from operations.planning import Planner


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A workload with its facts, and the rules' verdicts on it."""

    workload: Workload
    verdicts: tuple[Verdict, ...]

    @property
    def drifted(self) -> tuple[Drifted, ...]:
        return tuple(verdict for verdict in self.verdicts if isinstance(verdict, Drifted))

    @property
    def doubtful(self) -> bool:
        """Whether any verdict is Drifted or Unknown."""
        return any(isinstance(verdict, Drifted | Unknown) for verdict in self.verdicts)

    def unread_for_now(self, plan: Plan | None) -> list[Unavailable]:
        """Return the facts, of it and of its plan, that are unavailable now and may be available later.

        Without them a SAFE plan would seem to need approval, and a drift would seem to be gone.
        """
        return unread_for_now(self.workload, *((plan.before, plan.after) if plan is not None else ()))


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Evaluates by one standard and at one moment. Each fact is read once."""

    planner: Planner
    standard: Standard
    reader: FactReader
    read_at: datetime

    def workload(
        self, place: Place, task: TaskDefinition, service: Service | None = None, *, runs_on: bool | None = None
    ) -> Workload:
        """Return the workload of a revision, or of the service that runs it.

        `runs_on` is the result of `operations.facts.runs_on_fargate`.
        """
        where = service.fargate if service is not None else runs_on
        kinds = self.standard.kind_of
        return Workload(place, task, service, kinds=kinds, runs_on=where, read_at=self.read_at)

    def evaluate(self, workload: Workload, rules: Sequence[Rule] | None = None) -> Evaluation:
        """Evaluate by these rules, or by all; None means all.

        Only facts that the rules need are read, and none for a workload that is out of scope.
        """
        rules = self.planner.catalogue if rules is None else rules
        if out_of_scope(workload, self.standard) is None:
            workload = self.reader.with_facts(workload, engine.needs(rules))
        return Evaluation(workload, engine.evaluate(workload, self.standard, rules))

    def with_newest(self, workload: Workload, newest: TaskDefinition | None) -> Workload:
        """A service's workload with what is known of its family's newest revision."""
        return replace(workload, facts=replace(workload.facts, newest=self._newest(workload, newest)))

    def _newest(self, workload: Workload, task: TaskDefinition | None) -> Fact[Newest]:
        """The newest revision, and by which rules it is better and worse than the one that the service runs.

        It is not available where a fact that these depend on is not, for now.
        """
        running, newest = workload.revision, task.revision if task is not None else None
        if task is None or newest is None or running is None:
            return Absent()
        if newest.number <= running.number:
            return Known(Newest(running.arn))
        rules = [rule for rule in self.planner.catalogue if rule.subject is Subject.FAMILY]
        before, now = (self.evaluate(each, rules) for each in (workload, workload.with_task(task)))
        if passing := unread_for_now(before.workload, now.workload):
            return passing[0]
        open_ = {verdict.rule for verdict in now.verdicts if isinstance(verdict, Drifted | Unknown)}
        fixed = (verdict.rule for verdict in before.drifted if verdict.rule not in open_)
        kept = {verdict.rule for verdict in before.verdicts if isinstance(verdict, Compliant)}
        return Known(Newest(newest.arn, tuple(fixed), tuple(sorted(kept & open_))))

    def plan(
        self,
        found: Evaluation,
        least: Mode,
        *,
        suppressed: Collection[str] = (),
        without: Collection[str] = (),
        explains: bool = False,
    ) -> Plan | None:
        """Return the plan that fixes the drift of rules of at least this mode; None if nothing can.

        Rules in `without` are not fixed, nor those whose findings are `suppressed`, which the plan names. With
        `explains`, a plan that changes nothing says why. Raises engine.Disagreement if two fixes undo each other.
        """
        fixable, without = self._fixable(found, least), {*without, *suppressed}
        if not fixable - without:
            return None
        workload = self.reader.with_approved(found.workload, self.standard.collector_of(found.workload).parameter)
        # A workload with a service is planned for its service, one without for its family: each has its own finding.
        rules = self.planner.rules(of_service=workload.service is not None)
        # A fix may make another rule drift (a new collector has a size and a log): its fix belongs to the plan too.
        fixing = [rule.id for rule in rules if self._allows(rule, workload, least) and rule.id not in without]
        settled = engine.settle(workload, self.standard, rules, fixing)
        unchanged = (settled.after.task, settled.after.service) == (workload.task, workload.service)
        if unchanged and not (explains and any(each.outcome is Fixed.REFUSED for each in settled.repairs)):
            return None
        after = self.reader.with_facts(settled.after, engine.needs(rules))
        left_out = sorted(fixable & set(suppressed) & {rule.id for rule in rules})
        return replace(engine.plan(settled, after, self.standard, rules), left_out=tuple(left_out))

    def _fixable(self, found: Evaluation, least: Mode) -> set[str]:
        """The drifted rules with a fix whose mode is at least `least`."""
        by_id = {rule.id: rule for rule in self.planner.catalogue}
        rules = (by_id[verdict.rule] for verdict in found.drifted)
        return {rule.id for rule in rules if rule.fix is not None and self._allows(rule, found.workload, least)}

    def _allows(self, rule: Rule, workload: Workload, least: Mode) -> bool:
        return self.planner.mode(rule, workload, self.standard).rank >= least.rank
