"""What another standard would change: which drifts appear, disappear, or get another severity or mode.

A workload is evaluated by both standards, with the facts that are known. AWS is not read.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import engine
from domain.drift import Drift
from domain.findings.dependents import VerdictKind
from domain.rule import Rule
from domain.scope import out_of_scope
from domain.severity import Severity
from domain.standard import Mode, Standard
from domain.verdict import Drifted, Verdict
from domain.workload import Workload


class Change(StrEnum):
    """What happens to one rule's verdict."""

    APPEARS = "appears"
    DISAPPEARS = "disappears"
    RAISED = "raised"
    LOWERED = "lowered"
    MODE = "mode"
    OTHERWISE = "otherwise"
    """It stays drifted, but not by the same values."""


@dataclass(frozen=True, slots=True)
class State:
    """One rule's result by one standard. Without a verdict it is off, or the workload is out of scope."""

    verdict: VerdictKind | None = None
    severity: Severity | None = None
    mode: Mode = Mode.OFF
    drifts: tuple[Drift, ...] = ()

    @property
    def drifted(self) -> bool:
        """Whether it is a finding."""
        return self.verdict is VerdictKind.DRIFTED


_NONE = State()


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule's results before and after, of which at least one is a drift."""

    rule: str
    before: State
    after: State

    @property
    def change(self) -> Change:
        """Return what changes first: the drift, its severity, its mode, its values."""
        before, after = self.before, self.after
        if not before.drifted:
            return Change.APPEARS
        if not after.drifted:
            return Change.DISAPPEARS
        if before.severity and after.severity and before.severity is not after.severity:
            return Change.RAISED if after.severity > before.severity else Change.LOWERED
        return Change.MODE if before.mode is not after.mode else Change.OTHERWISE


@dataclass(frozen=True, slots=True)
class Compared:
    """The differences of one subject. `unread` says that the ledger does not have what it contains."""

    resource: str
    differences: tuple[Difference, ...] = ()
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two standards, and the rules."""

    before: Standard
    after: Standard
    rules: Sequence[Rule]

    def of(self, before: Workload, after: Workload, drifted: Collection[str] = ()) -> tuple[Difference, ...]:
        """Compare the verdicts on a workload, of which by each standard other facts may be known.

        `drifted` are rules whose drift is known, for where nothing else decides.
        """
        return self._differing(self._states(before, self.before, drifted), self._states(after, self.after, drifted))

    def of_findings(self, workload: Workload, drifted: Collection[str]) -> tuple[Difference, ...]:
        """Compare what happens to these rules' open findings, whose drifts stay."""
        rules = [rule for rule in self.rules if rule.id in drifted]
        first, second = (
            {rule.id: _known(rule, replace(workload, kinds=standard.kind_of), standard) for rule in rules}
            for standard in (self.before, self.after)
        )
        return self._differing(first, second)

    def _differing(self, before: dict[str, State], after: dict[str, State]) -> tuple[Difference, ...]:
        found = (Difference(rule.id, before.get(rule.id, _NONE), after.get(rule.id, _NONE)) for rule in self.rules)
        return tuple(
            each for each in found if each.before != each.after and (each.before.drifted or each.after.drifted)
        )

    def _states(self, workload: Workload, standard: Standard, drifted: Collection[str]) -> dict[str, State]:
        workload = replace(workload, kinds=standard.kind_of)
        by_rule = dict[str, list[Verdict]]()
        for verdict in engine.evaluate(workload, standard, self.rules):
            by_rule.setdefault(verdict.rule, []).append(verdict)
        states = dict[str, State]()
        for rule in self.rules:
            if rule.id in by_rule:
                state = _together(by_rule[rule.id], standard.setting(rule, workload).unasked)
                unsure = state.verdict is VerdictKind.UNKNOWN and rule.id in drifted
                states[rule.id] = _known(rule, workload, standard) if unsure else state
        return states


def _together(verdicts: Iterable[Verdict], mode: Mode) -> State:
    """Return one rule's result of all its subjects: the first of these kinds that any has."""
    found = list(verdicts)
    kinds = {VerdictKind(type(verdict).__name__.lower()) for verdict in found}
    order = (VerdictKind.DRIFTED, VerdictKind.UNKNOWN, VerdictKind.EXEMPT, VerdictKind.COMPLIANT)
    kind = next(each for each in order if each in kinds)
    if kind is not VerdictKind.DRIFTED:
        return State(kind)
    drifts = [verdict for verdict in found if isinstance(verdict, Drifted)]
    return State(kind, max(each.severity for each in drifts), mode, tuple(d for each in drifts for d in each.drifts))


def _known(rule: Rule, workload: Workload, standard: Standard) -> State:
    """Return the result of a rule whose drift is known, by what the standard says of it."""
    setting = standard.setting(rule, workload)
    if setting.mode is Mode.OFF or out_of_scope(workload, standard) is not None:
        return _NONE
    subjects = engine.subjects_of(rule, workload)
    if subjects and all(standard.exemption(rule.id, workload, each.name) for each in subjects):
        return State(VerdictKind.EXEMPT)
    return State(VerdictKind.DRIFTED, setting.severity, setting.unasked)
