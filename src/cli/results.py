"""The results of `check` and `collector`."""

from dataclasses import dataclass

from cli.options import OutputOptions
from cli.output.evaluation import ConfigurationEntry, DefinitionEntry
from cli.output.names import Outcome
from cli.output.writing import ENTRY, rendered
from domain.severity import Severity


@dataclass(frozen=True, slots=True)
class Result[Entry: (DefinitionEntry, ConfigurationEntry)]:
    """An entry and its worst severity; with its JSON, if that is what is printed."""

    entry: Entry
    worst: Severity | None
    text: str = ""


def result_of[Entry: (DefinitionEntry, ConfigurationEntry)](entry: Entry, output: OutputOptions) -> Result[Entry]:
    """Return the result; here its JSON is made, which may be in a process of its own."""
    text = rendered(entry, ENTRY) if output.format == "json" else ""
    return Result(entry, worst_of(entry), text)


def worst_of(entry: DefinitionEntry | ConfigurationEntry) -> Severity | None:
    """Return the highest severity of its drifted rules; None if it has none."""
    return max((each.severity for each in entry.verdicts if each.verdict is Outcome.DRIFTED), default=None)
