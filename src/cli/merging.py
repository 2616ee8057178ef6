"""One entry of a report for a task definition that several services run."""

from collections.abc import Sequence
from dataclasses import replace

from cli.output.evaluation import DefinitionEntry, VerdictEntry
from cli.output.names import FixKind, Outcome

_BEST_FIRST = (FixKind.SAFE, FixKind.REVIEW, FixKind.NONE)


def merged(entries: Sequence[DefinitionEntry]) -> DefinitionEntry:
    """Return one entry for several of one definition, which differ only by the service that runs it."""
    evaluated = [each for each in entries if each.not_evaluated is None]
    if len(evaluated) <= 1:
        return (evaluated or entries)[0]
    by_rule = dict[str, list[VerdictEntry]]()
    for entry in evaluated:
        for verdict in entry.verdicts:
            by_rule.setdefault(verdict.rule, []).append(verdict)
    return replace(evaluated[0], verdicts=tuple(map(_of_rule, by_rule.values())))


def _of_rule(verdicts: Sequence[VerdictEntry]) -> VerdictEntry:
    """Return the result of one rule for all services: the first of the outcomes that any has, and every drift once."""
    worst = min(verdicts, key=lambda each: [*Outcome].index(each.verdict))
    drifts = tuple(dict.fromkeys(drift for each in verdicts for drift in each.drifts))
    if drifts == worst.drifts:
        return worst
    drifted = [each for each in verdicts if each.drifts]
    return replace(
        worst,
        drifts=drifts,
        severity=max(each.severity for each in drifted),
        fix=max((each.fix for each in drifted), key=_BEST_FIRST.index),
    )
