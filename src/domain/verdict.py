"""Verdicts: the result of one rule for one subject."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from domain.drift import Doubt, Drift
from domain.facts import FactKind, Unavailable
from domain.severity import Severity
from domain.subject import SubjectId


class Compliant(NamedTuple):
    """Nothing that matters was found, and nothing that was needed is missing.

    By far the most common verdict, and so a named tuple: it is made in less than half of a frozen dataclass's time.
    """

    rule: str
    subject: SubjectId
    notes: tuple[Drift, ...] = ()
    """INFORMATIONAL drifts: shown by the command line and the report, never a finding."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """`drifts` holds at least one above INFORMATIONAL; `severity` is the highest of them."""

    rule: str
    subject: SubjectId
    severity: Severity
    drifts: tuple[Drift, ...]


class Unknown(NamedTuple):
    """No drift is evident, and something could not be known: never a pass. A named tuple, because it is common offline.

    `facts` are those that the rule needs and that could not be read, `doubts` the places where it could not decide.
    """

    rule: str
    subject: SubjectId
    facts: tuple[tuple[FactKind, Unavailable], ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The same as phrases, each once."""
        doubts = (f"{doubt.where}: {doubt.why}" for doubt in self.doubts)
        return tuple(dict.fromkeys((*doubts, *(f"{kind}: {fact.reason}" for kind, fact in self.facts))))


class ExemptedBy(StrEnum):
    """Who exempts."""

    STANDARD = "standard"
    TAG = "tag"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Exempt:
    """The standard, a tag that it allows, or the account's owner exempts the subject from the rule."""

    rule: str
    subject: SubjectId
    reason: str
    expires: date | None
    by: ExemptedBy = ExemptedBy.STANDARD


type Verdict = Compliant | Drifted | Unknown | Exempt
