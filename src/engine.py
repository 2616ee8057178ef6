"""Pure decisions: judge a workload, settle its fixes, draw up a plan. No I/O, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from domain.drift import Doubt, Drift, Refusal, Safety
from domain.facts import NOT_READ, Fact, FactKind, Facts, Unavailable
from domain.remediation.plan import Fixed, Plan, Repair, changes_between
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Mode, Standard
from domain.subject import Subject, SubjectId
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from domain.workload import Workload

PASSES = 8


class Disagreement(Exception):
    """Fixes that undo one another; the message names their rules."""


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """Why nothing is said of a workload."""

    reason: str


def out_of_scope(workload: Workload, standard: Standard) -> OutOfScope | None:
    """None where the workload can run on Fargate Linux and the standard's scope takes it in."""
    task, service = workload.task, workload.service
    launch_types = task.launch_types
    if not task.active and service is None:  # a service goes on with the revision that it runs
        return OutOfScope("its revision is not active")
    if task.windows or (service is not None and service.windows):
        return OutOfScope("it runs on Windows, for which there is no collector image")
    if service is not None and service.fargate is False:
        return OutOfScope("its service does not run on Fargate")
    if launch_types and "FARGATE" not in launch_types:
        return OutOfScope(f"it requires {', '.join(sorted(launch_types))}, not FARGATE")
    on_fargate = bool(service and service.fargate) or workload.runs_on
    if not launch_types and not on_fargate:
        return OutOfScope("it does not name FARGATE, so it was taken as not Fargate")
    if workload.runs_on is False:
        return OutOfScope("its services all run on EC2")
    scope = standard.scope
    if scope.include and not any(selector.matches(workload) for selector in scope.include):
        return OutOfScope("the standard's scope does not include it")
    if any(selector.matches(workload) for selector in scope.exclude):
        return OutOfScope("the standard's scope excludes it")
    return None


def only_a_collector(workload: Workload) -> bool:
    """Whether the task is nothing but a collector: no sidecar is asked of it."""
    roles = workload.container_roles
    return bool(roles.collectors) and not roles.applications and not roles.others


def evaluate(workload: Workload, standard: Standard, rules: Sequence[Rule]) -> tuple[Verdict, ...]:
    """What every rule says of every subject of the workload. Nothing at all where it is out of scope."""
    if out_of_scope(workload, standard) is not None:
        return ()
    collector = workload.collector is not None
    lone = only_a_collector(workload)
    spoken = [
        rule
        for rule in rules
        if (collector or not rule.of_collector) and (not lone or rule.id in SPEAKS_OF_LONE_COLLECTORS)
    ]
    return verdicts_of(workload, standard, spoken)


def verdicts_of(workload: Workload, standard: Standard, rules: Iterable[Rule]) -> tuple[Verdict, ...]:
    """What these rules say of a workload that is known to be in scope."""
    judge = _Judge(workload, standard)
    verdicts = list[Verdict]()
    for rule in rules:
        verdicts += judge.verdicts(rule)
    return tuple(verdicts)


SPEAKS_OF_LONE_COLLECTORS = frozenset({"service.no-central-collector"})


def needs(rules: Iterable[Rule]) -> frozenset[FactKind]:
    """The facts that these rules read; no others need be fetched."""
    return frozenset().union(*(rule.needs for rule in rules))


