"""The table that `outrider scan` prints: by account and region, then what was not read, then the sums."""

from itertools import groupby
from typing import TextIO

from cli.table import style_of
from cli.terminal import Style, console, line
from domain.severity import Severity
from reports.fleet.model import Entry, Fleet

_SHOWN = 40
"""Drifted services that are listed for each account and region; the report and the JSON have all."""


def as_table(fleet: Fleet, file: TextIO | None = None) -> None:
    """Print it."""
    out = console(file)
    for place, group in groupby(fleet.entries, key=lambda entry: entry.place):
        out.print([(str(place), Style.BOLD)])
        drifted = [(worst, entry) for entry in group if (worst := _worst(entry)) is not None]
        drifted.sort(key=lambda each: (-each[0].rank, each[1].service or each[1].family))
        for worst, entry in drifted[:_SHOWN]:
            rules = ", ".join(each.rule for each in entry.results if each.state.severity)
            out.wrapped([(f"{worst:<8} ", style_of(worst)), (line(_name(entry)), Style.BOLD), f": {rules}"], 2, 4)
        if len(drifted) > _SHOWN:
            out.wrapped(f"and {len(drifted) - _SHOWN:,} more; --report and --format json have all.", 2)
        if not drifted:
            out.wrapped("Nothing drifted.", 2)
    gaps = [each for each in fleet.coverage if not each.complete]
    if gaps:
        out.print([("Not read:", Style.BOLD)])
    for gap in gaps:
        out.wrapped(f"{gap.place}: {gap.read:,} of {gap.found:,} {gap.kind}", 2)
        for one in gap.unread:
            out.wrapped(line(str(one)), 4)
    totals = fleet.totals
    good = totals.services - totals.drifted - totals.unknown
    outside = sum(bool(entry.not_evaluated) for entry in fleet.entries)
    more = f" {outside:,} not evaluated." if outside else ""
    counts = f"{totals.drifted:,} drifted, {totals.unknown:,} unknown, {good:,} compliant"
    out.wrapped(
        f"{totals.services:,} evaluated: {counts}.{more}"
        + ("" if totals.complete else " Not everything could be read.")
    )


def _worst(entry: Entry) -> Severity | None:
    return max(filter(None, (each.state.severity for each in entry.results)), default=None)


def _name(entry: Entry) -> str:
    revision = f"{entry.family}:{entry.revision}"
    return f"{entry.service} ({revision})" if entry.service else revision
