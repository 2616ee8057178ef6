"""What the report of a fleet shows of one evaluation."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from domain.drift import Drift, Remark
from domain.remediation.plan import Fixed, Plan
from domain.rule import Rule
from domain.severity import Severity
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from domain.workload import Workload
from operations.evaluation import Evaluation
from reports.asff import rule_url
from reports.fleet.drawing import drawing_of
from reports.fleet.model import Entry, Fix, Problem, Proposal, Registered, Result, ShownRule, State


def entry_of(found: Evaluation, plan: Plan | None = None, team: str = "") -> Entry:
    """Return the row of a workload that was evaluated."""
    by_rule = dict[str, list[Verdict]]()
    for verdict in found.verdicts:
        by_rule.setdefault(verdict.rule, []).append(verdict)
    drifted = {drift.where for verdict in found.drifted for drift in verdict.drifts}
    results = tuple(_result(rule, verdicts, plan) for rule, verdicts in by_rule.items())
    return replace(
        _row(found.workload, team, results),
        registered=_registered(found.workload),
        drawing=drawing_of(found.workload, frozenset(drifted)),
        proposal=_proposal(plan) if plan is not None and plan.changes else None,
    )


def brief_entry_of(found: Evaluation, team: str = "") -> Entry:
    """Return the row of a workload that was evaluated, with nothing but its team and which rules it does not keep."""
    worst = dict[str, State]()
    for verdict in found.verdicts:
        if isinstance(verdict, Compliant | Exempt):
            continue
        state = State.drifted(verdict.severity) if isinstance(verdict, Drifted) else State.UNKNOWN
        worst[verdict.rule] = max(worst.get(verdict.rule, state), state, key=_BEST_FIRST.index)
    return _row(found.workload, team, tuple(_brief_result(rule, state) for rule, state in worst.items()))


@lru_cache(maxsize=1_000)
def _brief_result(rule: str, state: State) -> Result:
    return Result(rule, state)


def entry_outside(workload: Workload, why: str, team: str = "") -> Entry:
    """Return the row of a workload that is not evaluated."""
    return replace(_row(workload, team), registered=_registered(workload), not_evaluated=why)


def _row(workload: Workload, team: str, results: tuple[Result, ...] = ()) -> Entry:
    service, revision = workload.service, workload.revision
    return Entry(
        place=workload.place,
        family=workload.task.family,
        revision=revision.number if revision is not None else 0,
        service=service.title if service is not None else "",
        team=team,
        results=results,
    )


def _registered(workload: Workload) -> Registered:
    task = workload.task
    return Registered(task.registered_by, str(task.json.get("registeredAt") or ""))


def shown_rules(catalogue: Sequence[Rule], docs: str) -> tuple[ShownRule, ...]:
    """Return the rules as the page explains them. `docs` is where the documentation's site is."""
    return tuple(
        ShownRule(
            id=rule.id,
            title=rule.title,
            why=_one_paragraph(rule.why),
            remedy=_one_paragraph(rule.remedy or rule.by_hand),
            severity=rule.severity,
            page=rule_url(docs, rule),
        )
        for rule in catalogue
    )


def _one_paragraph(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


_BEST_FIRST = tuple(State)


def _result(rule: str, verdicts: Sequence[Verdict], plan: Plan | None) -> Result:
    """Combine the verdicts of one rule on its subjects: the worst counts, and everything is shown."""
    states = list[State]()
    drifts, reasons = dict[Drift, None](), dict[str, None]()
    for verdict in verdicts:
        match verdict:
            case Drifted():
                states.append(State.drifted(verdict.severity))
                drifts |= dict.fromkeys(verdict.drifts)
            case Compliant():
                states.append(State.COMPLIANT)
                drifts |= dict.fromkeys(verdict.notes)
            case Unknown():
                states.append(State.UNKNOWN)
                reasons |= dict.fromkeys(verdict.reasons)
            case Exempt():
                states.append(State.EXEMPT)
                until = f" (until {verdict.expires})" if verdict.expires else ""
                reasons |= {f"{verdict.reason}{until}": None}
    worst = max(states, key=_BEST_FIRST.index)
    problems = tuple(
        Problem(each.where, each.why, each.found, each.wanted, each.severity or Severity.LOW, str(each.code))
        for each in drifts
    )
    fix, remarks = _fix(rule, plan) if any(isinstance(each, Drifted) for each in verdicts) else (Fix.NONE, ())
    return Result(rule, worst, problems, tuple(reasons), fix, tuple(remark.text for remark in remarks))


def _fix(rule: str, plan: Plan | None) -> tuple[Fix, tuple[Remark, ...]]:
    repair = next((each for each in plan.repairs if each.rule == rule), None) if plan is not None else None
    if repair is None:
        return Fix.NONE, ()
    match repair.outcome:
        case Fixed.FIXED:
            return (Fix.REVIEW if repair.reasons else Fix.SAFE), repair.reasons
        case Fixed.REFUSED:
            return Fix.REFUSED, repair.reasons
        case Fixed.NONE:
            return Fix.NONE, ()


def _proposal(plan: Plan) -> Proposal:
    return Proposal(plan.digest, plan.safety, plan.fixes, plan.reasons, plan.changes)
