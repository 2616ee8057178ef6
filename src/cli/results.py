"""The results of `check` and `collector`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cli.output.evaluation import ConfigurationEntry, DefinitionEntry
from cli.output.names import Outcome
from cli.output.writing import ENTRY, rendered
from cli.report_formats import ReportFormat
from cli.suggesting import Suggestion
from domain.places import Place
from domain.severity import Severity

WITH_SUGGESTIONS: frozenset[ReportFormat] = frozenset({"sarif", "markdown", "github"})
_ALL_VERDICTS: frozenset[ReportFormat] = frozenset({"junit"})


@dataclass(frozen=True, slots=True)
class Source:
    """What only some formats show: where it runs, and the fixes of its drifted rules in the source's text."""

    place: Place
    suggestions: Mapping[str, Suggestion]


NO_SOURCE = Source(Place("", ""), {})


@dataclass(frozen=True, slots=True)
class Result[Entry: (DefinitionEntry, ConfigurationEntry)]:
    """One input, its worst severity, and what is printed of it: its JSON, or the verdicts that a format shows."""

    entry: Entry
    worst: Severity | None
    text: str = ""
    source: Source = NO_SOURCE


def result_of[Entry: (DefinitionEntry, ConfigurationEntry)](
    entry: Entry, form: ReportFormat, source: Source = NO_SOURCE
) -> Result[Entry]:
    """Return the result. A process sends it to another, so it has only what is printed."""
    if form == "json":
        return Result(replace(entry, verdicts=()), worst_of(entry), rendered(entry, ENTRY))
    shown = tuple(each for each in entry.verdicts if form in _ALL_VERDICTS or each.drifts or each.reasons)
    return Result(replace(entry, verdicts=shown), worst_of(entry), source=source)


def worst_of(entry: DefinitionEntry | ConfigurationEntry) -> Severity | None:
    """Return the highest severity of its drifted rules; None if it has none."""
    return max((each.severity for each in entry.verdicts if each.verdict is Outcome.DRIFTED), default=None)
