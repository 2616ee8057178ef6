"""What the report shows, as frozen data. No environment value and no configuration body is in it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.drift import Safety
from domain.places import Place
from domain.remediation.plan import Change
from domain.severity import Severity


class State(StrEnum):
    """The result of one rule, each as the letter that the page has for it. They order from good to bad."""

    NOT_APPLICABLE = "."
    COMPLIANT = "c"
    EXEMPT = "e"
    UNKNOWN = "u"
    LOW = "l"
    MEDIUM = "m"
    HIGH = "h"
    CRITICAL = "x"

    @classmethod
    def drifted(cls, severity: Severity) -> "State":
        """Return the state of a drift of this severity."""
        return cls[max(severity, Severity.LOW).name]

    @property
    def severity(self) -> Severity | None:
        """The severity of what drifted; None if nothing did."""
        return Severity.__members__.get(self.name)


class Fix(StrEnum):
    """What can be done about a drift."""

    SAFE = "safe"
    REVIEW = "review"
    REFUSED = "refused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Problem:
    """One drift as the page shows it."""

    where: str
    why: str
    found: str = ""
    wanted: str = ""
    severity: Severity = Severity.LOW
    code: str = ""
    """What is wrong; unique within the rule."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one rule. `reasons` say why it is unknown or exempt, `remarks` what to know of its fix."""

    rule: str
    state: State
    problems: tuple[Problem, ...] = ()
    reasons: tuple[str, ...] = ()
    fix: Fix = Fix.NONE
    remarks: tuple[str, ...] = ()


class PathState(StrEnum):
    """Whether telemetry arrives at the end of a path."""

    WORKS = "works"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Box:
    """A container as it is drawn."""

    name: str
    role: str
    image: str
    ports: tuple[int, ...] = ()
    essential: bool = True


@dataclass(frozen=True, slots=True)
class TelemetryPath:
    """A path of telemetry: from a container to another, or to what is outside the task."""

    sender: str
    receiver: str
    label: str
    state: PathState
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """A task: its containers, and the paths of its telemetry."""

    boxes: tuple[Box, ...] = ()
    paths: tuple[TelemetryPath, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """The plan that would correct it: its digest, whether it is safe, why it needs approval, and its diff."""

    digest: str
    safety: Safety
    fixes: tuple[str, ...]
    concerns: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Registered:
    """Who registered a revision, and when; empty if ECS does not say."""

    by: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: a service with the revision that it runs, or a family that no service runs.

    `not_evaluated` says why there are no results.
    """

    place: Place
    family: str
    revision: int
    service: str = ""
    """As `cluster/service`; empty for a family that no service runs."""
    team: str = ""
    registered: Registered = Registered()
    results: tuple[Result, ...] = ()
    drawing: Drawing = Drawing()
    proposal: Proposal | None = None
    not_evaluated: str = ""

    @property
    def worst(self) -> int:
        """The rank of its worst result."""
        return max((_ORDER[each.state] for each in self.results), default=0)


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule, as the page explains it."""

    id: str
    title: str
    why: str
    remedy: str
    severity: Severity
    page: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read: the call and the error code, and one resource as an example."""

    call: str
    code: str
    resource: str
    count: int = 1

    def __str__(self) -> str:
        more = f" and {self.count - 1:,} more" if self.count > 1 else ""
        return f"{self.call} failed: {self.code}: {self.resource}{more}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of one kind of thing was read in an account and region."""

    place: Place
    kind: str
    found: int
    read: int
    unread: tuple[Unread, ...] = ()

    @property
    def complete(self) -> bool:
        return self.read >= self.found and not self.unread


@dataclass(frozen=True, slots=True)
class Totals:
    """One run in numbers, so that runs can be compared."""

    at: datetime
    services: int
    drifted: int
    unknown: int
    """Rows with an unknown verdict and no drift."""
    complete: bool


@dataclass(frozen=True, slots=True)
class Fleet:
    """All that one report shows."""

    title: str
    standard: str
    release: str
    at: datetime
    rules: tuple[ShownRule, ...]
    entries: tuple[Entry, ...]
    coverage: tuple[Coverage, ...] = ()
    earlier: tuple[Totals, ...] = ()

    @property
    def totals(self) -> Totals:
        """Return this run in numbers."""
        drifted = unknown = evaluated = 0
        for entry in self.entries:
            if entry.not_evaluated:
                continue
            evaluated += 1
            drifted += entry.worst > _ORDER[State.UNKNOWN]
            unknown += entry.worst == _ORDER[State.UNKNOWN]
        return Totals(self.at, evaluated, drifted, unknown, all(each.complete for each in self.coverage))


_ORDER = {state: order for order, state in enumerate(State)}
