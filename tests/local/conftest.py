from collections.abc import Iterator

import pytest

from local.cloud import PYTHON, Cloud


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """One local cloud for all tests here: each uses names of its own."""
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is not there: run `make venvs` once.")
    with Cloud() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_troubles_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "cloud" in request.fixturenames:
        running: Cloud = request.getfixturevalue("cloud")
        running.control("DELETE", "faults")
        running.control("DELETE", "rollouts")
