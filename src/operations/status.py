"""Status: what is open, what waits and what failed in a place, from the ledger alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aws.ledger import Ledger, Overview, Record
from domain.findings.finding import FindingState
from domain.health.facts import SweepRun
from domain.places import Place
from domain.remediation.attempt import Attempt, AttemptState
from domain.status import PlanWaiting, Standing, Status
from domain.subject import Subject, SubjectId

_FAILED_FOR = timedelta(days=30)
"""A correction that failed or was refused is listed for this long."""


def read_status(ledger: Ledger, place: Place, now: datetime) -> Status:
    """Read it. What is suppressed is as Security Hub said last."""
    return status_of(ledger.overviews.of(place), ledger.health.run(place), place, now)


def status_of(everything: Overview, swept: SweepRun | None, place: Place, now: datetime) -> Status:
    """Return it from what the ledger holds."""
    rows = [row for record in everything.records.values() for row in record.rows.values()]
    still = [row for row in rows if row.finding.state is FindingState.OPEN]
    return Status(
        place,
        tuple(row.finding for row in still if not row.suppressed),
        tuple(row.finding for row in still if row.suppressed),
        _standing(everything, now),
        swept,
    )


def _standing(everything: Overview, now: datetime) -> Standing:
    """Return the state of a place's corrections."""
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
            and each.family.name not in everything.quarantines
            and _is_current(each, everything.records)
        ),
        quarantines=tuple(sorted(everything.quarantines.items())),
    )


def _plans(everything: Overview, now: datetime) -> Iterator[PlanWaiting]:
    """Yield the plans that may be approved now: not those of a family in quarantine, or that is being corrected."""
    busy = {each.family for each in everything.attempts if each.state in {AttemptState.STARTED, AttemptState.ROLLING}}
    for subject, record in everything.records.items():
        proposed, family = record.proposed, _family(subject, record)
        if proposed is None or family is None or (proposed.until is not None and proposed.until < now):
            continue
        if family in busy or family.name in everything.quarantines:
            continue
        shown = [row.finding.severity for rule, row in record.rows.items() if rule in proposed.rules]
        if shown:
            revision = f"{subject.name}:{record.order}" if subject.kind is Subject.FAMILY else ""
            yield PlanWaiting(subject, revision, proposed, max(shown))


def _family(subject: SubjectId, record: Record) -> SubjectId | None:
    if subject.kind is Subject.FAMILY:
        return subject
    return next((on for on in map(SubjectId.parse, record.dependencies) if on.kind is Subject.FAMILY), None)


def _is_current(attempt: Attempt, records: dict[SubjectId, Record]) -> bool:
    """Whether the family's newest revision is still the one that the attempt corrects, or its correction."""
    record = records.get(attempt.family)
    return record is not None and record.order in {attempt.source.number, attempt.registered}
