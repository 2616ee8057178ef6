"""Stages of corrections: which accounts were corrected in a rollout, and what failed in them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws.calls import calling
from aws.ledger.table import Table, expiry, moment
from domain.remediation.stages import AccountProgress

_DAYS = 365
_KEY, _NOW = "stages", "now"


@dataclass(frozen=True, slots=True)
class StageRows:
    """The rows of rollouts over accounts, each named by the digest of what it rolls out."""

    table: Table

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
        self._update(rollout, account, "SET #of = if_not_exists(#of, :of)", ("first", time), stage)

    def failed(self, rollout: str, stage: int, account: str, what: str) -> None:
        """Record that a correction in an account failed, or was undone."""
        self._update(rollout, account, "ADD #of :of SET", ("failed", {"SS": [what]}), stage)

    def release(self, rollout: str) -> None:
        """Forget what failed in a rollout until now. What fails meanwhile stays."""
        for each in self.accounts(rollout):
            if each.failed:
                self._change(
                    rollout, each.account, "DELETE #of :of", {"#of": "failed"}, {":of": {"SS": list(each.failed)}}
                )

    def _update(self, rollout: str, account: str, first: str, of: tuple[str, Any], stage: int) -> None:
        separator = " " if first.endswith("SET") else ", "
        self._change(
            rollout,
            account,
            f"{first}{separator}#stage = :stage, #expires = :expires",
            {"#of": of[0], "#stage": "stage", "#expires": "expires"},
            {":of": of[1], ":stage": {"N": str(stage)}, ":expires": expiry(_DAYS)},
        )
        self.table.put(_KEY, _NOW, {"rollout": {"S": rollout}})

    def _change(
        self, rollout: str, account: str, expression: str, names: dict[str, str], values: dict[str, Any]
    ) -> None:
        with calling("dynamodb:UpdateItem", f"{_KEY}/{rollout}/{account}"):
            self.table.client.update_item(
                TableName=self.table.name,
                Key={"pk": {"S": f"{_KEY}/{rollout}"}, "sk": {"S": account}},
                UpdateExpression=expression,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
