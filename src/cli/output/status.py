"""What `status` prints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class FindingEntry:
    """A finding, open or suppressed."""

    account: str
    """The account that it is in."""
    region: str
    """The region that it is in."""
    id: str
    """Its Id in Security Hub."""
    subject: str
    """family, service, parameter or role."""
    name: str
    """The subject's name."""
    rule: str
    """The rule's id."""
    severity: str
    """Its severity."""
    resource: str
    """The ARN that was evaluated."""
    since: str
    """When it was first opened."""


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan that waits for approval."""

    account: str
    """The account that it is in."""
    region: str
    """The region that it is in."""
    subject: str
    """family or service."""
    name: str
    """The subject's name."""
    revision: str
    """The revision that it corrects."""
    digest: str
    """The plan's digest."""
    rules: tuple[str, ...]
    """The rules whose drift it fixes."""
    left_out: tuple[str, ...]
    """The rules that it leaves out, because their findings are suppressed."""
    severity: str
    """The highest severity of its findings."""
    safety: str
    """safe or review."""
    reasons: tuple[str, ...]
    """Why it needs approval."""
    until: str | None
    """Until when it can be approved."""
    command: str
    """The command that approves it."""


@dataclass(frozen=True, slots=True)
class AttemptEntry:
    """A correction that is in progress or failed."""

    account: str
    """The account that it is in."""
    region: str
    """The region that it is in."""
    family: str
    """The family."""
    source: str
    """The revision that it corrects."""
    registered: str
    """The corrected revision; empty where there is none."""
    service: str
    """The service, for the correction of a service alone."""
    state: str
    """Its state."""
    guard: str
    """The guard that holds it up, if one does."""
    reasons: tuple[str, ...]
    """Why it waits or failed."""
    rules: tuple[str, ...]
    """The rules whose drift it fixes."""
    digest: str
    """The plan's digest."""
    services: Mapping[str, str]
    """How far each service is."""
    due: str | None
    """When it is tried again."""
    since: str
    """When it began."""


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """A family that is not corrected until somebody releases it."""

    account: str
    """The account that it is in."""
    region: str
    """The region that it is in."""
    family: str
    """The family."""
    since: str
    """Since when."""
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True)
class ExemptionEntry:
    """An exemption of the standard."""

    rules: tuple[str, ...]
    """The rules, as patterns."""
    where: Mapping[str, Any]
    """The workloads, as the standard selects them."""
    expires: str | None
    """Its last day."""
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True)
class OwnersExemptionEntry:
    """An exemption by an owner of an account."""

    account: str
    """The account."""
    region: str
    """The region in which it counts."""
    rules: tuple[str, ...]
    """The rules, as patterns."""
    where: Mapping[str, Any]
    """The workloads, as the owner selects them."""
    expires: str
    """Its last day."""
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True)
class StageEntry:
    """A stage of corrections over accounts."""

    number: int
    """Its number, from 1; the last one has all other accounts."""
    opens: str | None
    """When it begins or began; null for the first, and while nobody can say."""
    first: str | None
    """When its first correction was verified."""
    corrected: tuple[str, ...]
    """The accounts in which a correction was verified."""
    failed: tuple[str, ...]
    """Corrections that failed since the last release, as account, region and family."""


@dataclass(frozen=True, slots=True)
class SweepEntry:
    """The last sweep."""

    began: str
    """When it began."""
    ended: str | None
    """When it ended."""


@dataclass(frozen=True, slots=True)
class UncoveredEntry:
    """An account and region that the last sweep did not cover."""

    account: str
    """The account."""
    region: str
    """The region."""
    since: str | None
    """When the first of the sweeps in a row began that did not cover it."""
    why: str
    """What is missing, and why."""


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """What the last sweep of everything covered."""

    complete: bool
    """Whether the present state of everything is known, so that no open finding means that none exists."""
    proof: str
    """intact, changed, missing, none, old or unread: whether the certificate can be relied on."""
    uncovered: tuple[UncoveredEntry, ...]
    """What it did not cover."""


@dataclass(frozen=True, slots=True)
class StatusOutput:
    """The output of `outrider status`."""

    version: Literal[1]
    """The version of this form."""
    account: str
    """The stack's account."""
    region: str
    """The stack's region."""
    stack: str
    """The stack's name."""
    corrections_off: str
    """Why corrections are off; empty if they are on."""
    corrections_off_in: tuple[str, ...]
    """The accounts in which alone they are off."""
    stages: tuple[StageEntry, ...]
    """The stages of corrections over accounts; empty if the standard has none."""
    stages_stopped: bool
    """Whether corrections stopped in all accounts, because some failed."""
    findings: tuple[FindingEntry, ...]
    """The open findings, the most severe first."""
    plans: tuple[PlanEntry, ...]
    """The plans that wait for approval."""
    corrections: tuple[AttemptEntry, ...]
    """The corrections in progress."""
    failures: tuple[AttemptEntry, ...]
    """The corrections that failed."""
    quarantines: tuple[QuarantineEntry, ...]
    """The families in quarantine."""
    exemptions: tuple[ExemptionEntry, ...] | None
    """The standard's exemptions; null if the stored standard is not valid."""
    owners: tuple[OwnersExemptionEntry, ...]
    """Exemptions by owners of accounts that count."""
    suppressed: tuple[FindingEntry, ...]
    """The findings that were suppressed in Security Hub."""
    swept: SweepEntry | None
    """The last sweep; null if there was none."""
    coverage: SeenEntry
    """What it covered."""
    unwatched: int
    """How many findings are open in accounts and regions that are not watched any more; they are not in `findings`."""
