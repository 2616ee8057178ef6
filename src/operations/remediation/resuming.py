"""Resuming: corrections that wait, or are past a deadline, go on though no event came."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aws.channels import Queue
from aws.ledger import Ledger
from domain.places import Place
from domain.remediation.request import ResumeRequest


@dataclass(frozen=True, slots=True)
class Resumer:
    """The use case; its parts come from operations.wiring."""

    ledger: Ledger
    remediations: Queue
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def resume(self, place: Place) -> int:
        """Have remediate resume each that is due; how many. CallFailed where that failed: the next minute tries again.

        What is due and was not resumed yet is asked for once in five minutes: so long the queue remembers. What was
        resumed and is due again is asked for again.
        """
        now = self.now()
        due = [each for each in self.ledger.attempts.dues(place) if each[2] <= now]
        for family, attempt, since in due:
            request = ResumeRequest(account=place.account, region=place.region, family=family, attempt=attempt)
            once = f"{request.deduplication}-{since.timestamp():.3f}"
            self.remediations.send(request.model_dump_json(), group=request.group, deduplication=once)
        return len(due)
