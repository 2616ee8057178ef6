"""Every guard, when it alone forbids: nothing is registered or updated, and outcome, log, metric and alert name it."""

import json
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState
from domain.remediation.guard import Guard
from operations.remediation.outcome import Outcome
from tests.aws_fake.calls import Calls
from tests.operations.guarding import ROWS, SHORTLY, SOON, Row, hour_taken, played, silence
from tests.operations.playing import Run, Scenario, account, arn_of, ask, asked, proposed_digest, request
from tests.operations.saying import said

# --- the test ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.guard)
def test_a_guard_that_alone_forbids_stops_it_and_names_itself(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    run = played(row, sessions)
    assert run.stuck == []
    assert run.aws.services.updates == []
    before = len(run.aws.definitions.families["web"]) - row.registers
    assert before == sum("outrider:source" not in _tags(run, number) for number in run.aws.definitions.active())
    first, *_, last = [run.outcomes[0], *(each for each in run.outcomes if each.attempt == run.outcomes[0].attempt)]
    assert first.guards == last.guards == {row.guard}
    *before_it, alert = published_once(run)
    if row.registers:
        assert all("updated next" in each["title"] for each in before_it)
        assert (alert["transition"], last.state) == ("registered", AttemptState.REGISTERED)
        [reason] = alert["reasons"]
        assert reason.startswith(f"shop/web: {row.guard}: ")
    else:
        assert not before_it
        assert (alert["transition"], last.state, alert["guard"]) == ("refused", row.state, row.guard)
        assert alert["reasons"]
        assert all(alert["reasons"])
    assert named_by_the_function(first, monkeypatch) == {row.guard}
    assert run.end()["due"] == []


def published_once(run: Run) -> list[Any]:
    """The outcomes as people receive them: of each id the first body, and there is no other."""
    published = dict[str, Any]()
    for alert in (each for each in run.alerts if each["kind"] == "outcome" and each["name"] != "shop/other"):
        assert published.setdefault(alert["id"], alert) == alert
    return list(published.values())


def _tags(run: Run, number: int) -> set[str]:
    return {tag["key"] for tag in run.aws.definitions.tags[arn_of(number)]}


def named_by_the_function(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The guards that the metric counts; each is in the line of the log, too."""
    from handlers import metrics, remediate  # noqa: PLC0415 - its logger takes the standard output of now

    class Remediator:
        def remediate(self, *_: str) -> Outcome:
            return outcome

    lines = list[Any]()
    monkeypatch.setattr(remediate, "remediator", Remediator)
    monkeypatch.setattr(remediate.logger, "info", lambda *_, **given: lines.append(given))
    recorder = metrics.Recorder("remediate")
    monkeypatch.setattr(remediate, "recorder", recorder)
    assert remediate._remediated("m0", "", "")
    [line] = lines
    named = {of for metric, of in recorder._counts if metric is metrics.CORRECTIONS_REFUSED}
    assert all(guard in json.dumps(line, default=str) for guard in named)
    return named


# --- what waits for its turn ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "guard"),
    [("registrations", Guard.REGISTRATIONS_PER_HOUR), ("rollouts", Guard.ROLLOUTS_PER_HOUR)],
)
def test_what_waits_for_its_turn_waits_for_longer_than_the_window_and_is_corrected_then(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, what: str, guard: Guard
) -> None:
    run = Run(Scenario(None, asked("shop/web"), SOON), sessions, Calls(account(SOON)))
    with run.line.answering():
        asked("shop/web")(run)
        for _ in range(10):  # each time an hour later: the window is one hour
            hour_taken(what)(run)
            run.step()
            assert run.outcomes[-1].guards == {guard}
        assert "refused" not in [alert["transition"] for alert in run.alerts]
        assert named_by_the_function(run.outcomes[-1], monkeypatch) == {guard}
        run.until_quiet()
    assert run.outcomes[-1].state is AttemptState.DEPLOYED


# --- what is no guard, and as final -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wording",
    [
        "mode: report\n",
        "mode: deploy\nrules: [{rules: sidecar.image-pinned, mode: report}]\n",
        "mode: deploy\nrules: [{rules: sidecar.image-pinned, approval: true}]\n",
        "mode: deploy\nexemptions: [{rules: ['*'], where: {family: web}, reason: It is tried out.}]\n",
    ],
    ids=["report", "report for the rule", "approval for the rule", "exempt"],
)
def test_what_the_standard_does_not_let_be_corrected_has_no_plan(sessions: Sessions, wording: str) -> None:
    run = played(Row("", asked("shop/web"), f"version: 1\n{wording}{SHORTLY}"), sessions)
    assert [(each.state, said(each)) for each in run.outcomes] == [
        (AttemptState.NOTHING, ("Nothing is left to correct.",))
    ]
    assert (run.aws.definitions.active(), run.alerts, run.end()["due"]) == ([1], [], [])


def test_what_is_suppressed_is_left_out_of_what_nobody_asked_for(sessions: Sessions) -> None:
    def begin(run: Run) -> None:
        proposed_digest(run)
        run.aws.sqs.purge()
        silence(run)
        ask(run, request())

    run = played(Row("", begin), sessions)
    assert [each.state for each in run.outcomes] == [AttemptState.NOTHING]
    assert run.aws.definitions.active() == [1]


# --- no guard without a row -------------------------------------------------------------------------------------------


def test_no_guard_is_without_a_row() -> None:
    """Those of turns end nothing; test_deployments.py and test_operating.py have the other two."""
    elsewhere = {guard for guard in Guard if guard.gives_turns} | {Guard.WAY_BACK, Guard.ACCOUNT}
    assert {row.guard for row in ROWS} == set(Guard) - elsewhere
