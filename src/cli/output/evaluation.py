"""What `check` and `collector` print, and the inputs that no command can use."""

from dataclasses import dataclass
from typing import Literal

from cli.output.names import FixKind, Outcome
from domain.severity import Severity


@dataclass(frozen=True, slots=True)
class InputError:
    """An input that could not be used."""

    file: str
    """Its name as it was given, or as it was found in a folder; `-` is standard input."""
    message: str
    """Why, and what to do."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the text of a file."""

    file: str
    """Its name as it was given, or as it was found in a folder."""
    line: int
    """The line, from 1."""
    column: int
    """The column, from 1, in characters."""


@dataclass(frozen=True, slots=True)
class DriftEntry:
    """One place where a subject departs from a rule."""

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
    fingerprint: str = ""
    """Names this drift in all runs: it depends on file, family, rule, code and path, and on no line or value."""
    known: bool = False
    """Whether the baseline has it, so that it does not count."""
    location: Location | None = None
    """The place of the value in the source, else of what lacks it; null if it is not known."""


@dataclass(frozen=True, slots=True)
class VerdictEntry:
    """The result of one rule."""

    rule: str
    """The rule's id."""
    page: str
    """The rule's section in this project's documentation."""
    verdict: Outcome
    """The result."""
    severity: Severity
    """That of the most severe drift; the rule's if there is none."""
    drifts: tuple[DriftEntry, ...]
    """What is wrong. INFORMATIONAL drifts are notes on a compliant rule."""
    fix: FixKind
    """What the rule's fix would be."""
    refusal: str
    """Why there is no fix for this drift, if the rule has one for others."""
    reasons: tuple[str, ...]
    """Why the verdict is unknown or exempt."""
    unread: tuple[str, ...]
    """The facts that this command does not read, if they are the only reason for unknown."""

    @property
    def counted(self) -> tuple[DriftEntry, ...]:
        """Return the drifts of a drifted rule, without its notes."""
        found = self.drifts if self.verdict is Outcome.DRIFTED else ()
        return tuple(each for each in found if each.severity is not Severity.INFORMATIONAL)


@dataclass(frozen=True, slots=True)
class DefinitionEntry:
    """The results of one task definition."""

    file: str
    """The file that has it."""
    resource: str
    """Its ARN; its family if it is not registered."""
    not_evaluated: str | None
    """Why it is not evaluated; null if it is."""
    verdicts: tuple[VerdictEntry, ...]
    """One for each rule that is not off; none if it is not evaluated."""

    @property
    def name(self) -> str:
        return self.resource.rpartition("task-definition/")[2] or "(no family)"


@dataclass(frozen=True, slots=True)
class ConfigurationEntry:
    """The results of one collector configuration."""

    file: str
    """The file."""
    release: str
    """The release of ADOT that reads it."""
    verdicts: tuple[VerdictEntry, ...]
    """One for each rule that is not off and needs no task."""

    @property
    def name(self) -> str:
        return self.release

    @property
    def resource(self) -> str:
        """It is no resource of AWS."""
        return ""

    @property
    def not_evaluated(self) -> str | None:
        """Every configuration is evaluated."""
        return None


type Entry = DefinitionEntry | ConfigurationEntry
"""The results of one input."""


@dataclass(frozen=True, slots=True)
class CheckOutput:
    """The output of `outrider check`."""

    version: Literal[1]
    """The version of this form."""
    results: tuple[DefinitionEntry, ...]
    """One for each task definition, in the order of the inputs."""
    errors: tuple[InputError, ...]
    """The inputs that could not be used."""
    skipped: tuple[str, ...]
    """Files in folders that have no task definition."""


@dataclass(frozen=True, slots=True)
class CollectorOutput:
    """The output of `outrider collector`."""

    version: Literal[1]
    """The version of this form."""
    results: tuple[ConfigurationEntry, ...]
    """One for each configuration, in the order of the inputs."""
    errors: tuple[InputError, ...]
    """The inputs that could not be used."""
    skipped: tuple[str, ...]
    """Files in folders that have no collector configuration."""
