"""Findings about Outrider itself: one for each check, open while it fails. They are not findings of rules."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.health.row import Check, Row, State


@dataclass(frozen=True, slots=True)
class OwnFinding:
    """The finding of one check.

    `imported`: whether Security Hub has it as it is here. `notified`: whether operations was notified that it opened,
    or that it closed.
    """

    check: Check
    open: bool
    created: datetime
    updated: datetime
    imported: bool = False
    notified: bool = False


def next_findings(held: Iterable[OwnFinding], rows: Iterable[Row], now: datetime) -> tuple[OwnFinding, ...]:
    """Return the findings after the newest rows.

    A failing check opens its finding; an unknown one neither opens nor closes it. Open ones are imported each time:
    Security Hub deletes a finding that nobody updates for 90 days.
    """
    before = {finding.check: finding for finding in held}
    after = (_next(before.get(row.check), row, now) for row in rows)
    return tuple(finding for finding in after if finding is not None)


def _next(finding: OwnFinding | None, row: Row, now: datetime) -> OwnFinding | None:
    if finding is None:
        return OwnFinding(row.check, open=True, created=now, updated=now) if row.state is State.FAILING else None
    is_open = finding.open if row.state is State.UNKNOWN else row.state is State.FAILING
    if not is_open and not finding.open and finding.imported:
        return finding
    # Security Hub wants UpdatedAt to grow, in milliseconds, even if a clock does not.
    grown = max(now, finding.updated + timedelta(milliseconds=1))
    notified = finding.notified and is_open is finding.open
    return replace(finding, open=is_open, updated=grown, imported=False, notified=notified)
