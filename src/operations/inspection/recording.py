"""Recording: one look at a subject is written down, with what it changes and what of that is to be told."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from json import dumps, loads

from aws.ledger import History, Ledger, Row
from aws.security_hub import SecurityHub
from domain.facts import FactKind
from domain.findings.finding import FindingState, Transition, TransitionKind, next_transition, renewed
from domain.findings.users import NOBODY, Users
from domain.places import Revision, role_name
from domain.remediation.attempt import Offer, offered
from domain.remediation.plan import Plan
from domain.rule import Rule
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from domain.triggers.actor import Actor
from domain.triggers.trigger import RoleTrigger, RunTaskTrigger, ServiceTrigger, TaskDefinitionTrigger, Trigger
from domain.verdict import Verdict
from operations.facts import FactReader
from operations.inspection.sharing import Overtaken
from operations.planning import Planner
from operations.standards import Edition
from reports.advice import Help
from reports.alerts import alert_of
from reports.asff import asff

_SKEW = timedelta(seconds=1)  # between the clocks of two workers
_OF_TRUST = frozenset({"UpdateAssumeRolePolicy", "CreateRole", "DeleteRole"})
"""The calls that change whom a role trusts; what they do to its rights is all of them or nothing."""
_OF_TAGS = frozenset({"TagRole", "UntagRole"})
_AT_ONCE = timedelta(seconds=5)  # a deployment is made with the call for it
_OF_TASKS = "task.platform-version"
"""The rule that speaks of the tasks that RunTask starts."""


class ComeAgain(Exception):
    """What is certain was recorded; the rest could not be read just now."""


@dataclass(frozen=True, slots=True)
class Look:
    """One subject as it was judged: what each rule said of it, and what that was ordered by."""

    subject: SubjectId
    resource: str
    order: int
    verdicts: Mapping[str, Verdict]
    plan: Plan | None
    read_at: datetime
    complete: bool = True
    """False where a fact is missing that may be there soon: the look counts, and the same event is looked at again."""
    users: Users = NOBODY
    kept: frozenset[str] = frozenset()
    """Rules whose findings stay as they are: a correction of them is under way, or failed."""
    revision: str = ""
    """What was judged or is run, as `family:number`."""
    asked: bool = False
    """Whether a correction is asked for with this look."""
    judged: bool = True
    """False where nothing was read: by which standard it was judged last stays as it is."""
    roles: Mapping[FactKind, str] = field(default_factory=dict)
    """The ARNs of the roles that the family takes."""
    parameters: frozenset[str] = frozenset()
    """The keys of the parameters that it reads."""
    deployed: datetime | None = None
    """When the deployment was made that a service is at."""
    given: History | None = None
    """The family by which something is said of what it leans on: written only while that is as it was read."""


@dataclass(slots=True)
class Batch:
    """What the messages of one batch share: facts that were read `since`, and what is to be told at its end."""

    edition: Edition
    reader: FactReader
    since: datetime
    written: dict[SubjectId, int] = field(default_factory=dict)
    """The version of each subject as this batch wrote it last."""
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    requests: dict[str, list[History]] = field(default_factory=lambda: defaultdict(list))

    def older_than(self, history: History) -> bool:
        """Whether another worker has written the subject since this batch began to read."""
        by_others = history.read_at is not None and self.written.get(history.subject) != history.version
        return by_others and history.read_at is not None and history.read_at >= self.since - _SKEW


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes looks down. `stack` is where a person asks for more."""

    hub: SecurityHub
    ledger: Ledger
    planner: Planner
    docs: str
    release: str
    stack: str
    now: Callable[[], datetime]

    def record(  # noqa: PLR0913, PLR0917 - the parts of one look
        self,
        message: str,
        trigger: Trigger,
        batch: Batch,
        history: History,
        look: Look,
        leans: tuple[str, ...],
        request: str | None = None,
        ran: str = "",
    ) -> list[Transition]:
        """Write a look down, and what it changes with what of that is to be told. Overtaken where a newer one stands.

        Also a look that changes nothing is written: else one that read earlier, and is slower, would write after it.
        What a family's history holds was written before its revision was read, so its look is never the older one.
        """
        if look.subject.kind is not Subject.FAMILY and look.order < history.order:
            raise Overtaken(f"{look.subject.name} was looked at by another worker meanwhile")
        judged_by = batch.edition.digest if look.complete else ""
        judged_by = judged_by if look.judged else history.standard
        rules = {rule.id: rule for rule in self.planner.catalogue if rule.subject is look.subject.kind}
        hours = batch.edition.standard.remediation.approval_hours
        offer = offered(history.offer, look.plan, look.read_at, hours)
        changed = list[Row]()
        told = list[Transition]()
        for rule in (*rules, *(gone for gone in history.rows if gone not in rules)):
            row = history.rows.get(rule)
            # What stands of a rule that has left the catalogue is gone: nothing will ever speak of it again.
            before, verdict = row.finding if row else None, look.verdicts.get(rule) if rule in rules else None
            if before is not None and rule in look.kept and rule in rules:
                transition = renewed(before, look.read_at)
            else:
                transition = next_transition(
                    before,
                    verdict,
                    look.subject,
                    rule,
                    look.resource,
                    look.read_at,
                    look.users,
                    replanned=_shown(history.offer, rule) != _shown(offer, rule),
                )
            if transition is not None:
                told.append(transition)
                earlier = self._earlier(row, transition) if row else {}
                changed.append(
                    Row(transition.finding, earlier | self._pending(transition, rules.get(rule), look, trigger, batch))
                )
        request = request or history.request
        untold = self._left_behind(message, batch, {*history.leans, *history.untold} - {*leans})
        written = self.ledger.subjects.record(
            history,
            changed,
            order=look.order,
            read_at=self.now(),
            standard=judged_by,
            leans=leans,
            ran=ran,
            request=request,
            offer=offer,
            untold=untold,
            given=look.given,
        )
        batch.written[look.subject] = written.version
        names = {row.finding.rule for row in changed}
        batch.rows[message] += changed
        batch.rows[message] += [row for rule, row in history.rows.items() if row.pending and rule not in names]
        if request:
            batch.requests[message].append(replace(written, request=request))
        return told

    def _left_behind(self, message: str, batch: Batch, keys: Iterable[str]) -> list[str]:
        """Those of which something is still to be told: this subject was the last to lean on them, or may have been.

        Were it not to go out now, no other look would come to them, and nobody would hear that their findings are gone.
        """
        untold = list[str]()
        for key in sorted(keys):
            rows = [row for row in self.ledger.history(SubjectId.parse(key)).rows.values() if row.pending]
            batch.rows[message] += rows
            untold += [key] if rows else []
        return untold

    def _earlier(self, row: Row, transition: Transition) -> dict[str, str]:
        """What is still to be told of the transition before.

        That a finding was closed has to reach Security Hub before it is opened again: else a finding that a customer
        has resolved would stay resolved.
        """
        if transition.change is TransitionKind.REOPENED and "import" in row.pending:
            failures = self.hub.import_(row.finding.subject.place, [loads(row.pending["import"])])
            for failure in (each for each in failures if not each.for_good):
                raise ComeAgain(f"securityhub:BatchImportFindings on {failure.id} failed: {failure.code}")
        return dict(row.pending)

    def _pending(
        self, transition: Transition, rule: Rule | None, look: Look, trigger: Trigger, batch: Batch
    ) -> dict[str, str]:
        finding = transition.finding
        certain = rule is not None and _brought_about(trigger, rule, look)
        actor = trigger.actor if certain else Actor()
        judged = Revision.parse(finding.resource)  # what is only renewed was found in an earlier one
        facts = {
            "revision": str(judged) if judged is not None else look.revision,
            "actor": actor.name if actor != Actor() else "",
            "release": self.release,
            "standard": f"{batch.edition.standard.name} {batch.edition.digest}",
            "stack": self.stack,
        }
        pending = {
            "import": dumps(
                asff(
                    finding,
                    rule,
                    docs=self.docs,
                    facts=facts,
                    plan=look.plan if finding.state is FindingState.OPEN else None,
                )
            )
        }
        if rule is not None and transition.change.alerts and not trigger.quiet:
            alert = alert_of(
                transition,
                rule,
                actor=actor,
                occurred=(trigger.when if certain else None) or look.read_at,
                plan=look.plan,
                docs=self.docs,
                help_=self._help(rule, look, batch),
            )
            # What is told of one finding is told in the order in which it came about.
            pending[f"alert/{finding.version:09}/{transition.id}"] = alert.model_dump_json()
        return pending

    def _help(self, rule: Rule, look: Look, batch: Batch) -> Help:
        """What Outrider does about a rule's drift: of itself only where it was asked for just now."""
        unasked = Mode.REPORT
        if look.asked and look.plan is not None:
            unasked = self.planner.mode(rule, look.plan.before, batch.edition.standard)
        return Help(unasked, self.planner.cap, self.stack)


