"""`outrider replay`, against the fake AWS: what the service would do, and that nothing is written or sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from aws.dry import DrySessions
from tests.aws_fake.watching import WRITES
from tests.cli.conftest import Run, held
from tests.cli.requesting import stack
from tests.event_rules import EVENTS
from tests.operations.conftest import sessions, world
from tests.operations.rolling import REPORT, inspector
from tests.operations.world import CANARY, PLACE, REGION, World, definition, registered, without_collector

__all__ = ["sessions", "world"]


@pytest.fixture(autouse=True)
def _here(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr("cli.deployed.Sessions", lambda *_, **__: world.sessions)
    world.sessions.__dict__.pop("caller", None)


def saved(event: Any, name: str = "event.json") -> str:
    Path(name).write_text(json.dumps(event), encoding="utf-8")
    return name


def registration(family: str = "web", number: int = 1) -> Any:
    """A sample event, of another revision."""
    text = json.dumps(EVENTS["register-task-definition"])
    arn = EVENTS["register-task-definition"]["detail"]["responseElements"]["taskDefinition"]["taskDefinitionArn"]
    event = json.loads(text.replace(arn, PLACE.arn("ecs", f"task-definition/{family}:{number}")))
    event["detail"]["requestParameters"]["family"] = family
    return event


def test_an_event_is_evaluated_and_nothing_is_written_or_sent(world: World, run: Run) -> None:
    world.register(without_collector())
    before = world.dump()
    world.calls.clear()
    ran = run("replay", saved(registration()))
    assert ran.code == 0, ran.err
    assert "There is no stack outrider" in ran.err
    assert f"Evaluates {PLACE}/family/web" in ran.out
    assert "Security Hub would receive" in ran.out
    assert "Alert, opened: web: sidecar.present" in ran.out
    assert "Plan " in ran.out
    assert not WRITES & world.calls.keys()
    assert not {name for name in world.calls if name.startswith(("Send", "Publish", "BatchImport", "Put"))}
    assert world.dump() == before
    assert CANARY not in ran.out + ran.err


def test_the_json_has_findings_and_alerts_as_they_would_be_sent(world: World, run: Run) -> None:
    world.register(without_collector())
    ran = run("replay", "--format", "json", saved([registration(), EVENTS["other-source"]]))
    held("replay", ran.json)
    first, second = ran.results
    assert first["subjects"] == [f"{PLACE}/family/web"]
    assert {each["rule"] for each in first["alerts"]} >= {"sidecar.present"}
    assert all(each["SchemaVersion"] for each in first["findings"])
    assert second["ignored"] == "no event rule of the stack takes it"
    assert CANARY not in ran.out


def test_with_a_stack_what_the_ledger_knows_counts(world: World, run: Run) -> None:
    arn = world.register(without_collector())
    world.run(arn)
    stack(world, "report")
    world.sees(registered(arn), inspector=inspector(world, REPORT))
    before = world.dump()
    ran = run("replay", "--format", "json", saved(registration()))
    assert (ran.code, ran.err) == (0, "")
    assert "sidecar.present" not in {each["rule"] for each in ran.results[0]["alerts"]}, "its finding is open already"
    assert world.dump() == before


def test_what_cannot_be_used_is_said(world: World, run: Run) -> None:
    world.register(definition())
    other = json.loads(json.dumps(registration()).replace("123456789012", "999988887777"))
    assert "of another account" in run("replay", saved(other)).err
    Path("bad.json").write_text("{", encoding="utf-8")
    assert run("replay", "bad.json").err == "bad.json is not JSON.\n"
    world.fail("DescribeTaskDefinition")
    ran = run("replay", saved(registration()))
    assert ran.code == 2
    assert "Failed: ecs:DescribeTaskDefinition" in ran.out


def test_a_dry_client_refuses_whatever_writes(world: World) -> None:
    dry = DrySessions(world.sessions, ledger=False)
    for service, call in (("ecs", "update_service"), ("ssm", "put_parameter"), ("iam", "put_role_policy")):
        with pytest.raises(AttributeError, match="writes"):
            getattr(dry.client(service, PLACE), call)
    with pytest.raises(AttributeError, match="writes"):
        dry.own("s3").put_object  # noqa: B018 - the access itself is refused
