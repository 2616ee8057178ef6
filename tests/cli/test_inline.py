"""Exemptions in tags and comments: each is for one rule, has a reason, and ends."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from cli.inline import comments_in
from domain.ecs.task_definition import TaskDefinition
from domain.places import Place
from domain.standard import Standard
from domain.standard.inline import Mistake, Terms
from domain.verdict import Drifted, Exempt
from domain.workload import Workload
from rules import BY_ID
from tests.cli.conftest import Definition, Run
from tests.cli.files import verdict, write

UNTIL = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
WHY = "Replaced by the platform team."
CONFIGURATION = "receivers: {nothing: }\nexporters: {debug: }\nservice: {pipelines: {}}\n"


def tagged(definition: Definition, value: str, rule: str = "sidecar.image-pinned") -> Definition:
    return definition | {"tags": [{"key": f"outrider:exempt:{rule}", "value": value}]}


def outcome(run: Run, *options: str) -> tuple[int, str, Any]:
    ran = run("check", "--format", "json", *options, "web.json")
    return ran.code, ran.err, verdict(ran.results[0], "sidecar.image-pinned")


# --- tags -------------------------------------------------------------------------------------------------------------


def test_a_tag_exempts_from_its_rule_until_its_day(run: Run, floating: Definition) -> None:
    write("web.json", tagged(floating, f"until {UNTIL}: {WHY}"))
    code, err, found = outcome(run)
    assert (code, err) == (0, "")
    assert found["verdict"] == "exempt"
    assert found["reasons"] == [f"{WHY} (until {UNTIL})"]
    code, err, found = outcome(run, "--no-inline")
    assert (code, err, found["verdict"]) == (1, "", "drifted")


def test_a_tag_next_to_a_description_counts(run: Run, floating: Definition) -> None:
    inside = tagged(floating, f"until {UNTIL}: {WHY}")
    floating.pop("tags", None)
    write("web.json", {"taskDefinition": floating, "tags": inside["tags"]})
    assert outcome(run)[2]["verdict"] == "exempt"


@pytest.mark.parametrize(
    ("value", "rule", "why"),
    [
        (f"until 2020-01-01: {WHY}", "sidecar.image-pinned", "it has expired"),
        (f"until tomorrow: {WHY}", "sidecar.image-pinned", "its last day is not a date such as 2027-01-31"),
        (f"until {UNTIL}: why", "sidecar.image-pinned", "its reason has fewer than eight characters"),
        (WHY, "sidecar.image-pinned", "write a rule, then until 2027-01-31: and the reason"),
        (f"until {UNTIL}: {WHY}", "sidecar.image", "there is no such rule"),
        (f"until {UNTIL}: {WHY}", "sidecar.*", "there is no such rule"),
    ],
)
def test_an_expired_or_malformed_tag_has_no_effect_and_is_said(
    run: Run, floating: Definition, value: str, rule: str, why: str
) -> None:
    write("web.json", tagged(floating, value, rule))
    code, err, found = outcome(run)
    assert (code, found["verdict"]) == (1, "drifted")
    assert err == f"web.json, tag outrider:exempt:{rule}: this exemption has no effect: {why}.\n"
    assert outcome(run, "--no-inline")[1] == ""


def test_what_is_exempt_is_not_fixed(run: Run, floating: Definition) -> None:
    write("web.json", tagged(floating, f"until {UNTIL}: {WHY}"))
    ran = run("fix", "web.json")
    assert ran.code == 0
    assert ":latest" in ran.out
    assert ":latest" not in run("fix", "--no-inline", "web.json").out


# --- the deployed service ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("allowed", [False, True])
def test_a_tag_counts_in_an_account_only_where_the_standard_allows_it(floating: Definition, *, allowed: bool) -> None:
    standard = Standard.parse(f"version: 1\nexemptions_by_tag: {str(allowed).lower()}\n")
    task = TaskDefinition(tagged(floating, f"until 2027-01-31: {WHY}"))
    place = Place("123456789012", "eu-west-1")

    def judged(day: date) -> Any:
        read_at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        workload = Workload(place=place, task=task, read_at=read_at, kinds=standard.kind_of)
        (found,) = engine.evaluate(workload, standard, [BY_ID["sidecar.image-pinned"]])
        return found

    assert isinstance(judged(date(2027, 1, 31)), Exempt if allowed else Drifted)
    assert isinstance(judged(date(2027, 2, 1)), Drifted)


# --- comments ---------------------------------------------------------------------------------------------------------


def collected(run: Run, comment: str, *options: str) -> tuple[int, str]:
    Path("collector.yaml").write_text(f"{comment}\n{CONFIGURATION}", encoding="utf-8")
    ran = run("collector", "--select", "config.well-formed", *options, "collector.yaml")
    return ran.code, ran.err


def test_a_comment_exempts_a_file_from_its_rule(run: Run) -> None:
    comment = f"# outrider:exempt config.well-formed until {UNTIL}: {WHY}"
    assert collected(run, comment) == (0, "")
    assert collected(run, comment, "--no-inline") == (1, "")
    assert collected(run, "# nothing") == (1, "")


def test_a_comment_without_effect_is_said(run: Run) -> None:
    for comment, why in (
        (f"config.well-formed until 2020-01-01: {WHY}", "it has expired"),
        (f"config.well-formd until {UNTIL}: {WHY}", "there is no such rule"),
        ("config.well-formed", "write a rule, then until 2027-01-31: and the reason"),
    ):
        code, err = collected(run, f"\n# outrider:exempt {comment}")
        assert (code, err) == (1, f"collector.yaml, line 2: this exemption has no effect: {why}.\n")


@pytest.mark.parametrize("begin", ["# ", "  #", "// ", "/* ", "key: value # "])
def test_a_comment_of_every_language_is_read(begin: str) -> None:
    end = " */" if begin == "/* " else ""
    text = f"a: b\r\n{begin}outrider:exempt task.size in web-* until {UNTIL}: {WHY}{end}\r\nc: d\r\n"
    (exemption,) = comments_in(text).exemptions
    assert (exemption.rules, exemption.reason) == (("task.size",), WHY)
    assert exemption.where.family == ("web-*",)
    assert exemption.expires == date.fromisoformat(UNTIL)


@pytest.mark.parametrize("text", ['"outrider:exempt:task.size"', "outrider:exempt task.size", "#outrider:exemptions"])
def test_what_is_no_comment_is_left(text: str) -> None:
    assert comments_in(text) == comments_in("")


@given(st.text())
def test_terms_are_read_from_anything(text: str) -> None:
    assert isinstance(Terms.parse(text, date(2026, 1, 1)), Terms | Mistake)
    comments_in(f"# outrider:exempt {text}")
