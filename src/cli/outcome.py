"""The result of one rule for one definition or configuration."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import lru_cache

from cli.output.evaluation import DriftEntry, Location, VerdictEntry
from cli.output.names import FixKind, Outcome, page_of
from domain.drift import Doubt, Drift
from domain.facts import FactKind
from domain.rule import Rule
from domain.severity import Severity

type Place = Callable[[Rule, Drift], Location | None]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """The result of one rule for one definition. `refusal` says why there is no fix.

    `reasons` are those of an Unknown or Exempt, `doubts` what an Unknown's are made of. `missing` are the facts that
    could not be read, where an Unknown has no other reason.
    """

    rule: Rule
    word: Outcome
    severity: Severity
    drifts: tuple[Drift, ...] = ()
    reasons: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    missing: tuple[FactKind, ...] = ()
    fix: FixKind = FixKind.NONE
    refusal: str = ""

    def entry_with(self, place: Place, shown: Callable[[str], str]) -> VerdictEntry:
        """Return it as JSON has it, with the places of its drifts, and each text as `shown` makes it."""
        reasons = tuple(map(shown, self.reasons))
        plain = _entry(self.rule.id, self.word, self.severity, reasons, self.missing)
        if not self.drifts:
            return plain
        drifts = tuple(
            DriftEntry(
                code=str(drift.code),
                where=shown(drift.where),
                why=shown(drift.why),
                found=shown(drift.found),
                wanted=shown(drift.wanted),
                severity=drift.severity or self.severity,
                location=place(self.rule, drift),
            )
            for drift in self.drifts
        )
        return replace(plain, drifts=drifts, fix=self.fix, refusal=shown(self.refusal))


@lru_cache(maxsize=4096)
def _entry(
    rule: str, word: Outcome, severity: Severity, reasons: tuple[str, ...], missing: tuple[FactKind, ...]
) -> VerdictEntry:
    """Return the entry of a rule without drifts: most are, and are the same for many definitions."""
    return VerdictEntry(
        rule=rule,
        page=page_of(rule),
        verdict=word,
        severity=severity,
        drifts=(),
        fix=FixKind.NONE,
        refusal="",
        reasons=reasons or ((unread_facts(missing),) if missing else ()),
        unread=tuple(kind.value for kind in missing),
    )


def unread_facts(kinds: Collection[str]) -> str:
    """Return why rules are unknown here, as a clause."""
    return f"nothing is read from AWS here ({', '.join(kind.value for kind in FactKind if kind.value in kinds)})"
