"""Which rules a command is about: those that patterns of rule ids select."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from cli.unusable import Unusable
from domain.rule import Rule
from rules import BY_ID, CATALOGUE

_FEW = 5


def selected(select: Iterable[str], ignore: Iterable[str]) -> frozenset[str]:
    """Return the ids of the rules; raise Unusable for a pattern that matches none, or if no rule is left."""
    wanted = {rule.id for pattern in select for rule in matching(pattern)} or BY_ID.keys()
    found = frozenset(wanted - {rule.id for pattern in ignore for rule in matching(pattern)})
    if not found:
        raise Unusable("--select and --ignore leave no rule. See outrider rules for all rules.")
    return found


def evaluated(chosen: Collection[str], among: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the chosen rules of those that a command evaluates; raise Unusable if there is none."""
    found = tuple(rule for rule in among if rule.id in chosen)
    if not found:
        names = ", ".join(rule.id for rule in among)
        raise Unusable(f"--select and --ignore leave no rule that this command evaluates. It evaluates {names}.")
    return found


def matching(pattern: str) -> tuple[Rule, ...]:
    """Return the rules whose id a pattern matches; raise Unusable if there is none."""
    found = tuple(rule for rule in CATALOGUE if fnmatchcase(rule.id, pattern))
    if not found:
        near = " or ".join(_similar(pattern))
        meant = f"Did you mean {near}?" if near else "See outrider rules for all rules."
        raise Unusable(f"There is no rule {pattern}. {meant}")
    return found


def _similar(name: str) -> Iterator[str]:
    """Yield the rules that begin so, with or without their topic, if they are few; else the most similar one."""
    if any(rule.topic == name for rule in CATALOGUE):
        yield f"'{name}.*'"
        return
    begun = [each for each in BY_ID if each.startswith(name) or each.partition(".")[2].startswith(name)]
    if begun:
        yield from begun if len(begun) <= _FEW else ()
    else:
        yield from get_close_matches(name, BY_ID, n=1)
