"""The table that `outrider check` prints: by file, for narrow terminals and without colour too."""

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from cli.evaluating import DefinitionResult, NamedResult, Outcome, by_topic, unread_facts, worse
from cli.terminal import console, line, wrapped
from domain.facts import FactKind
from domain.severity import Severity


def style_of(severity: Severity) -> str:
    """Rich's style of a severity."""
    match severity:
        case Severity.CRITICAL:
            return "bold red"
        case Severity.HIGH:
            return "red"
        case Severity.MEDIUM:
            return "yellow"
        case Severity.LOW:
            return "cyan"
        case Severity.INFORMATIONAL:
            return "dim"


def as_table(judged: Iterable[NamedResult], *, given: bool, what: str = "task definition") -> Severity | None:
    """Print by file, and return the worst severity. `given`: whether a collector's configuration was named."""
    out = console()
    worst, shown, tally = None, "", Counter[str]()
    unread = dict[str, tuple[FactKind, ...]]()
    for file, resource, judgement in judged:
        if file != shown:
            # Not folded, so that the path can be copied.
            out.print(Text(line(file), style="bold"), soft_wrap=True)
            shown = file
        _print(out, resource, judgement)
        worst = worse(worst, judgement)
        tally["not evaluated" if judgement.outside else "drifted" if judgement.worst else "clean"] += 1
        unread |= {said.rule.id: said.missing for said in judgement.said if said.missing}
    if unread:
        wrapped(out, Text(_unread(unread, given=given), style="dim"))
    if tally:
        counts = ", ".join(f"{tally[word]} {word}" for word in ("drifted", "clean", "not evaluated") if tally[word])
        wrapped(out, f"{tally.total()} {what}{'s' if tally.total() > 1 else ''}: {counts}.")
    return worst


def _print(out: Console, resource: str, judgement: DefinitionResult) -> None:
    name = line(resource).rpartition("task-definition/")[2] or "(no family)"
    if judgement.outside:
        wrapped(out, f"{name}: not evaluated; {judgement.outside}.", 2)
        return
    verdict = "clean" if judgement.worst is None else f"drifted, {judgement.worst}"
    wrapped(out, f"{name}: {verdict}", 2)
    spoken = [said for said in judgement.said if said.drifts]
    for said in sorted(spoken, key=lambda said: (said.word is not Outcome.DRIFTED, -said.severity.rank)):
        graded = said.word is Outcome.DRIFTED
        fix = {"safe": ", fix is safe", "review": ", fix needs approval"}.get(said.fix, "")
        grade = Text(said.severity if graded else "note", style=style_of(said.severity))
        wrapped(out, Text.assemble(grade, " ", (said.rule.id, "bold" if graded else ""), fix), 4)
        for drift in said.drifts:
            lower = "" if drift.severity in {None, said.severity} else f" ({_grade(drift.severity)})"
            wrapped(out, f"{line(drift.where)}{lower}: {line(drift.why)}", 6)
    # Rules that are unknown or exempt for the same reason are printed together.
    for word in (Outcome.UNKNOWN, Outcome.EXEMPT):
        reasons = dict[str, list[str]]()
        for said in judgement.said:
            if said.word is word:
                for reason in said.reasons:
                    reasons.setdefault(reason, []).append(said.rule.id)
        for reason, rules in reasons.items():
            wrapped(out, Text.assemble((word, "dim"), " ", ", ".join(dict.fromkeys(rules))), 4)
            wrapped(out, Text(line(reason)), 6)


def _grade(severity: Severity | None) -> str:
    return "note" if severity is Severity.INFORMATIONAL else str(severity)


def _unread(unread: dict[str, tuple[FactKind, ...]], *, given: bool) -> str:
    """Return one line for all rules that are unknown because nothing is read here."""
    kinds = frozenset(kind for missing in unread.values() for kind in missing)
    hint = " Give the configuration with --config." if FactKind.CONFIGURATION in kinds and not given else ""
    return f"Unknown, because {unread_facts(kinds)}: {by_topic(unread)}.{hint}"