class _Judge:
    """One workload under one standard: what all rules ask alike is found out once."""

    __slots__ = ("settings", "standard", "subjects", "unread", "workload")

    def __init__(self, workload: Workload, standard: Standard) -> None:
        self.workload = workload
        self.standard = standard
        self.settings = standard.settings(workload)
        self.subjects = dict[Subject, tuple[SubjectId, ...]]()
        self.unread = dict[frozenset[FactKind], tuple[str, ...]]()

    def verdicts(self, rule: Rule) -> list[Verdict]:
        """What one rule says of each of its subjects; nothing where the standard switches it off."""
        subjects = self.subjects.get(rule.subject)
        if subjects is None:
            subjects = self.subjects[rule.subject] = self.workload.subject(rule.subject)
        if not subjects:
            return []
        setting = self.settings.of(rule)
        if setting.mode is Mode.OFF:
            return []
        found = list(rule.check(self.workload, setting.standard))
        if not found and not rule.needs and not self.standard.exemptions:  # the common case, and the hot path
            return [Compliant(rule.id, subject) for subject in subjects]
        return [self._verdict(rule, subject, found, setting.severity) for subject in subjects]

    def _verdict(self, rule: Rule, subject: SubjectId, found: list[Drift | Doubt], severity: Severity) -> Verdict:
        if exemption := self.standard.exemption(rule.id, self.workload, subject.name):
            return Exempt(rule.id, subject, exemption.reason, exemption.expires)
        unread = self._unread(rule.needs, subject) if rule.needs else ()
        if not found:
            return Unknown(rule.id, subject, unread) if unread else Compliant(rule.id, subject)
        found = [item for item in found if not item.about or item.about == subject.name]
        drifts = tuple(_graded(item, rule, severity) for item in found if isinstance(item, Drift))
        real = tuple(drift for drift in drifts if drift.severity is not Severity.INFORMATIONAL)
        if real:
            return Drifted(rule.id, subject, max(drift.severity or severity for drift in real), drifts)
        reasons = (*(f"{item.where}: {item.why}" for item in found if isinstance(item, Doubt)), *unread)
        if reasons:
            return Unknown(rule.id, subject, tuple(dict.fromkeys(reasons)))
        return Compliant(rule.id, subject, drifts)

    def _unread(self, needs: frozenset[FactKind], subject: SubjectId) -> tuple[str, ...]:
        """Why facts that are needed, and that this workload has a place for, could not be read; each reason once."""
        if subject.kind is Subject.ROLE:  # each of the two roles has its own
            return _unread(self.workload, needs, subject)
        reasons = self.unread.get(needs)
        if reasons is None:
            reasons = self.unread[needs] = _unread(self.workload, needs, subject)
        return reasons


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


def _unread(workload: Workload, needs: frozenset[FactKind], subject: SubjectId) -> tuple[str, ...]:
    facts = [(kind, fact) for kind in sorted(needs) for fact in facts_of(kind, workload, subject)]
    return tuple(dict.fromkeys([f"{kind}: {fact.reason}" for kind, fact in facts if isinstance(fact, Unavailable)]))


def facts_of(kind: FactKind, workload: Workload, subject: SubjectId | None = None) -> list[Fact[object]]:
    """The facts of a kind that the workload really leans on: none where its documents name none.

    Of the two roles, only the one that is the subject.
    """
    facts: Facts = workload.facts
    task = workload.task
    match kind:
        case FactKind.CONFIGURATION:
            return [facts.parameter] if workload.parameter_reference else []
        case FactKind.EXECUTION_ROLE:
            return [facts.execution_role] if _meant(subject, workload.role_arn(task.execution_role)) else []
        case FactKind.TASK_ROLE:
            return [facts.task_role] if _meant(subject, workload.role_arn(task.task_role)) else []
        case FactKind.LOG_GROUPS:
            return [facts.log_groups.get(name, NOT_READ) for name in workload.log_groups]
        case FactKind.RUNNING:
            return [facts.running] if workload.service else []
        case FactKind.NEWEST:
            return [facts.newest] if workload.service else []


def _meant(subject: SubjectId | None, role: str | None) -> bool:
    return role is not None and (subject is None or subject.kind is not Subject.ROLE or subject.name == role)


@dataclass(frozen=True)
class Settled:
    """A workload with the fixes of its drifted rules applied until nothing changed."""

    before: Workload
    after: Workload
    repairs: tuple[Repair, ...]
    notes: tuple[str, ...]


