"""`outrider sweep`: what the state machine is given, and what is refused."""

import json

import pytest

from tests.cli.conftest import Run
from tests.operations.conftest import sessions, world
from tests.operations.stack import STACK, deploy
from tests.operations.world import ACCOUNT, REGION, World

__all__ = ["sessions", "world"]

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:outrider-sweep"


@pytest.fixture
def deployed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr("cli.deployed.Sessions", lambda *_, **__: world.sessions)
    deploy(world)
    world.stacks[STACK]["Outputs"].append({"OutputKey": "SweepMachine", "OutputValue": MACHINE})
    return world


@pytest.mark.parametrize(
    ("options", "given", "sentence"),
    [
        ((), {}, "`outrider coverage` shows what it covered"),
        (("--quiet",), {"quiet": True}, "`outrider coverage` shows what it covered"),
        (
            ("--account", "111122223333", "--only-region", "us-east-1", "--cluster", "shop"),
            {"account": "111122223333", "region": "us-east-1", "cluster": "shop"},
            "ends at once and does nothing.",
        ),
        (("--family", "web"), {"family": "web"}, "ends at once and does nothing."),
    ],
)
def test_the_state_machine_is_started_with_what_is_asked_for(
    deployed: World, run: Run, options: tuple[str, ...], given: dict[str, object], sentence: str
) -> None:
    ran = run("sweep", *options)
    assert ran.code == 0
    assert "Sweep execution-1 was started." in ran.out
    assert sentence in ran.out
    (body,) = deployed.aws.region().machines.executions.values()
    assert json.loads(body) == given


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--cluster", "a", "--family", "b"), "cannot be combined"),
        (("--account", "12"), "--account takes 12 digits"),
        (("--only-region", "Europe"), "a region such as eu-west-1"),
        (("--stack", "other"), "There is no stack other"),
    ],
)
def test_what_cannot_be_requested_is_reported(
    deployed: World, run: Run, options: tuple[str, ...], sentence: str
) -> None:
    ran = run("sweep", *options)
    assert ran.code == 2
    assert sentence in ran.err
    assert not deployed.aws.region().machines.executions


@pytest.mark.usefixtures("deployed")
def test_a_stack_without_a_state_machine_is_not_outriders(world: World, run: Run) -> None:
    world.stacks[STACK]["Outputs"].pop()
    ran = run("sweep")
    assert ran.code == 2
    assert "it has no output SweepMachine" in ran.err
