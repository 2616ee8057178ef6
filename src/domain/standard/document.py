"""The standard: the organisation's requirements, in one versioned YAML document."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from domain.ecs.recognition import CollectorKind
from domain.organization import Needed
from domain.severity import Severity
from domain.standard.collectors import Collector, CollectorFor
from domain.standard.inline import TAG, Terms
from domain.standard.layers import Layer, Locked, OwnerExemptions
from domain.standard.notification import Notification
from domain.standard.part import Field, Part, model_of
from domain.standard.problems import StandardInvalid
from domain.standard.sections import (
    Applications,
    Configuration,
    DefaultRoles,
    Exemption,
    GivenMode,
    Mode,
    Remediation,
    RuleSetting,
    Scope,
    Services,
    TagExemption,
)
from domain.standard.selector import Selector, any_matches
from domain.workload import Workload

if TYPE_CHECKING:
    import yaml


class Named(Protocol):
    """The parts of a rule on which its setting depends: its id and severity."""

    @property
    def id(self) -> str: ...
    @property
    def severity(self) -> Severity: ...


class Standard(Part):
    """The standard, parsed and validated."""

    version: Literal[1] = Field(description="The version of this document's format.")
    name: str = Field(
        default="default", min_length=1, max_length=64, description="Shown in findings: name it with a date or release."
    )
    mode: GivenMode = Field(
        default=Mode.REPORT,
        description="The mode of rules for which `rules` sets none. The stack limits it.",
    )
    scope: Scope = Field(default=Scope(), description="Which Fargate workloads are evaluated.")
    collector: Collector = Field(default=Collector(), description="The collector container that every task must have.")
    collectors: tuple[CollectorFor, ...] = Field(
        default=(), description="Other collectors, or none, for some task definitions. A later entry wins."
    )
    applications: Applications = Field(default=Applications(), description="Requirements for applications.")
    roles: DefaultRoles = Field(default=DefaultRoles(), description="Roles for task definitions that have none.")
    services: Services = Field(default=Services(), description="Requirements for services.")
    configuration: Configuration = Field(
        default=Configuration(), description="Requirements for collector configurations."
    )
    rules: tuple[RuleSetting, ...] = Field(
        default=(), description="Severity, mode and parameters of some rules, for some workloads. A later entry wins."
    )
    exemptions: tuple[Exemption, ...] = Field(
        default=(), description="Rules from which some workloads are exempt, why, and until when."
    )
    exemptions_by_tag: bool = Field(
        default=False,
        description="Whether a task definition may exempt itself from a rule by a tag: its key is `outrider:exempt:`"
        " and the rule, its value `until 2027-01-31: why`. Anyone who may register it decides then.",
    )
    notification: Notification = Field(default=Notification(), description="Who is notified of what, and when.")
    remediation: Remediation = Field(default=Remediation(), description="Limits of corrections.")
    layers: tuple[Layer, ...] = Field(
        default=(), description="What is different in some accounts: by organisational unit, tags or account."
    )
    locked: Locked = Field(default=Locked(), description="What no layer and no owner of an account may loosen.")

    owner_exemptions: OwnerExemptions = Field(
        default=OwnerExemptions(), description="From what owners of an account may exempt their workloads."
    )

    @classmethod
    def parse(cls, text: str, source: str = "the standard") -> Self:
        """Read a standard from YAML; raise StandardInvalid with line, field and the right form for each mistake."""
        return cls.read(text, source)[1]

    @classmethod
    def read(cls, text: str, source: str) -> "tuple[yaml.Node, Self]":
        """Read a standard, with the document's nodes, which have lines; raise StandardInvalid as `parse` does."""
        from pydantic import ValidationError  # noqa: PLC0415 - the packaged standard is not read

        from domain.standard.text import mistakes, read  # noqa: PLC0415 - as above

        node, content = read(text, source)
        try:
            return node, cls.model_validate(content)
        except ValidationError as error:
            raise StandardInvalid(source, mistakes(node, model_of(cls), error)) from None

    @property
    def of_organization(self) -> Needed:
        """What must be known of the accounts of the organisation."""
        selectors = [layer.where for layer in self.layers]
        selectors += [stage.where for stage in self.remediation.stages]
        return Needed(any(each.unit for each in selectors), any(each.tags for each in selectors))

    @property
    def all_exemptions(self) -> tuple[Exemption, ...]:
        """Return its exemptions, those of every layer included."""
        return (*self.exemptions, *(each for layer in self.layers for each in layer.exemptions))

    def setting(self, rule: Named, workload: Workload) -> "Setting":
        """Return mode, severity and parameters of this rule for this workload."""
        return self.settings(workload).of(rule)

    def settings(self, workload: Workload) -> "RuleSettings":
        """Return the settings of all rules for a workload, whose entries of `rules` are found once."""
        entries = tuple([i for i, entry in enumerate(self.rules) if entry.where.matches(workload)])
        which = self._collector_entry(workload)
        found = self._settings.get((which, entries))
        if found is None:
            seen = self if which is None else self.model_copy(update={"collector": self.collectors[which]})
            found = self._settings[which, entries] = RuleSettings(seen, entries)
        return found

    def collector_of(self, workload: Workload) -> Collector:
        """Return the collector that a workload must have."""
        which = self._collector_entry(workload)
        return self.collector if which is None else self.collectors[which]

    @property
    def image_repositories(self) -> tuple[str, ...]:
        """Patterns of the repositories of this standard's collectors, those of its own images included."""
        wanted = (self.collector, *self.collectors)
        own = (each.as_kind.repository for each in wanted)
        listed = (pattern for each in wanted for pattern in each.repositories)
        return tuple(dict.fromkeys(each for each in (*own, *listed) if each))

    def kind_of(self, workload: Workload) -> CollectorKind:
        """Return what tells which container is that collector, for `Workload.kinds`."""
        which = self._collector_entry(workload)
        kind = self._kinds.get(which)
        if kind is None:
            found = (self.collector if which is None else self.collectors[which]).as_kind
            kind = self._kinds[which] = replace(found, applications=self.applications.repositories)
        return kind

    @cached_property
    def depends_on_tags(self) -> bool:
        """Whether a verdict may depend on tags, which change without a new revision and without an event."""
        of_entries = (
            *(entry.where for entry in self.rules),
            *(entry.where for entry in self.exemptions),
            *(entry.where for entry in self.collectors),
        )
        selectors = (*of_entries, *self.scope.include, *self.scope.exclude)
        return self.exemptions_by_tag or any(selector.tags for selector in selectors)

    def _collector_entry(self, workload: Workload) -> int | None:
        """Return the index of the last entry of `collectors` that applies to a workload, or None."""
        if not self.collectors:
            return None
        numbered = reversed(tuple(enumerate(self.collectors)))
        return next((i for i, entry in numbered if entry.applies_to(workload)), None)

    def setting_by(self, rule: Named, entries: tuple[int, ...]) -> "Setting":
        """Return a rule's setting if these entries of `rules`, by their index, apply to the workload."""
        mode, severity, approval = self.mode, rule.severity, False
        changes = dict[str, dict[str, Any]]()
        entries = tuple(i for i in entries if any_matches(self.rules[i].rules, rule.id))
        for entry in (self.rules[i] for i in entries):
            mode, severity = entry.mode or mode, entry.severity or severity
            approval = approval if entry.approval is None else entry.approval
            for section, members in entry.set.items():
                changes[section] = merged(changes.get(section, {}), members)
        parts = {
            section: type(getattr(self, section)).model_validate(merged(getattr(self, section).model_dump(), members))
            for section, members in changes.items()
        }
        seen = self.model_copy(update=parts) if parts else self
        return Setting(mode, severity, seen, approval=approval)

    @cached_property
    def _settings(self) -> dict[tuple[int | None, tuple[int, ...]], "RuleSettings"]:
        return {}

    @cached_property
    def _kinds(self) -> dict[int | None, CollectorKind]:
        return {}

    def exemption(self, rule: str, workload: Workload, resource: str) -> Exemption | None:
        for entry in self.exemptions:
            if entry.covers(rule, workload, resource):
                return entry
        by_tag = self.exemptions_by_tag and not self.locked.holds(rule)
        return _by_tag(rule, workload) if by_tag else None


