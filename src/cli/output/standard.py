"""What `standard validate` and `standard diff` print."""

from dataclasses import dataclass
from typing import Literal

from cli.output.evaluation import InputError
from domain.findings.dependents import VerdictKind
from domain.severity import Severity
from domain.standard import Mode
from domain.standard.problems import Level
from operations.differences import Change


@dataclass(frozen=True, slots=True)
class ProblemEntry:
    """One problem of a standard."""

    code: str
    """What is wrong; docs/standard.md lists them."""
    severity: Level
    """Whether a standard with it is refused."""
    line: int | None
    """The line; null for the document as a whole."""
    path: str
    """The field: `rules[0].where.cluster`."""
    sentence: str
    """What is wrong with it."""


@dataclass(frozen=True, slots=True)
class StandardEntry:
    """The problems of one standard."""

    file: str
    """The file; `Standard input` for a dash."""
    problems: tuple[ProblemEntry, ...]
    """What is wrong."""


@dataclass(frozen=True, slots=True)
class ValidateOutput:
    """The output of `outrider standard validate`."""

    version: Literal[1]
    """The version of this form."""
    results: tuple[StandardEntry, ...]
    """One for each standard."""
    errors: tuple[InputError, ...]
    """The files that could not be read."""


@dataclass(frozen=True, slots=True)
class StateEntry:
    """A rule's result by one standard."""

    verdict: VerdictKind
    """The result."""
    severity: Severity | None
    """The severity of a drift."""
    mode: Mode | None
    """The mode of a drift."""


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """A rule's results by both standards, of which at least one is a drift."""

    rule: str
    """The rule's id."""
    change: Change
    """What changes; `otherwise` is by other values."""
    before: StateEntry | None
    """The result by the old standard; null if the rule is off or the workload out of scope."""
    after: StateEntry | None
    """The result by the new standard; null if the rule is off or the workload out of scope."""


@dataclass(frozen=True, slots=True)
class ComparedEntry:
    """What another standard changes for one subject."""

    file: str
    """The file that has it, or the stack."""
    resource: str
    """The ARN; the family if it is not registered."""
    compared: bool
    """False if the ledger does not have its content."""
    changes: tuple[ChangeEntry, ...]
    """What changes."""


@dataclass(frozen=True, slots=True)
class DiffOutput:
    """The output of `outrider standard diff`."""

    version: Literal[1]
    """The version of this form."""
    results: tuple[ComparedEntry, ...]
    """One for each subject."""
    errors: tuple[InputError, ...]
    """The inputs that could not be used."""
    skipped: tuple[str, ...]
    """Files in folders that have no task definition."""
