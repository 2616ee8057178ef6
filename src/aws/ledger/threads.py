"""Threads: what people were notified of, and what the next message will show."""

from collections.abc import Callable

from aws.ledger.table import LedgerConflict, Rows, expiry, packed, unpacked
from domain.findings.finding import shortened
from domain.findings.thread import Thread

_PARTITION = "thread"
_DAYS = 400  # longer than SNS or a redrive can repeat a message, and than a finding is usually open
_TRIES = 10  # of a write that another function's write precedes
_KEY = 900  # characters: a sort key has at most 1,024 bytes


class Threads(Rows):
    """Stored threads. Only the slack function reads and writes them."""

    def change(self, key: str, change: Callable[[Thread], Thread]) -> Thread:
        """Read a thread, change it and write it, unless the change changes nothing; return it.

        If another function wrote it meanwhile, the change is made again to what that one wrote. Raises LedgerConflict
        if that happens again and again.
        """
        name = shortened(key, _KEY)
        for _ in range(_TRIES):
            row = self.table.row(_PARTITION, name)
            held = Thread.model_validate_json(unpacked(row["body"])) if row else Thread()
            changed = change(held)
            if changed == held:
                return held
            version = int(row["version"]["N"]) if row else 0
            item = {
                "version": {"N": str(version + 1)},
                "body": packed(changed.model_dump_json(exclude_defaults=True).encode()),
                "expires": expiry(_DAYS),
            }
            try:
                self.table.put_version(_PARTITION, name, item, held=version)
            except LedgerConflict:
                continue
            return changed
        raise LedgerConflict(f"{_PARTITION}/{name} was written by other functions again and again")
