"""docs/corrections.md shows every state, stage and guard that a correction may have."""

import re
from pathlib import Path

import pytest

from domain.remediation.attempt import AttemptState
from domain.remediation.guard import Guard
from domain.remediation.rollout import Stage

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")
DRAWN = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"```mermaid\n(.*?)```", PAGE, flags=re.DOTALL))))
TABLE = PAGE.partition("\n## Guards\n")[2].partition("\n## ")[0]
FIRST = " ".join(line.split("|")[1] for line in TABLE.splitlines() if line.startswith("| `"))
GUARDS = set(re.findall(r"`([a-z -]+)`", FIRST))


@pytest.mark.parametrize("state", [each for each in AttemptState if each is not AttemptState.NOTHING])
def test_every_state_is_drawn(state: AttemptState) -> None:
    assert state.value in DRAWN


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_is_drawn(stage: Stage) -> None:
    assert stage.value.replace(" ", "_") in DRAWN


def test_every_guard_is_explained_and_no_other() -> None:
    assert set(Guard) == GUARDS
