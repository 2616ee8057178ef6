"""What `replay` prints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ReplayEntry:
    """What the service would do about one event."""

    file: str
    """The file that has it."""
    subjects: tuple[str, ...]
    """The keys of what is evaluated: `account/region/kind/name`."""
    ignored: str | None
    """Why nothing is evaluated; null if something is."""
    skipped: tuple[str, ...]
    """Why an evaluation was not necessary."""
    failed: tuple[str, ...]
    """What could not be evaluated, and why."""
    findings: tuple[Mapping[str, Any], ...]
    """What Security Hub would receive, in ASFF."""
    alerts: tuple[Mapping[str, Any], ...]
    """What the topic of alerts would receive."""
    requests: tuple[Mapping[str, Any], ...]
    """The requests for corrections."""
    others: tuple[str, ...]
    """The keys of what is evaluated because of this."""


@dataclass(frozen=True, slots=True)
class ReplayOutput:
    """The output of `outrider replay`."""

    version: Literal[1]
    """The version of this form."""
    results: tuple[ReplayEntry, ...]
    """One for each event, in the order of the files."""
