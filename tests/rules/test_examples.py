"""Every example of every rule, through the engine's own doors."""

import copy
import re
from collections.abc import Iterator, Sequence
from importlib import import_module

import pytest

import engine
from domain.drift import Drift, Safety
from domain.remediation.certainty import Uncertainty
from domain.remediation.plan import Fixed, Repair
from domain.rule import Rule
from domain.severity import Severity
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from rules import BY_ID, CATALOGUE
from tests.rules.examples import Case, Example, ExpectedDrift, all_examples

EXAMPLES = all_examples()
REVIEW = Safety.REVIEW
OF_RULES = tuple(example for example in EXAMPLES if example.rule in BY_ID)

each_example = pytest.mark.parametrize("example", OF_RULES, ids=lambda example: example.id)
each_fix = pytest.mark.parametrize(
    "example", [example for example in OF_RULES if example.case.asserts_fix], ids=lambda example: example.id
)


def _word(verdict: Verdict) -> str:
    return type(verdict).__name__.lower()


def _overall(verdicts: Sequence[Verdict]) -> str:
    words = {_word(verdict) for verdict in verdicts}
    return next((word for word in ("drifted", "unknown", "exempt", "compliant") if word in words), "none")


def _data(drift: Drift | ExpectedDrift) -> tuple[object, ...]:
    return drift.code, drift.where, drift.why, drift.found, drift.wanted, drift.grants


def _fix_codes(rule: Rule, example: Example) -> Iterator[str]:
    """The codes of all that the rule's fix remarks or refuses, alone."""
    for repair in engine.settle(example.before, example.standard, [rule]).repairs:
        yield from (reason.code for reason in repair.reasons if not isinstance(reason.code, engine.EngineCode))


def _repair_of(rule: Rule, example: Example) -> Repair:
    settled = engine.settle(example.before, example.standard, [rule])
    [repair] = engine.plan(settled, settled.after, example.standard, [rule]).repairs
    return repair


def _drifts(verdicts: Sequence[Verdict]) -> tuple[Drift, ...]:
    found = dict[Drift, None]()
    for verdict in verdicts:
        match verdict:
            case Drifted(drifts=drifts) | Compliant(notes=drifts):
                found |= dict.fromkeys(drifts)
            case Unknown() | Exempt():
                pass
    return tuple(found)


@each_example
def test_the_rule_says_what_its_example_says(example: Example) -> None:
    case, rule = example.case, BY_ID[example.rule]
    as_it_was = (copy.deepcopy(example.before.task.json), copy.deepcopy(getattr(example.before.service, "json", None)))

    verdicts = engine.evaluate(example.before, example.standard, [rule])

    drifts = _drifts(verdicts)
    assert [_data(drift) for drift in drifts] == [_data(drift) for drift in case.drift]
    assert _overall(verdicts) == case.verdict
    for drift, expected in zip(drifts, case.drift, strict=True):
        assert expected.severity is None or drift.severity is expected.severity, drift.where
    if case.severity is not None:
        assert max(verdict.severity for verdict in verdicts if isinstance(verdict, Drifted)) is case.severity
    for name, word in case.verdicts.items():
        said = [v for v in verdicts if name in {v.subject.name, v.subject.name.rpartition("/")[2]}]
        assert [_word(verdict) for verdict in said] == [word], name
    if case.reasons is not None:
        assert [reason for v in verdicts if isinstance(v, Unknown) for reason in v.reasons] == list(case.reasons)
    assert engine.evaluate(example.before, example.standard, [rule]) == verdicts, "it answers the same twice"
    assert (example.before.task.json, getattr(example.before.service, "json", None)) == as_it_was, (
        "it left its input alone"
    )


@each_fix
def test_the_fix_gives_what_its_example_gives(example: Example) -> None:
    case, rule, expected = example.case, BY_ID[example.rule], example.after
    assert expected is not None
    as_it_was = copy.deepcopy(example.before.task.json)

    settled = engine.settle(example.before, example.standard, [rule])
    plan = engine.plan(settled, settled.after, example.standard, [rule])

    assert example.before.task.json == as_it_was, "it left its input alone"
    assert settled.after.task.json == expected.task.json
    assert settled.after.service == expected.service
    repair = next(iter(plan.repairs), None)
    if case.refused is not None:
        assert repair is not None
        assert (repair.outcome, [reason.text for reason in repair.reasons]) == (Fixed.REFUSED, [case.refused])
        return
    if case.after != "unchanged":
        assert repair is not None
        assert repair.outcome is Fixed.FIXED
    if case.safety is not None:
        assert repair is not None
        assert repair.safety is case.safety, repair.reasons
    if example.review is not None:
        assert repair is not None
        assert tuple(reason.text for reason in repair.reasons) == example.review
    if case.notes is not None:
        assert tuple(note.text for note in settled.notes) == case.notes


