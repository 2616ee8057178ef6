"""What the service refuses of the settings of the collector's own telemetry."""

from collections.abc import Iterator
from typing import Final

from domain.collector.checks.building import Checks
from domain.collector.problems import Problem, ProblemCode
from domain.collector.settings import Settings


def _some_reader(settings: Settings) -> Iterator[Problem]:
    """An empty list removes the default reader, and nothing replaces it."""
    level = settings.text("level")
    if settings.given.get("readers") == () and level is not None and level.lower() != "none":
        yield settings.problem(ProblemCode.REQUIRED, "readers")


TELEMETRY: Final[Checks] = {"migration.MetricsConfigV030": (_some_reader,)}
