"""Layers of a standard, in the commands that evaluate task definitions in files."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import TEMPLATE, Definition, Run
from tests.cli.files import write

ACCOUNT, OTHER = "123456789012", "222222222222"
OFF = 'version: 1\nlayers: [{where: {account: "123456789012"}, rules: [{rules: "*", mode: off}]}]\n'
BY_UNIT = """\
version: 1
layers:
  - where: {unit: ou-ab12-11111111}
    mode: off
  - where: {account: "123456789012", tags: {env: prod}}
    mode: off
"""
NOT_BY_UNIT = (
    "Layers of the standard by organisational unit or tags do not count for files."
    " `outrider standard show --account` prints the standard of an account, which --standard takes.\n"
)
NO_ACCOUNT = (
    "Layers of the standard by account count only where a task definition names its account, in its ARN or those of"
    " its roles. {} does not. `outrider standard show --account` prints the standard of an account, which --standard"
    " takes.\n"
)


def of(account: str, task: Definition) -> Definition:
    return json.loads(json.dumps(task).replace(ACCOUNT, account))  # type: ignore[no-any-return] # the same form


def without_account(task: Definition) -> Definition:
    """A definition that is not registered, with roles by their names."""
    names = {key: value.rpartition("/")[2] for key, value in task.items() if key.endswith("RoleArn")}
    return {key: value for key, value in task.items() if key != "taskDefinitionArn"} | names


def test_a_layer_by_account_counts_where_the_definition_names_the_account(run: Run, floating: Definition) -> None:
    write("s.yaml", OFF)
    write("one.json", floating)
    write("other.json", of(OTHER, floating))
    checked = [run("check", "--standard", "s.yaml", name) for name in ("one.json", "other.json")]
    assert [(each.code, each.err) for each in checked] == [(0, ""), (1, "")]
    fixed = [run("fix", "--standard", "s.yaml", name) for name in ("one.json", "other.json")]
    assert [each.err for each in fixed] == ["web: no drift, not changed.\n", "web: fixed sidecar.image-pinned.\n"]


def test_each_definition_of_a_file_has_the_layers_of_its_own_account(run: Run, floating: Definition) -> None:
    write("s.yaml", OFF)
    ran = run("check", "--format", "json", "--standard", "s.yaml", write("two.json", [floating, of(OTHER, floating)]))
    drifted = [any(each["verdict"] == "drifted" for each in entry["verdicts"]) for entry in ran.results]
    assert drifted == [False, True]


def test_layers_by_unit_or_tags_are_said_once_not_to_count(run: Run, floating: Definition) -> None:
    write("s.yaml", BY_UNIT)
    write("tasks/one.json", floating)
    write("tasks/two.json", floating)
    assert run("check", "--standard", "s.yaml", "tasks").err == NOT_BY_UNIT
    assert run("fix", "--standard", "s.yaml", "tasks/one.json").err.startswith(NOT_BY_UNIT)


def test_it_is_said_once_that_no_account_is_known_and_the_option_names_it(run: Run, floating: Definition) -> None:
    write("s.yaml", OFF)
    write("tasks/one.json", without_account(floating))
    write("tasks/two.json", without_account(floating))
    ran = run("check", "--standard", "s.yaml", "tasks")
    assert (ran.code, ran.err) == (1, NO_ACCOUNT.format("tasks/one.json"))
    assert run("fix", "--standard", "s.yaml", "tasks/two.json").err.startswith(NO_ACCOUNT.format("tasks/two.json"))
    named = run("check", "--account", ACCOUNT, "--standard", "s.yaml", "tasks")
    assert (named.code, named.err) == (0, "")
    assert run("check", "--account", OTHER, "--standard", "s.yaml", "tasks").code == 1


def test_what_a_definition_names_wins_over_the_option(run: Run, floating: Definition) -> None:
    write("s.yaml", OFF)
    write("other.json", of(OTHER, floating))
    assert run("check", "--account", ACCOUNT, "--standard", "s.yaml", "other.json").code == 1


def test_entries_by_account_match_the_account_that_the_option_names(run: Run, floating: Definition) -> None:
    write("s.yaml", 'version: 1\nrules: [{rules: "*", where: {account: "123456789012"}, mode: off}]\n')
    write("web.json", without_account(floating))
    assert [run("check", "--account", each, "--standard", "s.yaml", "web.json").code for each in (ACCOUNT, OTHER)] == [
        0,
        1,
    ]


def test_what_stands_for_the_account_of_a_template_is_no_account(run: Run) -> None:
    write("s.yaml", OFF.replace('"123456789012"', '"*"'))
    ran = run("check", "--standard", "s.yaml", write("template.yaml", TEMPLATE))
    assert (ran.code, ran.err) == (1, NO_ACCOUNT.format("template.yaml"))
    assert run("check", "--account", ACCOUNT, "--standard", "s.yaml", "template.yaml").code == 0


@pytest.mark.parametrize("locked", ["", "locked: {rules: '*'}\n"])
def test_exemptions_of_the_file_stay(run: Run, floating: Definition, locked: str) -> None:
    write("s.yaml", OFF.replace('{rules: "*", mode: off}', "{rules: task.size, severity: HIGH}") + locked)
    text = f"# outrider:exempt sidecar.image-pinned until 2099-01-31: being replaced\n{json.dumps(floating, indent=1)}"
    Path("web.yaml").write_text(text, encoding="utf-8")
    assert run("check", "--standard", "s.yaml", "web.yaml").code == run("check", "web.yaml").code == 0


def test_standards_are_compared_with_their_layers(run: Run, floating: Definition) -> None:
    write("s.yaml", OFF)
    ran = run("standard", "diff", "--standard", "s.yaml", write("web.json", floating))
    assert "    gone: sidecar.image-pinned, MEDIUM; now not evaluated\n" in ran.out
