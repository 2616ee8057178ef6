"""The one DynamoDB table that holds the ledger: its calls, and the parts of transactions."""

import gzip
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from aws.calls import CallFailed, calling
from aws.errors import Meaning
from aws.sessions import Sessions

_BATCH = 25  # writes that DynamoDB accepts in one call
_CALLS = 4  # attempts for a batch that DynamoDB writes only in part
_PLAIN = 1000  # bytes: a larger body is compressed, because a write unit is 1 KB


class LedgerConflict(Exception):
    """Another worker wrote the subject since it was read: evaluate it again."""


@dataclass(frozen=True, slots=True)
class Table:
    """The table. Raises CallFailed, or LedgerConflict if another worker wrote first."""

    sessions: Sessions
    name: str

    @property
    def client(self) -> Any:
        return self.sessions.own("dynamodb")

    def query(self, partition: str) -> Iterable[dict[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            with calling("dynamodb:Query", partition):
                page = self.client.query(
                    TableName=self.name,
                    KeyConditionExpression="pk = :pk",
                    ExpressionAttributeValues={":pk": {"S": partition}},
                    ConsistentRead=True,
                    **start,
                )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def scan(self, condition: str, values: Mapping[str, Any], names: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        start: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        while True:
            with calling("dynamodb:Scan", self.name):
                page = self.client.scan(
                    TableName=self.name,
                    FilterExpression=condition,
                    ExpressionAttributeValues=values,
                    **start,
                )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def row(self, pk: str, sk: str) -> dict[str, Any] | None:
        with calling("dynamodb:GetItem", f"{pk}/{sk}"):
            found = self.client.get_item(
                TableName=self.name, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True
            )
        item: dict[str, Any] | None = found.get("Item")
        return item

    def put(self, pk: str, sk: str, item: Mapping[str, Any]) -> None:
        with calling("dynamodb:PutItem", f"{pk}/{sk}"):
            self.client.put_item(TableName=self.name, Item={"pk": {"S": pk}, "sk": {"S": sk}} | dict(item))

    def delete(self, pk: str, sk: str) -> None:
        with calling("dynamodb:DeleteItem", f"{pk}/{sk}"):
            self.client.delete_item(TableName=self.name, Key={"pk": {"S": pk}, "sk": {"S": sk}})

    def renew(self, pk: str, sk: str, expires: Mapping[str, str]) -> None:
        """Extend a row's time to live, unless it was deleted meanwhile."""
        try:
            with calling("dynamodb:UpdateItem", f"{pk}/{sk}"):
                self.client.update_item(
                    TableName=self.name,
                    Key={"pk": {"S": pk}, "sk": {"S": sk}},
                    UpdateExpression="SET #expires = :expires",
                    ConditionExpression="attribute_exists(pk)",
                    ExpressionAttributeNames={"#expires": "expires"},
                    ExpressionAttributeValues={":expires": expires},
                )
        except CallFailed as failed:
            if failed.meaning is not Meaning.CONFLICT:
                raise

    def put_version(self, pk: str, sk: str, item: Mapping[str, Any], *, held: int) -> None:
        """Write an item with a `version` if the stored one still has the version `held` (0: there is none)."""
        condition, names, values = unwritten_since(held)
        try:
            with calling("dynamodb:PutItem", f"{pk}/{sk}"):
                self.client.put_item(
                    TableName=self.name,
                    Item={"pk": {"S": pk}, "sk": {"S": sk}} | dict(item),
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                )
        except CallFailed as failed:
            if failed.meaning is Meaning.CONFLICT:
                raise LedgerConflict(f"{pk} was written by another worker") from None
            raise

    def write_all(self, what: str, writes: Iterable[Mapping[str, Any]]) -> None:
        """Write many items (PutRequest, DeleteRequest) in few calls, each at most once and without a condition.

        Raises CallFailed if some were not written after several calls.
        """
        for batch in batched(writes, _BATCH, strict=False):
            left: Sequence[Mapping[str, Any]] = batch
            for _ in range(_CALLS):
                with calling("dynamodb:BatchWriteItem", what):
                    found = self.client.batch_write_item(RequestItems={self.name: list(left)})
                left = found.get("UnprocessedItems", {}).get(self.name, [])
                if not left:
                    break
            else:
                raise CallFailed("dynamodb:BatchWriteItem", what, "UnprocessedItems", Meaning.RETRY)

    def write(self, what: str, items: list[dict[str, Any]]) -> None:
        try:
            with calling("dynamodb:TransactWriteItems", what):
                self.client.transact_write_items(TransactItems=items)
        except CallFailed as failed:
            if failed.meaning is Meaning.CONFLICT:
                raise LedgerConflict(f"{what} was written by another worker") from None
            raise


def unwritten_since(version: int) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Return a condition with its names and values: the row is absent or still has the version that was read."""
    return "attribute_not_exists(pk) OR #v = :v", {"#v": "version"}, {":v": {"N": str(version)}}


def put_item(
    table: str,
    item: Mapping[str, Any],
    condition: str = "",
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one Put of a transaction."""
    conditional = {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    return {"Put": {"TableName": table, "Item": item} | (conditional if condition else {})}


def packed(body: bytes) -> dict[str, Any]:
    """Return a JSON text as an attribute, compressed if it is large."""
    return {"B": gzip.compress(body, mtime=0)} if len(body) > _PLAIN else {"S": body.decode()}


def unpacked(attribute: Mapping[str, Any]) -> bytes:
    """Return the JSON text of an attribute."""
    return gzip.decompress(attribute["B"]) if "B" in attribute else str(attribute["S"]).encode()


def moment(attribute: Mapping[str, str]) -> datetime:
    """Return the time in an attribute."""
    return datetime.fromisoformat(attribute["S"])


def expiry(days: int) -> dict[str, str]:
    """Return an item's time to live as an attribute."""
    return {"N": str(int((datetime.now(UTC) + timedelta(days=days)).timestamp()))}
