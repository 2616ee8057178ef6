"""docs/runbook.md says what to do about each notice, and each alert about a correction that was not made."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from domain.remediation.attempt import AttemptState
from reports.words import word_of

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("\n## Symptom → command\n")[2].partition("\n## ")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in TABLE.splitlines() if line.startswith("| ")]
SUBJECT = "Outrider: "


def text(node: ast.AST) -> str:
    """A string of the source, with `…` for what is filled in; empty for any other expression."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=parts):
            return "".join(text(part) or "…" for part in parts)
        case _:
            return ""


@cache
def sent() -> set[str]:
    """The subject of each notice, without what all of them begin with."""
    texts = (
        text(node)
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )
    return {each.removeprefix(SUBJECT) for each in texts if each.startswith(SUBJECT) and each != SUBJECT}


def quoted(kind: str) -> set[str]:
    """The titles in the first column: `alert "A" or "B"`."""
    found = (re.match(rf'{kind} ("[^"]+"(?: or "[^"]+")*)', row[0]) for row in ROWS)
    return {title for each in found if each for title in re.findall(r'"([^"]+)"', each[1])}


def test_every_notice_is_in_the_table_by_its_title_and_no_other() -> None:
    assert len(sent()) > 1
    assert quoted("notice") == sent()


@pytest.mark.parametrize("state", [each for each in AttemptState if each.ended and each is not AttemptState.NOTHING])
def test_an_alert_about_a_correction_that_was_not_made_is_in_the_table(state: AttemptState) -> None:
    assert (word_of(state) in quoted("alert")) == (state not in {AttemptState.REGISTERED, AttemptState.DEPLOYED})


def test_every_symptom_has_a_command() -> None:
    assert [row[0] for row in ROWS if len(row) != len(ROWS[0]) or not row[-1]] == []
