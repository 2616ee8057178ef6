"""Decisions are numbered records of one form, and their index has them all."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
FORM = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n- Date: (?P<date>\d{4}-\d\d-\d\d)\n- Status: (?P<status>.+)\n"
    r"\n## Context\n\n.+\n\n## Decision\n\n.+\n\n## Alternatives\n\n- .+\n\n## Consequences\n\n.+\n",
    re.DOTALL,
)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_its_form_and_its_row_in_the_index(path: Path) -> None:
    found = FORM.fullmatch(path.read_text(encoding="utf-8"))
    assert found, path.name
    assert path.name.startswith(f"{int(found['number']):04}-")
    row = f"| [{found['number']}]({path.name}) | {found['title']} | {found['date']} | {found['status']} |"
    assert row in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()


def test_numbers_have_no_gap_and_are_in_the_order_of_dates() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))
    dates = [re.findall(r"^- Date: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)[0] for path in RECORDS]
    assert dates == sorted(dates)


def test_the_index_has_no_other_rows() -> None:
    rows = [line for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| [")]
    assert len(rows) == len(RECORDS)
