"""Notices: what the operations topic was notified of recently."""

from dataclasses import dataclass
from datetime import UTC, datetime

from aws.calls import CallFailed, calling
from aws.errors import Meaning
from aws.ledger.table import Table


@dataclass(frozen=True, slots=True)
class Notices:
    """The rows of notices."""

    table: Table

    def claim(self, key: str, hours: int = 24) -> bool:
        """Claim a notice to operations: True once in so many hours for the same key."""
        now = datetime.now(UTC)
        item = {
            "pk": {"S": f"notice/{key}"},
            "sk": {"S": "notice"},
            "expires": {"N": str(int(now.timestamp()) + hours * 3600)},
        }
        try:
            with calling("dynamodb:PutItem", f"notice/{key}"):
                self.table.client.put_item(
                    TableName=self.table.name,
                    Item=item,
                    ConditionExpression="attribute_not_exists(pk) OR #expires < :now",
                    ExpressionAttributeNames={"#expires": "expires"},
                    ExpressionAttributeValues={":now": {"N": str(int(now.timestamp()))}},
                )
        except CallFailed as failed:
            if failed.meaning is Meaning.CONFLICT:
                return False
            raise
        return True

    def withdraw(self, key: str) -> None:
        """Release a claimed notice that could not be published."""
        self.table.delete(f"notice/{key}", "notice")
