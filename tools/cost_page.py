"""docs/cost.md: what a month costs at AWS, from counted calls and dated prices.

PYTHONPATH=src:. .venvs/dev/bin/python tools/cost_page.py [--check]

--check writes nothing and exits with 1 if the page is out of date.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.operations.inspection.test_costs import CEILINGS
from tests.templates import of_type, template

ROOT = Path(__file__).resolve().parent.parent
PAGE, PRICES = ROOT / "docs" / "cost.md", ROOT / "tools" / "prices.yaml"
FLEETS = (100, 1_000, 10_000)

_REGISTERED = "ten families are registered, each with roles of its own"
_SWEPT = "the same again, as a sweep sends them"
_PARAMETER = "a parameter that ten families read breaks"
_SERVICE = "a service is scaled"
_FAMILIES = 10  # of a batch whose calls are counted
_A_MONTH = 30  # days
_MINUTES = _A_MONTH * 24 * 60
_OTHERS_ASKED = 2  # metrics of Outrider's own, besides those of queues and causes
_A_MESSAGE = 3  # requests: send, receive, delete
_KB, _GB = 1_000, 1_000_000  # in KB


@dataclass(frozen=True, slots=True)
class Evaluations:
    """One kind of evaluation: how many a month, and what each takes at most."""

    what: str
    number: float
    calls: float
    iam: float
    write_units: float
    management_events: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill: what, by which price, how many units, and why."""

    what: str
    price: str
    units: float
    why: str


@dataclass(frozen=True, slots=True)
class Bill:
    """A month of a fleet of so many services."""

    services: int
    prices: Mapping[str, Any]
    month: Mapping[str, float]
    management_events: Mapping[str, int]
    alarms: int

    def evaluations(self) -> tuple[Evaluations, ...]:
        """Return what is evaluated in a month. A deployment is one registration and three events of the service."""
        month, services = self.month, self.services
        deployments, swept = month["deployments"] * services, month["sweeps"] * services
        events = 2 * deployments + month["scalings"] * services
        return (
            self._of("revisions that are registered", _REGISTERED, deployments),
            self._of("families that a sweep sends", _SWEPT, swept),
            self._of("families of a parameter that changed", _PARAMETER, month["parameter_changes"] * services),
            self._of("services that changed, or that a sweep sends", _SERVICE, events + swept),
        )

    def _of(self, what: str, ceiling: str, number: float) -> Evaluations:
        most, batch = CEILINGS[ceiling], 1 if ceiling == _SERVICE else _FAMILIES
        events = self.management_events[ceiling] / batch
        return Evaluations(what, number, most.calls / batch, most.iam / batch, most.write_units / batch, events)

    def lines(self) -> Iterator[Line]:
        """Yield the stack's own bill."""
        month, every = self.month, self.evaluations()
        number = sum(each.number for each in every)
        yield Line("DynamoDB", "DynamoDB writes", sum(each.number * each.write_units for each in every), "counted")
        yield Line("DynamoDB", "DynamoDB reads", number * month["reads"], "each evaluation")
        yield Line("DynamoDB", "DynamoDB storage", self.services * month["record_kb"] / _GB, "each service")
        resumed = _MINUTES  # the schedule that resumes corrections
        yield Line("Lambda", "Lambda requests", 2 * number + resumed, "dispatch and inspect, unbatched; one a minute")
        yield Line("Lambda", "Lambda compute", self.seconds() * month["memory_gb"], "calls, one after the other")
        for price, queues in _queues().items():
            polls = queues * month["polls_a_minute"] * _MINUTES
            yield Line("SQS", price, number * _A_MESSAGE + polls, "send, receive, delete; and empty queues")
        logged = number * month["log_kb"] / _GB
        yield Line("Logs", "Logs ingested", logged, "each evaluation")
        yield Line("Logs", "Logs stored", 3 * logged, "90 days")
        yield Line("Metrics", "Metrics", month["metrics"], "at most, whatever the fleet's size")
        yield Line("Alarms", "Alarms", self.alarms, "of the template")
        yield Line("Alarms", "Dashboards", 1, "after the account's first three")
        asked = sum(_queues().values()) + _OTHERS_ASKED + month["causes"]
        yield Line("GetMetricData", "Metrics read", month["sweeps"] * asked, "each sweep asks how the stack does")
        yield Line("Step Functions", "State transitions", month["sweeps"] * month["transitions"], "each sweep, at most")
        yield Line("S3", "S3 writes", month["sweeps"] * month["puts"], "each sweep, at most")
        yield Line("S3", "S3 reads", month["sweeps"] * month["gets"], "each sweep, at most")
        stored = (month["report_kb"] + self.services * month["result_kb"]) * month["sweeps"] / _GB
        yield Line("S3", "S3 storage", stored * _kept_days() / _A_MONTH, "each sweep, once the first expire")
        yield Line("EventBridge", "Event rules", number, "each event")
        yield Line("EventBridge", "Scheduler", resumed, "one a minute")
        changed = month["findings"] * self.services
        yield Line("SNS, Security Hub", "SNS", changed, "one alert each")
        yield Line("SNS, Security Hub", "Security Hub", 2 * changed, "and once more, where it stays open for a month")

    def others(self) -> Iterator[Line]:
        """Yield what other services charge for Outrider's calls."""
        events = sum(each.number * each.management_events for each in self.evaluations())
        yield Line("GuardDuty, if it is on", "GuardDuty", events, "it analyses every management event")
        yield Line("a second trail, if there is one", "Second trail", events, "the first copy is free")

    def seconds(self) -> float:
        """Return how long functions run, if each call waits for the one before."""
        month = self.month
        return sum(
            each.number
            * (
                month["seconds_an_invocation"]
                + each.iam * month["seconds_an_iam_call"]
                + (each.calls - each.iam) * month["seconds_a_call"]
            )
            for each in self.evaluations()
        )

    def usd(self, line: Line) -> float:
        price = self.prices[line.price]
        return float(line.units / price["per"] * price["usd"])


