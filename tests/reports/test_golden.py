"""Findings and messages as they were once read and found right.

`UPDATE_GOLDEN=1 .venvs/dev/bin/pytest -q -n0 tests/reports/test_golden.py` writes them again, and docs/messages.md from
them: read them again.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from domain.findings.finding import FindingState
from reports.amazon_q import notification
from reports.asff import asff
from reports.message import reply_of
from reports.slack import body, reply_body
from reports.source import fragments
from tests.reports import page, plans, samples, threads

GOLDEN = Path(__file__).with_name("golden")
FACTS = {"revision": "web:7", "actor": "deployer/ci-4711", "release": "0.1.0", "standard": "default 0123456789abcdef"}

AMAZON_Q = ("opened", "closed", "burst")
MADE: dict[str, Any] = {
    "finding-opened": asff(samples.finding(), samples.PINNED, docs=samples.DOCS, facts=FACTS, plan=samples.plan()),
    "finding-closed": asff(samples.finding(FindingState.CLOSED), samples.PINNED, docs=samples.DOCS, facts=FACTS),
    "alert-opened": samples.opened().model_dump(mode="json"),
    "alert-registered": samples.registered().model_dump(mode="json"),
    "source": {each.form: each.text.splitlines() for each in fragments(plans.rewritten())},
    **{f"amazon-q-{name}": notification(samples.shown(samples.messages()[name])) for name in AMAZON_Q},
    **{f"slack-{name}": body(samples.shown(alert)) for name, alert in samples.messages().items()},
    "slack-superseded": reply_body(reply_of([samples.superseded()])),
    **{f"slack-{name}": made for name, made in threads.messages().items()},
}


@pytest.mark.parametrize("name", MADE)
def test_messages_are_those_that_were_read_and_approved(name: str) -> None:
    text = json.dumps(MADE[name], indent=2, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", MADE)
def test_no_environment_value_is_in_a_message(name: str) -> None:
    assert samples.CANARY not in json.dumps(MADE[name])


def test_the_page_shows_every_message_as_it_is_now() -> None:
    assert {f"slack-{name}" for name in page.TITLES} == {name for name in MADE if name.startswith("slack-")}
    if os.environ.get("UPDATE_GOLDEN"):
        page.PAGE.write_text(page.page(), encoding="utf-8")
    assert page.PAGE.read_text(encoding="utf-8") == page.page()


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(MADE)
