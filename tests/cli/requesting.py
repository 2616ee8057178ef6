"""A deployed stack, and the remediation of what a command requested."""

import json
from collections.abc import Callable, Iterator

from domain.standard import Mode
from tests.aws_fake.services import Services
from tests.cli.conftest import Ran
from tests.operations.rolling import REPORT, remediator, resume_attempt
from tests.operations.world import ACCOUNT, REGION, TABLE, World

ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:"


def stack(world: World, mode: str = "deploy", name: str = "outrider", **outputs: str) -> None:
    """As CloudFormation describes a stack."""
    outputs = outputs or {"RemediationsQueue": world.queues["remediations.fifo"], "LedgerTable": TABLE}
    world.stacks[name] = {
        "StackName": name,
        "Parameters": [{"ParameterKey": "RemediationMode", "ParameterValue": mode}],
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }


def work(world: World, standard: str = REPORT, cap: Mode = Mode.DEPLOY) -> Callable[[], None]:
    """Remediate takes what is on its queue."""
    taken = len(world.requests)

    def take() -> None:
        nonlocal taken
        for body in world.requests[taken:]:
            remediator(world, standard, cap).remediate(json.dumps(body))
        taken = len(world.requests)

    return take


def rows(ran: Ran) -> Iterator[str]:
    return (row.strip() for row in ran.out.splitlines())


def complete(world: World, fleet: Services) -> None:
    fleet.complete("shop/web")
    resume_attempt(world)


def settled(world: World) -> None:
    world.pass_(minutes=6)
    resume_attempt(world)
