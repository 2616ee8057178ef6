"""What a person reads of a finding is short, for every drift in the rules' examples."""

from dataclasses import replace

import pytest

import engine
from domain.findings.finding import FindingState
from domain.remediation.plan import Plan
from domain.rule import Rule
from domain.verdict import Drifted
from reports.asff import asff
from rules import CATALOGUE
from tests.reports import samples
from tests.rules.examples import HERE as EXAMPLES
from tests.rules.examples import Example, read

MOST = 900  # characters


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_an_ordinary_finding_is_short_and_the_details_have_the_rest(rule: Rule) -> None:
    for example in read(EXAMPLES / f"{rule.id.replace('.', '/')}.yaml"):
        if example.verdict == "drifted":
            for verdict in engine.evaluate(example.before, example.standard, (rule,)):
                if isinstance(verdict, Drifted):
                    assert_short(verdict, rule, planned(example, rule))


def planned(example: Example, rule: Rule) -> Plan:
    settled = engine.settle(example.before, example.standard, (rule,) if rule.fix is not None else ())
    return engine.plan(settled, settled.after, example.standard, (rule,))


def assert_short(verdict: Drifted, rule: Rule, plan: Plan) -> None:
    drifted = replace(
        samples.finding(FindingState.OPEN), rule=rule.id, severity=verdict.severity, drifts=verdict.drifts
    )
    found = asff(drifted, rule, docs=samples.DOCS, facts={}, plan=plan)
    advice = found["Remediation"]["Recommendation"]["Text"]
    assert len(found["Title"]) + len(found["Description"]) + len(advice) <= MOST
    if "more in the resource's details" in found["Description"]:
        assert verdict.drifts[-1].where in found["Resources"][0]["Details"]["Other"]
