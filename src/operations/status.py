"""Status: what is open, what waits and what failed everywhere, from the ledger alone."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from aws.ledger import Overview
from domain.coverage import UNSEEN, Seen
from domain.findings.finding import FindingState
from domain.places import Place
from domain.remediation.attempt import AttemptState
from domain.status import PlanWaiting, Standing, Status
from domain.subject import Subject

_FAILED_FOR = timedelta(days=30)
"""A correction that failed or was refused is listed for this long."""


def status_of(everything: Overview, home: Place, now: datetime, seen: Seen = UNSEEN) -> Status:
    """Return it from what the ledger holds. What is suppressed is as Security Hub said last.

    Nobody can close what is open in an account or region that is not watched any more: it is only counted.
    """
    seen = seen.by(now)
    unwatched = seen.certificate.unwatched if seen.certificate is not None else frozenset[Place]()
    everything, left = _watched(everything, unwatched)
    rows = [row for record in everything.records.values() for row in record.rows.values()]
    still = [row for row in rows if row.finding.state is FindingState.OPEN]
    return Status(
        home,
        tuple(row.finding for row in still if not row.suppressed),
        tuple(row.finding for row in still if row.suppressed),
        _standing(everything, now),
        seen=seen,
        unwatched=left,
    )


def _watched(everything: Overview, unwatched: Collection[Place]) -> tuple[Overview, int]:
    """Return it without some places, and how many findings are open there."""
    if not unwatched:
        return everything, 0
    left = [
        finding
        for finding in everything.findings
        if finding.state is FindingState.OPEN and finding.subject.place in unwatched
    ]
    found = Overview(
        {on: record for on, record in everything.records.items() if on.place not in unwatched},
        everything.orders,
        [each for each in everything.attempts if each.source.place not in unwatched],
        {on: each for on, each in everything.quarantines.items() if on.place not in unwatched},
    )
    return found, len(left)


def _standing(everything: Overview, now: datetime) -> Standing:
    """Return the state of corrections."""
    failed = {AttemptState.FAILED, AttemptState.REFUSED}
    return Standing(
        plans=tuple(sorted(_plans(everything, now), key=lambda each: (-each.severity.rank, each.subject.key))),
        under_way=tuple(each for each in everything.attempts if not each.state.ended),
        failed=tuple(
            each
            for each in everything.attempts
            if each.state in failed
            and not each.released
            and now < each.time + _FAILED_FOR
            and each.family not in everything.quarantines
            and everything.orders.get(each.family, 0) in {each.source.number, each.registered}
        ),
        quarantines=tuple(sorted(everything.quarantines.items())),
    )


def _plans(everything: Overview, now: datetime) -> Iterator[PlanWaiting]:
    """Yield the plans that may be approved now: not those of a family in quarantine, or that is being corrected."""
    busy = {each.family for each in everything.attempts if each.state in {AttemptState.STARTED, AttemptState.ROLLING}}
    for subject, record in everything.records.items():
        proposed, family = record.proposed, record.family_of(subject)
        if proposed is None or family is None or (proposed.until is not None and proposed.until < now):
            continue
        if family in busy or family in everything.quarantines:
            continue
        shown = [row.finding.severity for rule, row in record.rows.items() if rule in proposed.rules]
        if shown:
            revision = f"{subject.name}:{record.order}" if subject.kind is Subject.FAMILY else ""
            yield PlanWaiting(subject, revision, proposed, max(shown))
