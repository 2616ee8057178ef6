import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from aws.sessions import Sessions
from tests.aws_fake.services import Services
from tests.operations.rolling import DRIFTED, known
from tests.operations.world import REGION, World


@pytest.fixture(scope="session")
def sessions() -> Iterator[Sessions]:
    """One for all tests: reading botocore's models again for each would take most of their time."""
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
    with patch.dict(os.environ, keys):
        yield Sessions()


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
