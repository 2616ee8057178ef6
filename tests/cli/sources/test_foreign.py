"""Sources that other people wrote: no crash, places that are right, and fixes that touch nothing else.

They are in no file of this project. OUTRIDER_FOREIGN names a folder of them, such as clones of public repositories;
`foreign.tsv` lists those that were checked, by repository, path, commit and digest, with what was found in each.
"""

import difflib
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli.sources.detection import ENDINGS
from tests.cli.conftest import Run

NAMED = os.environ.get("OUTRIDER_FOREIGN", "")
FOLDER = Path(NAMED)
FILES = sorted(
    path.relative_to(FOLDER).as_posix()
    for path in (FOLDER.rglob("*") if NAMED else ())
    if path.is_file() and path.name.endswith(ENDINGS)
)
OWN_WORDS = {"containers": "containerDefinitions"}

pytestmark = pytest.mark.skipif(not FILES, reason="OUTRIDER_FOREIGN names no folder with sources of other people")


@pytest.fixture(params=FILES or [""])
def name(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> str:
    """The name of a source, with its whole folder, in the folder of the test."""
    del run  # which enters the folder
    path: str = request.param
    folder = Path(path).parent
    shutil.copytree(FOLDER / folder, tmp_path / folder, dirs_exist_ok=True)
    return path


def drifts(ran: Any) -> list[Any]:
    return [drift for entry in ran.results for verdict in entry["verdicts"] for drift in verdict["drifts"]]


def names_at(row: str) -> set[str]:
    """The words at the beginning of a place, as the API would write them."""
    words = re.findall(r"\w+", row)[:4]
    return {re.sub(r"_(\w)", lambda found: found[1].upper(), word).lower() for word in words}


def test_every_source_is_read_or_refused_with_a_sentence(run: Run, name: str) -> None:
    ran = run("check", "--format", "json", name)
    assert ran.code in {0, 1, 2}
    for error in ran.json["errors"]:
        assert error["message"].startswith(name)
        assert error["message"].endswith(".")


def test_the_text_at_a_place_is_the_value_its_name_or_what_lacks_it(run: Run, name: str) -> None:
    for drift in drifts(run("check", "--format", "json", name)):
        place = drift["location"]
        assert place is not None, drift
        row = Path(place["file"]).read_text(encoding="utf-8").split("\n")[place["line"] - 1][place["column"] - 1 :]
        steps = [OWN_WORDS.get(step, step).lower() for step in drift["where"].split("/")]
        is_value = drift["found"] and drift["found"] in row
        is_named = names_at(row) & {step.partition("[")[0] for step in steps}
        holds = row.startswith(("{", "[", "- ", "resource ", "!", "${"))
        begins = re.match(r"[\"']?\w[\w.-]*[\"']?\s*[:=]", row)
        assert is_value or is_named or holds or begins, (drift["where"], drift["found"], row)


def test_a_fix_changes_only_what_it_says_and_only_once(run: Run, name: str) -> None:
    before = Path(name).read_text(encoding="utf-8")
    planned = run("fix", "--review", "--diff", name)
    ran = run("fix", "--review", "--write", name)
    after = Path(name).read_text(encoding="utf-8")
    rows = [row for row in difflib.ndiff(before.split("\n"), after.split("\n")) if row[0] in "+-"]
    assert sum(row[0] == "-" for row in rows) <= planned.out.count("@@ ") // 2, "\n".join(rows)
    again = run("check", "--format", "json", name)
    if "by hand" not in ran.err:
        fixed = set(re.findall(r"[a-z]+\.[a-z-]+", " ".join(re.findall(r": fixed (.*)\.\n", ran.err))))
        left = {v["rule"] for entry in again.results for v in entry["verdicts"] if v["verdict"] == "drifted"}
        assert not fixed & left, "\n".join(rows)
    run("fix", "--review", "--write", name)
    assert Path(name).read_text(encoding="utf-8") == after
