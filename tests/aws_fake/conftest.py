from tests.operations.conftest import sessions as sessions  # noqa: PLC0414 - a fixture, for these tests too
