"""Notices: what the operations topic was notified of recently."""

from datetime import UTC, datetime

from aws.ledger.table import Rows, only_if


class Notices(Rows):
    """The rows of notices."""

    def claim(self, key: str, hours: int = 24) -> bool:
        """Claim a notice to operations: True once in so many hours for the same key."""
        now = int(datetime.now(UTC).timestamp())
        item = {"expires": {"N": str(now + hours * 3600)}}
        free = only_if("attribute_not_exists(pk) OR #expires < :now", {":now": {"N": str(now)}})
        return self.table.put_if(free, f"notice/{key}", "notice", item)

    def withdraw(self, key: str) -> None:
        """Release a claimed notice that could not be published."""
        self.table.delete(f"notice/{key}", "notice")
