"""The standard of one account: the organisation's, with the layers for that account."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.organization import Membership
from domain.standard.document import Named, RuleSettings, Setting, Standard, merged
from domain.standard.part import Field, Part
from domain.standard.sections import SETTABLE, Exemption, RuleSetting
from domain.standard.strictness import at_least, strictest
from domain.workload import Workload


class LayeredStandard(Standard):
    """A standard with layers on it. A rule that the organisation locks is never looser than by its own standard."""

    organization: Standard = Field(description="The document without its layers.")

    def settings(self, workload: Workload) -> RuleSettings:
        """Return the settings of all rules for a workload."""
        return _Settings(super().settings(workload), self.organization.settings(workload), self)

    def exemption(self, rule: str, workload: Workload, resource: str) -> Exemption | None:
        """Return the exemption from a rule; from a locked one only the organisation's own."""
        if self.locked.holds(rule):
            return self.organization.exemption(rule, workload, resource)
        return super().exemption(rule, workload, resource)


class _Settings(RuleSettings):
    """The settings with layers, held against the organisation's own for what is locked."""

    __slots__ = ("_layered", "_own", "_whole")

    def __init__(self, layered: RuleSettings, own: RuleSettings, whole: LayeredStandard) -> None:
        self._layered, self._own, self._whole = layered, own, whole

    def of(self, rule: Named) -> Setting:
        layered = self._layered.of(rule)
        return strictest_setting(self._own.of(rule), layered) if self._whole.locked.holds(rule.id) else layered


def strictest_setting(own: Setting, layered: Setting) -> Setting:
    """Return a setting that is in nothing looser than the organisation's own."""
    parts = {
        section: strictest(section, getattr(own.standard, section), getattr(layered.standard, section))
        for section in SETTABLE
    }
    changed = {name: part for name, part in parts.items() if part is not getattr(layered.standard, name)}
    return Setting(
        max(own.mode, layered.mode, key=lambda mode: mode.rank),
        max(own.severity, layered.severity),
        layered.standard.model_copy(update=changed) if changed else layered.standard,
        approval=own.approval and layered.approval,
    )


def layers_of(standard: Standard, member: Membership) -> tuple[int, ...]:
    """Return the indexes of the layers for an account, in the order in which they apply: the last one wins."""
    numbered = [(i, layer) for i, layer in enumerate(standard.layers) if layer.where.matches(member)]
    ordered = sorted(numbered, key=lambda each: (each[1].where.level, each[1].where.depth(member), each[0]))
    return tuple(i for i, _ in ordered)


def standard_of(standard: Standard, member: Membership) -> Standard:
    """Return the standard of an account: the organisation's own, if no layer is for it."""
    return layered(standard, layers_of(standard, member))


def layered(standard: Standard, which: Sequence[int]) -> Standard:
    """Return a standard with these of its layers on it, in this order."""
    if not which:
        return standard
    values: dict[str, Any] = {name: getattr(standard, name) for name in Standard.__dataclass_fields__}
    locked = frozenset(standard.locked.settings)
    for layer in (standard.layers[i] for i in which):
        values["mode"] = layer.mode or values["mode"]
        values["rules"] += tuple(_kept(entry, standard, locked) for entry in layer.rules)
        values["exemptions"] += layer.exemptions
        for section, members in layer.set.items():
            part = with_fields(values[section], members)
            values[section] = strictest(section, getattr(standard, section), part, locked)
    return LayeredStandard(organization=standard, **values)


def with_fields[P: Part](part: P, members: Mapping[str, Any]) -> P:
    """Return a section with other values of some fields, as a document has them."""
    return type(part).model_validate(merged(part.model_dump(), members))


def _kept(entry: RuleSetting, standard: Standard, locked: frozenset[str]) -> RuleSetting:
    """Return an entry of a layer without the fields that would loosen what is locked."""
    left = {
        section: {
            name: value for name, value in members.items() if not loosened(standard, locked, section, {name: value})
        }
        for section, members in entry.set.items()
    }
    return entry if left == entry.set else replace(entry, set=left)


def loosened(
    standard: Standard, fields: frozenset[str] | None, section: str, members: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the names of fields, of those in `fields` or of all, that a layer would set to a looser value."""
    own = getattr(standard, section)
    part = with_fields(own, members)
    names = (name for name in members if fields is None or f"{section}.{name}" in fields)
    return tuple(name for name in names if not at_least(f"{section}.{name}", getattr(part, name), getattr(own, name)))
