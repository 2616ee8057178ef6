"""Stages of corrections: which accounts were corrected in a rollout, and what failed in them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws.ledger.table import Rows, expiry, moment
from domain.remediation.stages import AccountProgress

_DAYS = 365
_KEY, _NOW = "stages", "now"


class StageRows(Rows):
    """The rows of rollouts over accounts, each named by the digest of what it rolls out."""

    def accounts(self, rollout: str) -> list[AccountProgress]:
        """Return the accounts of a rollout."""
        return [
            AccountProgress(
                item["sk"]["S"],
                int(item["stage"]["N"]),
                moment(item["first"]) if "first" in item else None,
                tuple(sorted(item["failed"]["SS"])) if "failed" in item else (),
            )
            for item in self.table.query(f"{_KEY}/{rollout}")
        ]

    def current(self) -> str:
        """Return the last rollout in which something was corrected or failed; empty if there was none."""
        item = self.table.row(_KEY, _NOW)
        return str(item["rollout"]["S"]) if item else ""

    def verified(self, rollout: str, stage: int, account: str, at: datetime) -> None:
        """Record that a correction in an account ended well; the first time counts."""
        time = {"S": at.astimezone(UTC).isoformat()}
        self._record(rollout, stage, account, ", #first = if_not_exists(#first, :of)", time)

    def failed(self, rollout: str, stage: int, account: str, what: str) -> None:
        """Record that a correction in an account failed, or was undone."""
        self._record(rollout, stage, account, " ADD #failed :of", {"SS": [what]})

    def release(self, rollout: str) -> None:
        """Forget what failed in a rollout until now. What fails meanwhile stays."""
        for each in self.accounts(rollout):
            if each.failed:
                failed = {"SS": list(each.failed)}
                self.table.update(f"{_KEY}/{rollout}", each.account, "DELETE #failed :failed", {":failed": failed})

    def _record(self, rollout: str, stage: int, account: str, more: str, of: Mapping[str, Any]) -> None:
        values = {":of": of, ":stage": {"N": str(stage)}, ":expires": expiry(_DAYS)}
        self.table.update(f"{_KEY}/{rollout}", account, f"SET #stage = :stage, #expires = :expires{more}", values)
        self.table.put(_KEY, _NOW, {"rollout": {"S": rollout}})
