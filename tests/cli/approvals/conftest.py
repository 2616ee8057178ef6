"""The real use cases and the fake AWS for `outrider apply`, `undo`, `release` and `corrections`."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cli import client
from cli.client import Client
from cli.options import StackOptions
from tests.cli.requesting import stack
from tests.operations.conftest import fleet, sessions, world
from tests.operations.world import REGION, World

__all__ = ["fleet", "sessions", "world"]


@pytest.fixture(autouse=True)
def _region(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    stack(world)


@pytest.fixture(autouse=True)
def _time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's time is that of the fake AWS: a plan can be approved for a week."""
    made = client.client_of
    monkeypatch.setattr("cli.approvals.client_of", lambda given: replace(made(given), now=world.now))


@pytest.fixture
def meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens between two reads of a request's progress, one after the other; nothing once all is done."""
    steps = list[Callable[[], object]]()
    made = client.client_of
    # One for all tests, as in tests/operations: to read botocore's models again takes half a second.
    monkeypatch.setattr("cli.deployed.Sessions", lambda *_, **__: world.sessions)
    world.sessions.__dict__.pop("caller", None)

    def pause(_: float) -> None:
        if steps:
            steps.pop(0)()
        else:
            world.pass_(minutes=5)

    def client_of(given: StackOptions) -> Client:
        return replace(made(given), pause=pause, now=world.now)

    monkeypatch.setattr("cli.approvals.client_of", client_of)
    return steps
