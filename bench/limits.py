"""How long sweeps take under AWS's limits: a model in virtual time, for organisations that no test can hold.

Each service has a family, a revision and two tasks of its own; all of an account share a parameter and two roles. What
a batch of ten messages calls is what tests/operations/test_bulk.py counts. Two executions of `inspect` take batches, as
in the template. Each call takes its time and a token of its account's bucket, of which half is used. The bound is the
time that the buckets alone need for the fewest calls that can find everything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from math import ceil, log10
from pathlib import Path

from bench.clock import Row

CURVE = Path(__file__).resolve().parents[1] / "docs" / "images" / "sweep-limits.svg"
_SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
_ACCOUNTS = 500
_EXECUTIONS, _AT_ONCE, _BATCH = 2, 4, 10
_SHARE = 0.5
_OF_SUBJECT = 0.05
"""Seconds of an execution for one subject: some reads of the ledger, and its evaluation."""
_CALL = 0.05
_PACE = 13.0 * 0.33
"""DescribeTaskDefinition calls a second of one execution: src/operations/wiring/shared.py and the template."""
_RATES = {"definitions": 20.0, "services": 20.0, "tasks": 20.0}


@dataclass(slots=True)
class _Bucket:
    """A token bucket of one account: when its next token is there."""

    per_second: float
    free: float = 0.0

    def take(self, now: float, count: int) -> float:
        """Return when so many calls are made."""
        self.free = max(self.free, now) + count / self.per_second
        return self.free


@dataclass(slots=True)
class _Account:
    """An account: its buckets, and the services in it."""

    services: int
    buckets: Mapping[str, _Bucket] = field(
        default_factory=lambda: {name: _Bucket(rate * _SHARE) for name, rate in _RATES.items()}
    )


@dataclass(frozen=True, slots=True)
class Sweep:
    """The result: seconds of the sweep, and those that the limits alone need."""

    services: int
    cold: bool
    seconds: float
    bound: float


def rows() -> Iterator[Row]:
    """Model sweeps of one account and of many, and draw the curve."""
    found = list[Sweep]()
    for cold in (True, False):
        for services in _SIZES:
            found.append(_swept(services, 1, cold=cold))
            yield _row(found[-1], "in one account")
    for cold in (True, False):
        yield _row(_swept(100_000, _ACCOUNTS, cold=cold), f"in {_ACCOUNTS} accounts")
    CURVE.write_text(_picture(found), encoding="utf-8")
    yield Row("The curve", str(CURVE.name))


def _row(swept: Sweep, where: str) -> Row:
    what = f"{swept.services:,} services {where}, {'first sweep' if swept.cold else 'nothing changed'}"
    ratio = f"{swept.seconds / swept.bound:.2f} x" if swept.bound else ""
    return Row(what, f"{swept.seconds:,.0f} s", f"the limits alone {swept.bound:,.0f} s, {ratio}", "1.15 x")


def _swept(services: int, accounts: int, *, cold: bool) -> Sweep:
    """Let the executions take all batches, those of each account in turn."""
    each = [_Account(services // accounts) for _ in range(accounts)]
    executions = [0.0] * _EXECUTIONS
    heapify(executions)
    for account in each:
        listed = ceil(account.services / 100)
        for name, count in (("definitions", 2 * listed), ("services", listed), ("tasks", 4 * listed)):
            account.buckets[name].take(0.0, count)
    for kind in ("services", "families"):
        for _ in range(ceil(each[0].services / _BATCH)):
            for account in each:
                heappush(executions, _batch(heappop(executions), account, kind, cold=cold))
    revisions = 2 * ceil(services / 100) + (services if cold else 0)
    described = ceil(services / 100) + ceil(services / 10)
    calls = {"definitions": revisions, "services": described, "tasks": 4 * ceil(services / 100)}
    bound = max(calls[name] / rate / _SHARE / accounts for name, rate in _RATES.items())
    return Sweep(services, cold, max(executions), bound)


def _batch(now: float, account: _Account, kind: str, *, cold: bool) -> float:
    """Return when a batch of ten subjects is done."""
    buckets, done = account.buckets, now + _BATCH * _OF_SUBJECT / _AT_ONCE
    if kind == "services":
        done += buckets["services"].take(now, 1) - now + buckets["tasks"].take(now, 1) - now + 2 * _CALL
    if cold:
        described = max(buckets["definitions"].take(now, _BATCH), now + _BATCH / _PACE)
        done = max(done, described + _CALL)
    return done


def _picture(found: list[Sweep]) -> str:
    """Return the curves as SVG, on logarithmic axes."""
    width, height, left, top = 640, 360, 70, 20

    def x(services: float) -> float:
        return left + (width - left - 20) * (_log(services) - 3) / 2

    def y(seconds: float) -> float:
        return height - 40 - (height - 40 - top) * min(max((_log(seconds) - 0.5) / 4.5, 0), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="12"',
        ' font-family="sans-serif">',
        "<title>How long a sweep takes, by the number of services</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for seconds, name in ((10, "10 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"), (36_000, "10 h")):
        parts.append(f'<line x1="{left}" x2="{width - 20}" y1="{y(seconds):.1f}" y2="{y(seconds):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y(seconds) + 4:.1f}" text-anchor="end" fill="#616061">{name}</text>')
    parts.extend(
        f'<text x="{x(services):.1f}" y="{height - 20}" text-anchor="middle" fill="#616061">{services:,}</text>'
        for services in _SIZES
    )
    parts.append(f'<text x="{width - 20}" y="{height - 5}" text-anchor="end" fill="#616061">services</text>')
    for number, (cold, colour, name) in enumerate(((True, "#c2410c", "first sweep"), (False, "#1d5f96", "no change"))):
        some = [each for each in found if each.cold is cold]
        for what, dash in (("seconds", ""), ("bound", ' stroke-dasharray="4 4"')):
            points = " ".join(f"{x(each.services):.1f},{y(getattr(each, what)):.1f}" for each in some)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        label = f"{name} (dashed: the limits alone)"
        parts.append(f'<text x="{left + 10}" y="{top + 14 + 16 * number}" fill="{colour}">{label}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _log(value: float) -> float:
    return log10(max(value, 0.001))
