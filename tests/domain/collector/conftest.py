"""What tests of configurations share."""

import pytest

from domain.collector import CollectorConfiguration
from tests.domain.collector.configurations import SIDECAR, parse


@pytest.fixture
def sidecar() -> CollectorConfiguration:
    return parse(SIDECAR)
