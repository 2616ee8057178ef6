"""Accounts: the units and tags of each, as the last sweep read them, and what its owners exempt from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aws.ledger.forms import form
from aws.ledger.table import Table, expiry, packed, unpacked
from domain.organization import Membership, OwnersRecord
from domain.places import Place

_DAYS = 35
_ROW = "membership"
_EXEMPTIONS = "exemptions/"


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

    def exemptions_in(self, place: Place) -> OwnersRecord:
        """Return what owners exempt from in an account and region, as it was read last."""
        item = self.table.row(f"account/{place.account}", f"{_EXEMPTIONS}{place.region}")
        return form(OwnersRecord).validate_json(unpacked(item["body"])) if item else OwnersRecord(place)

    def exemptions_of(self, account: str) -> list[OwnersRecord]:
        """Return the same for every region of an account."""
        items = self.table.query(f"account/{account}")
        found = (each for each in items if each["sk"]["S"].startswith(_EXEMPTIONS))
        return [form(OwnersRecord).validate_json(unpacked(each["body"])) for each in found]

    def exemptions(self) -> Iterator[OwnersRecord]:
        """Yield the same for every account and region. Scans the table: only the command line calls it."""
        for item in self.table.scan("begins_with(sk, :exemptions)", {":exemptions": {"S": _EXEMPTIONS}}):
            yield form(OwnersRecord).validate_json(unpacked(item["body"]))

    def keep_exemptions(self, record: OwnersRecord) -> None:
        """Store what owners exempt from; nothing, if they exempt from nothing."""
        pk, sk = f"account/{record.place.account}", f"{_EXEMPTIONS}{record.place.region}"
        if record == OwnersRecord(record.place):
            self.table.delete(pk, sk)
        else:
            self.table.put(pk, sk, {"body": packed(form(OwnersRecord).dump_json(record))})
