"""Reasons as people read them."""

from typing import Protocol

from domain.remediation.reason import Reason
from reports.reasons import joined, sentences


class Reasoned(Protocol):
    """An outcome, attempt, rollout or quarantine."""

    @property
    def reasons(self) -> tuple[Reason, ...]: ...


def said(of: Reasoned) -> tuple[str, ...]:
    return sentences(of.reasons)


def why(of: Reasoned) -> str:
    return joined(of.reasons)
