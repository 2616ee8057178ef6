"""What `rules` prints."""

from dataclasses import dataclass
from typing import Literal

from domain.severity import Severity
from domain.subject import Subject


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """One kind of drift, doubt, refusal or remark of a rule."""

    code: str
    """Unique within the rule."""
    meaning: str
    """A sentence."""


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule."""

    rule: str
    """Its id."""
    page: str
    """Its section in this project's documentation."""
    severity: Severity
    """Its severity, before the standard and what runs change it."""
    subject: Subject
    """What it applies to."""
    title: str
    """What it requires."""
    why: str
    """The reason for it."""
    fix: str | None
    """What its fix does and when that is safe; null if it has none."""
    by_hand: str
    """What a person does if there is no fix."""
    configure: str
    """The fields of the standard that it uses."""
    reads: tuple[str, ...]
    """What it reads."""
    codes: tuple[CodeEntry, ...]
    """The codes of its drifts, doubts, refusals and remarks."""
    reference: str
    """The page of AWS or of the collector that it is based on."""


@dataclass(frozen=True, slots=True)
class RulesOutput:
    """The output of `outrider rules`."""

    version: Literal[1]
    """The version of this form."""
    rules: tuple[RuleEntry, ...]
    """All rules."""
