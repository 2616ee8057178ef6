"""Sweeps that run: the one that holds the lease, how far it came in each place, and what its evaluations covered."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from aws.ledger.forms import body_of, read
from aws.ledger.table import Rows, expiry, only_if, packed, put_row, unpacked
from domain.coverage import Coverage, Covered
from domain.places import Place
from domain.subject import SubjectId
from domain.sweeping import PlaceSweep, Run

_OWNER, _RUN, _LAST = "sweep", "run", "certificate"
_DAYS = 14
"""How long the ledger keeps the progress of a sweep, and what each of its evaluations covered."""


@dataclass(frozen=True, slots=True)
class LastCertificate:
    """Where the last certificate is stored, its digest, and where the sweep's report is; empty if there is none."""

    key: str
    digest: str
    report: str = ""


class Runs(Rows):
    """The rows of sweeps."""

    def claim(self, run: Run, now: datetime, until: datetime) -> bool:
        """Let a sweep run `until` then, or extend that. False if another one runs: only one does at a time."""
        item = {"run": {"S": run.id}, "lease": {"N": str(int(until.timestamp()))}} | body_of(Run, run)
        values = {":now": {"N": str(int(now.timestamp()))}, ":run": {"S": run.id}}
        free = only_if("attribute_not_exists(pk) OR #lease < :now OR #run = :run", values)
        return self.table.put_if(free, _OWNER, _RUN, item)

    def current(self) -> Run | None:
        """Return the sweep that runs, or the last one that ran."""
        item = self.table.row(_OWNER, _RUN)
        return read(Run, item) if item else None

    def save(self, run: str, swept: Iterable[PlaceSweep]) -> None:
        """Record how far the sweep of places came."""
        rows = ((str(each.place), body_of(PlaceSweep, each) | {"expires": expiry(_DAYS)}) for each in swept)
        self.table.write_all(_places(run), (put_row(_places(run), place, item) for place, item in rows))

    def place(self, run: str, place: Place) -> PlaceSweep:
        """Return how far the sweep of a place came."""
        item = self.table.row(_places(run), str(place))
        return read(PlaceSweep, item) if item else PlaceSweep(place)

    def places(self, run: str) -> list[PlaceSweep]:
        """Return how far the sweep came in each place."""
        return [read(PlaceSweep, item) for item in self.table.query(_places(run))]

    def cover(self, run: str, covered: Iterable[Covered]) -> None:
        """Record what an evaluation covered. A later evaluation of the same subject in the same sweep replaces it.

        The report's rows are in a partition of their own, because what is covered is read again and again.
        """
        found = {each.subject: each for each in covered}
        last = [found[subject] for subject in sorted(found)]
        rows = [put_row(f"coverage/{run}", each.subject.key, _item(each)) for each in last]
        rows += [put_row(f"rows/{run}", each.subject.key, _row(each)) for each in last if each.row]
        self.table.write_all(f"coverage/{run}", rows)

    def rows(self, run: str) -> Iterator[tuple[SubjectId, bytes]]:
        """Yield the rows of a sweep's report, as JSON."""
        for item in self.table.query(f"rows/{run}"):
            yield SubjectId.parse(item["sk"]["S"]), unpacked(item["body"])

    def covered(self, run: str) -> Iterator[Covered]:
        """Yield what the evaluations of a sweep covered so far."""
        for item in self.table.query(f"coverage/{run}"):
            yield Covered(
                SubjectId.parse(item["sk"]["S"]), Coverage(item["coverage"]["S"]), item["call"]["S"], item["code"]["S"]
            )

    def last(self) -> LastCertificate | None:
        """Return where the certificate of the last whole sweep is."""
        item = self.table.row(_OWNER, _LAST)
        return LastCertificate(*(item[name]["S"] for name in ("key", "digest", "report"))) if item else None

    def certified(self, last: LastCertificate) -> None:
        """Record where the certificate of the last whole sweep is."""
        self.table.put(_OWNER, _LAST, {name: {"S": value} for name, value in asdict(last).items()})


def _places(run: str) -> str:
    return f"sweep/{run}"


def _item(covered: Covered) -> dict[str, Any]:
    return {
        "coverage": {"S": covered.coverage.value},
        "call": {"S": covered.call},
        "code": {"S": covered.code},
        "expires": expiry(_DAYS),
    }


def _row(covered: Covered) -> dict[str, Any]:
    return {"body": packed(covered.row.encode()), "expires": expiry(_DAYS)}
