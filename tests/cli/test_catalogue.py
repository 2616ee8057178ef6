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
def test_explain_says_all_that_the_rule_says(run: Run, rule: Rule) -> None:
    ran = run("explain", rule.id)
    assert ran.code == 0
    said = " ".join(ran.out.split())
    meanings = (code.meaning for code in rule.codes)
    for text in (rule.title, rule.why, rule.remedy, rule.by_hand, rule.configure, *rule.codes, *meanings):
        assert " ".join(text.split()) in said
    assert rule.reference in ran.out.replace("\n", "")


def test_an_unknown_rule_is_a_sentence_with_the_nearest(run: Run) -> None:
    ran = run("explain", "sidecar.image-pined")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "There is no rule sidecar.image-pined. Did you mean sidecar.image-pinned?\n"


@pytest.mark.parametrize("begun", ["sidecar.image", "image"])
def test_an_unknown_rule_that_begins_as_some_do_is_one_of_them(run: Run, begun: str) -> None:
    ran = run("explain", begun)
    assert ran.code == 2
    assert ran.err == f"There is no rule {begun}. Did you mean sidecar.image-pinned or sidecar.image-approved?\n"


def test_where_too_many_begin_so_the_list_is_named(run: Run) -> None:
    assert run("explain", "sidecar").err == "There is no rule sidecar. See outrider rules for all rules.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("rules", "foo", "-"), "rules takes no arguments: foo, -. See outrider rules --help."),
        (("explain", "a", "b"), "explain takes one argument, and no more: b. See outrider explain --help."),
        (("check", "--nope"), "Unknown option: --nope. See outrider check --help."),
    ],
)
def test_wrong_arguments_are_a_sentence_and_name_the_commands_help(
    run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", f"{sentence}\n")


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
