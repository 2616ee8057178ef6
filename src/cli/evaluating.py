"""Evaluation without AWS: of the definition alone, and of a collector's configuration if one is given.

Every other fact is unavailable.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import product

import engine
from cli.certainty import Tried, because_of, certain
from cli.options import EvaluationOptions
from cli.outcome import RuleOutcome
from cli.output.names import FixKind, Outcome
from cli.placing import PLACE, account_of, place_of
from cli.selection import selected
from cli.sources.configuration import ConfigurationOrigin, has_only_open_values
from cli.sources.definition import NOTHING, Around, Origin, Variant, Wanted
from cli.terminal import say
from cli.texts import text_of
from cli.unusable import Unusable
from domain.drift import Doubt, Drift, Safety
from domain.ecs.placeholders import placeholder, values_within
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import FactKind, Known, Parameter
from domain.organization import Membership
from domain.otlp import place_of as place_of_variable
from domain.remediation.plan import Plan
from domain.rule import Rule
from domain.scope import only_a_collector, out_of_scope
from domain.severity import Severity
from domain.standard import Exemption, Standard, StandardInvalid, default_standard
from domain.standard.layered import layered, layers_of
from domain.standard.problems import Level
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from domain.workload import ParameterReference, Workload
from rules import BY_ID, CATALOGUE

_NOT_OF_OWN_TEXT = tuple(rule for rule in CATALOGUE if not rule.of_text)
"""The catalogue for a task definition that holds its collector's configuration only in part."""

_ONLY_A_COLLECTOR = "it has only a collector, and the rules are for tasks with applications; see `outrider collector`"


@dataclass(frozen=True, slots=True)
class DefinitionResult:
    """The results of the selected rules for one definition; `outside` says why there are none.

    `gap`: there might be some if the source said more.
    `drifted` are the ids of all drifted rules, also of those that are not selected, and `verdicts` those of all
    rules. `tried` are the results of the fixes of the selected ones.
    """

    workload: Workload
    said: tuple[RuleOutcome, ...]
    outside: str | None = None
    gap: bool = False
    drifted: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    tried: "Mapping[str, TriedFix]" = field(default_factory=dict)
    around: Around = NOTHING

    @property
    def worst(self) -> Severity | None:
        """Return the highest severity of its drifts; None if it has none."""
        return max((said.severity for said in self.said if said.word is Outcome.DRIFTED), default=None)


def by_topic(rules: Collection[str]) -> str:
    """Return the rules' names in the catalogue's order; a whole topic as `topic.*`."""
    topics = dict[str, list[str]]()
    for rule in CATALOGUE:
        topics.setdefault(rule.topic, []).append(rule.id)
    return ", ".join(
        name
        for topic, ids in topics.items()
        if (named := [rule for rule in ids if rule in rules])
        for name in ([f"{topic}.*"] if named == ids else named)
    )


def standard_of(name: str) -> Standard:
    """Read a standard from a file; raise Unusable with a sentence for each error. Its warnings are said."""
    from domain.standard.checking import checked  # noqa: PLC0415 - the packaged standard need not be checked

    text = text_of(name)
    try:
        found = checked(text, name, CATALOGUE, datetime.now(UTC).date())
    except StandardInvalid as invalid:
        errors = (each for each in invalid.problems if each.level is Level.ERROR)
        raise Unusable("\n".join(each.described(name) for each in errors)) from None
    say([f"Warning: {each.described(name)}" for each in found.warnings])
    return found.standard


