"""No outcome depends on wording: with every reason reworded, all corrections come to the same end."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from aws.sessions import Sessions
from reports import reasons
from tests.aws_fake.calls import Calls
from tests.operations.guarding import ROWS, Row, played
from tests.operations.playing import Run, Scenario, account
from tests.operations.test_faults import SCENARIOS

_WORDS = ("title", "next_step", "reasons")


def ended(run: Run) -> Any:
    """All that came of it, but for the words in which it is published."""
    end = run.end()
    published = end.pop("published")
    shown = {id_: json.loads(body) for id_, body in published.items()} if isinstance(published, dict) else published
    if isinstance(shown, dict):
        shown = {id_: {k: v for k, v in alert.items() if k not in _WORDS} for id_, alert in shown.items()}
    return end, shown, [replace(each, pending=()) for each in run.outcomes]


def without_a_fault(scenario: Scenario, sessions: Sessions) -> Any:
    run = Run(scenario, sessions, Calls(account(scenario.standard)))
    with run.line.answering():
        scenario.begin(run)
        run.until_quiet()
    return ended(run)


@pytest.fixture
def reworded(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A switch: once it is set, each reason reads the same and says nothing."""
    with monkeypatch.context() as patch:
        yield patch


def say_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reasons, "text", lambda _: "quarantine: approval: It failed.")


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_correction_ends_the_same(sessions: Sessions, reworded: pytest.MonkeyPatch, name: str) -> None:
    before = without_a_fault(SCENARIOS[name], sessions)
    say_nothing(reworded)
    assert without_a_fault(SCENARIOS[name], sessions) == before


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.guard)
def test_a_guard_forbids_the_same(sessions: Sessions, reworded: pytest.MonkeyPatch, row: Row) -> None:
    before = ended(played(row, sessions))
    say_nothing(reworded)
    assert ended(played(row, sessions)) == before
