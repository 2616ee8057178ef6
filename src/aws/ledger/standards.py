"""The last good standard: the text that evaluations go on by while the stored one cannot be used."""

from dataclasses import dataclass
from datetime import UTC, datetime

from aws.calls import CallFailed, calling
from aws.ledger.table import Table, packed, unpacked

_KEY = ("standard", "good")


@dataclass(frozen=True, slots=True)
class GoodStandard:
    """The text of a standard that was accepted, and when it was read."""

    text: str
    digest: str
    read: datetime


@dataclass(frozen=True, slots=True)
class GoodStandards:
    """The one row of the last good standard."""

    table: Table

    def last(self) -> GoodStandard | None:
        """Return the last good standard; None if there was none."""
        for item in self.table.query(_KEY[0]):
            text, read = unpacked(item["text"]).decode(), datetime.fromisoformat(item["read"]["S"])
            return GoodStandard(text, item["digest"]["S"], read)
        return None

    def keep(self, good: GoodStandard) -> None:
        """Store it, unless another worker has stored one that was read later."""
        pk, sk = _KEY
        read = {"S": good.read.astimezone(UTC).isoformat(timespec="microseconds")}
        item = {"text": packed(good.text.encode()), "digest": {"S": good.digest}, "read": read}
        try:
            with calling("dynamodb:PutItem", f"{pk}/{sk}"):
                self.table.client.put_item(
                    TableName=self.table.name,
                    Item={"pk": {"S": pk}, "sk": {"S": sk}} | item,
                    ConditionExpression="attribute_not_exists(pk) OR #read < :read",
                    ExpressionAttributeNames={"#read": "read"},
                    ExpressionAttributeValues={":read": read},
                )
        except CallFailed as failed:
            if failed.code != "ConditionalCheckFailedException":
                raise
