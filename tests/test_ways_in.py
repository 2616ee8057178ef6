"""The action, the template and the hooks: what they name exists, and their steps run as their users run them."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from cli.commands import COMMANDS
from cli.main import main
from cli.parsing import parsed
from settings import RELEASE
from tests.cli.conftest import Definition

__all__ = ["floating", "good"]

from tests.cli.conftest import floating, good

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
TEMPLATE = yaml.safe_load((ROOT / "templates" / "outrider.gitlab-ci.yml").read_text(encoding="utf-8"))
HOOKS = {each["id"]: each for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
PAGE = (ROOT / "docs" / "pull-requests.md").read_text(encoding="utf-8")
BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="there is no bash here")


def ran(script: str, folder: Path, variables: Mapping[str, str]) -> CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", **variables}
    environment.pop("PYTHONPATH", None)
    command = [str(BASH), "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - the project's own steps


# --- the action -------------------------------------------------------------------------------------------------------


def inputs_of(text: str, given: dict[str, str]) -> str:
    """Fill in the inputs of an expression, as GitHub does."""
    known = {name: str(each["default"]) for name, each in ACTION["inputs"].items()} | given
    known = {f"inputs.{name}": value for name, value in known.items()} | {"github.action_path": str(ROOT)}
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: known[found[1]], text)


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A runner's temporary folder in which the step before has installed Outrider."""
    (tmp_path / "temporary" / "outrider" / "bin").mkdir(parents=True)
    python = tmp_path / "temporary" / "outrider" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return tmp_path


STUB = """#!/bin/sh
shift
printf '%s\\n' "$@" '' >>calls
case "$1" in check) exit "${CHECK:-0}" ;; *) exit "${COLLECTOR:-0}" ;; esac
"""


def stubbed(runner: Path) -> None:
    """Let the action write what it calls into `calls` and call nothing: to start Outrider each time takes long."""
    (runner / "temporary" / "outrider" / "bin" / "python").write_text(STUB, encoding="utf-8")


def acted(runner: Path, given: dict[str, str], ends: Mapping[str, str] | None = None) -> CompletedProcess[str]:
    """Run the action's last step."""
    step: dict[str, Any] = ACTION["runs"]["steps"][-1]
    variables = {name: inputs_of(value, given) for name, value in step["env"].items()}
    folders = {"RUNNER_TEMP": str(runner / "temporary"), "GITHUB_STEP_SUMMARY": str(runner / "summary.md")}
    return ran(step["run"], runner, {**variables, **folders, **(ends or {})})


def recorded(
    runner: Path, given: dict[str, str], ends: Mapping[str, str] | None = None
) -> tuple[int, list[argparse.Namespace]]:
    """The exit code of the action's last step, and what its calls mean to their commands."""
    stubbed(runner)
    code = acted(runner, given, ends).returncode
    calls = [call.split("\n") for call in (runner / "calls").read_text(encoding="utf-8").split("\n\n")[:-1]]
    commands = {each.name: each for each in COMMANDS}
    return code, [parsed(commands[name], arguments) for name, *arguments in calls]


