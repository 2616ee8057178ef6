"""Check what a standard means: what in it can have no effect, and what contradicts itself."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Protocol

import yaml

from domain.collector.distributions import NONE, distribution_of
from domain.collector.releases import Release, support_ended
from domain.ecs.images import Image, version_of
from domain.ecs.ownership import owner_forms
from domain.places import Place
from domain.standard import names
from domain.standard.accounts import AccountSelector
from domain.standard.collectors import Collector
from domain.standard.document import Named, Standard
from domain.standard.layered import with_fields
from domain.standard.layers import LAYERED, Layer
from domain.standard.loosening import Loosening
from domain.standard.names import Names
from domain.standard.part import Part
from domain.standard.problems import Found, Level, Path, Problem, StandardInvalid
from domain.standard.sections import Exemption, Mode, RuleSetting
from domain.standard.selector import Selector, any_matches
from domain.standard.text import position_of
from domain.standard.unreached import unreached
from domain.subject import Subject
from domain.workload import ParameterReference


class Ruled(Named, Protocol):
    """The parts of a rule on which the effect of an entry depends."""

    @property
    def subject(self) -> Subject: ...
    @property
    def fix(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Checked:
    """A standard that can be used, and the warnings about it."""

    standard: Standard
    warnings: tuple[Found, ...] = ()


def checked(text: str, source: str, rules: Iterable[Ruled], today: date) -> Checked:
    """Read a standard, and check what it means for these rules on this day.

    Raises StandardInvalid, with the warnings too, if something in it is an error.
    """
    node, standard = Standard.read(text, source)
    found = tuple(sorted(_Check(standard, node, tuple(rules), today).all(), key=lambda each: each.at.line))
    if any(each.level is Level.ERROR for each in found):
        raise StandardInvalid(source, found)
    return Checked(standard, found)


_MEMBERS = {
    "account": names.ACCOUNTS,
    "region": names.REGIONS,
    "cluster": names.CLUSTERS,
    "family": names.FAMILIES,
    "service": names.SERVICES,
}
_CONTRADICTING = frozenset({"image", "minimum_release", "support_days", "parameter", "parameters_allowed"})
"""The fields of a collector that may contradict one another."""
_OF_ALL = frozenset({"account", "region", "family"})
"""What every workload has."""
_PATTERNS: Mapping[tuple[str, str], Names] = {
    ("services", "gateways"): names.TITLES,
    ("remediation", "canary"): names.TITLES,
    ("configuration", "regions"): names.REGIONS,
    ("collector", "parameters_allowed"): names.PARAMETERS,
}
_RESOURCES = {
    Subject.FAMILY: names.FAMILIES,
    Subject.SERVICE: names.TITLES,
    Subject.PARAMETER: names.PARAMETERS,
    Subject.ROLE: names.ROLES,
}


@dataclass(frozen=True, slots=True)
class _Check:
    standard: Standard
    node: yaml.Node
    rules: tuple[Ruled, ...]
    today: date

    def all(self) -> Iterator[Found]:
        standard = self.standard
        for section in ("collector", "services", "configuration", "remediation"):
            yield from self._patterns(section, getattr(standard, section), (section,))
        yield from self._tools(standard.remediation.leave_to, ("remediation", "leave_to"))
        yield from self._collector(standard.collector, ("collector",))
        for i, other in enumerate(standard.collectors):
            at: Path = ("collectors", i)
            yield from self._selector(other.where, (*at, "where"))
            yield from self._patterns("collector", other, at)
            yield from self._collector(other, at)
        for member in ("include", "exclude"):
            for i, selector in enumerate(getattr(standard.scope, member)):
                yield from self._scope(selector, ("scope", member, i))
        for i, route in enumerate(standard.notification.routes):
            yield from self._without_resource(route.where, ("notification", "routes", i, "where"))
        for i, entry in enumerate(standard.rules):
            yield from self._entry(entry, ("rules", i))
        for i, exemption in enumerate(standard.exemptions):
            yield from self._exemption(exemption, ("exemptions", i))
        yield from self._accounts()
        for each in unreached(standard, self.rules):
            yield self._found(Problem.UNREACHED, each.path, each.why)

    def _accounts(self) -> Iterator[Found]:
        """Check what is for some accounts: layers, what they may not loosen, exemptions by owners, and stages."""
        standard = self.standard
        for i, layer in enumerate(standard.layers):
            yield from self._layer(layer, ("layers", i))
        for i, stage in enumerate(standard.remediation.stages):
            yield from self._of_accounts(stage.where, ("remediation", "stages", i, "where"))
        for section, patterns in (
            ("locked", standard.locked.rules),
            ("owner_exemptions", standard.owner_exemptions.rules),
        ):
            if patterns:
                yield from self._named(patterns, (section, "rules"))

    def _found(self, code: Problem, path: Path, why: str) -> Found:
        return Found(code, why, path, position_of(self.node, path))

    # --- patterns -----------------------------------------------------------------------------------------------------

    def _patterns(self, section: str, part: Part, path: Path) -> Iterator[Found]:
        for (of, field), kind in _PATTERNS.items():
            if of == section and field in part.model_fields_set:
                yield from self._matched(kind, getattr(part, field), (*path, field))

    def _matched(self, kind: Names, patterns: Iterable[str], path: Path) -> Iterator[Found]:
        for i, pattern in enumerate(patterns):
            if kind.may_match(pattern):
                continue
            meant = ""
            if kind is names.TITLES and names.SERVICES.may_match(pattern):
                meant = f"; write */{pattern} for that of any cluster"
            why = f"{pattern[:60]} can match no {kind.noun}: {kind.form}{meant}"
            yield self._found(Problem.MATCHES_NOTHING, (*path, i), why)

    def _tools(self, patterns: Iterable[str], within: Path) -> Iterator[Found]:
        forms = owner_forms()
        for i, pattern in enumerate(patterns):
            path: Path = (*within, i)
            met = [(tool, form) for tool, of in forms.items() for form in of if names.owners(form).may_match(pattern)]
            if not met:
                bare = pattern.lower().strip("*?")
                near = difflib.get_close_matches(bare, [tool.lower() for tool in forms], n=1)
                meant = next((f"perhaps {tool}* is meant" for tool in forms if near and tool.lower() == near[0]), "")
                why = f"{pattern[:60]} matches no tool; {meant or f'the tools are {", ".join(sorted(forms))}'}"
                yield self._found(Problem.UNKNOWN_TOOL, path, why)
            elif all(tool == form and len(forms[tool]) > 1 for tool, form in met):
                longer = forms[met[0][0]][1].replace("*", "…")
                why = f"{pattern[:60]} matches the bare name alone; write {pattern[:60]}* to match `{longer}` too"
                yield self._found(Problem.ONLY_BARE_NAME, path, why)

    # --- selectors ----------------------------------------------------------------------------------------------------

    def _selector(self, selector: Selector, path: Path) -> Iterator[Found]:
        for member, kind in _MEMBERS.items():
            yield from self._matched(kind, getattr(selector, member), (*path, member))
        yield from self._tags(selector.tags, path)

    def _of_accounts(self, selector: AccountSelector, path: Path) -> Iterator[Found]:
        yield from self._matched(names.ACCOUNTS, selector.account, (*path, "account"))
        yield from self._tags(selector.tags, path)

    def _tags(self, tags: Mapping[str, str], path: Path) -> Iterator[Found]:
        if "" in tags:
            yield self._found(Problem.EMPTY_KEY, (*path, "tags"), "matches nothing: no tag has an empty key")

    def _without_resource(self, selector: Selector, path: Path) -> Iterator[Found]:
        yield from self._selector(selector, path)
        if selector.resource:
            why = "selects nothing here: only an exemption can be for a parameter or role"
            yield self._found(Problem.UNUSED_SELECTOR, (*path, "resource"), why)

    def _scope(self, selector: Selector, path: Path) -> Iterator[Found]:
        yield from self._without_resource(selector, path)
        for member in ("cluster", "service"):
            if getattr(selector, member):
                why = (
                    f"selects services alone, because a task definition has no {member}: what they run is"
                    f" {'not evaluated' if path[1] == 'include' else 'still evaluated'}"
                )
                yield self._found(Problem.SELECTS_NO_FAMILY, (*path, member), why)
        given = {member: patterns for member in selector.model_fields_set if (patterns := getattr(selector, member))}
        everything = all(member in _OF_ALL and "*" in patterns for member, patterns in given.items())
        if path[1] == "exclude" and everything:
            yield self._found(Problem.EXCLUDES_ALL, path, "excludes everything, so nothing is evaluated")

    # --- entries ------------------------------------------------------------------------------------------------------

    def _named(self, patterns: tuple[str, ...], path: Path) -> Iterator[Found]:
        """Find the patterns of rule ids that match none."""
        ids = [rule.id for rule in self.rules]
        if not patterns:
            yield self._found(Problem.MATCHES_NOTHING, path, "names no rule")
        for i, pattern in enumerate(patterns):
            if not any(fnmatchcase(each, pattern) for each in ids):
                near = difflib.get_close_matches(pattern, ids, n=1)
                meant = f"perhaps {near[0]} is meant" if near else "`outrider rules` lists them"
                yield self._found(Problem.UNKNOWN_RULE, (*path, i), f"{pattern[:60]} matches no rule; {meant}")

    def _of(self, patterns: tuple[str, ...]) -> tuple[Ruled, ...]:
        return tuple(rule for rule in self.rules if any_matches(patterns, rule.id))

    def _entry(self, entry: RuleSetting, path: Path) -> Iterator[Found]:
        yield from self._named(entry.rules, (*path, "rules"))
        yield from self._without_resource(entry.where, (*path, "where"))
        rules = self._of(entry.rules)
        if rules and (member := _of_services(entry.where)) and not self._applies_to_services(entry, rules):
            yield self._unused(member, (*path, "where"), "; `mode: register` keeps services from being updated there")
        if rules and (entry.approval is not None or entry.mode in {Mode.REGISTER, Mode.DEPLOY}):
            field = "approval" if entry.approval is not None else "mode"
            if not any(rule.fix for rule in rules):
                yield self._found(Problem.NO_FIX, (*path, field), "has no effect: none of these rules has a fix")
        if entry.mode is None and entry.approval is None and entry.severity is None and not any(entry.set.values()):
            why = "sets nothing: add mode, approval, severity or set"
            yield self._found(Problem.NOTHING_SET, path, why)
        yield from self._set(entry.set, (*path, "set"))

    def _set(self, changes: Mapping[str, Mapping[str, object]], path: Path) -> Iterator[Found]:
        """Check the fields that an entry or a layer sets."""
        for section, members in changes.items():
            if any((section, member) in _PATTERNS for member in members):
                yield from self._patterns(section, LAYERED[section].model_validate(members), (*path, section))
        own = changes.get("collector", {})
        if _CONTRADICTING & own.keys():
            yield from self._collector(with_fields(self.standard.collector, own), (*path, "collector"), own)

    def _applies_to_services(self, entry: RuleSetting, rules: tuple[Ruled, ...]) -> bool:
        """Whether an entry for a cluster or service has an effect there.

        Rules about task definitions know no service, except when their correction must be deployed: the lowest
        mode that the standard then has for the service and for the family counts.
        """
        if any(rule.subject is Subject.SERVICE for rule in rules):
            return True
        if (
            entry.mode not in {Mode.REGISTER, Mode.DEPLOY}
            or entry.severity
            or entry.approval is not None
            or any(entry.set.values())
        ):
            return False
        others = (each for each in self.standard.rules if not _of_services(each.where))
        return self.standard.mode is Mode.DEPLOY or any(each.mode is Mode.DEPLOY for each in others)

    def _unused(self, member: str, path: Path, more: str = "") -> Found:
        why = f"selects nothing: none of these rules is about services, and a task definition has no {member}{more}"
        return self._found(Problem.UNUSED_SELECTOR, (*path, member), why)

    def _exemption(self, exemption: Exemption, path: Path) -> Iterator[Found]:
        yield from self._named(exemption.rules, (*path, "rules"))
        where, rules = exemption.where, self._of(exemption.rules)
        yield from self._selector(where, (*path, "where"))
        if rules and (member := _of_services(where)) and not any(rule.subject is Subject.SERVICE for rule in rules):
            yield self._unused(member, (*path, "where"))
        kinds = [_RESOURCES[subject] for subject in sorted({rule.subject for rule in rules})]
        for i, pattern in enumerate(where.resource if rules else ()):
            if not any(kind.may_match(pattern) for kind in kinds):
                about = " or ".join(dict.fromkeys(kind.noun for kind in kinds))
                why = f"{pattern[:60]} selects nothing: each of these rules is about a {about}"
                yield self._found(Problem.UNUSED_SELECTOR, (*path, "where", "resource", i), why)
        if exemption.expires is not None and exemption.expires < self.today:
            why = f"is over since {exemption.expires}: the exemption has no effect"
            yield self._found(Problem.EXPIRED, (*path, "expires"), why)

    # --- layers -------------------------------------------------------------------------------------------------------

    def _layer(self, layer: Layer, path: Path) -> Iterator[Found]:
        yield from self._of_accounts(layer.where, (*path, "where"))
        if layer.mode is None and not (layer.rules or layer.exemptions or any(layer.set.values())):
            yield self._found(Problem.NOTHING_SET, path, "sets nothing: add mode, rules, exemptions or set")
        for i, entry in enumerate(layer.rules):
            yield from self._entry(entry, (*path, "rules", i))
        for i, exemption in enumerate(layer.exemptions):
            yield from self._exemption(exemption, (*path, "exemptions", i))
        yield from self._set(layer.set, (*path, "set"))
        if "leave_to" in layer.set.get("remediation", {}):
            limits = with_fields(self.standard.remediation, layer.set["remediation"])
            yield from self._tools(limits.leave_to, (*path, "set", "remediation", "leave_to"))
        for loose in Loosening(self.standard, self.rules).by_layer(layer):
            yield self._found(Problem.LOOSENS, (*path, *loose.path), loose.why)

    # --- the collector ------------------------------------------------------------------------------------------------

    def _collector(self, wanted: Collector, path: Path, changed: Mapping[str, object] | None = None) -> Iterator[Found]:
        """Find what contradicts itself, in a whole collector or in what an entry changes of one."""

        def concerns(*fields: str) -> bool:
            return changed is None or bool(changed.keys() & set(fields))

        def at(*fields: str) -> Path:
            own = wanted.model_fields_set if changed is None else changed.keys()
            return (*path, next((field for field in fields if field in own), fields[0]))

        if wanted.kind == NONE:
            return
        minimum, image = wanted.minimum_release, Image.parse(wanted.image)
        of_kind = (distribution_of(image.repository) or wanted.distribution) is wanted.distribution
        released = bool(image.tag) and of_kind and wanted.pinned(image)
        too_old = released and minimum is not None and image.version < version_of(minimum)
        if too_old and concerns("image", "minimum_release"):
            where, so = at("image", "minimum_release"), "so no task can be compliant"
            own = where[-1] == "image"
            why = f"is older than minimum_release, {minimum}" if own else f"is later than the image, {image.tag}"
            yield self._found(Problem.IMAGE_TOO_OLD, where, f"{why}, {so}")
        elif released and concerns("image", "support_days"):
            yield from self._unsupported(wanted, image, (*path, "image"))
        reference = ParameterReference.parse(wanted.parameter, Place("", ""))
        name = reference.name if reference is not None else ""
        if concerns("parameter", "parameters_allowed") and not any_matches(wanted.parameters_allowed, name):
            where = at("parameter", "parameters_allowed")
            own = where[-1] == "parameter"
            why = f"{name} is not among parameters_allowed" if own else f"does not match the parameter, {name}"
            yield self._found(Problem.PARAMETER_NOT_ALLOWED, where, why)

    def _unsupported(self, wanted: Collector, image: Image, path: Path) -> Iterator[Found]:
        release = Release.of_tag(image.tag or "") if wanted.distribution.is_adot else None
        if release is None or wanted.support_days is None:
            return
        if ended := support_ended(release, self.today, wanted.support_days):
            why = f"has {release}, which is out of support since {ended.since}; the newest is {ended.newest}"
            yield self._found(Problem.IMAGE_UNSUPPORTED, path, why)


def _of_services(where: Selector) -> str:
    """Return the member that only rules about services can use; empty if there is none."""
    return next((member for member in ("cluster", "service") if getattr(where, member)), "")
