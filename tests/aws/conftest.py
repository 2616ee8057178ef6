"""The adapters are tested on moto, which was written by others than the fake AWS."""

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from aws.sessions import Sessions
from tests.operations.conftest import sessions as sessions  # noqa: PLC0414 - a fixture, for these tests too
from tests.operations.world import World


@pytest.fixture
def world(sessions: Sessions) -> Iterator[World]:
    made = World(sessions)
    made.line.instead = BaseClient._make_api_call  # type: ignore[attr-defined] # the stubs leave it out
    # Reading the images of machines that no test starts takes moto a third of a second each time.
    with patch.dict(os.environ, {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}), mock_aws(), made.line.answering():
        made.build()
        made.subnet = made.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        yield made
