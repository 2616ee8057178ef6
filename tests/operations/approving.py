"""Approvals as they come from Security Hub and the command line."""

from typing import Any

from domain.standard import Mode
from domain.subject import SubjectId
from operations.remediation.outcome import Outcome
from tests.operations.rolling import REPORT, remediator, request
from tests.operations.world import APPROVE_ID, PLACE, World

FAMILY = SubjectId.parse(f"{PLACE}/family/web")


def asked(world: World, kind: str = "apply", **members: Any) -> str:
    """A request of its own: each is asked at another moment."""
    return request(kind, at=world.now().isoformat(), **members)


def take(
    world: World, body: str, standard: str = REPORT, cap: Mode = Mode.DEPLOY, sender: str = f"{APPROVE_ID}:approve"
) -> Outcome:
    return remediator(world, standard, cap).remediate(body, sender)
