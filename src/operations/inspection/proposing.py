"""Proposing: the plan of an evaluation, and the request for a correction. Findings never depend on them."""

from collections.abc import Callable
from dataclasses import dataclass

import engine
from domain.remediation.plan import Plan
from operations.unexpected import described


@dataclass(frozen=True, slots=True)
class Proposal:
    """The plan and the request, or why they could not be made."""

    plan: Plan | None = None
    request: str | None = None
    trouble: str = ""


def proposed(plan: Callable[[], Plan | None], request: Callable[[], str | None]) -> Proposal:
    """Make both. A fix that fails costs this plan alone: the findings are recorded without it."""
    try:
        return Proposal(plan(), request())
    except engine.Disagreement as disagreement:
        return Proposal(trouble=str(disagreement))
    except Exception as error:  # noqa: BLE001 - whatever is wrong in a fix, the verdicts stand
        return Proposal(trouble=described(error))