@needs_bash
def test_the_action_annotates_and_fails(runner: Path, floating: Definition) -> None:
    (runner / "a folder").mkdir()
    (runner / "a folder" / "web.json").write_text(json.dumps(floating), encoding="utf-8")
    found = acted(runner, {"paths": "a folder\n\n", "sarif": "out.sarif"})
    assert found.returncode == 1
    column = 1 + json.dumps(floating).index('"public.ecr.aws/aws-observability')
    place = f"file=a folder/web.json,line=1,col={column}"
    assert found.stdout.startswith(f"::warning {place},title=MEDIUM sidecar.image-pinned")
    assert "sidecar.image-pinned" in (runner / "summary.md").read_text(encoding="utf-8")
    assert json.loads((runner / "out.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert acted(runner, {"paths": "a folder", "fail-on": "HIGH"}).returncode == 0


@needs_bash
def test_every_input_of_the_action_is_an_option_of_its_command(runner: Path) -> None:
    given = {"paths": "a b\n\nc", "standard": "s.yaml", "select": "task.*", "ignore": "size", "fail-on": "HIGH"}
    given |= {"collectors": "otel.yaml", "config": "c.yaml", "baseline": "known.json", "sarif": "out.sarif"}
    _, (collector, check, report) = recorded(runner, given | {"inline": "false", "complete": "true"})
    for used in (collector, check, report):
        found = (used.standard, used.select, used.ignore, used.fail_on, used.baseline, used.no_inline)
        assert found == ("s.yaml", ["task.*"], ["size"], "HIGH", "known.json", True)
    assert (collector.files, collector.format) == (["otel.yaml"], "github")
    assert (check.files, check.config, check.format) == (["a b", "c"], "c.yaml", "github")
    assert (report.files, report.config, report.format) == (["a b", "c"], "c.yaml", "sarif")
    assert (check.complete, report.complete) == (True, True)


@needs_bash
@pytest.mark.parametrize(
    ("check", "collector", "whole"),
    [(0, 0, 0), (1, 0, 1), (0, 1, 1), (2, 1, 1), (1, 2, 1), (2, 0, 2), (0, 2, 2), (3, 0, 3), (3, 1, 1), (3, 2, 2)],
)
def test_drift_counts_more_than_what_could_not_be_used(runner: Path, check: int, collector: int, whole: int) -> None:
    ends = {"CHECK": str(check), "COLLECTOR": str(collector)}
    assert recorded(runner, {"collectors": "otel.yaml"}, ends)[0] == whole


@needs_bash
def test_a_report_of_the_action_that_cannot_be_written_is_said(runner: Path, good: Definition) -> None:
    (runner / "web.json").write_text(json.dumps(good), encoding="utf-8")
    found = acted(runner, {"sarif": "no/such.sarif"})
    assert found.returncode == 2
    assert "no/such.sarif" in found.stderr


@needs_bash
def test_no_input_of_the_action_is_read_as_a_command(runner: Path) -> None:
    stubbed(runner)
    for name in ACTION["inputs"]:
        acted(runner, {name: '$(touch stolen)`touch stolen`"; touch stolen; "'})
        assert not (runner / "stolen").exists()
    assert not [step for step in ACTION["runs"]["steps"] if "${{" in step.get("run", "")]


def test_other_actions_are_pinned_by_commit() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "uses" not in step or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])


def test_the_page_has_every_input_of_the_action() -> None:
    _, _, table = PAGE.partition("| input | default | is |")
    named = re.findall(r"`([\w-]+)`", " ".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))
    assert named == list(ACTION["inputs"])


# --- the template -----------------------------------------------------------------------------------------------------


@needs_bash
def test_the_template_writes_its_reports_and_fails(tmp_path: Path, floating: Definition) -> None:
    (tmp_path / "web.json").write_text(json.dumps(floating), encoding="utf-8")
    stubs = f'pip() {{ echo "$*" >pip.txt; }}\noutrider() {{ "{sys.executable}" "{ROOT}/src" "$@"; }}\n'
    variables = {name: str(value) for name, value in TEMPLATE["variables"].items()}
    job = TEMPLATE["outrider"]
    found = ran(stubs + "\n".join(job["script"]), tmp_path, variables)
    assert found.returncode == 1
    assert "sidecar.image-pinned" in found.stdout
    assert variables["OUTRIDER_PACKAGE"] in (tmp_path / "pip.txt").read_text(encoding="utf-8")
    reports = job["artifacts"]["reports"]
    (issue,) = json.loads((tmp_path / reports["codequality"]).read_text(encoding="utf-8"))
    assert issue["check_name"] == "sidecar.image-pinned"
    assert "<failure" in (tmp_path / reports["junit"]).read_text(encoding="utf-8")
    options = variables | {"OUTRIDER_OPTIONS": "--fail-on HIGH --ignore task.*"}
    assert ran(stubs + "\n".join(job["script"]), tmp_path, options).returncode == 0


