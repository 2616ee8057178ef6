"""The results of `check` and `collector`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cli.baseline import Baseline, KnownDrift, drifts_of
from cli.fingerprints import fingerprinted
from cli.output.evaluation import Entry, VerdictEntry
from cli.output.writing import ENTRY, rendered
from cli.report_formats import ReportFormat
from cli.suggesting import Suggestion
from domain.places import Place
from domain.severity import Severity

WITH_SUGGESTIONS: frozenset[ReportFormat] = frozenset({"sarif", "markdown", "github"})
_ALL_VERDICTS: frozenset[ReportFormat] = frozenset({"junit"})


@dataclass(frozen=True, slots=True)
class Source:
    """What only some formats show: where it runs, and the fixes of its drifted rules in the source's text.

    `deployed`: it was read from AWS, and not from a file.
    """

    place: Place
    suggestions: Mapping[str, Suggestion]
    deployed: bool = False


NO_SOURCE = Source(Place("", ""), {})


@dataclass(frozen=True, slots=True)
class Result:
    """One input, its worst severity, and what is printed of it: its JSON, or the verdicts that a format shows.

    `drifts` are for the baseline, if there is one. `gap`: it is not evaluated, because the source does not say enough.
    """

    entry: Entry
    worst: Severity | None
    text: str = ""
    source: Source = NO_SOURCE
    drifts: tuple[KnownDrift, ...] = ()
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """Makes results: for which format, and which drifts are known. `all_known`: every one.

    `folder` is that of the baseline, from which the paths of files count; None without a baseline.
    """

    form: ReportFormat
    folder: Path | None = None
    known: frozenset[str] = frozenset()
    all_known: bool = False

    @classmethod
    def by(cls, form: ReportFormat, baseline: Baseline | None) -> "Results":
        """Return what makes results by a baseline."""
        return cls(form) if baseline is None else cls(form, baseline.folder, baseline.fingerprints, baseline.writes)

    def of(self, entry: Entry, source: Source = NO_SOURCE, number: int = 1, *, gap: bool = False) -> Result:
        """Return the result. A process sends it to another, so it has only what is printed.

        `number` says which of a file's definitions of the family it is.
        """
        entry = fingerprinted(entry, number, self.folder)
        drifts = () if self.folder is None else drifts_of(entry, self.folder)
        if drifts:
            entry = replace(entry, verdicts=tuple(map(self._marked, entry.verdicts)))
        worst = worst_of(entry)
        if self.form == "json":
            return Result(replace(entry, verdicts=()), worst, rendered(entry, ENTRY), drifts=drifts, gap=gap)
        shown = tuple(_without_known(self._shown(entry.verdicts)))
        return Result(replace(entry, verdicts=shown), worst, source=source, drifts=drifts, gap=gap)

    def _marked(self, verdict: VerdictEntry) -> VerdictEntry:
        drifts = tuple(
            replace(each, known=True) if self.all_known or each.fingerprint in self.known else each
            for each in verdict.drifts
        )
        return replace(verdict, drifts=drifts)

    def _shown(self, verdicts: tuple[VerdictEntry, ...]) -> Iterator[VerdictEntry]:
        every = self.form in _ALL_VERDICTS
        return (each for each in verdicts if every or each.drifts or each.reasons)


def _without_known(verdicts: Iterator[VerdictEntry]) -> Iterator[VerdictEntry]:
    """Yield the verdicts with the drifts that count; none of which all are known."""
    for verdict in verdicts:
        if not any(each.known for each in verdict.drifts):
            yield verdict
            continue
        left = tuple(each for each in verdict.drifts if not each.known)
        if left:
            yield replace(verdict, drifts=left, severity=max(each.severity for each in left))


def worst_of(entry: Entry) -> Severity | None:
    """Return the highest severity of its drifts that are not known; None if it has none."""
    drifts = (drift for each in entry.verdicts for drift in each.counted)
    return max((drift.severity for drift in drifts if not drift.known), default=None)
