import pytest

from domain.rule import Rule
from rules import CATALOGUE
from tests.cli.conftest import Run


def test_rules_lists_every_rule_with_its_severity(run: Run) -> None:
    ran = run("rules")
    assert ran.code == 0
    for rule in CATALOGUE:
        assert f"{rule.id} {rule.severity}" in ran.out


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_explain_says_all_that_the_docstring_says(run: Run, rule: Rule) -> None:
    ran = run("explain", rule.id)
    assert ran.code == 0
    assert " ".join(rule.doc.split()) in " ".join(ran.out.split())
    assert rule.reference in ran.out.replace("\n", "")


def test_an_unknown_rule_is_a_sentence_with_the_nearest(run: Run) -> None:
    ran = run("explain", "sidecar.image-pined")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "There is no rule sidecar.image-pined. Is sidecar.image-pinned meant?\n"


@pytest.mark.parametrize("command", [(), ("check",), ("fix",), ("rules",), ("explain",)])
def test_every_command_has_help(run: Run, command: tuple[str, ...]) -> None:
    ran = run(*command, "--help")
    assert ran.code == 0
    assert ran.out.startswith("Usage: outrider")
    assert ran.err == ""


def test_a_command_that_is_not_there_is_a_sentence(run: Run) -> None:
    ran = run("chek")
    assert (ran.code, ran.out) == (2, "")
    assert 'Did you mean "check"?' in ran.err
