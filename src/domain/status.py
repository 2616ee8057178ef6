"""The status: what is open, what waits, what is in progress, what needs a person, and what nobody has seen."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from domain.coverage import UNSEEN, Seen
from domain.findings.finding import Finding
from domain.health.facts import SweepRun
from domain.places import Place
from domain.remediation.attempt import Attempt, ProposedPlan, Quarantine
from domain.severity import Severity
from domain.subject import SubjectId


@dataclass(frozen=True, slots=True)
class PlanWaiting:
    """A plan that a person may approve, for a family's `revision` or a service.

    `severity` is the highest of the findings that it would close.
    """

    subject: SubjectId
    revision: str
    plan: ProposedPlan
    severity: Severity


@dataclass(frozen=True, slots=True)
class Standing:
    """Plans that wait for approval, corrections under way, those that failed or were refused, and quarantines.

    `failed` holds none of a family in quarantine: the quarantine says why.
    """

    plans: tuple[PlanWaiting, ...] = ()
    under_way: tuple[Attempt, ...] = ()
    failed: tuple[Attempt, ...] = ()
    quarantines: tuple[tuple[SubjectId, Quarantine], ...] = ()

    @property
    def with_corrections_on(self) -> "Standing":
        """Return it as people see it while corrections are on."""
        under_way, failed = (
            tuple(each.with_corrections_on() for each in attempts) for attempts in (self.under_way, self.failed)
        )
        return replace(self, under_way=under_way, failed=failed)

    def __bool__(self) -> bool:
        return bool(self.plans or self.under_way or self.failed or self.quarantines)


@dataclass(frozen=True, slots=True)
class Status:
    """The open findings, the suppressed ones apart; the state of corrections; the last sweep, and what it covered.

    All of it is about every account and region that is watched. `home` is where the stack is; `stack` is named in
    commands.
    """

    home: Place
    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...] = ()
    standing: Standing = Standing()
    swept: SweepRun | None = None
    seen: Seen = UNSEEN
    unwatched: int = 0
    """How many findings are open where nothing is watched any more: they are not in `findings`."""
    stack: str = ""

    @property
    def by_place(self) -> list["PlaceStatus"]:
        """Return the accounts and regions with something open, waiting or in quarantine, the worst first."""
        found = defaultdict[Place, PlaceStatus](PlaceStatus)
        for finding in self.findings:
            found[finding.subject.place].severities[finding.severity] += 1
        for plan in self.standing.plans:
            found[plan.subject.place].plans += 1
        for attempt in self.standing.failed:
            found[attempt.source.place].failed += 1
        for family, _ in self.standing.quarantines:
            found[family.place].quarantines += 1
        for place, each in found.items():
            each.place = place
        return sorted(found.values(), key=lambda each: each.order)


@dataclass(slots=True)
class PlaceStatus:
    """How much is open in an account and region, by severity, and how much waits or needs a person."""

    place: Place = Place("", "")  # noqa: RUF009 - frozen
    severities: Counter[Severity] = field(default_factory=Counter)
    plans: int = 0
    failed: int = 0
    quarantines: int = 0

    @property
    def order(self) -> tuple[object, ...]:
        """The highest severity first, then the most of it."""
        counts = (-self.severities[severity] for severity in reversed(Severity))
        return (*counts, -self.quarantines, -self.failed, -self.plans, self.place)
