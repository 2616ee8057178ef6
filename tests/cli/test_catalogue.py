import pytest

from domain.rule import Rule
from rules import CATALOGUE
from settings import RELEASE
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


def test_a_topic_is_answered_with_its_pattern(run: Run) -> None:
    assert run("explain", "sidecar").err == "There is no rule sidecar. Did you mean 'sidecar.*'?\n"


def test_patterns_explain_all_rules_that_they_match_once_and_in_the_order_of_the_catalogue(run: Run) -> None:
    ran = run("explain", "sidecar.image-*", "sidecar.image-pinned", "task.roles")
    wanted = [rule for rule in CATALOGUE if rule.id.startswith("sidecar.image-") or rule.id == "task.roles"]
    assert [row for row in ran.out.splitlines() if row in {f"{rule.id}  {rule.severity}" for rule in CATALOGUE}] == [
        f"{rule.id}  {rule.severity}" for rule in wanted
    ]
    assert run("explain", "nothing.*").code == 2


def test_rules_as_json_are_the_whole_catalogue(run: Run) -> None:
    found = run("rules", "--format", "json").json["rules"]
    assert [each["rule"] for each in found] == [rule.id for rule in CATALOGUE]
    for each, rule in zip(found, CATALOGUE, strict=True):
        assert (each["fix"] is None, each["severity"], each["title"]) == (rule.fix is None, rule.severity, rule.title)
        assert each["page"] == f"docs/rules/{rule.id}.md"
        assert [code["code"] for code in each["codes"]] == [*rule.codes]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("rules", "foo", "-"), "Unrecognized arguments: foo -. See outrider rules --help."),
        (("explain",), "The following arguments are required: RULE. See outrider explain --help."),
        (("check", "--nope"), "Unrecognized arguments: --nope. See outrider check --help."),
        (("standard", "vlidate"), "There is no command standard vlidate. Did you mean standard validate?"),
        (("--nope",), "There is no option --nope. See outrider --help."),
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
    assert ran.err == "There is no command chek. Did you mean check?\n"


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_release_is_printed(run: Run, option: str) -> None:
    ran = run(option)
    assert (ran.code, ran.out, ran.err) == (0, f"outrider {RELEASE}\n", "")
