"""The last good standard: the text that evaluations go on by while the stored one cannot be used."""

from dataclasses import dataclass
from datetime import UTC, datetime

from aws.ledger.table import Rows, only_if, packed, unpacked

_KEY = ("standard", "good")


@dataclass(frozen=True, slots=True)
class GoodStandard:
    """The text of a standard that was accepted, and when it was read."""

    text: str
    digest: str
    read: datetime


class GoodStandards(Rows):
    """The one row of the last good standard."""

    def last(self) -> GoodStandard | None:
        """Return the last good standard; None if there was none."""
        for item in self.table.query(_KEY[0]):
            text, read = unpacked(item["text"]).decode(), datetime.fromisoformat(item["read"]["S"])
            return GoodStandard(text, item["digest"]["S"], read)
        return None

    def keep(self, good: GoodStandard) -> None:
        """Store it, unless another worker has stored one that was read later."""
        read = {"S": good.read.astimezone(UTC).isoformat(timespec="microseconds")}
        item = {"text": packed(good.text.encode()), "digest": {"S": good.digest}, "read": read}
        self.table.put_if(only_if("attribute_not_exists(pk) OR #read < :read", {":read": read}), *_KEY, item)
