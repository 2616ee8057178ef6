"""The function sweep: its steps, what it logs, and its metrics."""

import importlib
from collections import Counter
from datetime import UTC, datetime

import pytest

from aws.ledger import SweepBasis
from domain.severity import Severity
from operations.standards import Standards
from settings import RELEASE
from tests.handlers.conftest import Call, Context
from tests.handlers.output import Function, metrics, swept
from tests.operations.test_digests import certified
from tests.operations.world import FLOATING, PLACE, World, definition, registered


def by_the_standard_of_now(world: World) -> None:
    """The last sweep was by it: the next is no baseline."""
    with world.peace():
        world.ledger.health.finished(PLACE, SweepBasis(RELEASE, Standards(world.sessions, "", ()).current().digest))


def test_a_sweep_counts_what_it_sent_and_what_is_open(
    world: World, inspect: Call, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    by_the_standard_of_now(world)
    capsys.readouterr()
    function("sweep")
    assert swept(world) == {"again": False, "run": "daily.2", "complete": True}
    found = metrics(capsys.readouterr().out)
    assert (found["SweptFamilies/sweep"], found["SweptServices/sweep"], found["CoverageGaps/sweep"]) == (1, 0, 0)
    by_severity = Counter(
        world.hub.findings[f"outrider/{PLACE}/{id_}"]["Severity"]["Label"] for id_ in world.hub.open()
    )
    severities = [severity for severity in Severity if severity is not Severity.INFORMATIONAL]
    assert {s: found[f"OpenFindings/{s}"] for s in severities} == {s: by_severity[s] for s in severities}


def test_a_baseline_that_could_not_publish_its_digest_publishes_it_once_when_it_is_retried(
    world: World, inspect: Call, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    function("sweep")
    world.fail("Publish", "ThrottlingException", times=1)
    capsys.readouterr()
    swept(world, at="2026-08-01T08:00:00Z")
    assert metrics(capsys.readouterr().out)["SweptFamilies/sweep"] == 1
    [digest] = [alert for alert in world.alerts if alert["kind"] == "digest"]
    assert digest["id"] == f"{PLACE}/digest/2026-08-01T08:00:00+00:00"
    assert digest["title"].startswith("Everything was evaluated: ")


def test_a_second_execution_ends_at_once_and_does_nothing(world: World, inspect: Call, function: Function) -> None:
    inspect(registered(world.register()))
    function("sweep")
    assert importlib.import_module("handlers.sweep").handler(
        {"step": "begin", "run": "first", "request": {}}, Context()
    )["started"]
    before = len(world.sent_back)
    assert not swept(world)["begun"]["started"]
    assert len(world.sent_back) == before


def test_a_count_that_fails_is_not_worth_another_sweep(
    world: World, inspect: Call, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    by_the_standard_of_now(world)
    world.fail("Scan", after=1)
    function("sweep")
    assert swept(world)["complete"]
    out = capsys.readouterr().out
    assert "The open findings were not counted" in out
    assert "OpenFindings" not in out


def test_a_stack_that_cannot_be_checked_is_not_worth_another_sweep(
    world: World, inspect: Call, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    by_the_standard_of_now(world)
    world.fail("DescribeStacks")
    function("sweep")
    assert swept(world)["complete"]
    assert "The stack was not checked" in capsys.readouterr().out
    run = world.ledger.health.run(PLACE)
    assert run is not None
    assert run.ended is not None


@pytest.mark.parametrize("at", ["2026-08-01T08:00:00Z", "<aws.scheduler.scheduled-time>"])
def test_the_daily_digest_is_published_and_nothing_is_swept(
    world: World, inspect: Call, function: Function, at: str, capsys: pytest.CaptureFixture[str]
) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    function("sweep")
    before = len(world.sent_back)
    capsys.readouterr()
    answer = importlib.import_module("handlers.sweep").handler({"digest": True, "at": at}, Context())
    assert answer == {"published": 1}
    assert len(world.sent_back) == before
    published = world.alerts[-1]
    assert (published["kind"], published["transition"]) == ("digest", "daily")
    assert (published["occurred"] == "2026-08-01T08:00:00Z") is at.startswith("2026")
    assert "SweptFamilies" not in capsys.readouterr().out


def test_each_team_has_a_weekly_digest_and_nothing_is_swept(world: World, inspect: Call, function: Function) -> None:
    inspect(registered(world.register(definition(collector=FLOATING))))
    function("sweep")
    before = len(world.sent_back)
    given = {"weekly": True, "at": "2026-08-03T08:00:00Z"}
    assert importlib.import_module("handlers.sweep").handler(given, Context()) == {"published": 1}
    assert len(world.sent_back) == before
    assert (world.alerts[-1]["transition"], world.alerts[-1]["team"]) == ("weekly", "shop")


@pytest.mark.usefixtures("inspect")
def test_where_there_is_nothing_to_tell_there_is_no_daily_digest(world: World, function: Function) -> None:
    certified(world.sessions, at=datetime.now(UTC))
    function("sweep")
    answer = importlib.import_module("handlers.sweep").handler({"digest": True}, Context())
    assert answer == {"published": 0}
    assert world.alerts == []