def _brought_about(trigger: Trigger, rule: Rule, look: Look) -> bool:
    """Whether what a rule finds now is certain to have come about by the call that the trigger tells of.

    A look finds all that has changed since the last one, and one event led to it: who made that call may have had no
    part in the rest. So a call counts only for what it alone can change: a registration for what the document by
    itself says, or for all of a family that began with it, and a role's or parameter's change for what is read there.
    """
    subject, changed = look.subject, [SubjectId.parse(key) for key in trigger.changed]
    roles = {each.name for each in changed if each.kind is Subject.ROLE}
    match subject.kind, trigger:
        case Subject.ROLE, RoleTrigger(role=""):
            return False  # a policy's change, and the role itself is as it was
        case _, _ if roles and trigger.event in _OF_TAGS:
            return False  # they change a right only by a condition on them
        case Subject.ROLE, _:
            about_trust = (rule.id == "identity.trust") == (trigger.event in _OF_TRUST)
            return role_name(subject.name) in roles and about_trust and "PolicyVersion" not in trigger.event
        case Subject.PARAMETER, _:
            return subject in changed
        case Subject.FAMILY | Subject.SERVICE, _ if changed:
            taken = {role_name(arn) for kind, arn in look.roles.items() if kind in rule.needs}
            read = FactKind.CONFIGURATION in rule.needs and bool(look.parameters & set(trigger.changed))
            return read or (bool(taken & roles) and trigger.event not in _OF_TRUST)
        case Subject.FAMILY, TaskDefinitionTrigger(event="RegisterTaskDefinition", revision=Revision() as made):
            return str(made) == look.revision and (made.number == 1 or not rule.needs)
        case Subject.FAMILY, RunTaskTrigger():
            return rule.id == _OF_TASKS
        case Subject.SERVICE, ServiceTrigger(event="CreateService"):
            return True
        case Subject.SERVICE, ServiceTrigger(event="UpdateService"):
            # Another count of tasks is such a call too, and makes no deployment.
            at, called = look.deployed, trigger.when
            return not rule.needs and at is not None and called is not None and abs(at - called) <= _AT_ONCE
        case _:
            return False


def _shown(offer: Offer | None, rule: str) -> str:
    """The digest of the plan that the finding of a rule shows."""
    return offer.digest if offer is not None and rule in offer.rules else ""
