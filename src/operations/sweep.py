"""Sweep: have everything that is there, and everything that was, looked at again: what events missed.

It judges nothing itself. Each family and service goes to the queue `changes` as a message of its own, and what is known
of a revision is not read again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aws.calls import CallFailed
from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger, SweptBy
from aws.security_hub import SecurityHub
from domain.findings.alert import Alert
from domain.findings.finding import Finding
from domain.findings.users import Sight
from domain.places import Place
from domain.severity import Severity
from domain.standard import StandardInvalid
from domain.subject import Subject, SubjectId
from domain.triggers.trigger import FamilyTrigger, ServiceTrigger
from operations.standards import AGREED, Edition, Standards
from reports.digest import daily_of, digest_of

_EMPTY = 4  # readings one after the other: SQS counts about, and what was sent a moment ago not at once


@dataclass(frozen=True, slots=True)
class Swept:
    """How many families and services were sent to be looked at, and whether as a baseline.

    `at` is the sweep's own time, the same where it is tried again. `by` is what they are judged by; None where the
    standard is none or may not be read. `begins` is when the looks begin, where they are delayed.
    """

    families: int
    services: int
    baseline: bool
    at: datetime
    by: SweptBy | None = None
    begins: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sweeper:
    """The use case; its parts come from operations.wiring."""

    ecs: Ecs
    ledger: Ledger
    changes: Queue
    subjects: Queue
    alerts: Topic
    hub: SecurityHub
    standards: Standards
    release: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def sweep(self, place: Place, *, quiet: bool = False, delay: int = 0, at: datetime | None = None) -> Swept:
        """CallFailed where something could not be read or sent: the schedule tries again. `delay` in seconds.

        `at` is when it was to be; None for now.

        A baseline makes findings and no alert for each: see `digest`. It is one where it is asked for, where nothing
        was looked at before, and where the last sweep was by another standard or release, or by none that is known of.
        `ended` is to follow.
        """
        now = self.now()
        edition = self._edition(self.standards.anew)
        by = SweptBy(self.release, edition.digest) if edition is not None else None
        before = self.ledger.sweeps.last(place)
        newest, services = self.ecs.newest_revisions(place), self.ecs.services(place)
        known = self.ledger.subjects.all(place)
        baseline = quiet or not known or (by is not None and by != before)
        if by is not None and before is not None and by.standard != before.standard:
            delay = max(delay, AGREED)  # else some would be judged by the earlier one, and told by and by
        families = dict.fromkeys(_named(known, Subject.FAMILY), 0) | newest
        titles = dict.fromkeys([*services, *_named(known, Subject.SERVICE)])
        listed, tasks = self.now(), self.ecs.tasks_of_no_service(place)
        bodies = _bodies(place, families, list(titles), tasks, listed, quiet=baseline)
        self.changes.send_all(bodies, delay=delay)
        begins = self.now() + timedelta(seconds=delay) if delay else None
        return Swept(len(families), len(titles), baseline, at or now, by, begins)

    def ended(self, place: Place, swept: Swept) -> None:
        """Once all was sent, and a baseline's digest told: until then a sweep that is tried again is a baseline too."""
        if swept.baseline and swept.by is not None:
            self.ledger.sweeps.finished(place, swept.by)

    def digest(self, place: Place, swept: Swept, wait: Callable[[], bool]) -> Alert:
        """Once everything was looked at, or `wait` says that there is no more time: what is open, in one alert."""
        waiting = self._waiting(swept.begins, wait)
        told = self._without_suppressed(place, self.ledger.subjects.open_findings(place))
        alert = digest_of(told, place, swept=swept.at, waiting=waiting, occurred=self.now())
        self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alert

    def _waiting(self, begins: datetime | None, wait: Callable[[], bool]) -> int:
        """How many messages are not evaluated yet when the queues stay empty, or there is no more time.

        Once the sweep's own have begun, what is delayed is somebody else's: a service that settles, say.
        """
        empty = 0
        while True:
            # In this order: a message that is dispatched in between is counted twice, and not missed.
            waiting = self.changes.depth(delayed=begins is not None and self.now() < begins) + self.subjects.depth()
            empty = 0 if waiting else empty + 1
            if empty == _EMPTY or not wait():
                return waiting

    def daily(self, place: Place, at: datetime | None = None) -> Alert | None:
        """The digest of the day that ended `at`, told under the same id however often it is asked for.

        None where there was nothing to tell. CallFailed where what is open, or suppressed, could not be read.
        """
        end = at or self.now()
        found = self.ledger.subjects.open_or_closed_since(place, end - timedelta(days=1), end)
        told = self._without_suppressed(place, found)
        edition = self._edition(self.standards.current)
        alert = daily_of(told, place, edition.standard if edition is not None else None, at=end)
        if alert is not None:
            self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alert

    @staticmethod
    def _edition(read: Callable[[], Edition]) -> Edition | None:
        """None where it is none or may not be read: operations hear of that from inspect."""
        try:
            return read()
        except StandardInvalid:
            return None
        except CallFailed as failed:
            if failed.transient:
                raise
            return None

    def _without_suppressed(self, place: Place, findings: list[Finding]) -> list[Finding]:
        try:
            silenced = self.hub.suppressed(place, [finding.id for finding in findings])
        except CallFailed as failed:
            if failed.not_enabled:  # no hub: nobody can have suppressed anything
                return findings
            raise
        return [finding for finding in findings if finding.id not in silenced]

    def open_findings(self, place: Place) -> dict[Severity, int]:
        """How many findings are open, by each severity that a finding can have."""
        found = Counter(finding.severity for finding in self.ledger.subjects.open_findings(place))
        return {severity: found[severity] for severity in Severity if severity is not Severity.INFORMATIONAL}


def _named(subjects: list[SubjectId], kind: Subject) -> Iterator[str]:
    return (subject.name for subject in subjects if subject.kind is kind)


def _bodies(  # noqa: PLR0913 - what a sweep found
    place: Place,
    families: dict[str, int],
    services: list[str],
    tasks: Mapping[str, Mapping[str, Sight]],
    listed: datetime,
    *,
    quiet: bool,
) -> Iterator[str]:
    """Services first: what they run says how much a drift of their family matters."""
    shared, of_a_family = {"kind", "account", "region", "quiet"}, {"family", "revision", "tasks", "listed"}
    account, region = place.account, place.region
    for title in services:
        look = ServiceTrigger(account=account, region=region, service=title, quiet=quiet)
        yield look.model_dump_json(include=shared | {"service"})
    for family, revision in sorted(families.items()):
        ran = tasks.get(family, {})
        again = FamilyTrigger(
            account=account, region=region, family=family, revision=revision, tasks=ran, listed=listed, quiet=quiet
        )
        yield again.model_dump_json(include=shared | of_a_family)
