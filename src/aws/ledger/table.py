"""The one DynamoDB table that holds the ledger: its calls, and the parts of transactions."""

import gzip
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from aws.calls import CallFailed, calling, tolerating
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

    def query(self, partition: str) -> Iterator[dict[str, Any]]:
        given = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": partition}}}

        def queried(**start: Any) -> Any:
            with calling("dynamodb:Query", partition):
                return self.client.query(TableName=self.name, ConsistentRead=True, **given, **start)

        return _items(queried)

    def scan(self, condition: str, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        given = {"FilterExpression": condition, "ExpressionAttributeValues": values} | _names(condition)

        def scanned(**start: Any) -> Any:
            with calling("dynamodb:Scan", self.name):
                return self.client.scan(TableName=self.name, **given, **start)

        return _items(scanned)

    def row(self, pk: str, sk: str) -> dict[str, Any] | None:
        with calling("dynamodb:GetItem", f"{pk}/{sk}"):
            found = self.client.get_item(TableName=self.name, Key=key_of(pk, sk), ConsistentRead=True)
        item: dict[str, Any] | None = found.get("Item")
        return item

    def put(self, pk: str, sk: str, item: Mapping[str, Any]) -> None:
        with calling("dynamodb:PutItem", f"{pk}/{sk}"):
            self.client.put_item(TableName=self.name, Item=key_of(pk, sk) | dict(item))

    def put_if(self, condition: Mapping[str, Any], pk: str, sk: str, item: Mapping[str, Any]) -> bool:
        """Write an item if the condition holds. Return whether it did."""
        with tolerating(Meaning.CONFLICT), calling("dynamodb:PutItem", f"{pk}/{sk}"):
            self.client.put_item(TableName=self.name, Item=key_of(pk, sk) | dict(item), **condition)
            return True
        return False

    def delete(self, pk: str, sk: str) -> None:
        with calling("dynamodb:DeleteItem", f"{pk}/{sk}"):
            self.client.delete_item(TableName=self.name, Key=key_of(pk, sk))

    def update(self, pk: str, sk: str, change: str, values: Mapping[str, Any], condition: str = "") -> bool:
        """Change attributes of an item if the condition holds. Return whether it did."""
        given = {"UpdateExpression": change, "ExpressionAttributeValues": values} | _names(f"{change} {condition}")
        given |= {"ConditionExpression": condition} if condition else {}
        with tolerating(Meaning.CONFLICT), calling("dynamodb:UpdateItem", f"{pk}/{sk}"):
            self.client.update_item(TableName=self.name, Key=key_of(pk, sk), **given)
            return True
        return False

    def renew(self, pk: str, sk: str, expires: Mapping[str, str]) -> None:
        """Extend a row's time to live, unless it was deleted meanwhile."""
        self.update(pk, sk, "SET #expires = :expires", {":expires": expires}, "attribute_exists(pk)")

    def put_version(self, pk: str, sk: str, item: Mapping[str, Any], *, held: int) -> None:
        """Write an item with a `version` if the stored one still has the version `held` (0: there is none)."""
        if not self.put_if(unwritten_since(held), pk, sk, item):
            raise LedgerConflict(f"{pk} was written by another worker")

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

    def putting(
        self, pk: str, sk: str, item: Mapping[str, Any], condition: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return one Put of a transaction."""
        return {"Put": {"TableName": self.name, "Item": key_of(pk, sk) | dict(item)} | dict(condition or {})}

    def write(self, what: str, items: list[dict[str, Any]]) -> None:
        with tolerating(Meaning.CONFLICT), calling("dynamodb:TransactWriteItems", what):
            self.client.transact_write_items(TransactItems=items)
            return
        raise LedgerConflict(f"{what} was written by another worker")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one kind."""

    table: Table


def key_of(pk: str, sk: str) -> dict[str, Any]:
    """Return the key of an item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def put_row(pk: str, sk: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the write of an item, for `write_all`."""
    return {"PutRequest": {"Item": key_of(pk, sk) | dict(item)}}


def delete_row(pk: str, sk: str) -> dict[str, Any]:
    """Return the deletion of an item, for `write_all`."""
    return {"DeleteRequest": {"Key": key_of(pk, sk)}}


def only_if(condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a conditional write. `#name` in the condition is the attribute `name`."""
    return {"ConditionExpression": condition, "ExpressionAttributeValues": values} | _names(condition)


def unwritten_since(version: int) -> dict[str, Any]:
    """Return the condition that the row is absent or still has the version that was read."""
    return only_if("attribute_not_exists(pk) OR #version = :version", {":version": {"N": str(version)}})


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


def _items(page: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """Yield the items of all pages."""
    found = page()
    yield from found["Items"]
    while "LastEvaluatedKey" in found:
        found = page(ExclusiveStartKey=found["LastEvaluatedKey"])
        yield from found["Items"]


def _names(expression: str) -> dict[str, Any]:
    """Return the member that says which attributes an expression names by `#name`, if any."""
    names = {each: each.removeprefix("#") for each in re.findall(r"#\w+", expression)}
    return {"ExpressionAttributeNames": names} if names else {}
