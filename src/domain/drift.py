"""What a rule's check yields, and what its fix may raise or remark."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from domain.facts import Unavailable
from domain.severity import Severity


class Safety(StrEnum):
    """Whether a change may be made without a person's approval."""

    SAFE = "safe"
    REVIEW = "review"


class Code(StrEnum):
    """The base of each rule's codes: one for each kind of drift, doubt, refusal and remark, with what it means.

    A code is unique within its rule and stays the same when sentences are reworded.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        code = str.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission that is missing: the role or policy that has to allow it, the action, and the resource."""

    to: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class Drift:
    """One place where a subject departs from a rule.

    `where` is a path by names (`containers/adot-collector/image`). `why` is a sentence for people. `found` and `wanted`
    are the values where they may be shown. None of them ever holds a secret, a configuration body, or an environment
    value that may not be shown. `severity` may be below the rule's own. `about` names the role that is meant, for rules
    whose subject is a role: a workload has two. `grants` are the permissions that would end the drift.
    """

    code: str
    where: str
    why: str
    found: str = ""
    wanted: str = ""
    severity: Severity | None = None
    about: str = ""
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """One place where a rule cannot decide from the available facts: Unknown, unless a drift is evident elsewhere.

    `fact` is the fact that could not be read, where that is the reason.
    """

    code: str
    where: str
    why: str
    about: str = ""
    fact: Unavailable | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """What a fix reports with its change. A remark that needs approval makes the plan REVIEW."""

    code: str
    text: str
    needs_approval: bool = False


class Refusal(Exception):
    """A fix that cannot be made; the message is a sentence with the reason."""

    def __init__(self, code: str, why: str) -> None:
        self.code = code
        super().__init__(why)

    @property
    def remark(self) -> Remark:
        return Remark(self.code, str(self))
