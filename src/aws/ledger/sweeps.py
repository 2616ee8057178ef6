"""Sweeps: by which release and standard everything was swept last."""

from dataclasses import dataclass

from aws.ledger.table import Table
from domain.places import Place


@dataclass(frozen=True, slots=True)
class SweptBy:
    """What a sweep had everything judged by: Outrider's release, and the digest of the standard."""

    release: str
    standard: str


@dataclass(frozen=True, slots=True)
class Sweeps:
    """The rows of sweeps."""

    table: Table

    def last(self, place: Place) -> SweptBy | None:
        """What the last sweep that ended had everything judged by; None where none is known of."""
        item = self.table.row(f"swept/{place}", "sweep")
        return SweptBy(item["release"]["S"], item["standard"]["S"]) if item else None

    def finished(self, place: Place, by: SweptBy) -> None:
        """Everything was swept by this release and standard."""
        self.table.put(f"swept/{place}", "sweep", {"release": {"S": by.release}, "standard": {"S": by.standard}})
