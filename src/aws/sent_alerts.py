"""Sent alerts: which alerts were sent, and which a function is sending now. They have their own partition."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from time import time

from aws.calls import CallFailed, calling
from aws.errors import Meaning
from aws.sessions import Sessions

_PARTITION = "sent"
_DAYS = 15  # longer than SNS or a redrive can repeat a message


class Claim(StrEnum):
    """The result of a claim."""

    TAKEN = "this function may send it"
    SENT = "it was sent before"
    ELSEWHERE = "another function is sending it, or stopped before it recorded the result"


@dataclass(frozen=True, slots=True)
class SentAlerts:
    """Alerts by id: claimed before they are sent, recorded afterwards. All raise CallFailed."""

    sessions: Sessions
    table: str

    def claim(self, alert: str, seconds: int) -> Claim:
        """Claim an alert for so many seconds. An expired claim, of a function that died, is void."""
        now = int(time())
        row = {"until": {"N": str(now + seconds)}, "expires": _expires(now)}
        try:
            with calling("dynamodb:PutItem", f"{_PARTITION}/{alert}"):
                self.sessions.own("dynamodb").put_item(
                    TableName=self.table,
                    Item=_key(alert) | row,
                    ConditionExpression="attribute_not_exists(pk) OR #until < :now",  # a sent alert has no `until`
                    ExpressionAttributeNames={"#until": "until"},
                    ExpressionAttributeValues={":now": {"N": str(now)}},
                )
        except CallFailed as failed:
            if failed.meaning is not Meaning.CONFLICT:
                raise
            return self._held(alert)
        return Claim.TAKEN

    def record(self, alert: str) -> None:
        """Record that an alert that this function claimed was sent."""
        with calling("dynamodb:PutItem", f"{_PARTITION}/{alert}"):
            self.sessions.own("dynamodb").put_item(
                TableName=self.table, Item=_key(alert) | {"expires": _expires(int(time()))}
            )

    def release(self, alert: str) -> None:
        """Release an alert that this function claimed and did not send: any function may claim it at once."""
        with calling("dynamodb:DeleteItem", f"{_PARTITION}/{alert}"):
            self.sessions.own("dynamodb").delete_item(TableName=self.table, Key=_key(alert))

    def _held(self, alert: str) -> Claim:
        with calling("dynamodb:GetItem", f"{_PARTITION}/{alert}"):
            found = self.sessions.own("dynamodb").get_item(TableName=self.table, Key=_key(alert), ConsistentRead=True)
        row = found.get("Item")
        return Claim.ELSEWHERE if row is None or "until" in row else Claim.SENT


def _key(alert: str) -> dict[str, dict[str, str]]:
    """Return the sort key of an alert: an id may be longer than a key."""
    return {"pk": {"S": _PARTITION}, "sk": {"S": hashlib.sha256(alert.encode()).hexdigest()[:32]}}


def _expires(now: int) -> dict[str, str]:
    return {"N": str(now + _DAYS * 24 * 3600)}
