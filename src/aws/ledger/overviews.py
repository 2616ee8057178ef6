"""Overviews: everything that the ledger holds of a place's subjects and corrections, in one scan of the table."""

from dataclasses import dataclass, field
from typing import Any

from aws.ledger.forms import form
from aws.ledger.history import Record
from aws.ledger.subjects import read_record
from aws.ledger.table import Table, unpacked
from domain.findings.finding import Finding
from domain.places import Place
from domain.remediation.attempt import Attempt, Quarantine
from domain.subject import SubjectId


@dataclass(slots=True)
class Overview:
    """The subjects' records, all attempts, and the quarantines by their families' names."""

    records: dict[SubjectId, Record] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    quarantines: dict[str, Quarantine] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        return [row.finding for record in self.records.values() for row in record.rows.values()]


@dataclass(frozen=True, slots=True)
class Overviews:
    """Reads them. The table is scanned: only the sweep and the command line do that."""

    table: Table

    def of(self, place: Place) -> Overview:
        found = Overview()
        rows = "begins_with(sk, :record) AND #place = :place"
        others = "begins_with(pk, :within) AND (begins_with(sk, :attempt) OR sk = :quarantine)"
        values: dict[str, Any] = {
            ":record": {"S": "record/"},
            ":place": {"S": str(place)},
            ":within": {"S": f"{place}/"},
            ":attempt": {"S": "attempt/"},
            ":quarantine": {"S": "quarantine"},
        }
        for item in self.table.scan(f"({rows}) OR ({others})", values, {"#place": "place"}):
            kind, _, name = item["sk"]["S"].partition("/")
            match kind:
                case "record":
                    found.records[SubjectId.parse(name)] = read_record(item)
                case "attempt":
                    found.attempts.append(form(Attempt).validate_json(unpacked(item["body"])))
                case _:
                    family = SubjectId.parse(item["pk"]["S"]).name
                    found.quarantines[family] = form(Quarantine).validate_json(item["body"]["S"])
        return found
