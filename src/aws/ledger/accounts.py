"""Accounts: the units and tags of each, as the last sweep read them, and what its owners exempt from."""

from collections.abc import Iterable, Iterator

from aws.ledger.forms import body_of, read
from aws.ledger.table import Rows, expiry, put_row
from domain.organization import Membership, OwnersRecord
from domain.places import Place

_DAYS = 35
_ROW = "membership"
_EXEMPTIONS = "exemptions/"


class Accounts(Rows):
    """The rows of accounts."""

    def keep(self, members: Iterable[Membership]) -> None:
        """Store what the organisation says of its accounts. An account that is not among them is forgotten later."""
        rows = ((each.account, body_of(Membership, each) | {"expires": expiry(_DAYS)}) for each in members)
        self.table.write_all("account", (put_row(f"account/{account}", _ROW, item) for account, item in rows))

    def of(self, account: str) -> Membership:
        """Return what is known of an account: its number at least."""
        item = self.table.row(f"account/{account}", _ROW)
        return read(Membership, item) if item else Membership(account)

    def exemptions_in(self, place: Place) -> OwnersRecord:
        """Return what owners exempt from in an account and region, as it was read last."""
        item = self.table.row(f"account/{place.account}", f"{_EXEMPTIONS}{place.region}")
        return read(OwnersRecord, item) if item else OwnersRecord(place)

    def exemptions_of(self, account: str) -> list[OwnersRecord]:
        """Return the same for every region of an account."""
        items = self.table.query(f"account/{account}")
        return [read(OwnersRecord, each) for each in items if each["sk"]["S"].startswith(_EXEMPTIONS)]

    def exemptions(self) -> Iterator[OwnersRecord]:
        """Yield the same for every account and region. Scans the table: only the command line calls it."""
        for item in self.table.scan("begins_with(sk, :exemptions)", {":exemptions": {"S": _EXEMPTIONS}}):
            yield read(OwnersRecord, item)

    def keep_exemptions(self, record: OwnersRecord) -> None:
        """Store what owners exempt from; nothing, if they exempt from nothing."""
        pk, sk = f"account/{record.place.account}", f"{_EXEMPTIONS}{record.place.region}"
        if record == OwnersRecord(record.place):
            self.table.delete(pk, sk)
        else:
            self.table.put(pk, sk, body_of(OwnersRecord, record))
