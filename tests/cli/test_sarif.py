"""SARIF: what the JSON says, and where."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Definition, Run
from tests.cli.files import write
from tests.cli.report_schemas import SECRET, applied, log_of


def test_sarif_has_rules_with_help_and_pages(run: Run, floating: Definition) -> None:
    log = log_of(run, write("web.json", floating))
    (result,) = log["results"]
    rule = log["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "sidecar.image-pinned"
    assert rule["helpUri"].endswith("/docs/rules/sidecar.image-pinned.html")
    assert rule["help"]["text"]
    assert rule["help"]["markdown"]
    assert result["level"] == "warning"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "web.json"}


def test_sarif_says_which_inputs_could_not_be_read(run: Run, good: Definition) -> None:
    log = log_of(run, write("web.json", good), write("a folder/brok%n.json", "{"))
    (invocation,) = log["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20folder/brok%25n.json"


@pytest.mark.parametrize("form", ["compact", "wide", "windows", "described"])
def test_a_fix_in_sarif_is_what_outrider_fix_writes(run: Run, form: str, floating: Definition) -> None:
    content = {"taskDefinition": floating} if form == "described" else floating
    text = json.dumps(content, indent=None if form == "compact" else 2)
    text = text.replace("\n", "\r\n") if form == "windows" else text
    Path("web.json").write_bytes(text.encode())
    (result,) = log_of(run, "web.json")["results"]
    assert run("fix", "--write", "web.json").code == 0
    assert applied(text, result["fixes"][0]) == Path("web.json").read_bytes().decode()


def test_a_fix_for_one_of_several_definitions_leaves_the_others(run: Run, floating: Definition) -> None:
    text = json.dumps([floating | {"family": "a"}, floating | {"family": "b"}], indent=1)
    write("all.json", text)
    results = log_of(run, "all.json")["results"]
    assert len(results) == 2
    for result in results:
        write("all.json", applied(text, result["fixes"][0]))
        assert len(log_of(run, "all.json")["results"]) == 1


def test_lines_with_a_secret_are_not_suggested(run: Run, floating: Definition) -> None:
    floating["containerDefinitions"][0]["environment"].append({"name": "DB_PASSWORD", "value": SECRET})
    write("web.json", json.dumps(floating))
    assert "```suggestion" not in run("check", "web.json", "--format", "markdown").out
    (result,) = log_of(run, "web.json")["results"]
    assert SECRET not in json.dumps(result["fixes"])
    write("web.json", json.dumps(floating, indent=2))
    assert "```suggestion" in run("check", "web.json", "--format", "markdown").out


@pytest.mark.parametrize("label", ["12345678", '"12345678"'])
def test_a_line_with_a_label_is_never_suggested(run: Run, floating: Definition, label: str) -> None:
    text = json.dumps(floating, indent=1)
    image = next(row.strip() for row in text.split("\n") if ":latest" in row)
    Path("web.json").write_text(text.replace(image, f'"dockerLabels": {{"pin": {label}}}, {image}'), encoding="utf-8")
    for form in ("markdown", "github"):
        ran = run("check", "web.json", "--format", form)
        assert ran.code == 1
        assert "12345678" not in ran.out
