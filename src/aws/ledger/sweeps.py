"""Sweeps: the release and standard of the last complete sweep."""

from dataclasses import dataclass

from aws.ledger.table import Table
from domain.places import Place


@dataclass(frozen=True, slots=True)
class SweepBasis:
    """What a sweep evaluated by: Outrider's release, and the digest of the standard."""

    release: str
    standard: str


@dataclass(frozen=True, slots=True)
class Sweeps:
    """The rows of sweeps."""

    table: Table

    def last(self, place: Place) -> SweepBasis | None:
        """Return the release and standard of the last complete sweep; None if it is not known."""
        item = self.table.row(f"swept/{place}", "sweep")
        return SweepBasis(item["release"]["S"], item["standard"]["S"]) if item else None

    def finished(self, place: Place, by: SweepBasis) -> None:
        """Record that a sweep by this release and standard is complete."""
        self.table.put(f"swept/{place}", "sweep", {"release": {"S": by.release}, "standard": {"S": by.standard}})
