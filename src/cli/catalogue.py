"""`outrider rules` and `outrider explain`: the rules themselves."""

from collections.abc import Iterator
from difflib import get_close_matches

from rich.text import Text

from cli.exits import CLEAN, UNUSABLE
from cli.table import style_of
from cli.terminal import console, say, wrapped
from domain.rule import Rule
from domain.subject import Subject
from rules import BY_ID, CATALOGUE

_FEW = 5


def rules() -> int:
    """List the rules and their titles."""
    out = console()
    for rule in CATALOGUE:
        fix = "" if rule.fix is None else ", has a fix"
        wrapped(out, Text.assemble((rule.id, "bold"), " ", (rule.severity, style_of(rule.severity)), fix))
        wrapped(out, f"{rule.title}.", 2)
    return CLEAN


def _similar(rule: str) -> list[str]:
    """The rules that begin so, with or without their topic, if they are few; else the most similar one."""
    begun = [each for each in BY_ID if each.startswith(rule) or each.partition(".")[2].startswith(rule)]
    if begun:
        return begun if len(begun) <= _FEW else []
    return get_close_matches(rule, BY_ID, n=1)


def explain(rule: str, /) -> int:
    """Explain a rule: what it requires and why, how it is fixed and configured.

    Parameters
    ----------
    rule
        Its name, as `rules` and `check` show it.
    """
    found = BY_ID.get(rule)
    if found is None:
        near = " or ".join(_similar(rule))
        say(f"There is no rule {rule}. {f'Did you mean {near}?' if near else 'See outrider rules for all rules.'}")
        return UNUSABLE
    out = console()
    wrapped(out, Text.assemble((found.id, "bold"), "  ", (found.severity, style_of(found.severity))))
    wrapped(out, f"Applies to: {_kind(found.subject)}. Reads: {', '.join(found.reads)}.")
    for paragraph in _paragraphs(found):
        out.print()
        wrapped(out, paragraph)
    out.print()
    wrapped(out, "Codes:")
    for code in found.codes:
        wrapped(out, f"{code}: {code.meaning}", 2)
    out.print()
    wrapped(out, f"See {found.reference}")
    return CLEAN


def _kind(subject: Subject) -> str:
    return "task-definition family" if subject is Subject.FAMILY else subject.value


def _paragraphs(rule: Rule) -> Iterator[str]:
    """Each on one line."""
    named = {"Why": rule.why, "Fix": rule.remedy, "No fix": rule.by_hand, "Configure": rule.configure}
    yield f"{rule.title}."
    for name, text in named.items():
        first, *rest = text.split("\n\n")
        if first:
            yield f"{name}: {' '.join(first.split())}"
        yield from (" ".join(paragraph.split()) for paragraph in rest)
