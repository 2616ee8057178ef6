"""`make rule` creates a rule that passes every check from the start. Each test runs in a copy of the project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RULE = "task.read-only-disk"


def copied(folder: Path) -> Path:
    for name in ("src", "tests/rules", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    env = os.environ | {"PYTHONPATH": f"{project / 'src'}:{project}", "PYTHONUTF8": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own tools


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copied(tmp_path_factory.mktemp("project"))
    ran = run(folder, "tools/new_rule.py", RULE)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.split() == [
        "src/rules/task/read_only_disk.py",
        "tests/rules/task/read-only-disk.yaml",
        "src/rules/task/__init__.py",
    ]
    return folder


def test_its_examples_pass(project: Path) -> None:
    ran = run(
        project, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests/rules/test_examples.py", "-k", RULE
    )
    assert ran.returncode == 0, ran.stdout
    assert "no tests ran" not in ran.stdout


@pytest.mark.parametrize("command", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)], ids=" ".join)
def test_linters_and_types_pass(project: Path, command: tuple[str, ...]) -> None:
    ran = run(project, "-m", *command, "src/rules/task")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_it_gets_its_page_and_the_list_of_rules_leads_there(project: Path) -> None:
    assert run(project, "tools/rule_pages.py").returncode == 0
    assert f"[{RULE}](rules/{RULE}.md)" in (project / "docs" / "rules.md").read_text(encoding="utf-8")
    page = (project / "docs" / "rules" / f"{RULE}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {RULE}\n")
    assert "containers/app/readOnlyDisk" in page


@pytest.mark.parametrize(
    ("id_", "why"),
    [
        ("privileged", "'privileged' is not a rule's id. Write topic.name in lower case, for example task.privileged."),
        ("task.Size", "'task.Size' is not a rule's id. Write topic.name in lower case, for example task.privileged."),
        ("task.size", "src/rules/task/size.py exists."),
        (
            "disk.size",
            "There is no topic disk. The topics are application, config, identity, logging, service, sidecar,",
        ),
    ],
)
def test_what_cannot_be_created_is_refused_and_nothing_is_written(id_: str, why: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "src" / "rules").rglob("*.py")}
    ran = run(ROOT, "tools/new_rule.py", id_)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(why)
    assert {path: path.stat().st_mtime_ns for path in (ROOT / "src" / "rules").rglob("*.py")} == before


@pytest.mark.parametrize("topic", ["logging", "sidecar"])
def test_a_topic_of_one_rule_or_many_takes_it_last(tmp_path: Path, topic: str) -> None:
    project = copied(tmp_path)
    assert run(project, "tools/new_rule.py", f"{topic}.privileged").returncode == 0
    ran = run(project, "-c", f"from rules.{topic} import RULES; print(RULES[-1].id, len(RULES) > 1)")
    assert ran.stdout.split() == [f"{topic}.privileged", "True"]
