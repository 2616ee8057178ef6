"""Pure decisions: evaluate a workload, apply its fixes until nothing changes, make a plan. No I/O, no clock."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from domain.assumptions import Assumption, FactKnown
from domain.drift import Code, Doubt, Drift, Refusal, Remark, Safety
from domain.ecs.placeholders import placeholders_in, whole_placeholders_in
from domain.facts import NOT_READ, Fact, FactKind, Facts, Unavailable
from domain.remediation.certainty import Change, uncertain
from domain.remediation.plan import Concern, ConcernKind, Fixed, Plan, Repair, changes_between
from domain.rule import Rule
from domain.scope import only_a_collector, out_of_scope
from domain.severity import Severity
from domain.standard import Mode, Standard
from domain.subject import Subject, SubjectId
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from domain.workload import Workload

PASSES = 8

type Unread = tuple[FactKind, Unavailable]


class EngineCode(Code):
    """What the engine itself reports of any rule."""

    AMBIGUOUS_NAMES = "ambiguous-names", "No fix: two containers have the same name, or one has none."
    UNREAD = "fact-unread", "Unknown: a fact that the rule needs could not be read."
    PLACEHOLDER = "placeholder-written", "Approval: the fix writes a template's placeholder."
    OVERWRITTEN = "placeholder-overwritten", "Approval: the fix replaces what a template fills in."


class Disagreement(Exception):
    """Fixes that undo one another; the message names their rules."""


def evaluate(workload: Workload, standard: Standard, rules: Sequence[Rule]) -> tuple[Verdict, ...]:
    """The verdict of every rule on every subject of the workload. None where it is out of scope."""
    if out_of_scope(workload, standard) is not None:
        return ()
    if only_a_collector(workload):
        return verdicts_of(workload, standard, [rule for rule in rules if rule.id in FOR_LONE_COLLECTORS])
    return verdicts_of(workload, standard, applicable(rules, workload))


def applicable(rules: Iterable[Rule], workload: Workload) -> list[Rule]:
    """The rules that evaluate this workload: it has a collector, and a configuration that is read, if they need one."""
    collector, reads = workload.collector is not None, workload.read_as_collector
    return [rule for rule in rules if (collector or not rule.of_collector) and (reads or not rule.of_configuration)]


def verdicts_of(workload: Workload, standard: Standard, rules: Iterable[Rule]) -> tuple[Verdict, ...]:
    """The verdicts of these rules on a workload that is in scope."""
    judge = _Judge(workload, standard)
    verdicts = list[Verdict]()
    for rule in rules:
        verdicts += judge.verdicts(rule)
    return tuple(verdicts)


def subjects_of(rule: Rule, workload: Workload) -> tuple[SubjectId, ...]:
    """The subjects of a workload that a rule has a verdict on."""
    return workload.subject(Subject.FAMILY if rule.of_text and workload.holds_configuration else rule.subject)


FOR_LONE_COLLECTORS = frozenset({"service.no-central-collector"})


def needs(rules: Iterable[Rule]) -> frozenset[FactKind]:
    """The facts that these rules read; no others have to be fetched."""
    return frozenset().union(*(rule.needs for rule in rules))


class _Judge:
    """One workload under one standard: what several rules ask is found once."""

    __slots__ = ("settings", "settles", "standard", "subjects", "unread", "workload")

    def __init__(self, workload: Workload, standard: Standard) -> None:
        self.workload = workload
        self.standard = standard
        self.settings = standard.settings(workload)
        self.subjects = dict[tuple[Subject, ...], tuple[SubjectId, ...]]()
        self.unread = dict[frozenset[FactKind], tuple[Unread, ...]]()
        self.settles: bool | None = None

    def drifts(self, rule: Rule) -> bool:
        """Whether the rule applies to the workload, and drifts."""
        if self.settles is None:
            in_scope = out_of_scope(self.workload, self.standard) is None
            self.settles = in_scope and not only_a_collector(self.workload)
        if not self.settles or not applicable((rule,), self.workload):
            return False
        return any(isinstance(verdict, Drifted) for verdict in self.verdicts(rule))

    def verdicts(self, rule: Rule) -> list[Verdict]:
        """The verdict of one rule on each of its subjects; none where the standard switches it off."""
        kind = rule.subjects
        subjects = self.subjects.get(kind)
        if subjects is None:
            subjects = self.subjects[kind] = subjects_of(rule, self.workload)
        if not subjects:
            return []
        setting = self.settings.of(rule)
        if setting.mode is Mode.OFF:
            return []
        # A configuration that could not be read is the engine's to report, for all rules about configurations at once.
        unread = rule.of_configuration and self.workload.configuration_unread
        found = [] if unread else list(rule.check(self.workload, setting.standard))
        if not found and not self.standard.exemptions:  # the common case, and the hot path
            if not rule.needs:
                return [Compliant(rule.id, subject) for subject in subjects]
            return [self._without_drift(rule, subject) for subject in subjects]
        return [self._verdict(rule, subject, found, setting.severity) for subject in subjects]

    def _verdict(self, rule: Rule, subject: SubjectId, found: list[Drift | Doubt], severity: Severity) -> Verdict:
        if exemption := self.standard.exemption(rule.id, self.workload, subject.name):
            return Exempt(rule.id, subject, exemption.reason, exemption.expires, exemption.by)
        if not found:
            return self._without_drift(rule, subject)
        unread = self._unread(rule.needs, subject) if rule.needs else ()
        found = [item for item in found if not item.about or item.about == subject.name]
        drifts = tuple(_graded(item, rule, severity) for item in found if isinstance(item, Drift))
        real = tuple(drift for drift in drifts if drift.severity is not Severity.INFORMATIONAL)
        if real:
            return Drifted(rule.id, subject, max(drift.severity or severity for drift in real), drifts)
        doubts = tuple(dict.fromkeys(item for item in found if isinstance(item, Doubt)))
        if doubts or unread:
            return Unknown(rule.id, subject, unread, doubts)
        return Compliant(rule.id, subject, drifts)

    def _without_drift(self, rule: Rule, subject: SubjectId) -> Verdict:
        """The verdict where the check found nothing: a fact that could not be read might show more."""
        unread = self._unread(rule.needs, subject) if rule.needs else ()
        return Unknown(rule.id, subject, facts=unread) if unread else Compliant(rule.id, subject)

    def _unread(self, needs: frozenset[FactKind], subject: SubjectId) -> tuple[Unread, ...]:
        """The facts that are needed, that this workload refers to, and that could not be read; each once."""
        if subject.kind is Subject.ROLE:  # each of the two roles has its own
            return _unread(self.workload, needs, subject)
        unread = self.unread.get(needs)
        if unread is None:
            unread = self.unread[needs] = _unread(self.workload, needs, subject)
        return unread


def _graded(drift: Drift, rule: Rule, severity: Severity) -> Drift:
    """With its severity filled in: the rule's, unless it has a lower one of its own.

    Where the standard raises or lowers a rule, a drift that was lower than its rule stays as far below it.
    """
    if drift.severity is None:
        return replace(drift, severity=severity)
    if severity is rule.severity or drift.severity is Severity.INFORMATIONAL:
        return drift
    rank = min(max(severity.rank - (rule.severity.rank - drift.severity.rank), Severity.LOW.rank), severity.rank)
    return replace(drift, severity=list(Severity)[rank])


def _unread(workload: Workload, needs: frozenset[FactKind], subject: SubjectId) -> tuple[Unread, ...]:
    unread = [
        (kind, fact)
        for kind in _in_order(needs)
        for fact in facts_of(kind, workload, subject)
        if isinstance(fact, Unavailable)
    ]
    return tuple(unread if len(unread) < 2 else dict.fromkeys(unread))  # noqa: PLR2004 - one is no repetition


@lru_cache(maxsize=64)
def _in_order(kinds: frozenset[FactKind]) -> tuple[FactKind, ...]:
    return tuple(sorted(kinds))


def facts_of(kind: FactKind, workload: Workload, subject: SubjectId | None = None) -> list[Fact[object]]:
    """The facts of a kind that the workload depends on: none where its documents name none.

    Of the two roles, only the one that is the subject.
    """
    facts: Facts = workload.facts
    task = workload.task
    match kind:
        case FactKind.CONFIGURATION:
            return [facts.parameter] if workload.parameter_reference else []
        case FactKind.EXECUTION_ROLE:
            return [facts.execution_role] if _is_subject(subject, workload.role_arn(task.execution_role)) else []
        case FactKind.TASK_ROLE:
            return [facts.task_role] if _is_subject(subject, workload.role_arn(task.task_role)) else []
        case FactKind.LOG_GROUPS:
            return [facts.log_groups.get(name, NOT_READ) for name in workload.log_groups]
        case FactKind.RUNNING:
            return [facts.running] if workload.service else []
        case FactKind.NEWEST:
            return [facts.newest] if workload.service else []


def _is_subject(subject: SubjectId | None, role: str | None) -> bool:
    return role is not None and (subject is None or subject.kind is not Subject.ROLE or subject.name == role)


@dataclass(frozen=True)
class Settled:
    """A workload with the fixes of its drifted rules applied until nothing changed."""

    before: Workload
    after: Workload
    repairs: tuple[Repair, ...]
    notes: tuple[Remark, ...]


def settle(
    workload: Workload, standard: Standard, rules: Sequence[Rule], fixing: Iterable[str] | None = None
) -> Settled:
    """Apply the fixes of drifted rules (only those named in `fixing`, where given) until nothing changes.

    Disagreement, naming the rules, where eight passes do not suffice.
    """
    ids = {rule.id for rule in rules} if fixing is None else set(fixing)
    allowed = [rule for rule in rules if rule.id in ids]
    repairs = dict[str, Repair]()
    notes = dict[Remark, None]()
    judge = _Judge(workload, standard)
    changed, last = list[str](), ""
    for _ in range(PASSES):
        changed = []
        for rule in allowed:
            current = judge.workload
            if judge.drifts(rule):
                repair, after = _apply(current, standard, rule, repairs.get(rule.id))
                repairs[rule.id] = repair
                notes |= dict.fromkeys(remark for remark in after.remarks if not remark.needs_approval)
                if (after.task, after.service) != (current.task, current.service):
                    changed.append(rule.id)
                    judge = _Judge(replace(after, remarks=(), assumptions=()), standard)
            if rule.id == last and not changed:  # the rules after it have already evaluated what it made
                break
        if not changed:
            return Settled(workload, judge.workload, tuple(repairs.values()), tuple(notes))
        last = changed[-1]
    names = ", ".join(sorted(set(changed)))
    raise Disagreement(f"The fixes of {names} undo one another on {workload.task.family}; nothing was planned.")


def _apply(workload: Workload, standard: Standard, rule: Rule, earlier: Repair | None) -> tuple[Repair, Workload]:
    if rule.fix is None:
        return Repair(rule.id, Fixed.NONE), workload
    if not _named_apart(workload):
        text = "Two containers have the same name, or one has none, so the fix cannot tell them apart."
        return Repair(rule.id, Fixed.REFUSED, (Remark(EngineCode.AMBIGUOUS_NAMES, text),)), workload
    try:
        after = rule.fix(workload, standard.setting(rule, workload).standard)
    except Refusal as refusal:
        if earlier is not None and earlier.outcome is Fixed.FIXED:  # what it did in an earlier pass stands
            return earlier, workload.noting(refusal.code, str(refusal))
        return Repair(rule.id, Fixed.REFUSED, (refusal.remark,)), workload
    if (after.task, after.service) == (workload.task, workload.service):
        # It has nothing more to change; what it did in an earlier pass stands.
        return earlier or Repair(rule.id, Fixed.NONE), workload
    if (written := placeholders_in(after.task.json)) and written - placeholders_in(workload.task.json):
        text = "It writes a template's placeholder. Check what the template fills in there."
        after = after.needing_approval(EngineCode.PLACEHOLDER, text)
    if (lost := whole_placeholders_in(workload.task.json)) and lost - whole_placeholders_in(after.task.json):
        text = "It replaces a template's placeholder. Check what the template fills in there."
        after = after.needing_approval(EngineCode.OVERWRITTEN, text)
    before = earlier or Repair(rule.id, Fixed.FIXED)
    reasons = dict.fromkeys((*before.reasons, *(remark for remark in after.remarks if remark.needs_approval)))
    assumptions = dict.fromkeys((*before.assumptions, *after.assumptions))
    return Repair(rule.id, Fixed.FIXED, tuple(reasons), tuple(assumptions)), after


def _named_apart(workload: Workload) -> bool:
    names = [container.name for container in workload.task.containers]
    return all(names) and len(set(names)) == len(names)


def plan(
    settled: Settled,
    after: Workload,
    standard: Standard,
    rules: Sequence[Rule],
    *,
    earlier: Sequence[Verdict] | None = None,
) -> Plan:
    """Make the plan: `after` is the settled workload, with the facts read that it names for the first time.

    `earlier` are the verdicts of the workload before, if they are known; otherwise it is evaluated again.

    It is SAFE only where all that its fixes assume is known to hold, none of them needs approval by itself, and the
    evaluation of the result by all rules has no drift and no Unknown that was not there before.
    """
    now = evaluate(after, standard, rules)
    change = Change(settled.before, after, now)
    unknown = {
        repair.rule: [(assumed, remark) for assumed in repair.assumptions for remark in uncertain(assumed, change)]
        for repair in settled.repairs
        if repair.outcome is Fixed.FIXED
    }
    concerns = [
        Concern(repair.rule, ConcernKind.REMARK, reason.code, reason.text)
        for repair in settled.repairs
        if repair.outcome is Fixed.FIXED
        for reason in repair.reasons
    ]
    concerns += [
        Concern(rule, ConcernKind.NOT_KNOWN, remark.code, remark.text, _kind_of(assumed, after))
        for rule, found in unknown.items()
        for assumed, remark in found
    ]
    if earlier is None:
        earlier = evaluate(settled.before, standard, rules)
    concerns += _brought_about(earlier, now)
    repairs = [
        replace(repair, reasons=(*repair.reasons, *(remark for _, remark in unknown.get(repair.rule, ()))))
        for repair in settled.repairs
    ]
    return Plan(
        before=settled.before,
        after=after,
        repairs=tuple(repairs),
        safety=Safety.REVIEW if concerns else Safety.SAFE,
        concerns=tuple(concerns),
        notes=settled.notes,
        changes=changes_between(settled.before, after),
    )


def _kind_of(assumed: Assumption, after: Workload) -> tuple[FactKind, ...]:
    """The kind of a fact that could not be read; none for one that is there and says too little."""
    if isinstance(assumed, FactKnown) and any(isinstance(fact, Unavailable) for fact in facts_of(assumed.kind, after)):
        return (assumed.kind,)
    return ()


def _brought_about(earlier: Sequence[Verdict], now: Iterable[Verdict]) -> Iterator[Concern]:
    """Yield each drift and each Unknown that the result has and the workload did not have.

    The same drift at the same place is new where it is more severe, or where more permissions are missing.
    """
    drifts = {
        (verdict.rule, drift.where, drift.code): drift
        for verdict in earlier
        if isinstance(verdict, Drifted)
        for drift in verdict.drifts
    }
    doubtful = (verdict for verdict in earlier if isinstance(verdict, Unknown))
    unknown = {(verdict.rule, reason) for verdict in doubtful for reason in _why(verdict)}
    for verdict in now:
        match verdict:
            case Drifted(rule=rule, drifts=found):
                for drift in found:
                    known = drifts.get((rule, drift.where, drift.code))
                    if drift.severity is not Severity.INFORMATIONAL and (known is None or _worse(drift, known)):
                        yield Concern(rule, ConcernKind.NEW_DRIFT, drift.code, drift.why)
            case Unknown(rule=rule, facts=facts, doubts=doubts):
                if all((rule, reason) in unknown for reason in _why(verdict)):
                    continue
                kinds = () if doubts else tuple(dict.fromkeys(kind for kind, _ in facts))
                code = doubts[0].code if doubts else EngineCode.UNREAD
                yield Concern(rule, ConcernKind.NEW_UNKNOWN, code, verdict.reasons[0], kinds)
            case _:
                pass


def _worse(drift: Drift, known: Drift) -> bool:
    raised = drift.severity is not None and known.severity is not None and drift.severity > known.severity
    return raised or not set(drift.grants) <= set(known.grants)


def _why(verdict: Unknown) -> Iterator[tuple[str, str]]:
    """Why a verdict is Unknown, as data: each doubt's place, and each fact with what could not be read."""
    for doubt in verdict.doubts:
        yield doubt.code, doubt.where
    for kind, fact in verdict.facts:
        yield kind, fact.resource
