import os
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from aws.sessions import Sessions
from tests.operations.world import REGION, World


@pytest.fixture(scope="session")
def sessions() -> Iterator[Sessions]:
    """One for all tests: reading botocore's models again for each would take most of their time."""
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
    # No test starts a machine from one of moto's images, and reading them takes a third of a second each time.
    with patch.dict(os.environ, keys | {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}):
        yield Sessions()


@pytest.fixture
def world(sessions: Sessions) -> Iterator[World]:
    made = World(sessions)
    original: Any = BaseClient._make_api_call  # type: ignore[attr-defined] # the stubs leave it out
    with mock_aws():
        made.build()

        def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
            return made.call(original, client, operation, arguments)

        with patch.object(BaseClient, "_make_api_call", call):
            yield made
