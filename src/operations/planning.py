"""Plans for drifted workloads: settled, their new facts read, judged again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import engine
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, Fact, Known, Newest
from domain.places import Revision
from domain.remediation.plan import Fixed, Plan
from domain.rule import Rule
from domain.standard import Mode, Standard
from domain.subject import Subject
from domain.verdict import Drifted, Unknown, Verdict
from domain.workload import Workload
from operations.facts import FactReader

MOVES = "service.revision"
"""The rule whose fix moves a service to another revision. Unasked, that is only what it runs, corrected by Outrider."""


@dataclass(frozen=True, slots=True)
class Planner:
    """Draws up plans by a catalogue, within the mode that the stack allows."""

    catalogue: Sequence[Rule]
    cap: Mode

    def drifted(
        self, workload: Workload, standard: Standard, verdicts: Iterable[Verdict], least: Mode
    ) -> frozenset[str]:
        """The drifted rules with a fix, whose mode, capped by the stack's, is at least `least`."""
        by_id = {rule.id: rule for rule in self.catalogue}
        drifted = (by_id[verdict.rule] for verdict in verdicts if isinstance(verdict, Drifted))
        fixable = (rule for rule in drifted if rule.fix is not None)
        return frozenset(rule.id for rule in fixable if self.mode(rule, workload, standard).rank >= least.rank)

    def mode(self, rule: Rule, workload: Workload, standard: Standard) -> Mode:
        """What is done about a drift of this rule without asking a person."""
        return standard.setting(rule, workload).unasked.capped(self.cap)

    def modes(self, rules: Iterable[str], workload: Workload, standard: Standard) -> Mode:
        """The least that is allowed for all of these rules; OFF for none, and for one that there is not any more."""
        by_id = {rule.id: rule for rule in self.catalogue}
        found = (self.mode(by_id[id_], workload, standard) if id_ in by_id else Mode.OFF for id_ in rules)
        return min(found, key=lambda mode: mode.rank, default=Mode.OFF)

    def newest(
        self, workload: Workload, task: TaskDefinition | None, standard: Standard, reader: FactReader
    ) -> Fact[Newest]:
        """The family's newest revision, and the rules that the one that the service runs breaks and it does not."""
        running, newest = workload.revision, Revision.parse(task.arn or "") if task is not None else None
        if task is None or newest is None or running is None:
            return Absent()
        if newest.number <= running.number:
            return Known(Newest(running.arn))
        rules = [rule for rule in self.catalogue if rule.subject is Subject.FAMILY]
        broken = []
        for each in (workload.with_task(task), workload):
            read = reader.with_facts(each, engine.needs(rules))
            verdicts = engine.evaluate(read, standard, rules)
            broken.append({verdict.rule: verdict for verdict in verdicts if isinstance(verdict, Drifted | Unknown)})
        now, before = broken
        fixed = (v for v in before.values() if isinstance(v, Drifted) and v.rule not in now)
        return Known(Newest(newest.arn, tuple((verdict.rule, verdict.severity) for verdict in fixed)))

    def plan(  # noqa: PLR0913 - what a plan depends on
        self,
        workload: Workload,
        standard: Standard,
        verdicts: Iterable[Verdict],
        reader: FactReader,
        least: Mode,
        *,
        without: frozenset[str] = frozenset(),
        explains: bool = False,
    ) -> Plan | None:
        """The plan that fixes the drifted rules of at least this mode, and what their fixes bring about.

        `without` are rules whose drift is to be left. None where there is nothing to fix, or nothing that can be;
        where it `explains`, a plan that changes nothing and says why not. engine.Disagreement where fixes undo one
        another.
        """
        if not self.drifted(workload, standard, verdicts, least) - without:
            return None
        workload = reader.with_approved(workload, standard.collector.parameter)
        # A workload with a service is planned for its service, one without for its family: each has its own finding.
        rules = [rule for rule in self.catalogue if (rule.subject is Subject.SERVICE) == (workload.service is not None)]
        # A fix may bring another rule to speak (a new collector has a size and a log): its fix belongs to the plan too.
        modes = {rule.id: self.mode(rule, workload, standard) for rule in rules}
        settled = engine.settle(
            workload,
            standard,
            rules,
            [rule for rule, mode in modes.items() if mode.rank >= least.rank and rule not in without],
        )
        if (settled.after.task, settled.after.service) == (workload.task, workload.service) and not (
            explains and any(repair.outcome is Fixed.REFUSED for repair in settled.repairs)
        ):
            return None
        after = reader.with_facts(settled.after, engine.needs(rules))
        return engine.plan(settled, after, standard, rules)
