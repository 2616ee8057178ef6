"""Find what a layer of the standard would loosen, though the organisation locks it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from domain.severity import Severity
from domain.standard.document import Named, Standard
from domain.standard.layered import loosened
from domain.standard.layers import Layer
from domain.standard.problems import Path
from domain.standard.sections import Mode, RuleSetting
from domain.standard.selector import any_matches


@dataclass(frozen=True, slots=True)
class Loose:
    """A field of a layer that loosens something; `why` is a clause about it."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Loosening:
    """Holds layers against what a standard locks."""

    standard: Standard
    rules: Sequence[Named]

    def by_layer(self, layer: Layer) -> Iterator[Loose]:
        """Yield what a layer would loosen."""
        locked = self._locked(("*",))
        if locked and layer.mode is not None and layer.mode.rank < self.standard.mode.rank:
            yield Loose(("mode",), _lower(f"the document's mode, {self.standard.mode}", locked))
        for i, exemption in enumerate(layer.exemptions):
            if exempt := self._locked(exemption.rules):
                yield Loose(("exemptions", i, "rules"), f"exempts from {exempt[0].id}, which is locked")
        for i, entry in enumerate(layer.rules):
            for loose in self._by_entry(entry):
                yield Loose(("rules", i, *loose.path), loose.why)
        yield from self._by_fields(layer.set, frozenset(self.standard.locked.settings))

    def _by_entry(self, entry: RuleSetting) -> Iterator[Loose]:
        rules = self._locked(entry.rules)
        given: list[tuple[Literal["mode", "severity"], Mode | Severity]] = []
        given += [("mode", entry.mode)] if entry.mode is not None else []
        given += [("severity", entry.severity)] if entry.severity is not None else []
        for field, what in given:
            for rule in rules:
                own = max(self._possible(rule, field), key=attrgetter("rank"))
                if what.rank < own.rank:
                    yield Loose((field,), _lower(f"the organisation's, {own}", (rule,)))
                    break
        if rules and entry.approval and not all(self._approved(rule) for rule in rules):
            yield Loose(("approval",), f"makes corrections wait for approval, and {rules[0].id} is locked")
        yield from self._by_fields(entry.set, None if rules else frozenset(self.standard.locked.settings))

    def _by_fields(self, changes: Mapping[str, Mapping[str, Any]], fields: frozenset[str] | None) -> Iterator[Loose]:
        for section, members in changes.items():
            for name in loosened(self.standard, fields, section, members):
                field = f"{section}.{name}"
                locked = field in self.standard.locked.settings
                what = f"{field} is locked" if locked else "a rule of this entry is locked"
                yield Loose(("set", section, name), f"is no stricter value than the organisation's, and {what}")

    def _locked(self, patterns: Iterable[str]) -> tuple[Named, ...]:
        given = tuple(patterns)
        return tuple(rule for rule in self.rules if self.standard.locked.holds(rule.id) and any_matches(given, rule.id))

    def _possible(self, rule: Named, field: Literal["mode", "severity"]) -> list[Mode | Severity]:
        """Return the values that the organisation gives a rule, for one workload or another."""
        found: list[Mode | Severity] = [self.standard.mode if field == "mode" else rule.severity]
        for entry in self._own(rule):
            value: Mode | Severity | None = getattr(entry, field)
            if value is not None:
                found = [value] if entry.where.empty else [*found, value]
        return found

    def _own(self, rule: Named) -> tuple[RuleSetting, ...]:
        return tuple(entry for entry in self.standard.rules if any_matches(entry.rules, rule.id))

    def _approved(self, rule: Named) -> bool:
        return any(entry.approval and entry.where.empty for entry in self._own(rule))


def _lower(than: str, rules: Sequence[Named]) -> str:
    return f"is lower than {than}, and {rules[0].id} is locked"
