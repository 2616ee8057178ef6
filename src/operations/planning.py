"""Plans for drifted workloads: settled, their new facts read, judged again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import engine
from domain.plan import Plan
from domain.rule import Rule, Subject
from domain.standard import Mode, Standard
from domain.verdict import Drifted, Verdict
from domain.workload import Workload
from operations.reading import Reader


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
        modes = (
            (rule, standard.setting(rule, workload).mode.capped(self.cap)) for rule in drifted if rule.fix is not None
        )
        return frozenset(rule.id for rule, mode in modes if mode.rank >= least.rank)

    def plan(  # noqa: PLR0913 - what a plan depends on
        self,
        workload: Workload,
        standard: Standard,
        verdicts: Iterable[Verdict],
        reader: Reader,
        least: Mode,
        *,
        without: frozenset[str] = frozenset(),
    ) -> Plan | None:
        """The plan that fixes the drifted rules of at least this mode, and what their fixes bring about.

        `without` are rules whose drift is to be left. None where there is nothing to fix; engine.Disagreement where
        fixes undo one another.
        """
        if not self.drifted(workload, standard, verdicts, least) - without:
            return None
        workload = reader.with_approved(workload, standard.collector.parameter)
        # A workload with a service is planned for its service, one without for its family: each has its own finding.
        rules = [rule for rule in self.catalogue if (rule.subject is Subject.SERVICE) == (workload.service is not None)]
        # A fix may bring another rule to speak (a new collector has a size and a log): its fix belongs to the plan too.
        modes = {rule.id: standard.setting(rule, workload).mode.capped(self.cap) for rule in rules}
        settled = engine.settle(
            workload,
            standard,
            rules,
            [rule for rule, mode in modes.items() if mode.rank >= least.rank and rule not in without],
        )
        if (settled.after.task, settled.after.service) == (workload.task, workload.service):
            return None
        after = reader.with_facts(settled.after, engine.needs(rules))
        return engine.plan(settled, after, standard, rules)
