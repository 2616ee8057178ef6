"""Sweep: have everything that exists or existed evaluated again, because events may be missed.

It evaluates nothing itself. It sends one message for each family and service to the queue `changes`. It lists families
and not their revisions: inspect asks ECS for the newest one, and reads nothing more of a revision that it knows.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

from aws.calls import CallFailed
from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger, SweepBasis
from aws.security_hub import SecurityHub
from domain.findings.alert import Alert
from domain.findings.finding import Finding, FindingState
from domain.findings.users import SeenTasks
from domain.places import Place
from domain.severity import Severity
from domain.standard import StandardInvalid
from domain.subject import Subject, SubjectId
from domain.triggers.trigger import FamilyTrigger, ServiceTrigger
from operations.standards import AGREED, Edition, Standards
from operations.status import status_of
from reports.digest import daily_of, digest_of

_EMPTY = 4  # readings in a row: the counts of SQS are approximate and late


@dataclass(frozen=True, slots=True)
class Swept:
    """How many families and services were sent for evaluation, and whether as a baseline.

    `at` is the scheduled time, the same in a retry. `by` is the standard and release of the evaluations; None if the
    standard is not valid or cannot be read. `begins` is when the evaluations begin, if they are delayed.
    """

    families: int
    services: int
    baseline: bool
    at: datetime
    by: SweepBasis | None = None
    begins: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Listed:
    """What exists or existed: families and services.

    `tasks` are those of no service, by family and cluster, as they were listed `at` that time. `suppressed` has the
    rules of suppressed findings by their subject's key; None if they could not be read.
    """

    families: Sequence[str]
    services: Sequence[str]
    at: datetime
    tasks: Mapping[str, Mapping[str, SeenTasks]]
    suppressed: Mapping[str, tuple[str, ...]] | None


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
    stack: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def sweep(self, place: Place, *, quiet: bool = False, delay: int = 0, at: datetime | None = None) -> Swept:
        """Send everything for evaluation. Raises CallFailed if a read or send failed: the event is retried.

        `delay` is in seconds. `at` is the scheduled time; None for now.

        A baseline opens findings without an alert for each: see `digest`. A sweep is a baseline if it is requested, if
        nothing was evaluated before, or if the last sweep was by another standard or release or is not known. Call
        `ended` afterwards.
        """
        now = self.now()
        edition = self._edition(self.standards.reread)
        by = SweepBasis(self.release, edition.digest) if edition is not None else None
        before = self.ledger.sweeps.last(place)
        listed_families, services = self.ecs.families(place), self.ecs.services(place)
        known = self.ledger.subjects.all(place)
        baseline = quiet or not known or (by is not None and by != before)
        if by is not None and before is not None and by.standard != before.standard:
            delay = max(
                delay, AGREED
            )  # else some would be evaluated by the earlier standard now, and alerted one by one later
        families = list(dict.fromkeys([*listed_families, *_named(known, Subject.FAMILY)]))
        titles = dict.fromkeys([*services, *_named(known, Subject.SERVICE)])
        at_, tasks = self.now(), self.ecs.tasks_of_no_service(place)
        found = _Listed(families, list(titles), at_, tasks, self._suppressed(place))
        bodies = _bodies(place, found, quiet=baseline)
        self.changes.send_all(bodies, delay=delay)
        begins = self.now() + timedelta(seconds=delay) if delay else None
        return Swept(len(families), len(titles), baseline, at or now, by, begins)

    def _suppressed(self, place: Place) -> Mapping[str, tuple[str, ...]] | None:
        """Return the rules of suppressed findings by subject. Without them, what is remembered counts."""
        try:
            ids = self.hub.all_suppressed(place)
        except CallFailed:
            return None
        named = sorted(id_.removeprefix("outrider/").rpartition("/") for id_ in ids)
        return {key: tuple(rule for _, _, rule in some) for key, some in groupby(named, lambda each: each[0])}

    def ended(self, place: Place, swept: Swept) -> None:
        """Record the sweep, once everything was sent and a baseline's digest published.

        Until then a retry is a baseline too.
        """
        if swept.baseline and swept.by is not None:
            self.ledger.sweeps.finished(place, swept.by)

    def digest(self, place: Place, swept: Swept, wait: Callable[[], bool]) -> Alert:
        """Publish what is open in one alert, once everything was evaluated or `wait` says that no time is left."""
        waiting = self._waiting(swept.begins, wait)
        found = self._without_suppressed(place, self.ledger.subjects.open_findings(place))
        alert = digest_of(found, place, swept=swept.at, waiting=waiting, occurred=self.now())
        self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alert

    def _waiting(self, begins: datetime | None, wait: Callable[[], bool]) -> int:
        """Return how many messages still wait when the queues stay empty or no time is left.

        Once the sweep's own evaluations have begun, delayed messages belong to others: for instance to a settling
        service.
        """
        empty = 0
        while True:
            # In this order a message that is dispatched in between is counted twice, never missed.
            waiting = self.changes.depth(delayed=begins is not None and self.now() < begins) + self.subjects.depth()
            empty = 0 if waiting else empty + 1
            if empty == _EMPTY or not wait():
                return waiting

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
        edition = self._edition(self.standards.current)
        standard = edition.standard if edition is not None else None
        alert = daily_of(status, [each for each in done if each in shown], standard, at=end)
        if alert is not None:
            self.alerts.publish(alert.model_dump_json(), alert.attributes)
        return alert

    @staticmethod
    def _edition(read: Callable[[], Edition]) -> Edition | None:
        """Return the standard; None if it is not valid or cannot be read: inspect notifies operations of that."""
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
            if failed.not_enabled:  # without a hub no finding can be suppressed
                return findings
            raise
        return [finding for finding in findings if finding.id not in silenced]

    def open_findings(self, place: Place) -> dict[Severity, int]:
        """Return how many findings are open, by severity."""
        found = Counter(finding.severity for finding in self.ledger.subjects.open_findings(place))
        return {severity: found[severity] for severity in Severity if severity is not Severity.INFORMATIONAL}


def _named(subjects: list[SubjectId], kind: Subject) -> Iterator[str]:
    return (subject.name for subject in subjects if subject.kind is kind)


def _bodies(place: Place, found: _Listed, *, quiet: bool) -> Iterator[str]:
    """Send services first: the severity of a family's drift depends on what runs it."""
    shared, of_a_family = (
        {"kind", "account", "region", "quiet", "suppressed"},
        {"family", "revision", "tasks", "listed"},
    )
    known = found.suppressed

    def suppressed(kind: Subject, name: str) -> tuple[str, ...] | None:
        return None if known is None else known.get(SubjectId(place, kind, name).key, ())

    account, region = place.account, place.region
    for title in found.services:
        trigger = ServiceTrigger(
            account=account, region=region, service=title, quiet=quiet, suppressed=suppressed(Subject.SERVICE, title)
        )
        yield trigger.model_dump_json(include=shared | {"service"})
    for family in sorted(found.families):
        again = FamilyTrigger(
            account=account,
            region=region,
            family=family,
            revision=0,
            tasks=found.tasks.get(family, {}),
            listed=found.at,
            quiet=quiet,
            suppressed=suppressed(Subject.FAMILY, family),
        )
        yield again.model_dump_json(include=shared | of_a_family)
