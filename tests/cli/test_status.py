"""`outrider status`, against a deployed stack in the fake AWS."""

import re
from dataclasses import replace
from datetime import date

import pytest

from domain.organization import OwnersEntry, OwnersRecord
from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState, Quarantine
from domain.remediation.guard import Guard
from domain.remediation.reason import Code, Reason
from domain.severity import Severity
from domain.subject import SubjectId
from tests.cli.conftest import Run, held
from tests.cli.test_coverage import sweep
from tests.operations.conftest import sessions, world
from tests.operations.stack import Deployed, deploy
from tests.operations.world import (
    ACCOUNT,
    CANARY,
    FLOATING,
    PLACE,
    REGION,
    STANDARD,
    SWITCH,
    World,
    definition,
    registered,
)

__all__ = ["sessions", "world"]

FAMILY = SubjectId.parse(f"{PLACE}/family/web")
PINNED = "sidecar.image-pinned"
EXEMPT = (
    "version: 1\nexemptions:\n  - {rules: 'task.*', where: {family: cron}, reason: is replaced, expires: 2026-12-31}\n"
)


@pytest.fixture
def stack(world: World, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    monkeypatch.setenv("AWS_REGION", REGION)
    # One for all tests, as in tests/operations: to read botocore's models again takes half a second.
    monkeypatch.setattr("cli.deployed.Sessions", lambda *_, **__: world.sessions)
    monkeypatch.setattr("cli.status._now", world.now)
    world.sessions.__dict__.pop("caller", None)
    return deploy(world)


@pytest.fixture
def drifted(stack: Deployed) -> World:
    """Web drifts by two rules, and one of the findings is suppressed."""
    world = stack.world
    world.sees(registered(world.register(definition(collector={"image": FLOATING["image"], "essential": True}))))
    history = world.ledger.history(FAMILY)
    rows = dict(history.rows) | {PINNED: replace(history.rows[PINNED], suppressed=True)}
    world.ledger.subjects.write(history, replace(history.record, rows=rows))
    return world


def attempt(world: World, family: str, state: AttemptState, **members: object) -> Attempt:
    source = Revision(PLACE, family, 1)
    made = Attempt(source, "0123456789abcdef", state, world.now(), rules=(PINNED,))
    return world.ledger.attempts.write(replace(made, **members))  # type: ignore[arg-type] # members of an attempt


def test_what_is_open_and_the_plan_that_waits_with_the_command_that_approves_it(drifted: World, run: Run) -> None:
    proposed = drifted.ledger.history(FAMILY).proposed
    assert proposed is not None
    ran = run("status", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    found = ran.json
    held("status", found)
    assert (found["version"], found["account"], found["region"], found["stack"]) == (1, ACCOUNT, REGION, "outrider")
    assert [each["rule"] for each in found["findings"]] == ["sidecar.not-essential"]
    assert [each["rule"] for each in found["suppressed"]] == [PINNED]
    [plan] = found["plans"]
    assert (plan["name"], plan["revision"], plan["digest"]) == ("web", "web:1", proposed.digest)
    assert plan["command"] == f"outrider apply web --plan {proposed.digest} --region {REGION}"
    text = run("status").out
    assert plan["command"] in text
    assert re.search(r"Open findings\n  1 LOW", text)
    assert "Suppressed findings\n  family web: sidecar.image-pinned (LOW)" in text


def test_what_is_in_progress_what_failed_and_what_is_in_quarantine(drifted: World, run: Run) -> None:
    off = Reason(Code.SWITCH_OFF, SWITCH)
    waits = {"guard": Guard.KILL_SWITCH, "reasons": (off,), "due": drifted.now()}
    attempt(drifted, "api", AttemptState.WAITING, **waits)
    drifted.sees(registered(drifted.register(definition("cart", collector=FLOATING))))
    attempt(drifted, "cart", AttemptState.REFUSED, guard=Guard.IMAGE, reasons=(Reason(Code.IMAGE_NOT_ALLOWED, "x/y"),))
    attempt(drifted, "old", AttemptState.REFUSED, guard=Guard.IMAGE)  # nothing is known of its family any more
    failed = Attempt(Revision(PLACE, "web", 1), "", AttemptState.FAILED, drifted.now())
    drifted.ledger.attempts.write(failed, Quarantine((Reason(Code.UNDONE, "jo"),), drifted.now()))
    found = run("status", "--format", "json").json
    held("status", found)
    assert [(each["family"], each["state"], each["guard"]) for each in found["corrections"]] == [
        ("api", "waiting", "kill switch")
    ]
    assert [(each["family"], each["state"], each["guard"]) for each in found["failures"]] == [
        ("cart", "refused", "image")
    ]
    assert [each["family"] for each in found["quarantines"]] == ["web"]
    assert "web" not in [each["name"] for each in found["plans"]], "it cannot be approved before the release"
    text = run("status").out
    assert "Families in quarantine" in text
    assert f"outrider release web --region {REGION}" in text


def test_exemptions_the_last_sweep_and_that_corrections_are_off(stack: Deployed, run: Run) -> None:
    stack.world.client("ssm").put_parameter(Name=STANDARD, Value=EXEMPT, Type="String", Overwrite=True)
    stack.world.client("ssm").put_parameter(Name=SWITCH, Value="off", Type="String", Overwrite=True)
    stack.swept()
    found = run("status", "--format", "json").json
    held("status", found)
    assert found["exemptions"] == [
        {"rules": ["task.*"], "where": {"family": ["cron"]}, "expires": "2026-12-31", "reason": "is replaced"}
    ]
    assert found["swept"]["ended"]
    assert SWITCH in found["corrections_off"]
    text = run("status").out
    assert "task.* for family cron, until 2026-12-31: is replaced" in text
    assert "The last sweep began 2026-11-23" in text


def test_exemptions_of_layers_are_listed_with_those_of_the_document(stack: Deployed, run: Run) -> None:
    standard = EXEMPT + (
        "layers:\n  - where: {account: '111122223333'}\n"
        "    exemptions: [{rules: task.size, where: {family: old}, reason: is retired}]\n"
    )
    stack.world.client("ssm").put_parameter(Name=STANDARD, Value=standard, Type="String", Overwrite=True)
    out = run("status").out
    assert "task.* for family cron" in out
    assert "task.size for family old, without an end: is retired" in out


def test_stages_over_accounts_and_what_stopped_them(stack: Deployed, run: Run) -> None:
    ledger, standard = stack.world.ledger, "version: 1\nremediation: {stages: [{where: {account: '111122223333'}}]}\n"
    stack.world.client("ssm").put_parameter(Name=STANDARD, Value=standard, Type="String", Overwrite=True)
    assert "stage 2 of 2 waits for a verified correction in stage 1" in run("status").out
    ledger.stages.verified("now", 0, "111122223333", stack.world.now())
    out = run("status").out
    assert "stage 1 of 2: first verified 2026-11-23" in out
    assert "stage 2 of 2 begins 2026-11-24" in out
    ledger.stages.failed("now", 1, "444455556666", f"{REGION}/web")
    assert f"Stopped in all accounts: 444455556666/{REGION}/web failed." in run("status").out
    found = run("status", "--format", "json").json
    held("status", found)
    assert found["stages_stopped"]
    assert [each["corrected"] for each in found["stages"]] == [["111122223333"], []]
    stack.world.client("ssm").put_parameter(Name=SWITCH, Value="on without 444455556666", Overwrite=True)
    assert "Corrections are off in accounts 444455556666." in run("status").out


def test_exemptions_by_owners_of_the_account_and_what_does_not_count(stack: Deployed, run: Run) -> None:
    entry = OwnersEntry(("task.size",), {"family": ("web",)}, date(2026, 12, 20), "ends in seconds")
    stack.world.ledger.accounts.keep_exemptions(OwnersRecord(PLACE, (entry,), (("exemption-too-long", 7),)))
    ran = run("status")
    assert "Exemptions by owners of accounts" in ran.out
    assert f"{REGION}: task.size for family web, until 2026-12-20: ends in seconds" in ran.out
    assert f"{REGION}, line 7: does not count [exemption-too-long]" in ran.out
    found = run("status", "--format", "json").json
    held("status", found)
    assert [(each["rules"], each["expires"]) for each in found["owners"]] == [(["task.size"], "2026-12-20")]


def test_a_stack_of_which_there_is_nothing_to_report(stack: Deployed, run: Run) -> None:
    sweep(stack.world)
    [first, last] = run("status").out.splitlines()
    assert first == "No finding is open."
    assert last.startswith("The last sweep began")


def test_without_a_sweep_no_open_finding_is_not_called_none(stack: Deployed, run: Run) -> None:
    stack.world.ledger.table.delete(f"swept/{PLACE}", "run")
    assert run("status").out.splitlines() == [
        "Not everything was evaluated. No sweep has ended yet, so the coverage is not known.",
        "No finding is open in what was evaluated.",
        "There was no sweep yet.",
    ]
    found = run("status", "--format", "json").json
    assert found["coverage"] == {"complete": False, "proof": "none", "uncovered": []}


def test_findings_plans_and_quarantines_of_all_accounts_the_worst_first(drifted: World, run: Run) -> None:
    other = SubjectId.parse("222222222222/us-east-1/family/vault")
    record = drifted.ledger.history(FAMILY).record
    rows = {
        rule: replace(row, finding=replace(row.finding, subject=other, severity=Severity.CRITICAL))
        for rule, row in record.rows.items()
    }
    drifted.ledger.subjects.write(drifted.ledger.history(other), replace(record, rows=rows))
    found = run("status", "--format", "json").json
    held("status", found)
    assert [(each["account"], each["severity"]) for each in found["findings"]] == [
        ("222222222222", "CRITICAL"), (ACCOUNT, "LOW"),
    ]  # fmt: skip
    arn = other.place.arn("ecs", "task-definition/vault")
    assert [each["command"] for each in found["plans"]] == [
        f"outrider apply {what} --plan {found['plans'][0]['digest']} --region {REGION}" for what in (arn, "web")
    ]
    text = run("status").out
    assert f"By account and region\n  CRITICAL {other.place}: 1 CRITICAL; 1 plan waits for approval\n" in text
    assert f"vault:1 in {other.place}, plan" in text


def test_an_account_that_the_last_sweep_could_not_read_is_named(stack: Deployed, run: Run) -> None:
    stack.world.run(stack.world.register())
    stack.world.fail("ListServices")
    sweep(stack.world)
    text = run("status").out
    assert "Not everything was evaluated. The last sweep could not cover everything." in text
    assert "No finding is open in what was evaluated." in text
    [line] = re.findall(r"Not covered by the last sweep\n  (.*)\n", text)
    assert line.startswith(f"{PLACE}: an unknown number of services denied (ecs:ListServices: AccessDeniedException)")
    found = run("status", "--format", "json").json["coverage"]
    assert (found["complete"], found["proof"]) == (False, "intact")
    assert [(each["account"], each["region"]) for each in found["uncovered"]] == [(ACCOUNT, REGION)]
    assert found["uncovered"][0]["since"]


def test_a_coverage_that_may_not_be_read_is_said_so_and_hides_nothing_else(drifted: World, run: Run) -> None:
    sweep(drifted)
    drifted.fail("GetObject")
    text = run("status").out
    assert "The coverage is not known: s3:GetObject" in text
    assert "Open findings\n  2 LOW" in text


def test_a_standard_that_is_not_valid_hides_nothing_else(stack: Deployed, run: Run) -> None:
    stack.world.client("ssm").put_parameter(Name=STANDARD, Value="nonsense", Type="String", Overwrite=True)
    assert run("status", "--format", "json").json["exemptions"] is None
    assert "The stored standard is not valid, so its exemptions are not listed." in run("status").out


def test_it_only_reads_and_shows_no_value(drifted: World, run: Run) -> None:
    drifted.calls.clear()
    ran = run("status")
    assert all(re.match("Get|List|Describe|Scan|Query", call) for call in drifted.calls)
    assert CANARY not in ran.out + ran.err


@pytest.mark.usefixtures("stack")
def test_a_stack_that_is_not_there(run: Run) -> None:
    ran = run("status", "--stack", "other")
    assert ran.code == 2
    assert "There is no stack other in eu-west-1." in ran.err