def _by_tag(rule: str, workload: Workload) -> Exemption | None:
    text = workload.task.tags.get(TAG + rule)
    terms = Terms.parse(text, workload.read_at.date()) if text is not None else None
    match terms:
        case Terms():
            where = Selector(family=(workload.task.family,))
            return TagExemption(rules=(rule,), where=where, reason=terms.reason, expires=terms.expires)
        case _:
            return None


def merged(start: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy with changed members: `collector: {logging: {group: …}}` keeps the rest of logging."""
    after = dict(start)
    for name, value in changes.items():
        old = after.get(name)
        after[name] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return after


@dataclass(frozen=True, slots=True)
class Setting:
    """The mode, severity and parameters of one rule for one workload."""

    mode: Mode
    severity: Severity
    standard: Standard
    approval: bool = False

    @property
    def unasked(self) -> Mode:
        """Return what is done about a drift without approval."""
        return self.mode.capped(Mode.REPORT) if self.approval else self.mode


class RuleSettings:
    """The settings of rules for workloads to which the same entries of `rules` apply."""

    __slots__ = ("_entries", "_made", "_standard")

    def __init__(self, standard: Standard, entries: tuple[int, ...]) -> None:
        self._standard = standard
        self._entries = entries
        self._made = dict[str, Setting]()

    def of(self, rule: Named) -> Setting:
        """Return the setting, which is made on first use."""
        made = self._made.get(rule.id)
        if made is None:
            made = self._made[rule.id] = self._standard.setting_by(rule, self._entries)
        return made


@lru_cache(maxsize=1)
def default_standard() -> Standard:
    """Return the standard that is packaged with Outrider: what DEFAULT says, without reading it."""
    return Standard(version=1, name="outrider-default")


DEFAULT = Path(__file__).with_name("default.yaml")
