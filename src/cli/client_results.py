"""What the client of the service returns: what requests are about, and how far they are."""

from dataclasses import dataclass, replace

from domain.findings.users import Running
from domain.remediation.attempt import Answer, Attempt, AttemptState, ProposedPlan, Quarantine
from domain.subject import SubjectId


@dataclass(frozen=True, slots=True)
class ApprovablePlan:
    """A proposed plan that may be approved: its subject, its family, and the services that run that family."""

    subject: SubjectId
    family: str
    of: str
    proposed: ProposedPlan
    rule: str = ""
    running: tuple[tuple[str, Running], ...] = ()


@dataclass(frozen=True, slots=True)
class UndoTarget:
    """What an undo would roll back: one service of the attempt, or all if none is named.

    `later` are later corrections of single services of the family.
    """

    of: SubjectId
    service: str
    attempt: Attempt
    later: tuple[Attempt, ...] = ()

    @property
    def family(self) -> str:
        return self.of.name


@dataclass(frozen=True, slots=True)
class ReleaseTarget:
    """A family's quarantine, and the attempts of it that may be tried again after a release."""

    of: SubjectId
    quarantine: Quarantine | None
    attempts: tuple[Attempt, ...]

    @property
    def family(self) -> str:
        return self.of.name


@dataclass(frozen=True, slots=True)
class FamilyCorrections:
    """The state of a family's corrections."""

    family: str
    attempts: tuple[Attempt, ...]
    quarantine: Quarantine | None
    proposed: ProposedPlan | None

    @property
    def with_corrections_on(self) -> "FamilyCorrections":
        """Return it as people see it while corrections are on."""
        return replace(self, attempts=tuple(each.with_corrections_on() for each in self.attempts))


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that was sent: its id, the family whose rows show its result, and the attempt that it undoes."""

    family: SubjectId
    id: str
    undoes: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A request's progress so far: remediate's answer, and the attempt that carries it out."""

    answer: Answer | None = None
    attempt: Attempt | None = None

    @property
    def ended(self) -> bool:
        return self.answer is not None and (self.attempt is None or self.attempt.state.ended)

    @property
    def state(self) -> AttemptState | None:
        return self.attempt.state if self.attempt else self.answer.state if self.answer else None
