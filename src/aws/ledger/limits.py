"""Limits: how many corrections were made within an hour and a second."""

from dataclasses import dataclass
from datetime import datetime

from aws.calls import CallFailed, calling
from aws.ledger.table import Table, expiry
from domain.places import Place


@dataclass(frozen=True, slots=True)
class Limits:
    """The rows of limits."""

    table: Table

    def claim(self, place: Place, what: str, key: str, most: int, now: datetime) -> bool:
        """Take one of `most` places that this hour has for `what`; the same key has one place however often it asks."""
        try:
            with calling("dynamodb:UpdateItem", f"rate/{place}/{what}"):
                self.table.client.update_item(
                    TableName=self.table.name,
                    Key={"pk": {"S": f"rate/{place}"}, "sk": {"S": f"{what}/{now:%Y-%m-%dT%H}"}},
                    UpdateExpression="ADD #keys :key SET #expires = :expires",
                    ConditionExpression="attribute_not_exists(#keys) OR contains(#keys, :one) OR size(#keys) < :most",
                    ExpressionAttributeNames={"#keys": "keys", "#expires": "expires"},
                    ExpressionAttributeValues={
                        ":key": {"SS": [key]},
                        ":one": {"S": key},
                        ":most": {"N": str(most)},
                        ":expires": expiry(1),
                    },
                )
        except CallFailed as failed:
            if failed.code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def slot(self, place: Place, what: str, number: int) -> bool:
        """Take one slot of a rate per second: True for the first who asks."""
        item = {"pk": {"S": f"pace/{place}"}, "sk": {"S": f"{what}/{number}"}, "expires": expiry(1)}
        try:
            with calling("dynamodb:PutItem", f"pace/{place}/{what}"):
                self.table.client.put_item(
                    TableName=self.table.name, Item=item, ConditionExpression="attribute_not_exists(pk)"
                )
        except CallFailed as failed:
            if failed.code == "ConditionalCheckFailedException":
                return False
            raise
        return True
