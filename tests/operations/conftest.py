import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from aws.sessions import Sessions
from tests.aws_fake.services import Services
from tests.operations.notifying import Machine
from tests.operations.rolling import DRIFTED, known
from tests.operations.world import REGION, World


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
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Machine]]:
    """Makes machines, each with a table of its own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    running: list[Machine] = []
    original: Any = BaseClient._make_api_call  # type: ignore[attr-defined] # the stubs leave it out

    def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        if not running:
            return original(client, operation, arguments)
        return running[-1].step(lambda: original(client, operation, arguments))

    with mock_aws():
        sessions = Sessions()
        client = sessions.own("dynamodb")
        monkeypatch.setattr(BaseClient, "_make_api_call", call)

        def made() -> Machine:
            running.clear()
            with suppress(client.exceptions.ResourceNotFoundException):
                client.delete_table(TableName="ledger")
            client.create_table(
                TableName="ledger",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            )
            running.append(Machine(sessions))
            return running[-1]

        yield made
