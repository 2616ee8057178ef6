"""`outrider rules` and `outrider explain`: the rules themselves."""

import inspect
from difflib import get_close_matches

from rich.text import Text

from cli.exits import CLEAN, UNUSABLE
from cli.table import style_of
from cli.terminal import console, say, wrapped
from rules import BY_ID, CATALOGUE

_FEW = 5


def rules() -> int:
    """List the rules, with what each demands."""
    out = console()
    for rule in CATALOGUE:
        fix = "" if rule.fix is None else ", has a fix"
        wrapped(out, Text.assemble((rule.id, "bold"), " ", (rule.severity, style_of(rule.severity)), fix))
        wrapped(out, f"{rule.title}.", 2)
    return CLEAN


def _meant(rule: str) -> list[str]:
    """The rules that begin so, with or without their topic, if they are few; else the one that is nearest."""
    begun = [each for each in BY_ID if each.startswith(rule) or each.partition(".")[2].startswith(rule)]
    if begun:
        return begun if len(begun) <= _FEW else []
    return get_close_matches(rule, BY_ID, n=1)


def explain(rule: str, /) -> int:
    """Explain a rule: what it demands and why, how it is fixed and configured.

    Parameters
    ----------
    rule
        Its name, as `rules` and `check` show it.
    """
    found = BY_ID.get(rule)
    if found is None:
        near = " or ".join(_meant(rule))
        say(f"There is no rule {rule}. {f'Is {near} meant?' if near else 'See outrider rules for what there is.'}")
        return UNUSABLE
    out = console()
    facts = ", ".join(sorted(kind.value for kind in found.needs)) or "none beside the documents"
    wrapped(out, Text.assemble((found.id, "bold"), "  ", (found.severity, style_of(found.severity))))
    wrapped(out, f"Speaks of: {found.subject}. Facts: {facts}.")
    for paragraph in inspect.cleandoc(found.doc).split("\n\n"):
        out.print()
        wrapped(out, " ".join(paragraph.split()))
    out.print()
    wrapped(out, f"See {found.reference}")
    return CLEAN
