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
from aws.ledger import Ledger
from aws.security_hub import SecurityHub
from domain.alert import Alert
from domain.places import Place
from domain.rule import Severity, Subject
from domain.standard import Standard, StandardInvalid
from domain.trigger import FamilyTrigger, ServiceTrigger
from domain.use import Sight
from domain.verdict import SubjectId
from operations.standards import Standards
from reports.digest import daily_of, digest_of


@dataclass(frozen=True, slots=True)
class Swept:
    """How many families and services were sent to be looked at, and whether as a baseline."""

    families: int
    services: int
    baseline: bool


@dataclass(frozen=True, slots=True)
class Sweeper:
    """The use case; its parts come from operations.wiring."""

    ecs: Ecs
    ledger: Ledger
    changes: Queue
    alerts: Topic
    hub: SecurityHub
    standards: Standards
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def sweep(self, place: Place, *, quiet: bool = False, delay: int = 0) -> Swept:
        """CallFailed where something could not be read or sent: the schedule tries again. `delay` in seconds.

        A baseline, where nothing was looked at before or where it is asked for, makes findings and no alert for each:
        see `digest`.
        """
        newest, services = self.ecs.newest_revisions(place), self.ecs.services(place)
        known = self.ledger.subjects(place)
        baseline = quiet or not known
        families = dict.fromkeys(_named(known, Subject.FAMILY), 0) | newest
        titles = dict.fromkeys([*services, *_named(known, Subject.SERVICE)])
        tasks = self.ecs.tasks_of_no_service(place)
        bodies = _bodies(place, families, list(titles), tasks, quiet=baseline)
        self.changes.send_all(bodies, delay=delay)
        return Swept(len(families), len(titles), baseline)

    def digest(self, place: Place, title: str, wait: Callable[[], bool]) -> Alert:
        """Once everything was looked at, or `wait` says that there is no more time: what is open, in one alert."""
        while self.changes.depth() and wait():
            pass
        alert = digest_of(self.ledger.open_findings(place), place, title=title, occurred=self.now())
        self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alert

    def daily(self, place: Place, at: datetime | None = None) -> Alert | None:
        """The digest of the day that ended `at`, told under the same id however often it is asked for.

        None where there was nothing to tell. CallFailed where what is open, or suppressed, could not be read.
        """
        end = at or self.now()
        found = self.ledger.open_or_closed_since(place, end - timedelta(days=1))
        silenced = self._suppressed(place, [finding.id for finding in found])
        told = [finding for finding in found if finding.id not in silenced]
        alert = daily_of(told, place, self._standard(), at=end)
        if alert is not None:
            self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alert

    def _standard(self) -> Standard | None:
        """None where it is none or may not be read: operations hear of that from inspect."""
        try:
            return self.standards.current().standard
        except StandardInvalid:
            return None
        except CallFailed as failed:
            if failed.transient:
                raise
            return None

    def _suppressed(self, place: Place, ids: list[str]) -> set[str]:
        try:
            return self.hub.suppressed(place, ids)
        except CallFailed as failed:
            if failed.code.startswith("InvalidAccess"):  # no hub: nobody can have suppressed anything
                return set()
            raise

    def open_findings(self, place: Place) -> dict[Severity, int]:
        """How many findings are open, by each severity that a finding can have."""
        found = Counter(finding.severity for finding in self.ledger.open_findings(place))
        return {severity: found[severity] for severity in Severity if severity is not Severity.INFORMATIONAL}


def _named(subjects: list[SubjectId], kind: Subject) -> Iterator[str]:
    return (subject.name for subject in subjects if subject.kind is kind)


def _bodies(
    place: Place,
    families: dict[str, int],
    services: list[str],
    tasks: Mapping[str, Mapping[str, Sight]],
    *,
    quiet: bool,
) -> Iterator[str]:
    """Services first: what they run says how much a drift of their family matters."""
    shared = {"kind", "account", "region", "quiet"}
    account, region = place.account, place.region
    for title in services:
        look = ServiceTrigger(account=account, region=region, service=title, quiet=quiet)
        yield look.model_dump_json(include=shared | {"service"})
    for family, revision in sorted(families.items()):
        ran = tasks.get(family, {})
        again = FamilyTrigger(account=account, region=region, family=family, revision=revision, tasks=ran, quiet=quiet)
        yield again.model_dump_json(include=shared | {"family", "revision", "tasks"})
