"""What `upgrade` prints."""

from dataclasses import dataclass
from typing import Literal

from cli.output.evaluation import InputError
from domain.severity import Severity


@dataclass(frozen=True, slots=True)
class BreakEntry:
    """What the collector does not start with, or understands otherwise."""

    rule: str
    """The rule that finds it."""
    page: str
    """The rule's section in this project's documentation."""
    code: str
    """What is wrong; unique within the rule."""
    where: str
    """A path by names."""
    why: str
    """A sentence."""
    found: str
    """The value, where it may be shown; else empty."""
    wanted: str
    """The right value, where it is known and may be shown; else empty."""
    severity: Severity
    """The severity."""


@dataclass(frozen=True, slots=True)
class RenamedEntry:
    """A component that has a newer name; both work."""

    where: str
    """A path by names."""
    found: str
    """The name in use."""
    wanted: str
    """The newer name."""
    since: str
    """The first release that knows the newer name."""


@dataclass(frozen=True, slots=True)
class SupportEntry:
    """A release that is out of support."""

    release: str
    """The release."""
    since: str
    """The day on which its support ended."""
    newest: str
    """The newest release."""


@dataclass(frozen=True, slots=True)
class OutlookEntry:
    """What another release makes of one task definition or configuration."""

    file: str
    """The file that has it."""
    resource: str | None
    """The definition's ARN, or its family if it is not registered; null for a configuration."""
    before: str | None
    """The present release; null if it is not known."""
    after: str
    """The other release."""
    not_evaluated: str | None
    """Why it is not evaluated; null if it is."""
    breaks: tuple[BreakEntry, ...]
    """What only the other release refuses or understands otherwise."""
    renamed: tuple[RenamedEntry, ...]
    """Components that have a newer name."""
    out_of_support: tuple[SupportEntry, ...]
    """Which of the two releases are out of support."""
    unknown: tuple[str, ...]
    """Reasons for what could not be evaluated."""


@dataclass(frozen=True, slots=True)
class UpgradeOutput:
    """The output of `outrider upgrade`."""

    version: Literal[1]
    """The version of this form."""
    results: tuple[OutlookEntry, ...]
    """One for each task definition or configuration, in the order of the inputs."""
    errors: tuple[InputError, ...]
    """The inputs that could not be used."""
    skipped: tuple[str, ...]
    """Files in folders that have neither."""
