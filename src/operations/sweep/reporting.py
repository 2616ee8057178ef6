"""The report of a sweep: what its evaluations found, as JSON lines and as one HTML page, in the bucket."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from io import BytesIO

from aws.ledger import Ledger
from aws.ledger.forms import form
from aws.objects import Bucket
from domain.coverage import Certificate, CoverageRow
from domain.rule import Rule
from domain.subject import Subject, SubjectId
from operations.fleet import shown_rules
from reports.coverage import PLURALS
from reports.fleet.html import html_of
from reports.fleet.model import Coverage, Entry, Fleet, Totals, Unread

_MOST = 20_000
"""Rows of the page: beyond them the worst ones."""
_LARGEST = 5_000_000
"""Bytes of the page."""
_RUNS = 60
"""Sweeps of which the trend is kept."""
_TREND = "reports/trend.json"


@dataclass(frozen=True, slots=True)
class Reporter:
    """The use case; its parts come from operations.wiring. `docs` is where the documentation's site is."""

    ledger: Ledger
    bucket: Bucket
    catalogue: Sequence[Rule]
    docs: str

    def report(self, certificate: Certificate, standard: str) -> str:
        """Store the results and the report of a sweep of everything; return the report's key. Raises CallFailed.

        The page is as `outrider scan` makes it. Its trend is that of the sweeps before.
        """
        stem = f"{certificate.began:%Y/%m/%d}/{certificate.run}"
        results = BytesIO()
        with gzip.GzipFile(fileobj=results, mode="wb", mtime=0) as lines:
            counted = _Counted(self._entries(certificate.run), lines)
            shown = nlargest(_MOST, counted, key=lambda each: each.worst)
        self.bucket.put(f"results/{stem}.jsonl.gz", results.getvalue(), "application/gzip")
        earlier = self._earlier(certificate)
        fleet = Fleet(
            title="ECS on Fargate: collector sidecars",
            standard=standard,
            release=certificate.release,
            at=certificate.began,
            rules=shown_rules(self.catalogue, self.docs),
            entries=tuple(shown),
            coverage=tuple(map(_coverage, certificate.rows)),
            earlier=earlier,
        )
        key = f"reports/{stem}.html"
        self.bucket.put(key, _page(fleet, counted.number), "text/html; charset=utf-8")
        self.bucket.put(_TREND, form(tuple[Totals, ...]).dump_json((*earlier, fleet.totals)[-_RUNS:]))
        return key

    def _earlier(self, certificate: Certificate) -> tuple[Totals, ...]:
        """Return the sweeps before. A retry of the same sweep leaves its own out."""
        stored = self.bucket.get(_TREND)
        try:
            found = form(tuple[Totals, ...]).validate_json(stored) if stored else ()
        except ValueError:
            return ()
        return tuple(each for each in found if each.at < certificate.began)

    def _entries(self, run: str) -> Iterator[Entry]:
        """Yield a row for each service, with what its family's evaluation found, and for each family without one."""
        families, services = dict[SubjectId, bytes](), list[bytes]()
        for subject, body in self.ledger.runs.rows(run):
            if subject.kind is Subject.FAMILY:
                families[subject] = body
            else:
                services.append(body)
        run_by_services = set[SubjectId]()
        for body in services:
            own = form(Entry).validate_json(body)
            on = SubjectId(own.place, Subject.FAMILY, own.family)
            run_by_services.add(on)
            yield _merged(own, form(Entry).validate_json(families[on])) if on in families else own
        for on, body in families.items():
            if on not in run_by_services:
                yield form(Entry).validate_json(body)


@dataclass(slots=True)
class _Counted:
    """Rows, counted and written as JSON lines while they are taken."""

    rows: Iterator[Entry]
    lines: gzip.GzipFile
    number: int = 0

    def __iter__(self) -> Iterator[Entry]:
        for each in self.rows:
            self.number += 1
            self.lines.write(form(Entry).dump_json(each, exclude_defaults=True) + b"\n")
            yield each


def _merged(own: Entry, family: Entry) -> Entry:
    """Return a service's row with its family's results, which are about every revision that runs.

    The family's drawing and plan are of the newest revision.
    """
    if own.not_evaluated or family.not_evaluated:
        return own
    rules = {each.rule for each in own.results}
    results = (*own.results, *(each for each in family.results if each.rule not in rules))
    if own.revision != family.revision:
        return replace(own, results=results)
    return replace(own, results=results, drawing=family.drawing, proposal=own.proposal or family.proposal)


def _coverage(row: CoverageRow) -> Coverage:
    """Return a row of the certificate as the page shows it."""
    found = sum(row.counts.values())
    left = sum(gap.subjects for gap in row.gaps)
    unread = (Unread(gap.call or gap.coverage.value, gap.code, "", max(gap.subjects, 1)) for gap in row.gaps)
    return Coverage(row.place, PLURALS[row.kind], found, found - left, tuple(unread))


def _page(fleet: Fleet, number: int) -> str:
    """Return the page of the worst rows, as many as fit."""
    most = len(fleet.entries)
    while True:
        title = fleet.title if most == number else f"{fleet.title} (the worst {most} of {number} rows)"
        page = html_of(replace(fleet, title=title, entries=fleet.entries[:most]))
        if len(page) <= _LARGEST or not most:
            return page
        most //= 2
