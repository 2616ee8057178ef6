"""Digests: of a baseline, of each day, and of each team's week."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from aws.calls import CallFailed
from aws.channels import Topic
from aws.ledger import Ledger, Row
from aws.objects import Bucket
from aws.security_hub import SecurityHub
from domain.coverage import Certificate, Proof, Seen
from domain.findings.address import Address
from domain.findings.alert import Alert
from domain.findings.finding import Finding, FindingState
from domain.places import Place
from domain.severity import Severity
from domain.sweeping import Run
from operations.seen import seen_if_readable
from operations.side_by_side import side_by_side
from operations.standards import Standards
from operations.status import status_of
from operations.sweep.beginning import usable
from reports.digest import daily_of, digest_of, weekly_of

_PLACES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Digests:
    """The use case; its parts come from operations.wiring."""

    ledger: Ledger
    bucket: Bucket
    alerts: Topic
    hub: SecurityHub
    standards: Standards
    stack: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def baseline(self, run: Run, places: Sequence[Place], certificate: Certificate) -> Alert:
        """Publish what is open in these places in one alert, in place of an alert for each finding."""
        found = self._shown(self.ledger.subjects.open_rows(places))
        report = seen_if_readable(self.ledger, self.bucket).report if run.scope.everything else None
        seen = Seen(Proof.INTACT, certificate, report=report)
        alert = digest_of(found, places, seen, swept=run.at, occurred=self.now())
        self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alert

    def _shown(self, rows: Iterable[Row]) -> list[Finding]:
        """Return the findings that are not suppressed: as Security Hub says, or as is remembered, where it fails."""
        by_place = defaultdict[Place, list[Row]](list)
        for row in rows:
            by_place[row.finding.subject.place].append(row)
        shown = side_by_side(self._shown_in, by_place.items(), _PLACES_AT_ONCE)
        return [finding for some in shown for finding in some]

    def _shown_in(self, found: tuple[Place, Sequence[Row]]) -> list[Finding]:
        place, rows = found
        try:
            silenced = self.hub.suppressed(place, [row.finding.id for row in rows])
        except CallFailed:
            silenced = {row.finding.id for row in rows if row.suppressed}
        return [row.finding for row in rows if row.finding.id not in silenced]

    def daily(self, home: Place, at: datetime | None = None) -> Alert | None:
        """Publish the digest of the day that ended `at`, of all accounts; its id is the same in a retry.

        Return None if there was nothing to report. Raises CallFailed if the ledger cannot be read. An account whose
        Security Hub cannot be read delays no other: what is remembered counts there.
        """
        end = at or self.now()
        everything, since = self.ledger.overviews.of_all(), end - timedelta(days=1)
        status = status_of(everything, home, end, seen_if_readable(self.ledger, self.bucket))
        rows = [row for record in everything.records.values() for row in record.rows.values()]
        watched = {finding.id for finding in (*status.findings, *status.suppressed)}
        still = [row for row in rows if row.finding.id in watched]
        done = [row for row in rows if row.finding.state is FindingState.CLOSED and since <= row.finding.updated < end]
        shown = {finding.id for finding in self._shown([*still, *done])}
        status = replace(
            status,
            findings=tuple(row.finding for row in still if row.finding.id in shown),
            suppressed=tuple(row.finding for row in still if row.finding.id not in shown),
            swept=self.ledger.health.run(home),
            stack=self.stack,
        )
        edition = usable(self.standards.current)
        standard = edition.standard if edition is not None else None
        closed = [row.finding for row in done if row.finding.id in shown]
        alert = daily_of(status, closed, standard, at=end)
        if alert is not None:
            self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alert

    def weekly(self, home: Place, at: datetime | None = None) -> list[Alert]:
        """Publish a digest of the open findings of each team in all accounts; their ids are the same in a retry.

        It goes where the alerts about the team's most severe finding go. Raises CallFailed as `daily` does.
        """
        end, by_team = at or self.now(), defaultdict[str, list[tuple[Address, Finding]]](list)
        found = list(self.ledger.subjects.open_by_address())
        shown = {finding.id for finding in self._shown(row for _, row in found)}
        for address, row in found:
            if address.team and row.finding.id in shown:
                by_team[address.team].append((address, row.finding))
        seen, alerts = seen_if_readable(self.ledger, self.bucket).by(end), list[Alert]()
        for _, some in sorted(by_team.items()):
            address, _ = max(some, key=lambda each: each[1].severity.rank)
            alerts.append(weekly_of((finding for _, finding in some), address, home, seen, at=end))
        for alert in alerts:
            self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alerts

    def open_findings(self) -> dict[Severity, int]:
        """Return how many findings are open everywhere, by severity."""
        found = Counter(row.finding.severity for row in self.ledger.subjects.open_rows())
        return {severity: found[severity] for severity in Severity if severity is not Severity.INFORMATIONAL}
