"""Rates: how much is corrected within an hour and a second. AWS's own limits are the customer's pipelines' too."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep

from aws.ledger import Ledger
from domain.places import Place
from operations.remediation.guards import Later

# Half of the sustained rates that ECS allows in an account and region: RegisterTaskDefinition one a second,
# UpdateService five. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
_SECONDS = {"registrations": 2.0, "rollouts": 0.4}
_AHEAD = 5  # slots that are waited for within a call
_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates that all workers keep together, by the ledger."""

    ledger: Ledger
    pause: Callable[[float], None] = sleep

    def within(self, place: Place, what: str, key: str, most: int, now: datetime) -> None:
        """Later where this hour has had `most` of `what`; the same key counts once."""
        if not self.ledger.limits.claim(place, what, key, most, now):
            hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            raise Later(f"{what} per hour", f"{most} {what} in {place} within an hour is the most.", hour)

    def slot(self, place: Place, what: str, now: datetime) -> None:
        """Wait for a moment of its own; Later where others have all that are near."""
        each = _SECONDS[what]
        first = int(now.timestamp() / each)
        for number in range(first, first + _AHEAD):
            if self.ledger.limits.slot(place, what, number):
                self.pause(max(number * each - now.timestamp(), 0.0))
                return
        raise Later(f"{what} per second", f"Too many {what} in {place} at this moment.", now + _AGAIN)