@dataclass(frozen=True)
class FileEvaluator:
    """A standard, a collector's configuration if one was given, and the selected rules.

    `account` is that of definitions that name none, if it is known.
    """

    standard: Standard
    configuration: ConfigurationOrigin | None = None
    selected: frozenset[str] = frozenset(BY_ID)
    account: str = ""

    @classmethod
    def of(
        cls, standard: str | Standard | None, configuration: str | None, chosen: frozenset[str] = frozenset(BY_ID)
    ) -> "FileEvaluator":
        """Read both, a standard and a configuration, from files; raise Unusable with a sentence for each mistake."""
        read = standard_of(standard) if isinstance(standard, str) else standard or default_standard()
        given = None if configuration is None else ConfigurationOrigin(configuration, text_of(configuration))
        return cls(read, given, chosen)

    @classmethod
    def of_options(cls, by: EvaluationOptions) -> "FileEvaluator":
        """Do the same for the options of a command."""
        found = cls.of(by.standard, by.config, selected(by.select, by.ignore))
        return replace(
            found,
            standard=found.standard.model_copy(update={"exemptions_by_tag": not by.no_inline}),
            account=by.account,
        )

    def exempting(self, exemptions: tuple[Exemption, ...]) -> "FileEvaluator":
        """Return an evaluator for a file with exemptions of its own, which count where those in tags do."""
        if not exemptions or not self.standard.exemptions_by_tag:
            return self
        every = (*self.standard.exemptions, *exemptions)
        return replace(self, standard=self.standard.model_copy(update={"exemptions": every}))

    def of_account(self, task: TaskDefinition) -> "FileEvaluator":
        """Return an evaluator with the standard's layers for the account of a definition.

        What the file itself exempts from comes before them.
        """
        which = layers_of(self.standard, Membership(account_of(task) or self.account)) if self.standard.layers else ()
        if not which:
            return self
        if which not in self._layered:
            self._layered[which] = replace(self, standard=layered(self.standard, which))
        return self._layered[which]

    @cached_property
    def _layered(self) -> "dict[tuple[int, ...], FileEvaluator]":
        return {}

    def workload(self, task: TaskDefinition, around: Around = NOTHING) -> Workload:
        service, place = around.service, place_of(task)
        where = service.fargate if service is not None else None
        place = replace(place, account=place.account or self.account)
        workload = Workload(place, task, service, kinds=self.standard.kind_of, runs_on=where)
        return self._with_facts(workload, around)

    def _with_facts(self, workload: Workload, around: Around) -> Workload:
        workload = replace(workload, facts=around.stack.facts(workload))
        if self.configuration is None:
            return workload
        reference = workload.parameter_reference or ParameterReference.parse(
            self.standard.collector_of(workload).parameter, workload.place
        )
        arn, name = (reference.arn, reference.name) if reference else ("", "")
        given = Known(Parameter(arn=arn, name=name, type="String", text=self.configuration.text))
        return replace(workload, facts=replace(workload.facts, parameter=given))

    def judge(self, task: TaskDefinition, around: Around = NOTHING, origin: Origin | None = None) -> DefinitionResult:
        """Evaluate all rules, and try the fix of each drifted one. `origin` has the places in a source, if known."""
        workload = self.workload(task, around)
        outside = out_of_scope(workload, self.standard)
        if outside is not None:
            gap = self._may_be_inside(workload, around)
            is_open = gap and (around.unresolved or around.others)
            return DefinitionResult(workload, (), because_of(around.unresolved) if is_open else outside, gap=gap)
        if only_a_collector(workload):
            return DefinitionResult(workload, (), _ONLY_A_COLLECTOR)
        rules = _rules_for(workload, around)
        verdicts = engine.evaluate(workload, self.standard, rules)
        by_rule = dict[str, list[Verdict]]()
        for verdict in verdicts:
            by_rule.setdefault(verdict.rule, []).append(verdict)
        outcomes = [self.said(BY_ID[rule], of_rule, workload) for rule, of_rule in by_rule.items()]
        if around.others:
            outcomes = [*certain(outcomes, [*self._tried(around, rules)], around.unresolved, origin)]
        drifted = tuple(each.rule.id for each in outcomes if each.word is Outcome.DRIFTED)
        said = tuple(each for each in outcomes if each.rule.id in self.selected)
        judgement = DefinitionResult(workload, said, drifted=drifted, verdicts=verdicts, around=around)
        tried = Repairs(self, judgement).tried_fixes
        return replace(
            judgement,
            tried=tried,
            said=tuple(
                replace(each, fix=fix.kind, refusal=fix.refusal) if (fix := tried.get(each.rule.id)) else each
                for each in said
            ),
        )

    def _may_be_inside(self, workload: Workload, around: Around) -> bool:
        """Return whether another value of what is open, or of a placeholder, would bring a definition into scope."""
        tasks = (workload.task, *(each.task for each in around.others))
        services = (workload.service, *(each.service for each in around.others))
        pairs = product(tasks, services)  # each may depend on something else, so that no one variant has both values
        return any(out_of_scope(self._on_fargate(*each, around), self.standard) is None for each in pairs)

    def _on_fargate(self, task: TaskDefinition, service: Service | None, around: Around) -> Workload:
        """Return a workload that runs on Fargate if a placeholder says where it runs."""
        is_open = service is not None and any(map(placeholder, service.providers))
        found = self.workload(task, replace(around, service=None if is_open else service))
        return replace(found, runs_on=True) if is_open or any(map(placeholder, task.launch_types)) else found

    def _tried(self, around: Around, rules: Sequence[Rule]) -> Iterator[Tried]:
        """Yield what the rules say if what could not be resolved has other values."""
        for other in around.others:
            workload = self.workload(other.task, replace(around, service=other.service, stack=other.stack))
            yield Tried.of(engine.evaluate(workload, self.standard, rules))

    def said(self, rule: Rule, verdicts: Sequence[Verdict], workload: Workload) -> RuleOutcome:
        """What one rule says, of all its subjects."""
        match verdicts:  # the two cases that are most of all
            case [Compliant(notes=())]:
                return RuleOutcome(rule, Outcome.COMPLIANT, self.standard.setting(rule, workload).severity)
            case [Unknown(facts=facts, doubts=())]:
                missing = tuple(dict.fromkeys(kind for kind, _ in facts))
                severity = self.standard.setting(rule, workload).severity
                return RuleOutcome(rule, Outcome.UNKNOWN, severity, missing=missing)
            case _:
                return self._of_several(rule, verdicts, workload)

    def _of_several(self, rule: Rule, verdicts: Iterable[Verdict], workload: Workload) -> RuleOutcome:
        words = set[Outcome]()
        drifts = dict[Drift, None]()
        reasons = dict[str, None]()
        doubts = dict[Doubt, None]()
        missing = dict[FactKind, None]()
        severities = list[Severity]()
        for verdict in verdicts:
            words.add(Outcome(type(verdict).__name__.lower()))
            match verdict:
                case Drifted():
                    drifts |= dict.fromkeys(verdict.drifts)
                    severities.append(verdict.severity)
                case Compliant():
                    drifts |= dict.fromkeys(verdict.notes)
                case Unknown():
                    missing |= dict.fromkeys(kind for kind, _ in verdict.facts)
                    doubts |= dict.fromkeys(verdict.doubts)
                    reasons |= dict.fromkeys(f"{doubt.where}: {doubt.why}" for doubt in verdict.doubts)
                case Exempt():
                    until = f" (until {verdict.expires})" if verdict.expires else ""
                    reasons |= {f"{verdict.reason}{until}": None}
        word = next(word for word in Outcome if word in words)
        if word is Outcome.COMPLIANT and drifts:
            severities.append(Severity.INFORMATIONAL)
        severity = max(severities) if severities else self.standard.setting(rule, workload).severity
        only_facts = () if reasons or word is not Outcome.UNKNOWN else tuple(missing)
        return RuleOutcome(rule, word, severity, tuple(drifts), tuple(reasons), tuple(doubts), only_facts)

    def plan(self, judgement: DefinitionResult, fixing: Iterable[str]) -> Plan:
        """The plan of these rules' fixes, and of those that only then drift; evaluated again by all rules."""
        allowed = frozenset(fixing)
        fixes = tuple(rule for rule in CATALOGUE if rule.fix is not None and rule.id in allowed)
        settled = engine.settle(judgement.workload, self.standard, fixes)
        after = self._with_facts(settled.after, judgement.around)
        return engine.plan(settled, after, self.standard, CATALOGUE, earlier=judgement.verdicts)


