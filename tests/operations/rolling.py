"""What the tests of rollouts share: standards, requests and the remediator."""

import json
from typing import Any

from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.rollout import Stage
from domain.standard import Mode
from domain.subject import SubjectId
from operations.remediation.outcome import Outcome
from operations.remediation.remediator import Remediator
from tests.aws_fake.services import Services
from tests.operations.delivery import Inspection
from tests.operations.world import (
    ACCOUNT,
    FLOATING,
    PLACE,
    REGION,
    SWITCH,
    World,
    definition,
    registered,
    service_changed,
)

DEPLOY = "version: 1\nmode: deploy\nremediation: {settling_minutes: 0}\n"
DRIFTED = definition(collector=FLOATING)


def request(kind: str = "correct", **members: Any) -> str:
    body = {"kind": kind, "account": ACCOUNT, "region": REGION, "family": "web"}
    return json.dumps(body | ({"revision": 1} if kind == "correct" else {}) | members)


def known(world: World, title: str, revision: str, **members: Any) -> str:
    """A service that the ledger knows, as inspect would by its event."""
    arn = world.services.add(title, revision, **members)
    world.sees(service_changed(arn), inspector=inspector(world, "version: 1\n", Mode.REPORT))
    return arn


def inspector(world: World, standard: str = DEPLOY, cap: Mode = Mode.DEPLOY) -> Inspection:
    return world.inspector(cap, standard)


def remediator(world: World, standard: str = DEPLOY, cap: Mode = Mode.DEPLOY) -> Remediator:
    return world.remediator(standard, cap=cap)


def resume_attempt(world: World, standard: str = DEPLOY, attempt: str = "1") -> Outcome:
    return remediator(world, standard).remediate(request("resume", attempt=attempt))


def attempt(world: World, key: str = "1") -> Attempt:
    found = world.ledger.history(SubjectId.parse(f"{PLACE}/family/web")).attempt(key)
    assert found is not None
    return found


def stages(found: Outcome | Attempt) -> dict[str, Stage]:
    return {rollout.service: rollout.stage for rollout in found.rollouts}


def runs(fleet: Services, title: str = "shop/web") -> str:
    return str(fleet.services[title]["taskDefinition"].rpartition("/")[2])


def published(world: World) -> list[str]:
    return [alert["transition"] for alert in world.alerts if alert["kind"] == "outcome"]


def settle(world: World, fleet: Services, title: str = "shop/web", **how: Any) -> None:
    """The deployment completes, and its tasks have had their while."""
    fleet.complete(title, **how)
    resume_attempt(world)
    world.pass_(minutes=6)


def switch(world: World, value: str) -> None:
    world.client("ssm").put_parameter(Name=SWITCH, Value=value, Type="String", Overwrite=True)


REPORT = "version: 1\n"


def proposed_digest(world: World) -> str:
    using = inspector(world, REPORT)
    world.sees(registered(f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1"), inspector=using)
    proposed = world.ledger.history(SubjectId.parse(f"{PLACE}/family/web")).proposed
    assert proposed is not None
    return proposed.digest


def deployed(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    settle(world, fleet)
    assert resume_attempt(world).state is AttemptState.DEPLOYED
