"""What is certain although a source leaves values open: what holds for all values that were tried."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cli.outcome import RuleOutcome
from cli.output.names import Outcome
from cli.sources.definition import Origin
from domain.drift import Doubt, Drift
from domain.ecs.placeholders import placeholder
from domain.severity import Severity
from domain.verdict import Compliant, Drifted, Verdict
from reports.text import first_of

_FEW = 3


@dataclass(frozen=True, slots=True)
class Tried:
    """What the rules say of one variant: codes and places of each drifted rule, and which rules are compliant."""

    drifted: Mapping[str, frozenset[tuple[str, str]]]
    compliant: frozenset[str]

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> "Tried":
        drifted, compliant, other = dict[str, frozenset[tuple[str, str]]](), set[str](), set[str]()
        for verdict in verdicts:
            match verdict:
                case Drifted():
                    found = frozenset((str(each.code), each.where) for each in verdict.drifts)
                    drifted[verdict.rule] = drifted.get(verdict.rule, frozenset()) | found
                case Compliant():
                    compliant.add(verdict.rule)
                case _:
                    other.add(verdict.rule)
        return cls(drifted, frozenset(compliant - other - drifted.keys()))


def certain(
    outcomes: Iterable[RuleOutcome], tried: Sequence[Tried], unresolved: Sequence[str], origin: Origin | None
) -> Iterator[RuleOutcome]:
    """Yield the outcomes; one that depends on a value that is not resolved is unknown, and says so."""
    for said in outcomes:
        rule = said.rule.id
        match said.word:
            case Outcome.DRIFTED:
                drifts = tuple(each for each in said.drifts if _holds(rule, each, tried, origin))
                severities = [each.severity or said.severity for each in drifts]
                if all(each is Severity.INFORMATIONAL for each in severities):
                    yield _unknown(said, _named_at(said.drifts, origin) or unresolved)
                else:
                    yield replace(said, drifts=drifts, severity=max(severities))
            case Outcome.COMPLIANT if not all(rule in each.compliant for each in tried):
                yield _unknown(said, unresolved)
            case Outcome.UNKNOWN if any(rule in each.drifted or rule in each.compliant for each in tried):
                names = _named_at(said.doubts, origin)
                yield _unknown(said, names) if names else said
            case _:
                yield said


def _holds(rule: str, drift: Drift, tried: Collection[Tried], origin: Origin | None) -> bool:
    if origin is not None and origin.is_open(drift.where):
        return False
    if placeholder(drift.where):  # a name in it is open, so it is another in each variant
        return all(any(code == drift.code for code, _ in each.drifted.get(rule, ())) for each in tried)
    return all((str(drift.code), drift.where) in each.drifted.get(rule, ()) for each in tried)


def _named_at(found_at: Iterable[Drift | Doubt], origin: Origin | None) -> tuple[str, ...]:
    """Return the expressions at the places of a rule's drifts or doubts."""
    found = (name for each in found_at for name in (origin.open_at(each.where) if origin is not None else ()))
    return tuple(dict.fromkeys(found))


def _unknown(said: RuleOutcome, unresolved: Sequence[str]) -> RuleOutcome:
    return RuleOutcome(said.rule, Outcome.UNKNOWN, said.severity, reasons=(because_of(unresolved),))


def because_of(unresolved: Sequence[str]) -> str:
    """Return why something is not known, as a clause."""
    if not unresolved:
        return "it depends on the region or the account, which the source does not name"
    return f"it depends on what the source does not resolve ({first_of(unresolved, _FEW)})"
