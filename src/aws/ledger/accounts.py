"""Accounts: the units and tags of each, as the last sweep read them from the organisation."""

from collections.abc import Iterable
from dataclasses import dataclass

from aws.ledger.forms import form
from aws.ledger.table import Table, expiry, packed, unpacked
from domain.organization import Membership

_DAYS = 35
_ROW = "membership"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The rows of accounts."""

    table: Table

    def keep(self, members: Iterable[Membership]) -> None:
        """Store what the organisation says of its accounts. An account that is not among them is forgotten later."""
        writes = (
            {
                "PutRequest": {
                    "Item": {
                        "pk": {"S": f"account/{each.account}"},
                        "sk": {"S": _ROW},
                        "body": packed(form(Membership).dump_json(each)),
                        "expires": expiry(_DAYS),
                    }
                }
            }
            for each in members
        )
        self.table.write_all("account", writes)

    def of(self, account: str) -> Membership:
        """Return what is known of an account: its number at least."""
        item = self.table.row(f"account/{account}", _ROW)
        return form(Membership).validate_json(unpacked(item["body"])) if item else Membership(account)
