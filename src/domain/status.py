"""The status of a place: what is open, what waits, what is in progress, and what needs a person."""

from dataclasses import dataclass, replace

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
    quarantines: tuple[tuple[str, Quarantine], ...] = ()

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
    """The open findings, the suppressed ones apart; the state of corrections; and the last sweep.

    `stack` is named in commands.
    """

    place: Place
    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...] = ()
    standing: Standing = Standing()
    swept: SweepRun | None = None
    stack: str = ""
