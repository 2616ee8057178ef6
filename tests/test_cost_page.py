"""docs/cost.md is up to date, and computed from what is counted."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from aws.stack_health import StackHealth
from domain.findings.finding import TransitionKind
from domain.remediation.attempt import AttemptState
from domain.remediation.guard import Guard
from domain.severity import Severity
from handlers import metrics
from operations.sweep.certifying import _LONGEST, _OF_ITS_AGE, _SHORTEST
from rules import CATALOGUE
from tests.operations.conftest import sessions, world
from tests.operations.inspection.test_costs import CEILINGS, cost, families
from tests.operations.world import (
    ACCOUNT,
    BROKEN,
    PARAMETER,
    PLACE,
    REGION,
    World,
    parameter_changed,
    service_changed,
)
from tests.templates import of_type, template
from tools import cost_page
from tools.bundle import SERVICES

__all__ = ["sessions", "world"]

# CloudTrail's data events, which no trail has by default.
DATA_EVENTS = frozenset({
    "BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "TransactWriteItems",
    "UpdateItem", "SendMessage", "SendMessageBatch", "Publish", "PublishBatch",
})  # fmt: skip


def test_the_page_is_up_to_date() -> None:
    assert cost_page.PAGE.read_text(encoding="utf-8") == cost_page.page(), "run `make docs`"


def test_as_many_values_of_dimensions_are_assumed_as_there_can_be() -> None:
    """All but the calls that fail, of which there are about ten, by which UnknownVerdicts is counted."""
    counts = {
        metrics.Dimension.RULE: len(CATALOGUE),
        metrics.Dimension.CHANGE: len(TransitionKind),
        metrics.Dimension.SEVERITY: len(Severity),
        metrics.Dimension.OUTCOME: len(AttemptState),
        metrics.Dimension.GUARD: len(Guard),
        metrics.Dimension.AWS_SERVICE: len(SERVICES),
    }
    found = [each for each in vars(metrics).values() if isinstance(each, metrics.Metric)]
    most = sum(5 if each in {metrics.MESSAGES, metrics.FAILED_MESSAGES} else counts.get(each.by, 1) for each in found)
    [line] = [each for each in cost_page.bills()[0].lines() if each.what == "Metrics"]
    assert most < line.units < most + 15


def test_a_larger_fleet_costs_more_and_each_service_less() -> None:
    bills = cost_page.bills()
    totals = [sum(map(bill.usd, bill.lines())) for bill in bills]
    assert totals == sorted(totals)
    assert totals[0] / bills[0].services > totals[1] / bills[1].services > totals[2] / bills[2].services


def test_the_readme_has_the_totals_of_the_smallest_and_the_largest_fleet() -> None:
    readme = (cost_page.PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
    bills = cost_page.bills()
    small, large = (f"{sum(map(bill.usd, bill.lines())):.0f}" for bill in (bills[0], bills[-1]))
    assert f"about {small} US dollars a month for 100 services and {large} for 10,000" in readme


def test_every_price_is_used_and_every_counted_kind_of_evaluation_too() -> None:
    bill = cost_page.bills()[0]
    assert {line.price for line in (*bill.lines(), *bill.others())} == bill.prices.keys()
    assert bill.management_events.keys() == CEILINGS.keys()


def test_a_sweep_takes_no_more_state_transitions_than_are_assumed() -> None:
    """Of 10,000 services of which each must be read: a listing for an hour, and evaluations for forty minutes."""
    states = template()["Resources"]["SweepMachine"]["Properties"]["Definition"]["States"]
    age, counts = 0.0, 0
    while age < timedelta(minutes=40).total_seconds():
        age += min(max(int(age / _OF_ITS_AGE), _SHORTEST), _LONGEST)
        counts += 1
    counted = {"Evaluations", "Evaluated", "Pause"}
    once = states.keys() - counted - {"AnotherRuns", "Again"}
    listed = states["Places"]["ItemProcessor"]["States"].keys() - {"Sent"}
    starts = 2
    most = len(once) + counts * len(counted) + 6 * len(listed) + 1 + starts
    [line] = [each for each in cost_page.bills()[0].lines() if each.price == "State transitions"]
    assert most <= line.units / 30 < most * 1.2


def test_a_sweep_writes_and_reads_no_more_objects_than_are_assumed(world: World) -> None:
    world.run(world.register())
    world.sweeping().sweep()
    world.calls.clear()
    world.sweeping().sweep()
    lines = {each.price: each.units / 30 for each in cost_page.bills()[0].lines()}
    # Five more listings each write and read how far they came; the state machine reads the places.
    for price, call, more in (("S3 writes", "PutObject", 5), ("S3 reads", "GetObject", 5 + 1)):
        assert lines[price] - 3 <= world.calls[call] + more <= lines[price], price


def test_a_sweep_asks_for_no_more_metrics_than_are_assumed() -> None:
    queues = [name for name in of_type("AWS::SQS::Queue") if not name.endswith("Dlq")]
    asked = list[Any]()

    class Pages:
        def paginate(self, **given: Any) -> Iterator[Any]:
            asked.extend(given["MetricDataQueries"])
            return iter(())

    class Client:
        def get_paginator(self, _: str) -> Pages:
            return Pages()

    class Only:
        def own(self, _: str) -> Client:
            return Client()

    StackHealth(cast("Any", Only()), PLACE).measured("Outrider/x", queues, datetime(2026, 6, 30, tzinfo=UTC))
    [line] = [each for each in cost_page.bills()[0].lines() if each.price == "Metrics read"]
    single = [each for each in asked if "MetricStat" in each]
    assert line.units / 30 == len(single) + 10


def registered(world: World) -> None:
    cost(world, *families(world))


def swept(world: World) -> None:
    registered(world)
    body = {"kind": "family", "account": ACCOUNT, "region": REGION}
    cost(world, *(json.dumps(body | {"family": f"web-{n}"}) for n in range(10)))


def broken(world: World) -> None:
    registered(world)
    world.client("ssm").put_parameter(Name=PARAMETER, Value=BROKEN, Type="String", Overwrite=True)
    cost(world, parameter_changed())


def scaled(world: World) -> None:
    arn = world.run(world.register())
    cost(world, service_changed(arn, "CreateService"))
    world.client("ecs").update_service(cluster="shop", service="web", desiredCount=7)
    cost(world, service_changed(arn))


@pytest.mark.parametrize(("what", "play"), list(zip(CEILINGS, (registered, swept, broken, scaled), strict=True)))
def test_the_ceilings_of_management_events_hold(world: World, what: str, play: Callable[[World], None]) -> None:
    play(world)
    counted = sum(number for operation, number in world.calls.items() if operation not in DATA_EVENTS)
    most = cost_page.bills()[0].management_events[what]
    assert most / 2 < counted <= most
