"""Resume corrections that wait or are past a deadline, without an event."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aws.channels import Queue
from aws.ledger import Ledger
from domain.remediation.request import ResumeRequest


@dataclass(frozen=True, slots=True)
class Resumer:
    """The use case; its parts come from operations.wiring."""

    ledger: Ledger
    remediations: Queue
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def resume(self) -> int:
        """Have remediate resume each correction that is due, in all accounts; return their number.

        Raises CallFailed if that failed: the next minute tries again. The queue drops a second request within five
        minutes for a correction that was not resumed in between; a resumed one that is due again is requested again.
        """
        now = self.now()
        due = [each for each in self.ledger.attempts.dues() if each[2] <= now]
        for family, attempt, since in due:
            place = family.place
            request = ResumeRequest(account=place.account, region=place.region, family=family.name, attempt=attempt)
            once = f"{request.deduplication}-{since.timestamp():.3f}"
            self.remediations.send(request.model_dump_json(), group=request.group, deduplication=once)
        return len(due)
