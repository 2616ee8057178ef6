"""The one DynamoDB table that holds the ledger: its calls, and the parts of transactions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aws.calls import CallFailed, calling
from aws.sessions import Sessions
from domain.places import Place


class LedgerConflict(Exception):
    """Another worker wrote the subject since it was read: look again."""


@dataclass(frozen=True, slots=True)
class Table:
    """The table. CallFailed where a call failed; LedgerConflict where another worker wrote first."""

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

    def scan(
        self, place: Place, condition: str, values: Mapping[str, Any], names: Mapping[str, str] | None = None
    ) -> Iterable[dict[str, Any]]:
        given: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        while True:
            with calling("dynamodb:Scan", str(place)):
                page = self.client.scan(
                    TableName=self.name,
                    FilterExpression=f"begins_with(pk, :place) AND {condition}",
                    ExpressionAttributeValues={":place": {"S": f"{place}/"}, **values},
                    **given,
                )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            given["ExclusiveStartKey"] = page["LastEvaluatedKey"]

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
        """Keep a row for longer, unless it is gone meanwhile."""
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
            if failed.code != "ConditionalCheckFailedException":
                raise

    def strike(  # noqa: PLR0913, PLR0917 - of which item, what, and while what holds
        self, pk: str, sk: str, member: str, other: str, held: Mapping[str, str], left: Mapping[str, str] | None = None
    ) -> None:
        """Take a member out, or leave it with what is `left`, where another still holds a value.

        Where it does not, somebody has gone on.
        """
        try:
            with calling("dynamodb:UpdateItem", f"{pk}/{sk}"):
                self.client.update_item(
                    TableName=self.name,
                    Key={"pk": {"S": pk}, "sk": {"S": sk}},
                    UpdateExpression="SET #member = :left" if left else "REMOVE #member",
                    ConditionExpression="#other = :held",
                    ExpressionAttributeNames={"#member": member, "#other": other},  # some are reserved words
                    ExpressionAttributeValues={":held": held} | ({":left": left} if left else {}),
                )
        except CallFailed as failed:
            if failed.code != "ConditionalCheckFailedException":
                raise

    def write(self, what: str, items: list[dict[str, Any]]) -> None:
        try:
            with calling("dynamodb:TransactWriteItems", what):
                self.client.transact_write_items(TransactItems=items)
        except CallFailed as failed:
            if failed.code in {"TransactionCanceledException", "TransactionConflictException"}:
                raise LedgerConflict(f"{what} was written by another worker") from None
            raise


def unwritten_since(version: int) -> tuple[str, dict[str, str], dict[str, Any]]:
    """A condition, its names and values: the row is not there, or still is of the version that was read."""
    return "attribute_not_exists(pk) OR #v = :v", {"#v": "version"}, {":v": {"N": str(version)}}


def put_item(
    table: str,
    item: Mapping[str, Any],
    condition: str = "",
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One Put of a transaction."""
    conditional = {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    return {"Put": {"TableName": table, "Item": item} | (conditional if condition else {})}


def moment(attribute: Mapping[str, str]) -> datetime:
    """A time as an item holds it."""
    return datetime.fromisoformat(attribute["S"])


def expiry(days: int) -> dict[str, str]:
    """The time to live of an item, as its attribute."""
    return {"N": str(int((datetime.now(UTC) + timedelta(days=days)).timestamp()))}
