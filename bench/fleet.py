"""A made-up fleet of many services, for pictures and measurements of the report.

Its tasks are the rules' examples, really evaluated and planned, under other names. The same number of services gives
the same fleet.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import engine
from domain.places import Place
from domain.remediation.plan import Plan
from operations.evaluation import Evaluation
from operations.fleet import entry_of, shown_rules
from reports.fleet.model import Coverage, Entry, Fleet, Registered, State, Totals, Unread
from rules import CATALOGUE
from settings import PAGES, RELEASE
from tests.rules.examples import Example, all_examples

_AT = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)
_ACCOUNTS = ("111122223333", "222233334444", "333344445555", "444455556666")
_REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
_TEAMS = (
    "basket", "billing", "catalogue", "checkout", "content", "data-platform", "delivery", "fraud", "identity",
    "inventory", "loyalty", "mobile", "orders", "payments", "pricing", "recommendations", "returns", "search", "stores",
    "",
)  # fmt: skip
_PARTS = (
    "api", "worker", "site", "events", "export", "import", "admin", "jobs", "stream", "gateway", "sync", "notifier",
    "scheduler", "cache", "proxy", "report", "index", "audit", "webhook", "batch",
)  # fmt: skip
_ROLES = ("github-actions/deploy", "terraform/atlantis", "Engineer/maria.silva", "Engineer/kenji.tanaka")
_MOST = 6  # drifted rules of an example that is used: some examples are far from any real task
_WITHOUT_DRIFT = 0.62
_EVERY = 6  # how many examples there are for one that is used


def fleet(services: int) -> Fleet:
    """Return a fleet of so many services in four accounts and three regions."""
    entries = tuple(_entries(services))
    made = Fleet("Fargate services", "outrider-default", RELEASE, _AT, shown_rules(CATALOGUE, PAGES), entries)
    now = made.totals
    earlier = tuple(
        Totals(
            at=_AT - timedelta(days=day),
            services=services,
            drifted=min(int(now.drifted * (1 + 0.018 * day)), services - now.unknown),
            unknown=now.unknown,
            complete=True,
        )
        for day in range(28, 0, -1)
    )
    return replace(made, coverage=tuple(_coverage(entries)), earlier=earlier)


def _entries(services: int) -> Iterator[Entry]:
    chance = random.Random(7)  # noqa: S311 - the same each time
    clean, others = _examples()
    for number in range(services):
        team = _TEAMS[min(int(chance.expovariate(0.16)), len(_TEAMS) - 1)]
        name = f"{team or 'legacy'}-{_PARTS[number % len(_PARTS)]}-{chance.randrange(16**3):03x}"
        place = Place(chance.choice(_ACCOUNTS), _REGIONS[min(int(chance.expovariate(1.4)), 2)])
        example = chance.choice(clean if chance.random() < _WITHOUT_DRIFT else others)
        by = f"arn:aws:sts::{place.account}:assumed-role/{chance.choice(_ROLES)}"
        yield replace(
            _renamed(example, {"web": name, "123456789012": place.account, "eu-west-1": place.region}),
            place=place,
            family=name,
            revision=chance.randrange(1, 400),
            service=f"{team or 'legacy'}-{chance.choice(('prod', 'prod', 'stage'))}/{name}",
            team=team,
            registered=Registered(by, (_AT - timedelta(minutes=chance.randrange(400_000))).isoformat()),
        )


def _coverage(entries: tuple[Entry, ...]) -> Iterator[Coverage]:
    for place in sorted({entry.place for entry in entries}):
        count = sum(entry.place == place for entry in entries)
        for kind in ("services", "task definitions", "parameters", "roles", "log groups"):
            yield Coverage(place, kind, count, count)
    for entry in entries[:1]:
        denied = Unread("iam:GetRole", "AccessDenied", f"{entry.family}-task", 12)
        yield Coverage(entry.place, "roles", 12, 0, (denied,))


@cache
def _examples() -> tuple[list[Entry], list[Entry]]:
    """Return the rows of the examples without drift, and of the others."""
    rows = [row for each in all_examples()[::_EVERY] if (row := _row(each)) is not None]
    drifted = [sum(_ORDER.index(result.state) > _ORDER.index(State.UNKNOWN) for result in row.results) for row in rows]
    counted = list(zip(rows, drifted, strict=True))
    return [row for row, count in counted if not count], [row for row, count in counted if 0 < count <= _MOST]


_ORDER = tuple(State)
_FIXES = tuple(rule for rule in CATALOGUE if rule.fix is not None)


def _row(example: Example) -> Entry | None:
    workload = example.before
    verdicts = engine.evaluate(workload, example.standard, CATALOGUE)
    return entry_of(Evaluation(workload, verdicts), _plan(example)) if verdicts else None


def _plan(example: Example) -> Plan | None:
    try:
        settled = engine.settle(example.before, example.standard, _FIXES)
    except engine.Disagreement:
        return None
    return engine.plan(settled, settled.after, example.standard, _FIXES)


def _renamed(thing: Any, names: dict[str, str]) -> Any:
    """Return it with these names replaced by others in each text."""
    match thing:
        case str():
            changed = _NAMED.sub(lambda found: names[found[0]], thing)
            return changed if type(thing) is str else thing
        case tuple():
            return tuple(_renamed(each, names) for each in thing)
        case _ if is_dataclass(thing) and not isinstance(thing, type):
            return replace(thing, **{each.name: _renamed(getattr(thing, each.name), names) for each in fields(thing)})
        case _:
            return thing


_NAMED = re.compile(r"\bweb\b|123456789012|eu-west-1")
