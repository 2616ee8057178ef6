"""Recording: write an evaluation to the ledger, together with what must be published."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from json import dumps

from aws.ledger import History, Ledger, Record, Row
from domain.ecs.task_definition import TaskDefinition
from domain.findings.address import Address
from domain.findings.finding import FindingState, RuleResult, Transition, TransitionKind, kept, next_transition, renewed
from domain.members import Registrar
from domain.places import Revision
from domain.remediation.attempt import ProposedPlan, propose
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from domain.triggers.actor import OUTRIDER, Actor
from domain.workload import Workload
from operations.inspection.attribution import Cause, cause_of
from operations.inspection.job import Inspected, Job, of_subject
from operations.planning import Planner
from reports.advice import StackAction
from reports.alerts import AlertContext, alert_of
from reports.asff import asff


class Unpublished(Exception):
    """An earlier transition of a finding must be published first, and could not be."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records evaluations. `stack` is the stack's name, for the commands in alerts; `registrar` remediate's role."""

    ledger: Ledger
    planner: Planner
    docs: str
    release: str
    stack: str
    registrar: Registrar

    def record(self, inspected: Inspected) -> tuple[History, list[Transition]]:
        """Return the history with what was found, and the findings' transitions.

        Nothing is written if nothing changed. Raises LedgerConflict if another worker wrote the subject since it was
        read.
        """
        history = inspected.job.history
        record, transitions = self._recorded(inspected)
        if record == history.record or _is_nothing(record, history):
            return history, []
        return self.ledger.subjects.write(history, record), list(transitions.values())

    def changes(self, inspected: Inspected) -> bool:
        """Whether anything would be written or sent because of an evaluation."""
        record, _ = self._recorded(inspected)
        return bool(record != inspected.job.history.record or inspected.later or inspected.resumed)

    def _recorded(self, inspected: Inspected) -> tuple[Record, dict[str, Transition]]:
        job, history = inspected.job, inspected.job.history
        hours = job.edition.standard.remediation.approval_hours
        proposed = propose(history.proposed, inspected.plan, inspected.read_at, hours)
        if inspected.retried and proposed is None:  # for now: a person may be about to approve it
            proposed = history.proposed
        transitions = self._transitions(inspected, proposed)
        rows = {rule: replace(row, suppressed=rule in job.suppressed) for rule, row in history.rows.items()}
        still = _open(history, transitions)
        for rule, transition in transitions.items():
            rows[rule] = self._row(inspected, transition, still)
        record = Record(
            order=inspected.order,
            standard="" if inspected.retried else job.edition.digest,
            dependencies=inspected.dependencies,
            runs=inspected.runs,
            proposed=proposed,
            rows=rows,
            due=history.record.due if inspected.due is None else inspected.due,
            address=_address(inspected, _worst(rows.values())),
            request=inspected.request or history.record.request,
            notify={**history.record.notify, **{on.key: job.message(on) for on in sorted(inspected.notify)}},
        )
        return record, transitions

    def _transitions(self, inspected: Inspected, proposed: ProposedPlan | None) -> dict[str, Transition]:
        history, found = inspected.job.history, dict[str, Transition]()
        rules, verdicts = self._rules(history.subject), of_subject(inspected.verdicts, history.subject)
        for rule in (*rules, *(gone for gone in history.rows if gone not in rules)):
            before = history.rows[rule].finding if rule in history.rows else None
            if before is not None and before.state is FindingState.OPEN and rule in inspected.kept and rule in rules:
                transition = renewed(before, inspected.read_at)
            else:
                still = inspected.still.get(rule)
                # A rule that was removed from the catalogue has no verdict, so its findings are gone.
                transition = next_transition(
                    before,
                    RuleResult(
                        history.subject,
                        rule,
                        verdicts.get(rule) if rule in rules else None,
                        still.resource if still is not None else inspected.resource,
                        inspected.read_at,
                        inspected.users,
                        replanned=_shown(history.proposed, rule) != _shown(proposed, rule),
                        successor=still.successor if still is not None else 0,
                    ),
                )
            if transition is None and before is not None and rule in inspected.job.suppressed:
                transition = kept(before, inspected.read_at)
            if transition is not None:
                found[rule] = transition
        return found

    def _rules(self, subject: SubjectId) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.planner.catalogue if subject.kind in rule.subjects}

    def _row(self, inspected: Inspected, transition: Transition, still: tuple[str, ...]) -> Row:
        """Return the row of a finding with what must be published: earlier transitions that are left, and this one."""
        finding = transition.finding
        before = inspected.job.history.rows.get(finding.rule)
        earlier = dict(before.pending) if before is not None else {}
        if transition.change is TransitionKind.REOPENED and "import" in earlier and inspected.job.unpublished:
            # Import it as closed first: otherwise a finding that a customer resolved would stay resolved.
            raise Unpublished(f"{finding.id} is not closed in Security Hub yet")
        suppressed = transition.finding.rule in inspected.job.suppressed
        pending = self._pending(inspected, transition, still, suppressed=suppressed)
        return Row(finding, earlier | pending, suppressed)

    def _pending(
        self, inspected: Inspected, transition: Transition, still: tuple[str, ...], *, suppressed: bool
    ) -> dict[str, str]:
        finding, job = transition.finding, inspected.job
        rule = self._rules(job.subject).get(finding.rule)
        earlier = inspected.still.get(finding.rule)
        evidence = earlier.evidence if earlier is not None else inspected.evidence
        cause = cause_of(job.triggers, job.subject, rule, evidence) if rule is not None else Cause()
        actor = OUTRIDER if self._is_own(cause.actor, job) else cause.actor
        judged = Revision.parse(finding.resource)  # a renewed finding was found by an earlier evaluation
        facts = {
            "revision": str(judged) if judged is not None else inspected.evidence.revision,
            "actor": actor.name if actor != Actor() else "",
            "release": self.release,
            "standard": f"{job.edition.standard.name} {job.edition.digest}",
            "stack": self.stack,
        }
        plan = inspected.plan if finding.state is FindingState.OPEN else None
        document = asff(finding, rule, docs=self.docs, facts=facts, plan=plan)
        if suppressed:  # counts only if Security Hub has forgotten the finding
            document["Workflow"] = {"Status": "SUPPRESSED"}
        pending = {"import": dumps(document)}
        alerts = transition.change.silent or (transition.change.alerts and not job.quiet)
        if rule is not None and alerts:
            occurred = cause.when or inspected.read_at
            context = AlertContext(
                actor,
                occurred,
                self.docs,
                self._help(rule, inspected),
                thread=_thread(inspected),
                open=still,
                own=any(self._is_own(each.actor, job) for each in job.triggers),
                address=_address(inspected, finding.severity),
                not_before=job.edition.standard.notification.quiet_until(finding.severity, inspected.read_at),
            )
            alert = alert_of(transition, rule, inspected.plan, context)
            # The alerts of one finding are published in the order of its transitions.
            pending[f"alert/{finding.version:09}/{transition.id}"] = alert.model_dump_json()
        return pending

    def _is_own(self, actor: Actor, job: Job) -> bool:
        """Whether Outrider made the call."""
        return self.registrar.made(actor.arn, job.subject.place.account)

    def _help(self, rule: Rule, inspected: Inspected) -> StackAction:
        """Return what Outrider does about a rule's drift: automatic only if the correction was just requested."""
        unasked = Mode.REPORT
        if inspected.request is not None and inspected.plan is not None:
            unasked = self.planner.mode(rule, inspected.plan.before, inspected.job.edition.standard)
        return StackAction(unasked, self.planner.cap, self.stack)


