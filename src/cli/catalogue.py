"""`outrider rules` and `outrider explain`: the rules themselves."""

from argparse import Namespace
from collections.abc import Iterator

from cli.exits import CLEAN
from cli.output.catalogue import CodeEntry, RuleEntry, RulesOutput
from cli.output.names import page_of
from cli.output.writing import rendered
from cli.selection import matching
from cli.table import style_of
from cli.terminal import Console, Style, console
from domain.rule import Rule
from domain.subject import Subject
from rules import CATALOGUE


def rules(given: Namespace) -> int:
    """List the rules and their titles."""
    if given.format == "json":
        print(rendered(RulesOutput(1, tuple(map(_entry, CATALOGUE)))))
        return CLEAN
    out = console()
    for rule in CATALOGUE:
        fix = "" if rule.fix is None else ", has a fix"
        out.wrapped([(rule.id, Style.BOLD), " ", (rule.severity.value, style_of(rule.severity)), fix])
        out.wrapped(f"{rule.title}.", 2)
    return CLEAN


def _entry(rule: Rule) -> RuleEntry:
    return RuleEntry(
        rule=rule.id,
        page=page_of(rule.id),
        severity=rule.severity,
        subject=rule.subject,
        title=rule.title,
        why=rule.why,
        fix=None if rule.fix is None else rule.remedy,
        by_hand=rule.by_hand,
        configure=rule.configure,
        reads=rule.reads,
        codes=tuple(CodeEntry(str(code), code.meaning) for code in rule.codes),
        reference=rule.reference,
    )


def explain(given: Namespace) -> int:
    """Explain rules: what each requires and why, how it is fixed and configured."""
    found = dict.fromkeys(rule.id for pattern in given.rules for rule in matching(pattern))
    out = console()
    for index, rule in enumerate(rule for rule in CATALOGUE if rule.id in found):
        if index:
            out.print()
            out.print()
        _print(out, rule)
    return CLEAN


def _print(out: Console, rule: Rule) -> None:
    out.wrapped([(rule.id, Style.BOLD), "  ", (rule.severity.value, style_of(rule.severity))])
    kinds = ("task-definition family" if kind is Subject.FAMILY else kind.value for kind in rule.subjects)
    out.wrapped(f"Applies to: {' or '.join(kinds)}. Reads: {', '.join(rule.reads)}.")
    for paragraph in _paragraphs(rule):
        out.print()
        out.wrapped(paragraph)
    out.print()
    out.wrapped("Codes:")
    for code in rule.codes:
        out.wrapped(f"{code}: {code.meaning}", 2)
    out.print()
    out.wrapped(f"See {rule.reference}")


def _paragraphs(rule: Rule) -> Iterator[str]:
    """Each on one line."""
    named = {"Why": rule.why, "Fix": rule.remedy, "No fix": rule.by_hand, "Configure": rule.configure}
    yield f"{rule.title}."
    for name, text in named.items():
        first, *rest = text.split("\n\n")
        if first:
            yield f"{name}: {' '.join(first.split())}"
        yield from (" ".join(paragraph.split()) for paragraph in rest)