@each_fix
def test_a_fixed_workload_has_no_drift_left_and_is_fixed_once(example: Example) -> None:
    rule = BY_ID[example.rule]
    settled = engine.settle(example.before, example.standard, [rule])
    if any(repair.outcome is Fixed.FIXED for repair in settled.repairs):
        left = _drifts(engine.evaluate(settled.after, example.standard, [rule]))
        where = tuple(drift.where for drift in left if drift.severity is not Severity.INFORMATIONAL)
        assert where == example.case.left
    again = engine.settle(settled.after, example.standard, [rule])
    assert (again.after.task, again.after.service) == (settled.after.task, settled.after.service)


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
class TestEveryRule:
    """What holds for each rule of the catalogue."""

    def test_it_has_examples_of_a_drift_and_of_none(self, rule: Rule) -> None:
        verdicts = {example.verdict for example in EXAMPLES if example.rule == rule.id}
        assert "drifted" in verdicts, f"tests/rules/{rule.id.replace('.', '/')}.yaml has no drifted case"
        assert "compliant" in verdicts, f"tests/rules/{rule.id.replace('.', '/')}.yaml has no compliant case"

    def test_a_fix_has_an_example(self, rule: Rule) -> None:
        shown = [example for example in EXAMPLES if example.rule == rule.id and example.case.changes]
        assert bool(shown) is (rule.fix is not None)

    def test_its_fix_needs_approval_where_what_it_depends_on_is_not_known(self, rule: Rule) -> None:
        """An example shows it, unless every change of the fix needs approval anyway."""
        if rule.fix is None:
            return
        examples = [example for example in OF_RULES if example.rule == rule.id and example.case.safety is not None]
        found = [(example, _repair_of(rule, example)) for example in examples]
        asked = {reason.code for example, repair in found if example.case.safety is REVIEW for reason in repair.reasons}
        always = all(example.case.safety is REVIEW for example in examples)
        assert examples, "an example with a fix states its `safety`"
        known = any(isinstance(code, Uncertainty) or code == engine.EngineCode.PLACEHOLDER for code in asked)
        assert always or known, "an example with `safety: review` shows what the fix depends on (`assuming`)"

    def test_it_says_what_why_and_how_it_is_fixed(self, rule: Rule) -> None:
        assert rule.title[0].isupper()
        assert not rule.title.endswith(".")
        assert " should " in rule.title, "as the titles of AWS's own controls"
        assert rule.why.endswith(".")
        assert bool(rule.remedy) is (rule.fix is not None)
        assert bool(rule.by_hand) is (rule.fix is None)
        assert rule.remedy.endswith(".") or rule.by_hand.endswith(".")

    def test_its_codes_are_unique_and_each_says_what_it_means(self, rule: Rule) -> None:
        assert rule.codes
        assert len(set(rule.codes)) == len(rule.codes)
        for code in rule.codes:
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
            assert code.meaning.endswith(".")

    def test_all_that_it_reports_in_its_examples_has_a_declared_code(self, rule: Rule) -> None:
        found = set[str]()
        for example in EXAMPLES:
            if example.rule == rule.id:
                found |= {item.code for item in rule.check(example.before, example.standard)}
                found |= set(_fix_codes(rule, example))
        assert found <= set(rule.codes)

    def test_its_id_is_its_path(self, rule: Rule) -> None:
        assert import_module("rules." + rule.id.replace("-", "_")).RULE is rule

    def test_it_reports_nothing_about_the_base(self, rule: Rule) -> None:
        for case in (
            Case(name="alone", verdict="compliant"),
            Case(name="as a service", verdict="compliant", service={}),
        ):
            example = Example(rule.id, case)
            assert _drifts(engine.evaluate(example.before, example.standard, [rule])) == ()


def test_every_example_is_of_a_rule() -> None:
    assert sorted({example.rule for example in EXAMPLES} - set(BY_ID)) == []


def test_examples_of_a_rule_have_names_of_their_own() -> None:
    ids = [example.id for example in EXAMPLES]
    assert sorted({id_ for id_ in ids if ids.count(id_) > 1}) == []


def test_a_safe_example_is_safe_and_a_review_says_why() -> None:
    unexplained = [e.id for e in EXAMPLES if (e.case.safety is Safety.REVIEW) is not bool(e.case.review)]
    assert unexplained == []