def _open(history: History, transitions: Mapping[str, Transition]) -> tuple[str, ...]:
    """Return the rules of the subject's open findings after these transitions, without suppressed ones."""
    findings = {rule: row.finding for rule, row in history.rows.items() if not row.suppressed}
    findings |= {
        rule: each.finding for rule, each in transitions.items() if rule in findings or rule not in history.rows
    }
    return tuple(sorted(rule for rule, finding in findings.items() if finding.state is FindingState.OPEN))


def _thread(inspected: Inspected) -> str:
    """Return the key of the alerts' thread: for a service that of the family that it runs."""
    subject = inspected.job.subject
    return next(iter(inspected.dependencies), subject.key) if subject.kind is Subject.SERVICE else subject.key


def _worst(rows: Iterable[Row]) -> Severity:
    findings = [row.finding for row in rows]
    severities = (finding.severity for finding in findings if finding.state is FindingState.OPEN)
    return max(severities, default=Severity.INFORMATIONAL)


def _address(inspected: Inspected, severity: Severity) -> Address:
    """Return where alerts of this severity go. Of a parameter or role only account and region are known."""
    place = inspected.job.subject.place
    workload = inspected.workload or Workload(place, TaskDefinition({}))
    return inspected.job.edition.standard.notification.address(workload, severity)


def _is_nothing(record: Record, history: History) -> bool:
    """Whether a subject without a record needs none: a parameter or role without a finding."""
    return not history.version and replace(record, standard="") == Record()


def _shown(proposed: ProposedPlan | None, rule: str) -> str:
    """Return the digest of the plan that a rule's finding shows."""
    return proposed.digest if proposed is not None and rule in proposed.rules else ""
