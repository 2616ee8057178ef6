"""Findings about Outrider itself: one for each check, open while it fails. They are not findings of rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.health.row import Check, Row, State


@dataclass(frozen=True, slots=True)
class OwnFinding:
    """The finding of one check. `imported`: whether Security Hub has it as it is here."""

    check: Check
    open: bool
    created: datetime
    updated: datetime
    imported: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """All findings after the newest rows; those to import, with their rows; and those that opened or closed."""

    findings: tuple[OwnFinding, ...]
    to_import: tuple[tuple[OwnFinding, Row], ...]
    changed: tuple[tuple[OwnFinding, Row], ...]


def judged(held: Iterable[OwnFinding], rows: Iterable[Row], now: datetime) -> Judged:
    """Return the next findings. A failing check opens its finding; an unknown one neither opens nor closes it.

    Open ones are imported each time: Security Hub deletes a finding that nobody updates for 90 days.
    """
    before, after = {finding.check: finding for finding in held}, dict[Check, OwnFinding]()
    by_check = {row.check: row for row in rows}
    for check, row in by_check.items():
        finding = _next(before.get(check), row, now)
        if finding is not None:
            after[check] = finding
    changed = [check for check, finding in after.items() if finding.open != _was_open(before, check)]
    to_import = [check for check, finding in after.items() if not finding.imported]
    return Judged(
        tuple(after.values()),
        tuple((after[check], by_check[check]) for check in to_import),
        tuple((after[check], by_check[check]) for check in changed),
    )


def _next(finding: OwnFinding | None, row: Row, now: datetime) -> OwnFinding | None:
    if finding is None:
        return OwnFinding(row.check, open=True, created=now, updated=now) if row.state is State.FAILING else None
    is_open = finding.open if row.state is State.UNKNOWN else row.state is State.FAILING
    if not is_open and not finding.open and finding.imported:
        return finding
    # Security Hub wants UpdatedAt to grow, in milliseconds, even if a clock does not.
    grown = max(now, finding.updated + timedelta(milliseconds=1))
    return replace(finding, open=is_open, updated=grown, imported=False)


def _was_open(before: Mapping[Check, OwnFinding], check: Check) -> bool:
    return check in before and before[check].open
