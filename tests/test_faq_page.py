"""docs/faq.md: the rule that the page names reports what the page shows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import engine
from domain.verdict import Drifted
from rules import BY_ID
from tests.rules.examples import Case, Example, base, patched

PAGE = (Path(__file__).parents[1] / "docs" / "faq.md").read_text(encoding="utf-8")
FRAGMENT = re.compile(r"```(json|yaml)\n(.*?)```\n\nRule: \[([\w.-]+)\]", re.DOTALL)
FRAGMENTS = FRAGMENT.findall(PAGE)


def merged(text: str) -> str:
    """The good task's configuration with a fragment of the page in it."""
    good = yaml.safe_load(base()["facts"]["parameter"]["text"])
    return yaml.safe_dump(patched(good, yaml.safe_load(text)))


def case(form: str, text: str) -> Case:
    if form == "yaml":
        facts: dict[str, Any] = {"parameter": {"text": merged(text)}}
        return Case(name="of the page", verdict="drifted", facts=facts)
    container = json.loads(text)
    return Case(name="of the page", verdict="drifted", before={"containers": {container.pop("name"): container}})


@pytest.mark.parametrize(("form", "text", "rule"), FRAGMENTS, ids=lambda each: each if each in BY_ID else "")
def test_the_rule_reports_the_failure(form: str, text: str, rule: str) -> None:
    example = Example(rule, case(form, text))
    [verdict] = engine.evaluate(example.before, example.standard, [BY_ID[rule]])
    assert isinstance(verdict, Drifted), verdict


def test_no_fragment_is_left_out() -> None:
    assert len(FRAGMENTS) == len(re.findall(r"^```(?:json|yaml)", PAGE, re.MULTILINE)) > 20
