"""The results of `check` and `collector`."""

from dataclasses import dataclass, replace

from cli.options import OutputOptions
from cli.output.evaluation import ConfigurationEntry, DefinitionEntry
from cli.output.names import Outcome
from cli.output.writing import ENTRY, rendered
from domain.severity import Severity


@dataclass(frozen=True, slots=True)
class Result[Entry: (DefinitionEntry, ConfigurationEntry)]:
    """One input, its worst severity, and what is printed of it: its JSON, or the verdicts that the table shows."""

    entry: Entry
    worst: Severity | None
    text: str = ""


def result_of[Entry: (DefinitionEntry, ConfigurationEntry)](entry: Entry, output: OutputOptions) -> Result[Entry]:
    """Return the result. A process sends it to another, so it has only what is printed."""
    if output.format == "json":
        return Result(replace(entry, verdicts=()), worst_of(entry), rendered(entry, ENTRY))
    shown = tuple(each for each in entry.verdicts if each.drifts or each.reasons)
    return Result(replace(entry, verdicts=shown), worst_of(entry))


def worst_of(entry: DefinitionEntry | ConfigurationEntry) -> Severity | None:
    """Return the highest severity of its drifted rules; None if it has none."""
    return max((each.severity for each in entry.verdicts if each.verdict is Outcome.DRIFTED), default=None)
