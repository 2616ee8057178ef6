"""Stages of corrections over accounts: which may begin now."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.organization import Membership
from domain.standard import Standard

_DEPENDS_ON = (
    "mode",
    "scope",
    "collector",
    "collectors",
    "applications",
    "roles",
    "services",
    "configuration",
    "rules",
    "layers",
    "locked",
)


@dataclass(frozen=True, slots=True)
class AccountProgress:
    """An account in a rollout: its stage, when its first correction was verified, and the corrections that failed."""

    account: str
    stage: int
    first: datetime | None = None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of a rollout, by the standard, and how far it came."""

    standard: Standard
    accounts: Sequence[AccountProgress] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        """Return the corrections that failed since the last release."""
        return tuple(f"{each.account}/{name}" for each in self.accounts for name in each.failed)

    @property
    def stopped(self) -> bool:
        """Whether nothing begins until a person releases it."""
        return len(self.failed) >= self.standard.remediation.stop_after

    @property
    def firsts(self) -> Mapping[int, datetime]:
        """Return when the first correction of each stage was verified."""
        found = dict[int, datetime]()
        for each in self.accounts:
            if each.first is not None:
                found[each.stage] = min(each.first, found.get(each.stage, each.first))
        return found

    @property
    def count(self) -> int:
        """Return how many stages there are, the last one with all other accounts included."""
        return len(self.standard.remediation.stages) + 1

    def of(self, member: Membership) -> int:
        """Return the stage of an account, from 0; an account that no stage names is in the last one."""
        stages = self.standard.remediation.stages
        return next((i for i, stage in enumerate(stages) if stage.where.matches(member)), len(stages))

    def without(self, stage: int) -> int | None:
        """Return the first stage before this one that has no verified correction; None if all have."""
        return next((each for each in range(stage) if each not in self.firsts), None)

    def opens(self, stage: int) -> datetime | None:
        """Return when a stage begins; None if it may begin at once, or nobody can say yet."""
        if self.without(stage) is not None:
            return None
        hours = self.standard.remediation.stages
        times = (self.firsts[each] + timedelta(hours=hours[each].wait_hours) for each in range(stage))
        return max(times, default=None)


def rollout_of(standard: Standard, release: str) -> str:
    """Return a digest of what corrections depend on, and of the stages: when it changes, the stages begin again."""
    parts = [repr(getattr(standard, name)) for name in _DEPENDS_ON] + [repr(standard.remediation.stages)]
    return hashlib.sha256("\n".join([release, *parts]).encode()).hexdigest()[:16]