@dataclass(frozen=True, slots=True)
class TriedFix:
    """The result of trying one rule's fix: what it makes; why, if there is none."""

    kind: FixKind
    refusal: str = ""
    after: Wanted | None = None


class Repairs:
    """The fixes of an evaluated workload."""

    def __init__(self, judge: FileEvaluator, judgement: DefinitionResult) -> None:
        self._judge, self._judgement = judge, judgement
        self.selected = tuple(rule for rule in judgement.drifted if rule in judge.selected)
        self._drifted = {verdict.rule for verdict in judgement.verdicts if isinstance(verdict, Drifted)}

    def only(self, chosen: Iterable[str]) -> Plan:
        """Return the plan with the fixes of these rules; raise engine.Disagreement if fixes undo one another."""
        # A fix may make another rule drift (a new collector has a size and a log): that rule's fix belongs to it.
        # The fix of one that drifts only with some values of what is open does not.
        left = self._drifted - set(chosen)
        return self._judge.plan(self._judgement, [rule.id for rule in CATALOGUE if rule.id not in left])

    @cached_property
    def tried_fixes(self) -> Mapping[str, TriedFix]:
        """Return the result of the fix of each selected rule that is drifted, made alone."""
        return {rule: self._prospect(rule) for rule in self.selected if BY_ID[rule].fix is not None}

    def _prospect(self, rule: str) -> TriedFix:
        try:
            plan = self.only([rule])
        except engine.Disagreement as disagreement:
            return TriedFix(FixKind.NONE, str(disagreement))
        if rule in plan.fixes:
            kind = FixKind(plan.safety)
            if kind is FixKind.SAFE and not self._is_the_same_everywhere(rule, plan):
                kind = FixKind.REVIEW
            return TriedFix(kind, after=Wanted(plan.after.task, plan.after.service))
        reasons = (reason.text for repair in plan.repairs if repair.rule == rule for reason in repair.reasons)
        return TriedFix(FixKind.NONE, " ".join(reasons))

    def _is_the_same_everywhere(self, rule: str, plan: Plan) -> bool:
        """Whether the fix writes the same values, whatever the values are that the source leaves open."""
        written = _written(self._judgement.workload, plan)
        return all(other._written_by(rule) == written for other in self._elsewhere)  # noqa: SLF001 - of the same class

    def varies(self, rule: str) -> bool:
        """Whether a fix writes a value, other than an expression, that may be wrong where what is open has another."""
        written: Mapping[str, int] = self._written_by(rule) or {}
        plain = Counter({value: count for value, count in written.items() if not placeholder(value)})
        others = (other._written_by(rule) for other in self._elsewhere[: len(self._judgement.around.others)])  # noqa: SLF001 - of the same class
        return any(other is None or not plain <= other for other in others)

    def _written_by(self, rule: str) -> Counter[str] | None:
        """Return what a rule's fix writes, made alone; None if there is none."""
        try:
            plan = self.only([rule])
        except engine.Disagreement:
            return None
        return _written(self._judgement.workload, plan) if rule in plan.fixes else None

    @cached_property
    def _elsewhere(self) -> "tuple[Repairs, ...]":
        """The same with other values for what the source leaves open."""
        around = self._judgement.around
        others = around.others
        if around.family_varies:
            task = self._judgement.workload.task
            others += (Variant(task.with_(family=f"{task.family}-2"), around.service, around.stack),)
        return tuple(self._of_variant(other, around) for other in others)

    def _of_variant(self, other: Variant, around: Around) -> "Repairs":
        by = replace(around, service=other.service, stack=other.stack, others=())
        workload = self._judge.workload(other.task, by)
        verdicts = engine.evaluate(workload, self._judge.standard, CATALOGUE)
        drifted = tuple(verdict.rule for verdict in verdicts if isinstance(verdict, Drifted))
        return Repairs(self._judge, DefinitionResult(workload, (), drifted=drifted, verdicts=verdicts, around=by))

    def everything(self) -> Plan:
        """Return the plan with REVIEW fixes too; raise engine.Disagreement if fixes undo one another."""
        return self.only(self.selected)

    def safe(self) -> Plan:
        """Return the plan with only the fixes that are SAFE, alone and together."""
        chosen = [rule for rule, found in self.tried_fixes.items() if found.kind is FixKind.SAFE]
        plan = self.only(chosen)
        if plan.safety is Safety.SAFE:
            return plan
        kept = list[str]()
        for rule in chosen:
            if self.only([*kept, rule]).safety is Safety.SAFE:
                kept.append(rule)
        return self.only(kept)


def _rules_for(workload: Workload, around: Around) -> Sequence[Rule]:
    """Return the catalogue.

    If the source leaves more than values of the definition's own configuration open, what is open may add lines to it:
    the rules about a whole text do not apply.
    """
    if not workload.holds_configuration or not around.others:
        return CATALOGUE
    configuration = workload.read_configuration
    return CATALOGUE if configuration is not None and has_only_open_values(configuration) else _NOT_OF_OWN_TEXT


def _written(before: Workload, plan: Plan) -> Counter[str]:
    """The values that a plan adds to the definition and its service, and how often.

    Regions and accounts are alike: a source that names none has the same expression for each.
    """
    after, service = plan.after.task.json, plan.after.service
    was, now = (Counter(values_within(json)) for json in (before.task.json, after))
    if service is not None and before.service is not None:
        was.update(values_within(before.service.json))
        now.update(values_within(service.json))
    return Counter(PLACE.sub("*", value) for value in (now - was).elements())


def configuration_place(workload: Workload) -> str:
    """Return the path of the variable from which the collector takes its configuration."""
    collector = workload.collector
    return "" if collector is None else place_of_variable(collector, workload.config_variable)
