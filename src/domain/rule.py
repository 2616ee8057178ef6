"""A rule: a named check and, where possible, a fix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.facts import FactKind
from domain.severity import Severity as Severity  # noqa: PLC0414 - rules speak of it with the rest

if TYPE_CHECKING:
    from domain.standard import Standard
    from domain.workload import Workload


class Subject(StrEnum):
    """What a rule speaks about, and so what its finding is keyed on."""

    FAMILY = "family"
    SERVICE = "service"
    PARAMETER = "parameter"
    ROLE = "role"


class Safety(StrEnum):
    """Whether a change may be made without asking a person."""

    SAFE = "safe"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Drift:
    """One place where a subject departs from a rule.

    `where` is a path by names (`containers/adot-collector/image`); `why` a sentence with the value found and the value
    wanted, never an environment value, a secret or a configuration body. `severity` may be below the rule's own.
    `about` names the role that is meant, for rules whose subject is a role: a workload has two.
    """

    where: str
    why: str
    severity: Severity | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One place where a rule cannot tell from the facts at hand: its verdict is Unknown unless a drift is evident."""

    where: str
    why: str
    about: str = ""


class Refusal(Exception):
    """A fix that cannot be made; the message is a sentence with the reason."""


type Check = Callable[["Workload", "Standard"], Iterator[Drift | Doubt]]
type Fix = Callable[["Workload", "Standard"], "Workload"]


@dataclass(frozen=True, slots=True)
class Rule:
    """`needs` are the facts that `check` reads. A rule `of_collector` says nothing where no collector stands."""

    id: str
    subject: Subject
    severity: Severity
    check: Check
    doc: str
    reference: str
    needs: frozenset[FactKind] = frozenset()
    fix: Fix | None = None
    of_collector: bool = True

    @property
    def title(self) -> str:
        """The first line of its docstring: what it demands."""
        return self.doc.strip().partition("\n")[0].rstrip(".")

    @property
    def topic(self) -> str:
        return self.id.partition(".")[0]
