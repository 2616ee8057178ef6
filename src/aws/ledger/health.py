"""The rows about Outrider itself: the last sweep, what it evaluated by, and the findings of its health checks."""

from dataclasses import dataclass

from aws.ledger.forms import body_of, read
from aws.ledger.table import Rows, moment
from domain.health.facts import SweepRun
from domain.health.own_findings import OwnFinding
from domain.places import Place

_FINDINGS = tuple[OwnFinding, ...]
_RUN, _BASIS, _HEALTH = "run", "sweep", "health"


@dataclass(frozen=True, slots=True)
class SweepBasis:
    """What a sweep evaluated by: Outrider's release, and the digest of the standard."""

    release: str
    standard: str


class Health(Rows):
    """They are in the partition of the sweeps, the only one that the sweep may write."""

    def run(self, place: Place) -> SweepRun | None:
        """Return the last sweep; None if there was none."""
        item = self.table.row(f"swept/{place}", _RUN)
        return SweepRun(moment(item["began"]), moment(item["ended"]) if "ended" in item else None) if item else None

    def record(self, place: Place, run: SweepRun) -> None:
        """Record that a sweep began, or that it ended."""
        ended = {"ended": {"S": run.ended.isoformat()}} if run.ended else {}
        self.table.put(f"swept/{place}", _RUN, {"began": {"S": run.began.isoformat()}} | ended)

    def basis(self, place: Place) -> SweepBasis | None:
        """Return the release and standard of the last complete sweep; None if it is not known."""
        item = self.table.row(f"swept/{place}", _BASIS)
        return SweepBasis(item["release"]["S"], item["standard"]["S"]) if item else None

    def finished(self, place: Place, by: SweepBasis) -> None:
        """Record that a sweep by this release and standard is complete."""
        self.table.put(f"swept/{place}", _BASIS, {"release": {"S": by.release}, "standard": {"S": by.standard}})

    def findings(self, place: Place) -> tuple[OwnFinding, ...]:
        """Return the findings about Outrider itself, closed ones included."""
        item = self.table.row(f"swept/{place}", _HEALTH)
        return read(_FINDINGS, item) if item else ()

    def keep(self, place: Place, findings: tuple[OwnFinding, ...]) -> None:
        """Write these findings over the ones before."""
        self.table.put(f"swept/{place}", _HEALTH, body_of(_FINDINGS, findings))
