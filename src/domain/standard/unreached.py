"""Find what another part of a standard makes have no effect: it comes first, comes later, or is for other accounts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from domain.collector.distributions import NONE
from domain.standard.accounts import AccountSelector
from domain.standard.document import Named, Standard
from domain.standard.layers import Layer
from domain.standard.problems import Path
from domain.standard.selector import Selector

_ALWAYS_THERE = frozenset({"account", "region", "family"})
"""What every workload has, so that * is the same as nothing."""
_MEMBERS = ("account", "region", "family", "cluster", "service", "resource", "unit")

_MOST = 1000
"""Of more entries, none is compared with the others: that would take seconds."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """A field without effect; `why` is a clause about it."""

    path: Path
    why: str


def unreached(standard: Standard, rules: Sequence[Named]) -> Iterator[Unreached]:
    """Yield what can have no effect, because of another part of the standard."""
    yield from _stages(standard)
    yield from _routes(standard)
    yield from _collectors(standard)
    for i, layer in enumerate(standard.layers):
        for each in _of_layer(standard, layer):
            yield Unreached(("layers", i, *each.path), each.why)
    for i, pattern in enumerate(standard.owner_exemptions.rules):
        ids = [rule.id for rule in rules if fnmatchcase(rule.id, pattern)]
        if ids and all(map(standard.locked.holds, ids)):
            why = f"{pattern[:60]} allows no exemption: `locked` has all of these rules"
            yield Unreached(("owner_exemptions", "rules", i), why)


def _stages(standard: Standard) -> Iterator[Unreached]:
    terms = _all_terms([stage.where for stage in standard.remediation.stages])
    for i, narrow in enumerate(terms):
        first = next((j for j in range(i) if _has(terms[j], narrow)), None)
        if first is not None:
            why = f"has no account: remediation.stages[{first}] comes first, and selects all of them"
            yield Unreached(("remediation", "stages", i), why)


def _routes(standard: Standard) -> Iterator[Unreached]:
    severities = [route.severity for route in standard.notification.routes]
    terms = _all_terms([route.where for route in standard.notification.routes])
    for i, narrow in enumerate(terms):
        later = range(i + 1, len(terms))
        winner = next((j for j in later if _has(terms[j], narrow) and severities[j] <= severities[i]), None)
        if winner is not None:
            yield Unreached(("notification", "routes", i), _loses_to(f"notification.routes[{winner}]"))


def _collectors(standard: Standard) -> Iterator[Unreached]:
    terms = _all_terms([each.where for each in standard.collectors])
    for i, narrow in enumerate(terms):
        winner = next((j for j in range(i + 1, len(terms)) if _has(terms[j], narrow)), None)
        if winner is not None:
            yield Unreached(("collectors", i), _loses_to(f"collectors[{winner}]"))


def _loses_to(winner: str) -> str:
    return f"is never used: {winner} selects all of it too, and a later entry wins; move this one below"


def _of_layer(standard: Standard, layer: Layer) -> Iterator[Unreached]:
    accounts = layer.where.account
    wheres = [(("rules", i), entry.where) for i, entry in enumerate(layer.rules)]
    wheres += [(("exemptions", i), exemption.where) for i, exemption in enumerate(layer.exemptions)]
    for at, where in wheres:
        if not _may_meet(accounts, where.account):
            why = f"selects nothing: the layer is for account {', '.join(accounts)[:60]}"
            yield Unreached((*at, "where", "account"), why)
    for field in layer.set.get("collector", {}):
        for i, each in enumerate(standard.collectors):
            if each.kind != NONE and field in each.model_fields_set and _may_meet(accounts, each.where.account):
                why = f"does not reach what collectors[{i}] selects, which sets its own"
                yield Unreached(("set", "collector", field), f"{why}; `set` of an entry of the layer's `rules` does")
                break


# --- selectors --------------------------------------------------------------------------------------------------------


def _all_terms(wheres: Sequence[Selector | AccountSelector]) -> Sequence[Mapping[str, Sequence[str]]]:
    return [_terms(each) for each in wheres] if len(wheres) <= _MOST else ()


def _terms(where: Selector | AccountSelector) -> Mapping[str, Sequence[str]]:
    """Return what a selector asks: the patterns by member or tag, each of which must match. Nothing asks nothing."""
    found = {member: patterns for member in _MEMBERS if (patterns := getattr(where, member, ()))}
    asked = {member: each for member, each in found.items() if member not in _ALWAYS_THERE or "*" not in each}
    return asked | {f"tags.{key}": (pattern,) for key, pattern in where.tags.items()}


def _has(wide: Mapping[str, Sequence[str]], narrow: Mapping[str, Sequence[str]]) -> bool:
    """Whether a selector with some terms certainly selects everything that another does."""
    for name, patterns in wide.items():
        asked = narrow.get(name, ())
        if not asked or not all(any(_matches_all_of(pattern, each) for pattern in patterns) for each in asked):
            return False
    return True


def _matches_all_of(wide: str, narrow: str) -> bool:
    """Whether a pattern certainly matches each name that another matches."""
    if wide == narrow or not _is_pattern(wide):
        return wide == narrow
    # A star takes a wildcard as it takes any text; sets of characters are not compared.
    comparable = not _is_pattern(narrow) or ("?" not in wide and "[" not in wide and "[" not in narrow)
    return comparable and fnmatchcase(narrow, wide)


def _may_meet(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a name may match one of some patterns and one of the others; none at all are any name."""
    return not some or not others or any(_may_both(one, other) for one in some for other in others)


def _may_both(one: str, other: str) -> bool:
    if _is_pattern(one) and _is_pattern(other):
        return True
    return fnmatchcase(one, other) or fnmatchcase(other, one)


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text or "[" in text