def test_they_name_this_release() -> None:
    assert f"/v{RELEASE}.tar.gz" in TEMPLATE["variables"]["OUTRIDER_PACKAGE"]
    named = re.findall(r"outrider(?:@|/)v(\d+\.\d+\.\d+)|rev: v(\S+)", PAGE)
    assert {version for versions in named for version in versions if version} == {RELEASE}


# --- the hooks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_a_hook_calls_a_command_that_exists(hook: dict[str, Any]) -> None:
    name, command, *options = hook["entry"].split()
    assert name == "outrider"
    found = next(each for each in COMMANDS if each.name == command)
    assert parsed(found, [*options, *hook.get("args", ()), "some.file"]).files[-1] == "some.file"


def test_the_hooks_of_the_page_take_one_folder_with_files_of_both_kinds(
    tmp_path: Path, good: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("deploy").mkdir()
    Path("deploy/web.json").write_text(json.dumps(good), encoding="utf-8")
    Path("deploy/web-collector.yaml").write_text("receivers: {nothing: }\nexporters: {debug: }\n", encoding="utf-8")
    Path("deploy/values.yaml").write_text("# None.\n", encoding="utf-8")
    _, _, page = PAGE.partition("`.pre-commit-config.yaml`")
    (repository,) = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0])["repos"]
    codes = {}
    for used in repository["hooks"]:
        hook = HOOKS[used["id"]] | used
        names = [name for name in sorted(map(str, Path("deploy").iterdir())) if re.search(hook["files"], name)]
        codes[used["id"]] = main([*hook["entry"].split()[1:], *hook.get("args", ()), *names])
    assert codes == {"outrider-check": 0, "outrider-collector": 1}


@pytest.mark.parametrize(
    ("hook", "name", "taken"),
    [
        ("outrider-check", "task-definition.json", True),
        ("outrider-check", ".aws/task-def-web.json", True),
        ("outrider-check", "deploy/taskdef.json", True),
        ("outrider-check", "task-definitions/web.json", True),
        ("outrider-check", "deploy/web-taskdef.yaml", True),
        ("outrider-check", "package.json", False),
        ("outrider-check-folder", "infra/main.tf", True),
        ("outrider-check-folder", "infra/main.tf.json", True),
        ("outrider-check-folder", "app.py", False),
        ("outrider-collector", "deploy/web-collector.yaml", True),
        ("outrider-collector", "otel.yml", True),
        ("outrider-collector", "compose.yml", False),
    ],
)
def test_a_hook_takes_the_usual_names(hook: str, name: str, *, taken: bool) -> None:
    assert (re.search(HOOKS[hook]["files"], name) is not None) is taken


# --- the container ----------------------------------------------------------------------------------------------------


def test_the_container_is_made_of_what_is_here_and_runs_as_nobody(tmp_path: Path, floating: Definition) -> None:
    """Docker itself is not asked: what the image has, and its entry point, are tried here."""
    steps = [row.split() for row in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if row[:1].isupper()]
    copied = {words[2]: ROOT / words[1] for words in steps if words[0] == "COPY"}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert ignored[:2] == ["*", "!src"]
    assert all(path.exists() and path.relative_to(ROOT).parts[0] == "src" for path in copied.values())
    assert [words[1] for words in steps if words[0] == "USER"] == ["65534:65534"]
    python, folder = json.loads(" ".join(next(words[1:] for words in steps if words[0] == "ENTRYPOINT")))
    assert python == "python"
    (tmp_path / "web.json").write_text(json.dumps(floating), encoding="utf-8")
    found = ran(f'"{sys.executable}" "{copied[folder]}" check .', tmp_path, {})
    assert (found.returncode, "sidecar.image-pinned" in found.stdout) == (1, True), found.stderr
