"""Fan-outs: how often the dependents of a parameter, role or policy were sent for evaluation within a minute."""

from dataclasses import dataclass
from datetime import datetime

from aws.ledger.table import Rows, expiry, moment

_SORT = "fan-out"


@dataclass(frozen=True, slots=True)
class FanOut:
    """The fan-outs since a time: how many, for which message the last, and when the next one is due, if any."""

    since: datetime
    number: int
    source: str
    due: datetime | None = None


class FanOuts(Rows):
    """The rows of fan-outs, by the key of what changed."""

    def of(self, changed: str) -> FanOut | None:
        item = self.table.row(f"fan-out/{changed}", _SORT)
        if item is None:
            return None
        due = moment(item["due"]) if "due" in item else None
        return FanOut(moment(item["since"]), int(item["number"]["N"]), item["source"]["S"], due)

    def keep(self, changed: str, fan_out: FanOut) -> None:
        item = {
            "since": {"S": fan_out.since.isoformat()},
            "number": {"N": str(fan_out.number)},
            "source": {"S": fan_out.source},
            "expires": expiry(1),
        }
        due = {"due": {"S": fan_out.due.isoformat()}} if fan_out.due is not None else {}
        self.table.put(f"fan-out/{changed}", _SORT, item | due)