def bills() -> list[Bill]:
    """Return the bill of each fleet."""
    data = yaml.safe_load(PRICES.read_text(encoding="utf-8"))
    month = {name: float(each["value"]) for name, each in data["month"].items()}
    alarms = len(of_type("AWS::CloudWatch::Alarm"))
    return [Bill(services, data["prices"], month, data["management_events"], alarms) for services in FLEETS]


def _queues() -> dict[str, int]:
    """Return how many queues functions read, by the price of their requests."""
    read = [each["Properties"] for name, each in of_type("AWS::SQS::Queue").items() if not name.endswith("Dlq")]
    fifo = sum("FifoQueue" in properties for properties in read)
    return {"SQS standard": len(read) - fifo, "SQS FIFO": fifo}


def _kept_days() -> int:
    """Return for how many days reports and results are kept by default."""
    return int(template()["Parameters"]["CertificateDays"]["Default"])


# --- the page ---------------------------------------------------------------------------------------------------------

_TEXT = """\
# Costs

`tools/cost_page.py` writes this page from the ceilings of counted calls in `tests/operations/inspection/test_costs.py`,
and from the prices and assumptions in `tools/prices.yaml`. Edit those, then `make docs`.

The prices are AWS's list prices in {region} of {date}, in US dollars, without free tiers, discounts and taxes.
The numbers of calls are ceilings, so a month costs less. One service has one family with two roles of its own.

## A month

{month}

Metrics cost the same for any fleet, because no dimension has names of customers. A quiet account pays for a few hours a
day of them. Lambda reads empty queues all day: that is the least that SQS costs. A sweep takes a few state transitions
for each further account and region. S3 costs this much only after {kept_days:,} days (`CertificateDays`), when the
first reports expire. A standard in S3 is read at most every three minutes by each running function: that is not
counted.

## What others charge for it

Outrider's calls, except those to DynamoDB, SQS and SNS, are management events of the account that it runs in.

{others}

The trail that Outrider needs is free if it is the account's first copy of management events, apart from what S3 stores.
A KMS key of your own, a secret for Slack's bot, and endpoints for Lambda in a VPC have their own prices.

## The arithmetic, for {services:,} services

What is evaluated in a month, and what one evaluation takes at most:

{evaluations}

The functions run for {seconds:,.0f} seconds. The bill, line by line:

{lines}

## Assumptions

{assumptions}

## Prices

{prices}
"""


def page() -> str:
    """Return the page."""
    data, every = yaml.safe_load(PRICES.read_text(encoding="utf-8")), bills()
    fleets, middle = [f"{bill.services:,} services" for bill in every], every[1]
    lines, units = [*middle.lines(), *middle.others()], {name: each["unit"] for name, each in data["prices"].items()}
    return _TEXT.format(
        region=data["region"],
        date=data["date"],
        kept_days=_kept_days(),
        month=_table(["", *fleets], [*_by_group(every), _total(every)]),
        others=_table(["", *fleets], _others(every)),
        services=middle.services,
        evaluations=_table(
            ["", "evaluations", "calls", "of these to IAM", "management events", "write units"],
            [
                [each.what, f"{each.number:,.0f}", *(f"{most:g}" for most in _ceilings(each))]
                for each in middle.evaluations()
            ],
        ),
        seconds=middle.seconds(),
        lines=_table(
            ["", "units", "USD", "how many"],
            [
                [each.price, f"{_units(each.units)} {units[each.price]}", _usd(middle.usd(each)), each.why]
                for each in lines
            ],
        ),
        assumptions=_table(["", "value"], [[each["means"], f"{each['value']:g}"] for each in data["month"].values()]),
        prices=_table(["", "USD", "for"], [_price(name, each) for name, each in data["prices"].items()]),
    )


def _by_group(every: Sequence[Bill]) -> Iterator[list[str]]:
    for group in dict.fromkeys(line.what for line in every[0].lines()):
        yield [group, *(_usd(sum(map(bill.usd, _of_group(bill, group)))) for bill in every)]


def _of_group(bill: Bill, group: str) -> Iterator[Line]:
    return (line for line in bill.lines() if line.what == group)


def _total(every: Sequence[Bill]) -> list[str]:
    return ["**the stack**", *(f"**{_usd(sum(map(bill.usd, bill.lines())))}**" for bill in every)]


def _others(every: Sequence[Bill]) -> Iterator[list[str]]:
    for each in zip(*(bill.others() for bill in every), strict=True):
        yield [each[0].what, *(_usd(bill.usd(line)) for bill, line in zip(every, each, strict=True))]


def _price(name: str, price: Mapping[str, Any]) -> list[str]:
    usd = f"{price['usd']:.10f}".rstrip("0").rstrip(".")
    return [f"[{name}]({price['page']})", usd, f"{price['per']:,} {price['unit']}"]


def _ceilings(each: Evaluations) -> tuple[float, ...]:
    return each.calls, each.iam, each.management_events, each.write_units


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join([_row(head), _row(["---", *("---:" for _ in head[1:])]), *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _usd(value: float) -> str:
    return f"{value:,.2f}"


def _units(value: float) -> str:
    return f"{value:,.0f}" if value >= _KB or value == int(value) else f"{value:.3g}"


def main() -> int:
    """Return 0 if the page is written or up to date."""
    parser = argparse.ArgumentParser(description="Write docs/cost.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the page is out of date")
    wanted = page()
    if not parser.parse_args().check:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    print("docs/cost.md is out of date: run `make docs`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
