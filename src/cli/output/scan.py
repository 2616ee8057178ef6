"""What `scan` prints."""

from dataclasses import dataclass
from typing import Literal

from cli.output.names import Outcome
from domain.severity import Severity
from reports.fleet.model import Fix


@dataclass(frozen=True, slots=True)
class ScanDrift:
    """One place where a service departs from a rule."""

    code: str
    """What is wrong; unique within the rule. `outrider explain` lists them."""
    where: str
    """A path by names: `containers/adot-collector/image`."""
    why: str
    """A sentence."""
    found: str
    """The value, where it may be shown; else empty."""
    wanted: str
    """The right value, where it is known and may be shown; else empty."""
    severity: Severity
    """The severity of this drift."""


@dataclass(frozen=True, slots=True)
class ScanVerdict:
    """The result of one rule that is not compliant, or has notes."""

    rule: str
    """The rule's id."""
    verdict: Outcome
    """The result."""
    severity: Severity | None
    """That of the most severe drift; null if nothing drifted."""
    drifts: tuple[ScanDrift, ...]
    """What is wrong. INFORMATIONAL drifts are notes on a compliant rule."""
    reasons: tuple[str, ...]
    """Why the verdict is unknown or exempt."""
    fix: Fix
    """What the rule's fix would be; refused: there is none for this drift."""
    remarks: tuple[str, ...]
    """Why the fix needs approval, or was refused."""


@dataclass(frozen=True, slots=True)
class ScanEntry:
    """A service with the revision that it runs, or a family that no service runs."""

    account: str
    """The account."""
    region: str
    """The region."""
    service: str | None
    """The service as `cluster/service`; null for a family that no service runs."""
    family: str
    """The task-definition family."""
    revision: int
    """The number of the revision."""
    team: str
    """The team that its tag names; empty if none does."""
    registered_by: str
    """The ARN of who registered the revision; empty if ECS does not say."""
    not_evaluated: str | None
    """Why it is not evaluated; null if it is."""
    plan: str | None
    """The digest of the plan that would correct the revision; null if there is none."""
    compliant: tuple[str, ...]
    """The rules that it complies with."""
    verdicts: tuple[ScanVerdict, ...]
    """The results of all other rules that apply to it."""


@dataclass(frozen=True, slots=True)
class ScanFailure:
    """A call that failed, and how often."""

    call: str
    """The call as IAM names it; a code if no call failed."""
    code: str
    """The error's code."""
    resource: str
    """What could not be read; one of them."""
    count: int
    """How many could not be read."""


@dataclass(frozen=True, slots=True)
class ScanCoverage:
    """How much of one kind was read in an account and region."""

    account: str
    """The account."""
    region: str
    """The region."""
    kind: str
    """What was read: services, roles, parameters and so on."""
    found: int
    """How many there are, or are named."""
    read: int
    """How many were read."""
    failed: tuple[ScanFailure, ...]
    """What could not be read."""


@dataclass(frozen=True, slots=True)
class ScanTotals:
    """The scan in numbers. `--earlier` reads them."""

    at: str
    """When it was made."""
    services: int
    """Services, and families without one, that were evaluated."""
    drifted: int
    """How many of them drifted."""
    unknown: int
    """How many of them have no drift, and a verdict that is unknown."""
    complete: bool
    """Whether everything was read."""


@dataclass(frozen=True, slots=True)
class ScanOutput:
    """The output of `outrider scan`."""

    version: Literal[1]
    """The version of this form."""
    standard: str
    """The name of the standard."""
    totals: ScanTotals
    """The scan in numbers."""
    coverage: tuple[ScanCoverage, ...]
    """How much was read, by account, region and kind."""
    results: tuple[ScanEntry, ...]
    """One for each service, and each family without one."""
