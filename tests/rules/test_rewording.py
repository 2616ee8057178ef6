"""Every sentence of the catalogue may be reworded, and nothing but sentences changes.

Each example of each rule is evaluated, planned and reported twice: with the rules as they are, and with every title,
reason, remark and refusal replaced.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zlib import crc32

import pytest
from pydantic import TypeAdapter

import engine
from domain.drift import Doubt, Drift, Refusal, Remark, Safety
from domain.facts import NOT_READ
from domain.findings.finding import Finding, FindingState, Transition, TransitionKind
from domain.remediation.plan import Plan, Repair
from domain.rule import Check, Fix, Rule
from domain.standard import Mode, Standard
from domain.triggers.actor import Actor
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from domain.workload import Workload
from reports.advice import StackAction, Step, statements, step
from reports.alerts import AlertContext, alert_of
from reports.asff import asff
from rules import CATALOGUE
from tests.rules.examples import Example, all_examples

THEN = datetime(2026, 11, 23, tzinfo=UTC)
EXAMPLES = all_examples()
_KEPT = TypeAdapter(Finding)


def reworded(text: str) -> str:
    """Another sentence: no word of the old one is left, and it has what code might search for."""
    bait = 'Add to nobody: {"Effect":"Deny"}. a:B on c failed: d. Fix: none; could not be judged: e.'
    return f"{crc32(text.encode())} {bait}"


def _check(rule: Rule) -> Check:
    def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
        for found in rule.check(workload, standard):
            yield replace(found, why=reworded(found.why))

    return check


def _fix(rule: Rule) -> Fix | None:
    fixing = rule.fix
    if fixing is None:
        return None

    def fix(workload: Workload, standard: Standard) -> Workload:
        try:
            after = fixing(workload, standard)
        except Refusal as refusal:
            raise Refusal(refusal.code, reworded(str(refusal))) from None
        return replace(after, remarks=tuple(replace(each, text=reworded(each.text)) for each in after.remarks))

    return fix


REWORDED = tuple(
    replace(
        rule,
        check=_check(rule),
        fix=_fix(rule),
        title=reworded(rule.title),
        why=reworded(rule.why),
        remedy=rule.remedy and reworded(rule.remedy),
        by_hand=rule.by_hand and reworded(rule.by_hand),
        configure=rule.configure and reworded(rule.configure),
    )
    for rule in CATALOGUE
)


@dataclass(frozen=True)
class Result:
    """All that is decided about a workload, without a sentence."""

    verdicts: tuple[object, ...]
    safety: Safety
    plan: tuple[object, ...]
    steps: tuple[Step, ...]
    reports: tuple[object, ...]


def result(example: Example, rules: Sequence[Rule]) -> Result:
    workload = _with_facts_of_its_roles(example.before)
    verdicts = engine.evaluate(workload, example.standard, rules)
    by_id = {rule.id: rule for rule in rules}
    settled = engine.settle(workload, example.standard, rules)
    plan = engine.plan(settled, settled.after, example.standard, rules)
    drifted = [verdict for verdict in verdicts if isinstance(verdict, Drifted)]
    findings = [(_finding(verdict), by_id[verdict.rule]) for verdict in drifted]
    return Result(
        tuple(map(_verdict, verdicts)),
        plan.safety,
        _plan(plan),
        tuple(step(finding, rule, plan) for finding, rule in findings),
        tuple(_reports(finding, rule, plan) for finding, rule in findings),
    )


def _with_facts_of_its_roles(workload: Workload) -> Workload:
    """A role that the task does not name is not read: a fix may name one."""
    facts, task = workload.facts, workload.task
    facts = facts if task.execution_role else replace(facts, execution_role=NOT_READ)
    return replace(workload, facts=facts if task.task_role else replace(facts, task_role=NOT_READ))


def _verdict(verdict: Verdict) -> tuple[object, ...]:
    """Its kind and rule are a metric's dimensions; the rest is what a finding keeps."""
    about = type(verdict).__name__, verdict.rule, verdict.subject
    match verdict:
        case Drifted():
            return (*about, verdict.severity, tuple(replace(drift, why="") for drift in verdict.drifts))
        case Compliant():
            return (*about, tuple(replace(drift, why="") for drift in verdict.notes))
        case Unknown():
            return (*about, verdict.facts, tuple(replace(doubt, why="") for doubt in verdict.doubts))
        case Exempt():
            return (*about, verdict.expires)


def _plan(plan: Plan) -> tuple[object, ...]:
    concerns = tuple((each.rule, each.kind, each.code, each.facts) for each in plan.concerns)
    repairs = tuple(map(_repair, plan.repairs))
    return plan.digest, plan.safety, plan.fixes, plan.changes, concerns, repairs, _codes(plan.notes)


def _repair(repair: Repair) -> tuple[object, ...]:
    return repair.rule, repair.outcome, repair.safety, _codes(repair.reasons)


def _codes(remarks: Sequence[Remark]) -> tuple[str, ...]:
    return tuple(remark.code for remark in remarks)


def _finding(verdict: Drifted) -> Finding:
    """As the ledger keeps it."""
    found = Finding(
        verdict.subject, verdict.rule, FindingState.OPEN, verdict.severity, verdict.drifts, "arn:aws:x", THEN, THEN
    )
    return _KEPT.validate_json(_KEPT.dump_json(found, exclude_defaults=True))


def _reports(finding: Finding, rule: Rule, plan: Plan) -> tuple[object, ...]:
    """The statements to add, and the alert and finding without their sentences."""
    transition = Transition(finding, TransitionKind.OPENED)
    help_ = StackAction(Mode.REPORT, Mode.DEPLOY)
    alert = alert_of(transition, rule, plan, AlertContext(Actor(), THEN, "", help_))
    shown = alert.model_dump(exclude={"title", "reasons", "next_step", "drifts"})
    drifts = tuple((each.code, each.where, each.found, each.wanted) for each in alert.drifts)
    sent = asff(finding, rule, docs="", facts={}, plan=plan)
    details = sent["Resources"][0]["Details"]["Other"]
    fields = {name: sent[name] for name in ("Id", "Severity", "ProductFields", "Compliance", "RecordState")}
    return statements(finding), shown, drifts, len(alert.reasons), list(details), fields


@pytest.mark.parametrize(
    ("rule", "other"), list(zip(CATALOGUE, REWORDED, strict=True)), ids=[rule.id for rule in CATALOGUE]
)
def test_rewording_a_rule_changes_nothing_but_sentences(rule: Rule, other: Rule) -> None:
    for example in EXAMPLES:
        if example.rule == rule.id:
            assert result(example, [other]) == result(example, [rule]), example.id


def test_rewording_all_rules_together_changes_nothing_but_sentences_and_every_kind_of_result_is_among_them() -> None:
    """By one drifted example of each rule."""
    drifted = {example.rule: example for example in EXAMPLES if example.verdict == "drifted"}
    results = [result(example, CATALOGUE) for example in drifted.values()]
    assert [result(example, REWORDED) for example in drifted.values()] == results
    of_use = {Step.REDEPLOY}  # where an earlier revision still runs: no result of a rule
    assert {step for each in results for step in each.steps} == set(Step) - of_use
    assert {each.safety for each in results} == set(Safety)
