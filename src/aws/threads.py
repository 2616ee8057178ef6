"""Slack threads: the first message of each finding's or family's thread. In a partition of their own."""

from dataclasses import dataclass
from time import time

from aws.calls import CallFailed, calling
from aws.errors import Meaning
from aws.sessions import Sessions

_PARTITION = "thread"
_DAYS = 400  # then a new thread begins, because the old one is far up in the channel


@dataclass(frozen=True, slots=True)
class Thread:
    """The first message of a thread: its channel, and its time stamp, which is its id there."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Threads:
    """Stored threads. All raise CallFailed."""

    sessions: Sessions
    table: str

    def of(self, key: str) -> Thread | None:
        """Return the thread of a finding's Id or of a family; None if there is none yet."""
        with calling("dynamodb:GetItem", f"{_PARTITION}/{key}"):
            found = self.sessions.own("dynamodb").get_item(
                TableName=self.table, Key={"pk": {"S": _PARTITION}, "sk": {"S": key}}, ConsistentRead=True
            )
        item = found.get("Item")
        return Thread(item["channel"]["S"], item["ts"]["S"]) if item else None

    def keep(self, key: str, thread: Thread, instead_of: Thread | None) -> None:
        """Store a new thread. If another function stored one meanwhile, that one stays."""
        item = {
            "pk": {"S": _PARTITION},
            "sk": {"S": key},
            "channel": {"S": thread.channel},
            "ts": {"S": thread.ts},
            "expires": {"N": str(int(time()) + _DAYS * 24 * 3600)},
        }
        try:
            with calling("dynamodb:PutItem", f"{_PARTITION}/{key}"):
                self.sessions.own("dynamodb").put_item(
                    TableName=self.table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(pk) OR ts = :before",
                    ExpressionAttributeValues={":before": {"S": instead_of.ts if instead_of else "none"}},
                )
        except CallFailed as failed:
            if failed.meaning is not Meaning.CONFLICT:
                raise
