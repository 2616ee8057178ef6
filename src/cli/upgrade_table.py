"""The table that `outrider upgrade` prints."""

from collections.abc import Sequence

from cli.table import style_of
from cli.terminal import Console, Style, console, line
from cli.upgrading import Outlook


def as_table(outlooks: Sequence[Outlook]) -> None:
    """Print what breaks, what is renamed and what is out of support, by file."""
    out, shown = console(), ""
    for outlook in outlooks:
        if outlook.of.file != shown:
            shown = outlook.of.file
            out.print([(line(shown), Style.BOLD)])
        _print(out, outlook)
    if outlooks:
        broken = sum(bool(outlook.breaks) for outlook in outlooks)
        evaluated = sum(not outlook.not_evaluated for outlook in outlooks)
        open_ = sum(bool(outlook.unknown) and not outlook.breaks for outlook in outlooks)
        unknown = f", and {open_} {'is' if open_ == 1 else 'are'} not fully known" if open_ else ""
        out.wrapped(f"{evaluated} evaluated: {outlooks[0].after} breaks {broken}{unknown}.")


def _print(out: Console, outlook: Outlook) -> None:
    name = line(outlook.of.resource).rpartition("task-definition/")[2] or "configuration"
    change = f"{outlook.before or 'an unknown release'} to {outlook.after}"
    if outlook.not_evaluated:
        out.wrapped(f"{name}: not evaluated; {line(outlook.not_evaluated)}.", 2)
        return
    count = len(outlook.breaks)
    nothing = "no break found, but not all is known" if outlook.unknown else "nothing breaks"
    breaks = nothing if not count else "1 part breaks" if count == 1 else f"{count} parts break"
    out.wrapped(f"{name}, from {change}: {breaks}", 2)
    for each in outlook.breaks:
        severity = (each.severity.value, style_of(each.severity))
        out.wrapped(["breaks ", severity, " ", (each.rule, Style.BOLD)], 4)
        out.wrapped(f"{line(each.drift.where)}: {line(each.drift.why)}", 6)
    for renamed in outlook.renamed:
        why = f"{renamed.where}: {renamed.found} is called {renamed.wanted} since {renamed.since}; both names work."
        out.wrapped(f"renamed {line(why)}", 4)
    for release, ended in outlook.ended:
        out.wrapped(f"support of {release} ended on {ended.since}; the newest release is {ended.newest}.", 4)
    for reason in outlook.unknown:
        out.wrapped([("unknown", Style.DIM), " ", line(reason)], 4)
