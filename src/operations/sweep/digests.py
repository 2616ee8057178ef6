"""Digests: of a baseline, of each day, and of each team's week."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from aws.calls import CallFailed
from aws.channels import Topic
from aws.ledger import Ledger, Row
from aws.security_hub import SecurityHub
from domain.coverage import Certificate
from domain.findings.address import Address
from domain.findings.alert import Alert
from domain.findings.finding import Finding, FindingState
from domain.places import Place
from domain.severity import Severity
from domain.sweeping import Run
from operations.standards import Standards
from operations.status import status_of
from operations.sweep.beginning import usable
from reports.digest import daily_of, digest_of, weekly_of


@dataclass(frozen=True, slots=True)
class Digests:
    """The use case; its parts come from operations.wiring."""

    ledger: Ledger
    alerts: Topic
    hub: SecurityHub
    standards: Standards
    stack: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def baseline(self, run: Run, places: Sequence[Place], certificate: Certificate) -> Alert:
        """Publish what is open in these places in one alert, in place of an alert for each finding."""
        found = self._shown(self.ledger.subjects.open_rows(places))
        alert = digest_of(found, places, certificate, swept=run.at, occurred=self.now())
        self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alert

    def _shown(self, rows: Iterable[Row]) -> list[Finding]:
        """Return the findings that are not suppressed: as Security Hub says, or as is remembered, where it fails."""
        by_place = defaultdict[Place, list[Row]](list)
        for row in rows:
            by_place[row.finding.subject.place].append(row)
        shown = list[Finding]()
        for place, some in by_place.items():
            try:
                silenced = self.hub.suppressed(place, [row.finding.id for row in some])
            except CallFailed:
                silenced = {row.finding.id for row in some if row.suppressed}
            shown += [row.finding for row in some if row.finding.id not in silenced]
        return shown

    def daily(self, place: Place, at: datetime | None = None) -> Alert | None:
        """Publish the digest of the day that ended `at`; its id is the same in a retry.

        Return None if there was nothing to report. Raises CallFailed if open or suppressed findings cannot be read.
        """
        end = at or self.now()
        everything, since = self.ledger.overviews.of(place), end - timedelta(days=1)
        status = status_of(everything, self.ledger.health.run(place), place, end)
        still, done = (
            [*status.findings, *status.suppressed],
            [each for each in everything.findings if each.state is FindingState.CLOSED and since <= each.updated < end],
        )
        shown = set(self._without_suppressed(place, [*still, *done]))
        status = replace(
            status,
            findings=tuple(each for each in still if each in shown),
            suppressed=tuple(each for each in still if each not in shown),
            stack=self.stack,
        )
        edition = usable(self.standards.current)
        standard = edition.standard if edition is not None else None
        alert = daily_of(status, [each for each in done if each in shown], standard, at=end)
        if alert is not None:
            self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alert

    def weekly(self, place: Place, at: datetime | None = None) -> list[Alert]:
        """Publish a digest of the open findings of each team; their ids are the same in a retry.

        It goes where the alerts about the team's most severe finding go. Raises CallFailed as `daily` does.
        """
        end, by_team = at or self.now(), defaultdict[str, list[tuple[Address, Finding]]](list)
        found = list(self.ledger.subjects.open_by_address(place))
        shown = {finding.id for finding in self._without_suppressed(place, [finding for _, finding in found])}
        for address, finding in found:
            if address.team and finding.id in shown:
                by_team[address.team].append((address, finding))
        alerts = list[Alert]()
        for _, some in sorted(by_team.items()):
            address, _ = max(some, key=lambda each: each[1].severity.rank)
            alerts.append(weekly_of((finding for _, finding in some), address, place, at=end))
        for alert in alerts:
            self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alerts

    def _without_suppressed(self, place: Place, findings: list[Finding]) -> list[Finding]:
        try:
            silenced = self.hub.suppressed(place, [finding.id for finding in findings])
        except CallFailed as failed:
            if failed.not_enabled:  # without a hub no finding can be suppressed
                return findings
            raise
        return [finding for finding in findings if finding.id not in silenced]

    def open_findings(self) -> dict[Severity, int]:
        """Return how many findings are open everywhere, by severity."""
        found = Counter(row.finding.severity for row in self.ledger.subjects.open_rows())
        return {severity: found[severity] for severity in Severity if severity is not Severity.INFORMATIONAL}
