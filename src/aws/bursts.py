"""Bursts: alerts that came beyond what is told one by one in a minute, and wait for that minute's digest.

In a partition of their own, told apart by the sort key:

    minute/MINUTE         which alerts were told one by one; whether a message that asks for the digest is on its way;
                          the digest while it is being told, and how many were
    alert/HASH            the minute whose digest an alert is in: it is in no other, however often SNS repeats it
    waiting/MINUTE/HASH   an alert that is in no digest yet

Each step is one write, so that two workers, and a worker that died between any two steps, leave nothing untold: see
operations.notify.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import batched
from time import time
from typing import Any

from aws.calls import CallFailed, calling
from aws.sessions import Sessions

_PARTITION = "burst"
_DAYS = 30  # longer than a queue and its DLQ hold a message
_TRANSACTION = 100  # the most items that DynamoDB takes in one
_LOST = {"ConditionalCheckFailedException", "TransactionCanceledException"}


@dataclass(frozen=True, slots=True)
class Minute:
    """What became of a minute so far. `digest` is the one that is being told, `told` how many were before it.

    `due` says that a message which asks for the digest is on its way; `begun` counts those that were received.
    """

    due: bool = False
    begun: int = 0
    digest: str | None = None
    told: int = 0


@dataclass(frozen=True, slots=True)
class Bursts:
    """CallFailed where a call failed. A minute is written `2026-08-01T10:42`."""

    sessions: Sessions
    table: str

    def one_by_one(self, minute: str, alert: str, most: int) -> bool:
        """Whether an alert is among the first `most` of its minute. True again for one that was."""
        values = {":this": {"SS": [alert]}, ":id": {"S": alert}, ":most": {"N": str(most)}}
        return self._update(
            minute,
            "ADD #first :this SET #expires = :expires",
            values,
            "attribute_not_exists(#first) OR contains(#first, :id) OR size(#first) < :most",
            {"#first": "first"},
        )

    def minute_of(self, alert: str) -> str | None:
        """The minute whose digest an alert waits for or was told in."""
        item = self._get(f"alert/{_hash(alert)}")
        return item["minute"]["S"] if item else None

    def join(self, minute: str, alert: str, body: str) -> str:
        """Have an alert wait for the digest of this minute, or of the one that it waits for already; gives that."""
        key, expires = _hash(alert), _expiry()
        rows = [
            {"sk": {"S": f"alert/{key}"}, "minute": {"S": minute}},
            {"sk": {"S": f"waiting/{minute}/{key}"}, "body": {"S": body}},
        ]
        puts = [
            {
                "Put": {
                    "TableName": self.table,
                    "Item": {"pk": {"S": _PARTITION}, "expires": expires} | row,
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            }
            for row in rows
        ]
        try:
            with calling("dynamodb:TransactWriteItems", f"{_PARTITION}/{minute}"):
                self.sessions.own("dynamodb").transact_write_items(TransactItems=puts)
        except CallFailed as failed:
            joined = self.minute_of(alert) if failed.code in _LOST else None
            if joined is None:
                raise
            return joined
        return minute

    def minute(self, minute: str) -> Minute:
        item = self._get(f"minute/{minute}") or {}
        begun, told = (int(item.get(name, {"N": "0"})["N"]) for name in ("begun", "told"))
        return Minute("due" in item, begun, item.get("digest", {}).get("S"), told)

    def due(self, minute: str, begun: int) -> None:
        """A message that asks for the digest was sent. Not said where one was received since `begun` was read.

        That one may be the very message, and what joins later would wait for nobody.
        """
        self._update(
            minute,
            "SET #due = :true, #expires = :expires",
            {":true": {"BOOL": True}, ":begun": {"N": str(begun)}},
            _is("#begun", ":begun", begun),
            {"#due": "due", "#begun": "begun"},
        )

    def begin(self, minute: str) -> None:
        """What waits is read after this: whoever joins later asks for a digest again."""
        names = {"#due": "due", "#begun": "begun"}
        self._update(minute, "ADD #begun :one SET #expires = :expires REMOVE #due", {":one": {"N": "1"}}, names=names)

    def waiting(self, minute: str, most: int) -> dict[str, str]:
        """Key → body of the alerts that wait for the digest, `most` of them at most."""
        found, start = dict[str, str](), dict[str, Any]()
        while len(found) < most:
            with calling("dynamodb:Query", f"{_PARTITION}/{minute}"):
                page = self.sessions.own("dynamodb").query(
                    TableName=self.table,
                    KeyConditionExpression="pk = :pk AND begins_with(sk, :waiting)",
                    ExpressionAttributeValues={":pk": {"S": _PARTITION}, ":waiting": {"S": f"waiting/{minute}/"}},
                    ConsistentRead=True,
                    Limit=most,
                    **start,
                )
            found |= {item["sk"]["S"]: item["body"]["S"] for item in page["Items"]}
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return found

    def keep(self, minute: str, digest: str, told: int) -> bool:
        """Keep the digest that is to be told next; False where another worker was there first."""
        return self._update(
            minute,
            "SET #digest = :digest, #expires = :expires",
            {":digest": {"S": digest}, ":told": {"N": str(told)}},
            f"attribute_not_exists(#digest) AND {_is('#told', ':told', told)}",
            {"#digest": "digest", "#told": "told"},
        )

    def finish(self, minute: str, keys: Iterable[str], told: int) -> None:
        """The digest after the first `told` was told: what was in it waits no longer, and the next may be made."""
        for some in batched(keys, _TRANSACTION, strict=False):
            deletes = [
                {"Delete": {"TableName": self.table, "Key": {"pk": {"S": _PARTITION}, "sk": {"S": key}}}}
                for key in some
            ]
            with calling("dynamodb:TransactWriteItems", f"{_PARTITION}/{minute}"):
                self.sessions.own("dynamodb").transact_write_items(TransactItems=deletes)
        self._update(
            minute,
            "SET #told = :next, #expires = :expires REMOVE #digest",
            {":next": {"N": str(told + 1)}, ":told": {"N": str(told)}},
            _is("#told", ":told", told),
            {"#digest": "digest", "#told": "told"},
        )

    def _get(self, sk: str) -> dict[str, Any] | None:
        with calling("dynamodb:GetItem", f"{_PARTITION}/{sk}"):
            found = self.sessions.own("dynamodb").get_item(
                TableName=self.table, Key={"pk": {"S": _PARTITION}, "sk": {"S": sk}}, ConsistentRead=True
            )
        item: dict[str, Any] | None = found.get("Item")
        return item

    def _update(
        self,
        minute: str,
        change: str,
        values: Mapping[str, Any],
        condition: str = "",
        names: Mapping[str, str] | None = None,
    ) -> bool:
        """Whether the condition held."""
        conditional = {"ConditionExpression": condition} if condition else {}
        try:
            with calling("dynamodb:UpdateItem", f"{_PARTITION}/{minute}"):
                self.sessions.own("dynamodb").update_item(
                    TableName=self.table,
                    Key={"pk": {"S": _PARTITION}, "sk": {"S": f"minute/{minute}"}},
                    UpdateExpression=change,
                    ExpressionAttributeNames={"#expires": "expires", **(names or {})},
                    ExpressionAttributeValues={":expires": _expiry(), **values},
                    **conditional,
                )
        except CallFailed as failed:
            if failed.code in _LOST:
                return False
            raise
        return True


def _is(name: str, value: str, count: int) -> str:
    """A count that was never written is none."""
    return f"{name} = {value}" if count else f"(attribute_not_exists({name}) OR {name} = {value})"


def _hash(alert: str) -> str:
    return hashlib.sha256(alert.encode()).hexdigest()[:32]


def _expiry() -> dict[str, str]:
    return {"N": str(int(time()) + _DAYS * 24 * 3600)}
