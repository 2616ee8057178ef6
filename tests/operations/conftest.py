import os
from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest

from aws.sessions import Sessions
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import Calls
from tests.aws_fake.dynamodb import Table
from tests.aws_fake.services import Services
from tests.operations.notifying import Machine
from tests.operations.rolling import DRIFTED, known
from tests.operations.world import REGION, TABLE, World


@pytest.fixture(scope="session")
def sessions() -> Iterator[Sessions]:
    """One for all tests: reading botocore's models again for each would take most of their time."""
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
    with patch.dict(os.environ, keys):
        yield Sessions()


@pytest.fixture(scope="session", autouse=True)
def _quick_fingerprints() -> Iterator[None]:
    """Thousands of corrections are played here; each would spend some 30 ms on being slow."""
    with patch("domain.ecs.equivalence.COST", 2):
        yield


@pytest.fixture
def world(sessions: Sessions) -> Iterator[World]:
    made = World(sessions)
    with made.line.answering():
        made.build()
        yield made


@pytest.fixture
def fleet(world: World) -> Services:
    """web:1 is drifted, and shop/web runs it."""
    world.services.at_once = False
    arn = world.register(DRIFTED)
    known(world, "shop/web", arn)
    return world.services


@pytest.fixture
def machine(sessions: Sessions) -> Iterator[Callable[[], Machine]]:
    """Makes machines, each with a table of its own."""
    aws = Aws()
    line = Calls(aws)

    def made() -> Machine:
        aws.dynamodb.tables[TABLE] = Table(TABLE, ("pk", "sk"))
        running = Machine(sessions)
        line.around = lambda _operation, _given, answer: running.step(answer)
        return running

    with line.answering():
        yield made
