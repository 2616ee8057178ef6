"""`outrider coverage`, against a deployed stack in the fake AWS."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from domain.coverage import Certificate
from tests.cli.conftest import Run, held
from tests.operations.conftest import sessions, world
from tests.operations.stack import deploy
from tests.operations.sweeping import BUCKET
from tests.operations.world import REGION, World, definition

__all__ = ["sessions", "world"]


@pytest.fixture
def swept(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A family was evaluated, and the services could not be listed."""
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr("cli.deployed.Sessions", lambda *_, **__: world.sessions)
    deploy(world)
    world.register(definition())
    world.fail("ListServices")
    world.run(world.register(definition("api")), "api")
    sweep(world)
    return world


def sweep(world: World) -> Certificate:
    sweeping = world.sweeping()
    sweeping.list()
    waiting = world.aws.sqs.queue("changes").waiting
    bodies = [message.body for message in waiting]
    waiting.clear()
    world.sees(*bodies)
    return sweeping.certify().certificate


@pytest.mark.usefixtures("swept")
def test_what_is_missing_is_named_with_the_call_and_the_code_says_so(run: Run) -> None:
    ran = run("coverage")
    assert ran.code == 1
    first, *_, last = ran.out.splitlines()
    assert first == "The coverage of 1 account and region is not complete: 5 evaluated."
    assert last.strip() == (
        "123456789012/eu-west-1: an unknown number of services denied, ecs:ListServices: AccessDeniedException"
    )


def test_what_is_printed_is_of_its_schema_and_a_complete_one_exits_with_0(swept: World, run: Run) -> None:
    ran = run("coverage", "--format", "json")
    held("coverage", ran.json)
    assert (ran.code, ran.json["complete"], ran.json["intact"]) == (1, False, True)
    first = ran.json["digest"]
    swept.troubles.clear()
    sweep(swept)
    ran = run("coverage", "--format", "json")
    assert (ran.code, ran.json["complete"], ran.json["before"]) == (0, True, first)


def test_a_certificate_that_was_changed_is_not_believed(swept: World, run: Run) -> None:
    swept.troubles.clear()
    sweep(swept)
    bucket = swept.aws.region().s3.buckets[BUCKET]
    last = swept.ledger.runs.last()
    assert last is not None
    certificate = json.loads(bucket[last.key])
    certificate["standard"] = "0123456789abcdef"
    bucket[last.key] = json.dumps(certificate).encode()
    ran = run("coverage")
    assert ran.code == 1
    assert "It is not the certificate that the sweep stored" in ran.out
    del bucket[last.key]
    assert run("coverage").code == 2


def test_before_the_first_sweep_there_is_none(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr("cli.deployed.Sessions", lambda *_, **__: world.sessions)
    deploy(world)
    ran = run("coverage")
    assert (ran.code, "no sweep has ended" in ran.err) == (2, True)


def test_the_sweeps_report_is_written_to_a_file(swept: World, run: Run, tmp_path: Path) -> None:
    ran = run("coverage", "--report", str(tmp_path / "out.html"))
    assert (ran.code, ran.err) == (1, f"The report is in {tmp_path / 'out.html'}.\n")
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    last = swept.ledger.runs.last()
    assert last is not None
    swept.ledger.runs.certified(replace(last, report="reports/expired.html"))
    ran = run("coverage", "--report", str(tmp_path / "gone.html"))
    assert (ran.code, ran.err) == (2, "The last sweep has no report, or it is not there any more.\n")
