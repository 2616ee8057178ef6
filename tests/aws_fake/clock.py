"""The one clock of the fake AWS."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """It moves only when a test moves it."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def pass_(self, **time: float) -> None:
        """Let time pass: `hours=1`."""
        self.moment += timedelta(**time)

    def tick(self) -> datetime:
        """A millisecond later."""
        self.moment += timedelta(milliseconds=1)
        return self.moment
