"""The table that `outrider upgrade` prints."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from cli.table import style_of
from cli.terminal import console, line, wrapped
from cli.upgrading import Outlook


def as_table(outlooks: Sequence[Outlook]) -> None:
    """Print what breaks, what is renamed and what is out of support, by file."""
    out, shown = console(), ""
    for outlook in outlooks:
        if outlook.of.file != shown:
            shown = outlook.of.file
            out.print(Text(line(shown), style="bold"), soft_wrap=True)
        _print(out, outlook)
    if outlooks:
        broken = sum(bool(outlook.breaks) for outlook in outlooks)
        evaluated = sum(not outlook.not_evaluated for outlook in outlooks)
        wrapped(out, f"{evaluated} evaluated: {outlooks[0].after} breaks {broken}.")


def _print(out: Console, outlook: Outlook) -> None:
    name = line(outlook.of.resource).rpartition("task-definition/")[2] or "configuration"
    change = f"{outlook.before or 'an unknown release'} to {outlook.after}"
    if outlook.not_evaluated:
        wrapped(out, f"{name}: not evaluated; {line(outlook.not_evaluated)}.", 2)
        return
    count = len(outlook.breaks)
    breaks = "nothing breaks" if not count else "1 part breaks" if count == 1 else f"{count} parts break"
    wrapped(out, f"{name}, from {change}: {breaks}", 2)
    for each in outlook.breaks:
        label = Text.assemble((str(each.severity), style_of(each.severity)), " ", (each.rule, "bold"))
        wrapped(out, Text.assemble("breaks ", label), 4)
        wrapped(out, f"{line(each.drift.where)}: {line(each.drift.why)}", 6)
    for renamed in outlook.renamed:
        why = f"{renamed.where}: {renamed.found} is called {renamed.wanted} since {renamed.since}; both names work."
        wrapped(out, f"renamed {line(why)}", 4)
    for release, ended in outlook.ended:
        wrapped(out, f"support of {release} ended on {ended.since}; the newest release is {ended.newest}.", 4)
    for reason in outlook.unknown:
        wrapped(out, Text.assemble(("unknown", "dim"), " ", line(reason)), 4)