def settle(
    workload: Workload, standard: Standard, rules: Sequence[Rule], fixing: Iterable[str] | None = None
) -> Settled:
    """Apply the fixes of drifted rules (only those named in `fixing`, where given) until nothing changes.

    Disagreement, naming the rules, where eight passes do not suffice.
    """
    allowed = None if fixing is None else frozenset(fixing)
    repairs = dict[str, Repair]()
    notes = dict[str, None]()
    current = workload
    changed = list[str]()
    for _ in range(PASSES):
        changed = []
        for rule in rules:
            if rule.of_collector and current.collector is None:
                continue
            drifted = [verdict for verdict in _judge_in_scope(current, standard, rule) if isinstance(verdict, Drifted)]
            if not drifted or (allowed is not None and rule.id not in allowed):
                continue
            repair, after = _apply(current, standard, rule, repairs.get(rule.id))
            repairs[rule.id] = repair
            if (after.task, after.service) != (current.task, current.service):
                changed.append(rule.id)
            notes |= dict.fromkeys(remark.text for remark in after.remarks if not remark.needs_person)
            current = replace(after, remarks=())
        if not changed:
            return Settled(workload, current, tuple(repairs.values()), tuple(notes))
    names = ", ".join(sorted(set(changed)))
    raise Disagreement(f"The fixes of {names} undo one another on {workload.task.family}; nothing was planned.")


def _judge_in_scope(workload: Workload, standard: Standard, rule: Rule) -> list[Verdict]:
    if out_of_scope(workload, standard) or only_a_collector(workload):
        return []
    return _Judge(workload, standard).verdicts(rule)


def _apply(workload: Workload, standard: Standard, rule: Rule, earlier: Repair | None) -> tuple[Repair, Workload]:
    if rule.fix is None:
        return Repair(rule.id, Fixed.NONE, Safety.SAFE), workload
    if not _named_apart(workload):
        reason = "Two containers have the same name, or one has none, so it cannot be said which is meant."
        return Repair(rule.id, Fixed.REFUSED, Safety.REVIEW, (reason,)), workload
    try:
        after = rule.fix(workload, standard.setting(rule, workload).standard)
    except Refusal as refusal:
        if earlier is not None and earlier.outcome is Fixed.FIXED:  # what it did in an earlier pass stands
            return earlier, workload.noting(str(refusal))
        return Repair(rule.id, Fixed.REFUSED, Safety.REVIEW, (str(refusal),)), workload
    if (after.task, after.service) == (workload.task, workload.service):
        # It has done what it can; what it did in an earlier pass stands.
        return earlier or Repair(rule.id, Fixed.NONE, Safety.SAFE), workload
    reasons = tuple(remark.text for remark in after.remarks if remark.needs_person)
    reasons = tuple(dict.fromkeys((*(earlier.reasons if earlier else ()), *reasons)))
    return Repair(rule.id, Fixed.FIXED, Safety.REVIEW if reasons else Safety.SAFE, reasons), after


def _named_apart(workload: Workload) -> bool:
    names = [container.name for container in workload.task.containers]
    return all(names) and len(set(names)) == len(names)


def plan(settled: Settled, after: Workload, standard: Standard, rules: Sequence[Rule]) -> Plan:
    """Draw up the plan: `after` is the settled workload with the facts that it newly names read.

    It is judged again by all rules: a drift or an Unknown that was not there before makes the plan REVIEW.
    """
    reasons = [
        f"{repair.rule}: {reason}"
        for repair in settled.repairs
        if repair.outcome is Fixed.FIXED
        for reason in repair.reasons
    ]
    # What was drifted or unknown before may stay so; a drift that is new, or an Unknown where there was an answer, is
    # the plan's doing.
    earlier = evaluate(settled.before, standard, rules)
    drifted = {
        (verdict.rule, drift.where) for verdict in earlier if isinstance(verdict, Drifted) for drift in verdict.drifts
    }
    unknown = {verdict.rule for verdict in earlier if isinstance(verdict, Unknown)}
    for verdict in evaluate(after, standard, rules):
        match verdict:
            case Drifted(rule=rule, drifts=drifts):
                new = (
                    drift
                    for drift in drifts
                    if drift.severity is not Severity.INFORMATIONAL and (rule, drift.where) not in drifted
                )
                reasons += [f"{rule} would drift: {drift.why}" for drift in new]
            case Unknown(rule=rule, reasons=why) if rule not in unknown:
                reasons.append(f"{rule} could not be judged: {why[0]}")
            case _:
                pass
    return Plan(
        before=settled.before,
        after=after,
        repairs=settled.repairs,
        safety=Safety.REVIEW if reasons else Safety.SAFE,
        reasons=tuple(reasons),
        notes=settled.notes,
        changes=changes_between(settled.before, after),
    )
