"""docs/command-line.md shows what the commands print.

`PYTHONPATH=src:. python -m tests.cli.test_command_line_page` renews it.
"""

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

import pytest

from cli.commands import COMMANDS
from cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
BLOCK = re.compile(r"```console\n(\$ .*?)\n(.*?)```\n", re.DOTALL)
CUT = "…"


def ran(command: str) -> list[str]:
    """The lines that a command prints, those on standard error last."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        main(shlex.split(command.removeprefix("$ outrider ")))
    return [line.rstrip() for line in (out.getvalue() + err.getvalue()).rstrip().split("\n")]


def renewed(page: str) -> str:
    """The page with the outputs of its commands, run in a folder that holds its example."""

    def block(found: re.Match[str]) -> str:
        shown, lines = found[2].splitlines(), ran(found[1])
        if shown and shown[-1] == CUT:
            lines = [*lines[: len(shown) - 1], CUT]
        return "\n".join(["```console", found[1], *lines, "```", ""])

    for name, language in (
        ("web.json", "json"),
        ("collector.yaml", r"yaml collector\.yaml"),
        ("broken.yaml", r"yaml broken\.yaml"),
        ("standard.yaml", r"yaml standard\.yaml"),
    ):
        example = re.search(rf"```{language}\n(.*?)```\n", page, re.DOTALL)
        assert example is not None
        Path(name).write_text(example[1], encoding="utf-8")
    return BLOCK.sub(block, page)


def test_the_page_shows_what_the_commands_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    page = PAGE.read_text(encoding="utf-8")
    assert len(BLOCK.findall(page)) == page.count("```console")
    assert page == renewed(page)


def test_the_page_shows_the_help_of_every_command() -> None:
    shown = {command for command, _ in BLOCK.findall(PAGE.read_text(encoding="utf-8"))}
    assert {f"$ outrider {each.name} --help" for each in COMMANDS} - shown == set()


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        page = renewed(page)
    PAGE.write_text(page, encoding="utf-8")
    sys.exit(0)
