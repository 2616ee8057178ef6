"""What `doctor` prints."""

from dataclasses import dataclass
from typing import Literal

from domain.health.row import State


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call to AWS that failed."""

    call: str
    """The service and operation."""
    resource: str
    """What it was about."""
    error: str
    """The error's code."""


@dataclass(frozen=True, slots=True)
class HealthEntry:
    """The result of one check of a stack."""

    check: str
    """What is checked."""
    state: State
    """The result."""
    code: str
    """The result as a code."""
    names: tuple[str, ...]
    """What it is about."""
    number: int
    """How many."""
    at: str | None
    """When."""
    detail: str
    """More about it."""
    failed: FailedCall | None
    """The call that failed, if the state is unknown because of it."""
    text: str
    """The result as a sentence."""
    fix: str
    """The command that fixes it; else empty."""


@dataclass(frozen=True, slots=True)
class DoctorOutput:
    """The output of `outrider doctor`."""

    version: Literal[1]
    """The version of this form."""
    account: str
    """The stack's account."""
    region: str
    """The stack's region."""
    stack: str
    """The stack's name."""
    checks: tuple[HealthEntry, ...]
    """One for each check."""
