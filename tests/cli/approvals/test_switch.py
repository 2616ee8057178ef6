"""`outrider corrections`: the switch, and where corrections stand."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from aws.calls import CallFailed
from domain.remediation.attempt import AttemptState
from domain.standard import Mode
from tests.cli.conftest import Run
from tests.cli.requesting import ARN, rows, stack, work
from tests.operations.rolling import DEPLOY, attempt, inspector, remediator, request, switch
from tests.operations.world import ACCOUNT, SWITCH, TABLE, World, definition, registered


def with_switch(world: World) -> None:
    queue = world.queues["remediations.fifo"]
    stack(world, RemediationsQueue=queue, LedgerTable=TABLE, CorrectionsSwitch=SWITCH)


def switched(world: World) -> str:
    return str(world.client("ssm").get_parameter(Name=SWITCH)["Parameter"]["Value"])


# --- the switch -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("meanwhile")
def test_the_switch_is_turned_on_and_off_and_the_command_says_by_whom(world: World, run: Run) -> None:
    with_switch(world)
    ran = run("corrections", "off")
    assert (ran.code, switched(world)) == (0, "off")
    assert ran.err.startswith("Corrections are off, turned off by arn:aws:")
    assert "is not on." in run("corrections").err
    ran = run("corrections", "on", "--yes")
    assert (ran.code, switched(world)) == (0, "on")
    assert "switch" not in run("corrections").err


@pytest.mark.usefixtures("meanwhile")
def test_the_switch_of_one_account_is_turned_and_stays_while_all_are_turned(world: World, run: Run) -> None:
    with_switch(world)
    ran = run("corrections", "on", "--account", "111122223333", "--yes")
    assert (ran.code, switched(world)) == (0, "on")
    assert "What waits there is tried within 15 minutes." in ran.err
    ran = run("corrections", "off", "--account", "111122223333")
    assert (ran.code, switched(world)) == (0, "on without 111122223333")
    assert ran.err.startswith("Corrections in account 111122223333 are off, turned off by arn:aws:")
    assert "switch" not in run("corrections").err
    run("corrections", "off")
    assert switched(world) == "off without 111122223333"
    assert "They stay off in 111122223333." in run("corrections", "on", "--yes").err
    run("corrections", "off", "--account", ACCOUNT)
    assert f"is off in account {ACCOUNT}: " in run("corrections").err
    assert run("corrections", "web", "--account", "111122223333").code == 2


@pytest.mark.usefixtures("meanwhile")
@pytest.mark.usefixtures("fleet", "meanwhile")
def test_when_corrections_are_on_again_what_waited_goes_on_at_once(world: World, run: Run) -> None:
    with_switch(world)
    switch(world, "off")
    remediator(world).remediate(request())
    take = work(world, DEPLOY)
    ran = run("corrections", "on", "--yes")
    assert "What waits is tried again now: web." in ran.err
    take()
    assert (attempt(world).state, [each.number for each in world.revisions()]) == (AttemptState.ROLLING, [2, 1])


@pytest.mark.usefixtures("fleet", "meanwhile")
def test_what_waited_too_long_for_the_switch_is_listed_and_retried(world: World, run: Run) -> None:
    with_switch(world)
    using = inspector(world, DEPLOY)
    switch(world, "off")
    world.sees(registered(f"{ARN}task-definition/web:1"), inspector=using)
    for hours in (0, 25):
        world.pass_(hours=hours)
        remediator(world).remediate(request("resume", attempt="1") if hours else request())
    assert (attempt(world).state, attempt(world).guard) == (AttemptState.REFUSED, "kill switch")
    assert "is not on" in run("corrections").out
    switch(world, "on")
    assert "Corrections were off when it was last tried, and are on now." in " ".join(rows(run("corrections")))
    asked = work(world, DEPLOY)
    assert "What waits is tried again now: web." in run("retry").err
    asked()
    correct = work(world, DEPLOY)
    waiting = world.aws.sqs.queue("changes").waiting
    bodies = [message.body for message in waiting]
    waiting.clear()
    world.sees(*bodies, inspector=using)
    correct()
    assert (attempt(world).state, [each.number for each in world.revisions()]) == (AttemptState.ROLLING, [2, 1])


@pytest.mark.usefixtures("fleet")
def test_a_retry_that_fails_halfway_is_carried_out_by_the_next_delivery(world: World) -> None:
    with_switch(world)
    switch(world, "off")
    remediator(world).remediate(request())
    world.pass_(hours=25)
    remediator(world).remediate(request("resume", attempt="1"))
    assert (attempt(world).state, attempt(world).guard) == (AttemptState.REFUSED, "kill switch")
    world.aws.sqs.purge("changes")
    world.fail("SendMessageBatch", "InternalFailure", times=9)
    with pytest.raises(CallFailed):
        remediator(world).remediate(request("retry"))
    world.troubles.clear()
    remediator(world).remediate(request("retry"))
    assert [json.loads(message.body)["kind"] for message in world.aws.sqs.queue("changes").waiting][:1] == ["family"]
    assert world.ledger.attempts.stopped() == []


@pytest.mark.usefixtures("fleet")
def test_where_nothing_waits_a_retry_says_what_helps(world: World, run: Run) -> None:
    assert "No correction waits." in run("retry").err
    remediator(world, cap=Mode.DEPLOY).remediate(request())
    world.ledger.attempts.write(replace(attempt(world), state=AttemptState.FAILED))
    ran = run("retry", "web")
    assert ran.code == 2
    assert "`outrider release web`" in ran.err


def test_the_switch_is_turned_on_only_by_who_says_yes(world: World, run: Run) -> None:
    with_switch(world)
    run("corrections", "off")
    assert (run("corrections", "on", stdin=b"n\n").code, switched(world)) == (1, "off")
    assert (run("corrections", "on", stdin=b"y\n").code, switched(world)) == (0, "on")


@pytest.mark.usefixtures("meanwhile")
def test_a_switch_that_was_never_set_is_off(world: World, run: Run) -> None:
    with_switch(world)
    world.client("ssm").delete_parameter(Name=SWITCH)
    assert "is not set. Turn corrections on with `outrider corrections on`." in run("corrections").err
    run("corrections", "on", "--yes")
    assert switched(world) == "on"


@pytest.mark.usefixtures("meanwhile")
def test_a_stack_that_corrects_nothing_has_no_switch_to_turn(world: World, run: Run) -> None:
    stack(world, "report")
    assert run("corrections", "off").code == 2
    assert switched(world) == "on"


LOADED = """\
import sys
from cli.main import main
main(["check", "--format", "json", sys.argv[1]])
print([name for name in sys.modules if name.split(".")[0] in {"boto3", "botocore", "aws", "operations"}])
"""


# --- and files stay quick ---------------------------------------------------------------------------------------------


def test_judging_files_loads_nothing_of_aws(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    path.write_text(json.dumps(definition()), encoding="utf-8")
    source = Path(__file__).parents[3] / "src"
    command = [sys.executable, "-c", LOADED, str(path)]
    ran = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    assert ran.stdout.splitlines()[-1] == "[]"
