"""What a rule's check yields, and what its fix may raise."""

from dataclasses import dataclass
from enum import StrEnum

from domain.severity import Severity


class Safety(StrEnum):
    """Whether a change may be made without a person's approval."""

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
    """One place where a rule cannot decide from the available facts: Unknown, unless a drift is evident elsewhere."""

    where: str
    why: str
    about: str = ""


class Refusal(Exception):
    """A fix that cannot be made; the message is a sentence with the reason."""
