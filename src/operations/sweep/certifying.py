"""End a sweep: wait until its evaluations are done, then store and publish the certificate of what it covered."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from aws.calls import CallFailed
from aws.channels import Queue, Topic
from aws.ledger import LastCertificate, Ledger, SweepBasis
from aws.objects import Bucket
from domain.coverage import Certificate, Coverage, CoverageRow, OwnersRow, lasting, rows_of
from domain.places import Place
from domain.subject import Subject
from domain.sweeping import Run
from operations.standards import Standards
from operations.sweep.beginning import held, usable
from operations.sweep.digests import Digests
from operations.sweep.reporting import Reporter
from operations.unexpected import described
from reports.coverage import notice_of, page

_QUEUES = timedelta(minutes=3)
"""How long it waits for other messages, once everything that the sweep sent was evaluated."""
_NO_PROGRESS = timedelta(minutes=45)
"""Longer than a message is retried until it goes to the DLQ."""
_SHORTEST, _LONGEST = 2, 120  # seconds between two counts
_OF_ITS_AGE = 20
"""A sweep is counted after a twentieth of its age again: the history of its state machine holds 25,000 events."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many evaluations of a sweep are missing, and since when it is as many.

    `wait` is for how many seconds to wait before they are counted again; 0 if there is nothing to wait for any more.
    """

    left: int
    since: datetime
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Certified:
    """The certificate, and whether the standard changed meanwhile, so that another sweep must follow.

    `sent` is how many subjects were sent for evaluation, by kind.
    """

    certificate: Certificate
    again: bool
    sent: dict[Subject, int]


@dataclass(frozen=True, slots=True)
class Certifier:
    """The use case; its parts come from operations.wiring."""

    ledger: Ledger
    bucket: Bucket
    changes: Queue
    subjects: Queue
    operations: Topic
    standards: Standards
    digests: Digests
    reporter: Reporter
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def waiting(self, id_: str, before: Waiting | None) -> Waiting:
        """Count the evaluations that are missing. Raises SweepEnded if another sweep runs by now."""
        now = self.now()
        run = held(self.ledger, id_, now)
        covered = Counter[Place]()
        for each in self.ledger.runs.covered(run.id):
            if each.subject.kind.listed and each.coverage is not Coverage.THROTTLED:
                covered[each.subject.place] += 1
        places = self.ledger.runs.places(run.id)
        missing = sum(
            max(sum(each.sent for each in place.listings.values()) - covered[place.place], 0) for place in places
        )
        # In this order a message that is dispatched in between is counted twice, never missed. Delayed messages belong
        # to others: for instance to a service that settles.
        left = missing + self.changes.depth(delayed=False) + self.subjects.depth()
        since = before.since if before is not None and before.left == left else now
        patience = _NO_PROGRESS if missing else _QUEUES
        if not left or now - since >= patience:
            return Waiting(left, since)
        pause = max(now - since, (now - run.began) / _OF_ITS_AGE)
        return Waiting(left, since, min(max(int(pause.total_seconds()), _SHORTEST), _LONGEST))

    def certify(self, id_: str) -> Certified:
        """Store the certificate, publish what there is to publish, and let other sweeps run.

        Raises CallFailed: a retry publishes and stores the same. Raises SweepEnded if another sweep runs by now.
        """
        run = held(self.ledger, id_, self.now())
        places, last = self.ledger.runs.places(run.id), self.ledger.runs.last()
        stored = self.bucket.get(last.key) if last is not None else None
        before = Certificate.model_validate_json(stored) if stored else None
        again = last is not None and last.key == certificate_key(run)  # this sweep's own, from an attempt that failed
        if again and before is not None:
            certificate = before
        else:
            certificate = self._certificate(run, rows_of(places, self.ledger.runs.covered(run.id)), before)
            self._store(run, certificate, before)
        self._report(certificate)
        baselines = [place.place for place in places if place.baseline]
        if baselines:
            self.digests.baseline(run, baselines, certificate)
        sent = {kind: sum(place.listing(kind).sent for place in places) for kind in Subject if kind.listed}
        for place in places:
            if place.baseline and place.ended is not None and run.standard and run.scope.whole_places:
                self.ledger.health.finished(place.place, SweepBasis(run.release, run.standard))
        now = self.now()
        self.ledger.runs.claim(run, now, now - timedelta(seconds=1))
        edition = usable(self.standards.reread)
        changed = edition is not None and edition.digest != run.standard
        return Certified(certificate, changed and run.scope.everything, sent)

    def _report(self, certificate: Certificate) -> None:
        """Store the report of a sweep of everything. If that is refused or fails, the certificate stands without it.

        Raises CallFailed if it may succeed later.
        """
        last = self.ledger.runs.last()
        if not certificate.scope.everything or last is None or last.report:
            return
        edition = usable(self.standards.current)
        try:
            key = self.reporter.report(certificate, edition.standard.name if edition is not None else "")
        except CallFailed as failed:
            if failed.transient:
                raise
            self._no_report(f"{failed}.")
            return
        except Exception as error:  # noqa: BLE001 - whatever is wrong in a report, the certificate stands
            self._no_report(described(error))
            return
        self.ledger.runs.certified(replace(last, report=key))

    def _no_report(self, why: str) -> None:
        self.operations.publish(f"{why} The certificate is stored.", subject="Outrider: no report was stored")

    def _certificate(self, run: Run, rows: tuple[CoverageRow, ...], before: Certificate | None) -> Certificate:
        return Certificate(
            run=run.id,
            began=run.began,
            ended=self.now(),
            release=run.release,
            standard=run.standard,
            scope=run.scope,
            rows=lasting(rows, before, run.began),
            owners=tuple(self._owners(dict.fromkeys(row.account for row in rows))),
            before=before.digest if before is not None and run.scope.everything else "",
        )

    def _owners(self, accounts: Iterable[str]) -> Iterator[OwnersRow]:
        """Yield the exemptions by owners that the evaluations read, if the standard allows any."""
        edition = usable(self.standards.current)
        if edition is None or not edition.standard.owner_exemptions.rules:
            return
        for record in (each for account in accounts for each in self.ledger.accounts.exemptions_of(account)):
            place, count = record.place, len(record.entries)
            yield OwnersRow(account=place.account, region=place.region, exemptions=count, refused=len(record.refused))

    def _store(self, run: Run, certificate: Certificate, before: Certificate | None) -> None:
        """Store it, and notify operations if the gaps are others than before: after a failure again."""
        key = certificate_key(run)
        self.bucket.put(key, certificate.model_dump_json())
        self.bucket.put(f"{key.removesuffix('.json')}.md", page(certificate))
        if not run.scope.everything:
            return
        first = before is None and certificate.complete
        if not first and not certificate.same_gaps(before):
            notice = notice_of(certificate)
            self.operations.publish(notice.text, subject=notice.title)
        self.ledger.runs.certified(LastCertificate(key, certificate.digest))


def certificate_key(run: Run) -> str:
    """Where a sweep's certificate is in the bucket."""
    return f"certificates/{run.began:%Y/%m/%d}/{run.id}.json"
