"""The table that `outrider check` prints: by file, for narrow terminals and without colour too."""

from collections import Counter
from collections.abc import Iterable
from typing import TextIO

from cli.evaluating import by_topic
from cli.outcome import unread_facts
from cli.output.evaluation import VerdictEntry
from cli.output.names import FixKind, Outcome
from cli.results import Result
from cli.terminal import Console, Style, console, line
from domain.facts import FactKind
from domain.severity import Severity


def style_of(severity: Severity) -> Style:
    """Return the style of a severity."""
    match severity:
        case Severity.CRITICAL:
            return Style.BOLD_RED
        case Severity.HIGH:
            return Style.RED
        case Severity.MEDIUM:
            return Style.YELLOW
        case Severity.LOW:
            return Style.CYAN
        case Severity.INFORMATIONAL:
            return Style.DIM


_FIXES = {FixKind.SAFE: ", fix is safe", FixKind.REVIEW: ", fix needs approval", FixKind.NONE: ""}


def as_table(results: Iterable[Result], what: str, *, hint: bool, out: TextIO | None) -> None:
    """Print by file. `hint`: whether to say that --config gives the configuration."""
    to, shown, tally = console(out), "", Counter[str]()
    unread = dict[str, tuple[str, ...]]()
    for result in results:
        entry = result.entry
        if entry.file != shown:
            # Not folded, so that the path can be copied.
            to.print([(line(entry.file), Style.BOLD)])
            shown = entry.file
        _print(to, result)
        tally["not evaluated" if entry.not_evaluated else "drifted" if result.worst else "without drift"] += 1
        unread |= {each.rule: each.unread for each in entry.verdicts if each.unread}
    if unread:
        to.wrapped([(_unread(unread, hint=hint), Style.DIM)])
    if tally:
        counts = ", ".join(
            f"{tally[word]} {word}" for word in ("drifted", "without drift", "not evaluated") if tally[word]
        )
        to.wrapped(f"{tally.total()} {what}{'s' if tally.total() > 1 else ''}: {counts}.")


def _print(out: Console, result: Result) -> None:
    entry, name = result.entry, line(result.entry.name)
    if entry.not_evaluated:
        out.wrapped(f"{name}: not evaluated; {entry.not_evaluated}.", 2)
        return
    verdict = "no drift" if result.worst is None else f"drifted, {result.worst}"
    out.wrapped(f"{name}: {verdict}", 2)
    spoken = [each for each in entry.verdicts if each.drifts]
    for each in sorted(spoken, key=lambda each: (each.verdict is not Outcome.DRIFTED, -each.severity.rank)):
        _print_drifts(out, each)
    # Rules that are unknown or exempt for the same reason are printed together.
    for word in (Outcome.UNKNOWN, Outcome.EXEMPT):
        reasons = dict[str, list[str]]()
        for each in entry.verdicts:
            if each.verdict is word and not each.unread:
                for reason in each.reasons:
                    reasons.setdefault(reason, []).append(each.rule)
        for reason, rules in reasons.items():
            out.wrapped([(word, Style.DIM), " ", ", ".join(dict.fromkeys(rules))], 4)
            out.wrapped(line(reason), 6)


def _print_drifts(out: Console, verdict: VerdictEntry) -> None:
    graded = verdict.verdict is Outcome.DRIFTED
    head = (verdict.severity.value if graded else "note", style_of(verdict.severity))
    out.wrapped([head, " ", (verdict.rule, Style.BOLD if graded else Style.PLAIN), _FIXES[verdict.fix]], 4)
    for drift in verdict.drifts:
        grade = "note" if drift.severity is Severity.INFORMATIONAL else drift.severity.value
        lower = "" if drift.severity is verdict.severity else grade
        place = f"{line(drift.location.file)}:{drift.location.line}" if drift.location else ""
        notes = ", ".join(filter(None, (place, lower)))
        out.wrapped(f"{line(drift.where)}{f' ({notes})' if notes else ''}: {line(drift.why)}", 6)


def _unread(unread: dict[str, tuple[str, ...]], *, hint: bool) -> str:
    """Return one line for all rules that are unknown because nothing is read here."""
    kinds = frozenset(kind for missing in unread.values() for kind in missing)
    more = " Give the configuration with --config." if hint and FactKind.CONFIGURATION.value in kinds else ""
    return f"Unknown, because {unread_facts(kinds)}: {by_topic(unread)}.{more}"
