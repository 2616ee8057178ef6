"""docs/corrections.md shows every state, stage and guard that a correction may have."""

import re
from pathlib import Path

import pytest

from domain.remediation.attempt import AttemptState
from domain.remediation.rollout import Stage

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")
DRAWN = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"```mermaid\n(.*?)```", PAGE, flags=re.DOTALL))))
TABLE = PAGE.partition("\n## Guards\n")[2].partition("\n## ")[0]
FIRST = " ".join(line.split("|")[1] for line in TABLE.splitlines() if line.startswith("| `"))
GUARDS = set(re.findall(r"`([a-z -]+)`", FIRST))


def in_the_source() -> set[str]:
    """The names that Refused and Later are raised with, and those that a service is left for."""
    found = set[str]()
    for path in (*(ROOT / "src" / "operations").rglob("*.py"), *(ROOT / "src" / "domain" / "remediation").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'(?:Refused|Later)\(\s*"([a-z -]+)",', text))
        found |= set(re.findall(r'(?:return|refused, Refused\) else) \(?\s*"([a-z -]+)", f?"', text))
        found |= set(re.findall(r'\.left\("([a-z -]+)",', text))
        found |= {f"{what} per {time}" for what in ("registrations", "rollouts") for time in ("hour", "second")}
    return found


@pytest.mark.parametrize("state", [each for each in AttemptState if each is not AttemptState.NOTHING])
def test_every_state_is_drawn(state: AttemptState) -> None:
    assert state.value in DRAWN


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_is_drawn(stage: Stage) -> None:
    assert stage.value.replace(" ", "_") in DRAWN


def test_every_guard_is_explained() -> None:
    named = in_the_source()
    assert {"kill switch", "circuit breaker", "settling", "image", "deployment in progress", "mode"} <= named
    assert named <= GUARDS
    assert GUARDS - named <= {"disagreement", "approval", "registration"}
