"""Overviews: what the ledger holds of all findings, plans and corrections, in one scan of the table."""

from dataclasses import dataclass, field

from aws.ledger.forms import read
from aws.ledger.history import Record
from aws.ledger.table import Rows
from domain.findings.finding import Finding
from domain.remediation.attempt import Attempt, Quarantine
from domain.subject import SubjectId


@dataclass(slots=True)
class Overview:
    """The records that hold a finding or a plan, all attempts, and the quarantines, by subject.

    `orders` holds the number of each family's newest revision.
    """

    records: dict[SubjectId, Record] = field(default_factory=dict)
    orders: dict[SubjectId, int] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    quarantines: dict[SubjectId, Quarantine] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        return [row.finding for record in self.records.values() for row in record.rows.values()]


class Overviews(Rows):
    """Reads them. The table is scanned: only the sweep and the command line do that."""

    def of_all(self) -> Overview:
        """Return it, of all accounts and regions."""
        found = Overview()
        values = {":record": {"S": "record/"}, ":attempt": {"S": "attempt/"}, ":quarantine": {"S": "quarantine"}}
        condition = "begins_with(sk, :record) OR begins_with(sk, :attempt) OR sk = :quarantine"
        for item in self.table.scan(condition, values):
            kind, _, name = item["sk"]["S"].partition("/")
            match kind:
                case "record":
                    subject, record = SubjectId.parse(name), read(Record, item)
                    if record.order:
                        found.orders[subject] = record.order
                    if record.rows or record.proposed is not None:
                        found.records[subject] = record
                case "attempt":
                    found.attempts.append(read(Attempt, item))
                case _:
                    found.quarantines[SubjectId.parse(item["pk"]["S"])] = read(Quarantine, item)
        return found
