"""Inspect: read the present state that a trigger points at, judge it, compare it with the ledger, and tell.

What is to be told is written into the ledger with the finding, before it is told: a crash in between tells it again
from there, under the same id, and a look that lost a race tells nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import ceil

import engine
from aws.calls import CallFailed
from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import History, Ledger, LedgerConflict
from aws.roles import Roles
from aws.security_hub import SecurityHub
from domain.ecs.container import Container
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Fact, FactKind, Known, Newest, RunningTask, Unavailable, state_of
from domain.findings.finding import FindingState, Transition
from domain.findings.users import UNUSED, Running, Seen, User, Users, capped, in_use, users_of
from domain.places import Place, Revision
from domain.remediation.attempt import held_open
from domain.remediation.plan import Plan
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Mode, Standard, StandardInvalid
from domain.subject import Subject, SubjectId
from domain.triggers.reading import Ignored, TriggerUnreadable, read
from domain.triggers.trigger import (
    ApprovalTrigger,
    DeletedTrigger,
    FamilyTrigger,
    ParameterTrigger,
    RoleTrigger,
    RunTaskTrigger,
    ServiceTrigger,
    TaskDefinitionTrigger,
    Trigger,
)
from domain.verdict import Compliant, Drifted, Unknown, Verdict
from domain.workload import CONFIG_VARIABLE, Workload, config_uris
from operations.facts import FactReader, runs_on_fargate
from operations.inspection.publishing import Publisher
from operations.inspection.recording import Batch, ComeAgain, Look, Recorder
from operations.inspection.requesting import Requester
from operations.inspection.sharing import Sharing, Word
from operations.planning import Planner
from operations.standards import Edition, Standards
from operations.unexpected import described

_RACES = 4
_SKEW = timedelta(seconds=1)  # between the clocks of two workers
_LONGEST_DELAY = 900  # seconds that SQS takes
_SETTLES = "service.collector-running"
"""The rule that waits until tasks have settled."""
_LATELY = timedelta(minutes=5)  # a function's look takes one at most
_AT_ONCE = 10  # dependents of a parameter or role that are judged within one message; more are sent back to the queue
_PAGE = 300  # of them that one message sends back: a function has a minute


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one message, for log and metrics."""

    looked_at: str
    verdicts: Mapping[str, int] = field(default_factory=dict)
    transitions: tuple[Transition, ...] = ()
    unknown: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    """The drifted verdicts' rules."""
    called_at: datetime | None = None
    ignored: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a message has to come again. `reason` is a sentence; `unreadable` where coming again will not help."""

    reason: str
    unreadable: bool = False


type Outcome = Done | Failed


@dataclass(frozen=True, slots=True)
class Inspector:
    """The use case; its parts come from operations.wiring."""

    ecs: Ecs
    roles: Roles
    hub: SecurityHub
    ledger: Ledger
    alerts: Topic
    operations: Topic
    changes: Queue
    remediations: Queue
    standards: Standards
    reader: Callable[[], FactReader]
    planner: Planner
    docs: str
    release: str
    stack: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def teller(self) -> Publisher:
        return Publisher(self.hub, self.ledger, self.alerts, self.operations, self.remediations)

    @property
    def requester(self) -> Requester:
        return Requester(self.planner, self.ledger, self.remediations)

    @property
    def recorder(self) -> Recorder:
        return Recorder(self.hub, self.ledger, self.planner, self.docs, self.release, self.stack, self.now)

    @property
    def catalogue(self) -> Sequence[Rule]:
        return self.planner.catalogue

    def inspect(self, messages: Mapping[str, str]) -> Mapping[str, Outcome]:
        """Message id → body; what came of each. What is told goes out in as few calls as it can."""
        outcomes = dict[str, Outcome]()
        triggers = dict[str, Trigger]()
        for message, body in messages.items():
            try:
                found = read(body)
            except TriggerUnreadable as unreadable:
                outcomes[message] = Failed(str(unreadable), unreadable=True)
                continue
            if isinstance(found, Ignored):
                outcomes[message] = Done("nothing", ignored=found.reason)
            else:
                triggers[message] = found
        if not triggers:
            return outcomes
        try:
            batch = Batch(self.standards.current(), self.reader(), self.now())
        except (StandardInvalid, CallFailed) as error:
            return outcomes | dict.fromkeys(triggers, Failed(self._no_standard(error)))
        for message, trigger in triggers.items():
            outcomes[message] = self._one(message, trigger, batch)
        failed = {each: Failed(why) for each, why in self.teller.tell(batch.rows, batch.requests).items()}
        return {message: failed.get(message, outcome) for message, outcome in outcomes.items()}

    def _one(self, message: str, trigger: Trigger, batch: Batch) -> Outcome:
        try:
            return self._look(message, trigger, batch)
        except (CallFailed, LedgerConflict, ComeAgain) as error:
            return Failed(str(error))
        except engine.Disagreement as error:
            self.teller.notice(f"disagreement/{trigger.place}", "Outrider: two fixes undo one another", str(error))
            return Failed(str(error))
        except Exception as error:  # noqa: BLE001 - what nobody thought of in one document is not to hold back the others
            return Failed(described(error))

    def _look(self, message: str, trigger: Trigger, batch: Batch) -> Done:
        match trigger:
            case TaskDefinitionTrigger():
                return self._family(message, trigger, batch, trigger.looks_at, trigger.revision)
            case FamilyTrigger(family=family) if trigger.changed:
                return self._with_services(message, trigger, batch, [SubjectId(trigger.place, Subject.FAMILY, family)])
            case FamilyTrigger(family=family):
                return self._family(message, trigger, batch, family, None, again=True)
            case RunTaskTrigger(family=family):
                return self._family(message, trigger, batch, family, None, again=True)
            case DeletedTrigger(families=families):
                named = [SubjectId(trigger.place, Subject.FAMILY, family) for family in families]
                return self._each(message, trigger, batch, named)
            case ServiceTrigger(title=title):
                return self._service(message, trigger, batch, title)
            case ParameterTrigger(name=name):
                return self._dependents(message, trigger, batch, [SubjectId(trigger.place, Subject.PARAMETER, name)])
            case ApprovalTrigger():
                ignored = self.requester.approve(trigger, self.now())
                return Done(trigger.finding, called_at=trigger.when, ignored=ignored)
            case RoleTrigger(role=role, policy=policy):
                names = [role] if role else self.roles.with_policy(trigger.place, policy) if policy else []
                roles = [SubjectId(trigger.place, Subject.ROLE, name) for name in names]
                return self._dependents(message, trigger, batch, roles)

    def _family(  # noqa: PLR0913 - what one look at a family is made of
        self, message: str, trigger: Trigger, batch: Batch, family: str, named: Revision | None, *, again: bool = False
    ) -> Done:
        subject = SubjectId(trigger.place, Subject.FAMILY, family)
        lost = False
        for _ in range(_RACES):
            history = self.ledger.history(subject)
            if lost or batch.older_than(history):
                # The facts at hand may be older than those of the look that is written down.
                batch.reader, batch.since = self.reader(), self.now()
            if not again and self._knows(history, trigger, named, batch.edition):
                self._untold(message, batch, history)
                return Done(family, called_at=trigger.when, ignored="it was judged before")
            history = self._seen(history, trigger)
            task = self._newest(subject, _known(history, trigger) if again else 0)
            try:
                return self._judge_family(message, trigger, batch, history, task)
            except LedgerConflict:
                lost = True
        raise LedgerConflict(f"{family} is being written by other workers")

    def _seen(self, history: History, trigger: Trigger) -> History:
        """With the tasks that no service started and that the message tells of, where they were seen later."""
        match trigger:
            case FamilyTrigger(tasks=tasks, listed=listed):
                sights, at = tasks, listed or trigger.when or self.now()
            case RunTaskTrigger():
                sights, at = {trigger.ran_in: trigger.sight}, trigger.when or self.now()
            case _:
                return history
        seen = dict(history.seen)
        for cluster, sight in sights.items():
            if (before := seen.get(cluster)) is None or before.at < at:
                seen[cluster] = Seen(sight.revision, sight.tasks, at, sight.platform)
                self.ledger.subjects.saw(history.subject, cluster, seen[cluster])
        return replace(history, seen=seen)

    def _untold(self, message: str, batch: Batch, history: History) -> None:
        """What an earlier look at the family, and at what it leans on, recorded and could not tell."""
        keys = (*history.leans, *history.untold)
        for each in (history, *(self.ledger.history(SubjectId.parse(key)) for key in keys)):
            batch.rows[message] += [row for row in each.rows.values() if row.pending]
        batch.requests[message] += [history] if history.request else []

    @staticmethod
    def _knows(history: History, trigger: Trigger, named: Revision | None, edition: Edition) -> bool:
        """Whether the event tells of a revision that was judged by this standard, or of an older one."""
        registered = trigger.event in {"RegisterTaskDefinition", ""}
        return bool(
            registered
            and named
            and history.version
            and named.number <= history.order
            and history.standard == edition.digest
        )

    def _newest(self, subject: SubjectId, known: int) -> TaskDefinition | None:
        """The newest active revision; from the ledger where its number is `known`."""
        if known:
            kept = self.ledger.revisions.kept(Revision(subject.place, subject.name, known))
            if kept is not None:
                return kept
        task = self.ecs.task_definition(subject.place, subject.name)
        if task is not None and not task.active:
            return None
        revision = Revision.parse(task.arn or "") if task else None
        return self._kept(task, revision)

    def _judge_family(
        self, message: str, trigger: Trigger, batch: Batch, history: History, task: TaskDefinition | None
    ) -> Done:
        subject, place, standard = history.subject, trigger.place, batch.edition.standard
        if task is None:
            return self._gone(message, trigger, batch, history)
        runs_on = runs_on_fargate(task, history.services)
        now = self.now()
        standalone = tuple((name, seen.platform) for name, seen in sorted(history.seen.items()) if seen.counts(now))
        workload = Workload(
            place,
            task,
            patterns=standard.collector.also,
            runs_on=runs_on,
            standalone=standalone,
            read_at=now,
        )
        revision = workload.revision or Revision(place, subject.name, 0)
        if revision.number < history.order and self._stands(Revision(place, subject.name, history.order)):
            return Done(subject.name, called_at=trigger.when, ignored=f"{subject.name}:{history.order} is newer")
        leans, beside = list[SubjectId](), list[SubjectId]()
        users = users_of(subject.name, history.services, history.seen, now)
        sharing = self._sharing(message, trigger, batch, subject, users)
        if engine.out_of_scope(workload, standard) is None:
            leans = _leans(workload)
            beside = self._beside(leans, workload, users)
            known, history = history, sharing.leaning(history, [*leans, *beside])
            if history is not known:
                batch.written[subject] = history.version
            kinds = engine.needs(rule for rule in self.catalogue if rule.subject is not Subject.SERVICE)
            workload = batch.reader.with_facts(workload, kinds)
        verdicts = engine.evaluate(workload, standard, self.catalogue)
        plan = self.planner.plan(workload, standard, verdicts, batch.reader, Mode.REPORT, explains=True)
        missing = _missing(workload, verdicts, plan)
        # The family last: while its look is not written, a message that comes again does all of this again.
        told = sharing.leaving(history, leans, beside, same=revision.number == history.order)
        for on in leans:
            spoken = {verdict.rule: verdict for verdict in verdicts if verdict.subject == on}
            told += sharing.say(history, on, workload.read_at, _state(workload, on), spoken)
        if revision.number != history.order:
            self._look_again_at(history, standard)
        spoken = self._as_used(history, workload, users, verdicts, batch)
        if history.services and _falls(history, spoken):
            # Events come in any order: what runs again is not to fall, and then to be raised and told once more.
            users = users_of(subject.name, self._present(history), history.seen, workload.read_at)
            spoken = self._as_used(history, workload, users, verdicts, batch)
        request = self.requester.for_family(history, workload, verdicts, trigger, standard, batch.reader)
        look = Look(
            subject,
            revision.arn,
            revision.number,
            spoken,
            plan,
            workload.read_at,
            complete=not any(fact.transient for fact in missing),
            users=Users.of(users),
            kept=_open(history) if held_open(history.attempts, revision.number) else frozenset(),
            revision=str(revision),
            asked=request is not None,
            roles=_roles(workload),
            parameters=frozenset(on.key for on in workload.subject(Subject.PARAMETER)),
        )
        keys = tuple(on.key for on in (*leans, *beside))
        told += self.recorder.record(message, trigger, batch, history, look, keys, request)
        self._come_again_where(workload, missing)
        return self._done(subject.name, trigger, verdicts, told)

    def _as_used(
        self,
        history: History,
        workload: Workload,
        users: Sequence[User],
        verdicts: Sequence[Verdict],
        batch: Batch,
    ) -> dict[str, Verdict]:
        """What the rules say of the family: at most LOW where nothing runs its newest revision.

        Unless what does run drifts by the same rule: else each deployment would lower and raise the finding.
        """
        spoken = {verdict.rule: verdict for verdict in verdicts if verdict.subject == history.subject}
        newest = workload.revision
        grave = any(isinstance(verdict, Drifted) and verdict.severity > UNUSED for verdict in spoken.values())
        if newest is None or not grave or in_use(users, newest.number):
            return spoken
        most = defaultdict[str, Severity](lambda: UNUSED)
        for number in sorted({user.revision for user in users}):
            for rule, severity in self._drift_of(replace(newest, number=number), workload, history, batch).items():
                most[rule] = max(most[rule], severity)
        return {
            rule: capped(verdict, most[rule]) if isinstance(verdict, Drifted) else verdict
            for rule, verdict in spoken.items()
        }

    def _drift_of(
        self, running: Revision, workload: Workload, history: History, batch: Batch
    ) -> Mapping[str, Severity]:
        """How severely an earlier revision that runs drifts, by rule. What cannot be told leaves a finding as it is."""
        stands = {
            rule: row.finding.severity for rule, row in history.rows.items() if row.finding.state is FindingState.OPEN
        }
        task = self._revision(running)
        if task is None:
            return stands
        rules = [rule for rule in self.catalogue if rule.subject is Subject.FAMILY]
        earlier = workload.with_task(task.with_(status="ACTIVE"))  # deregistered or not, it runs
        verdicts = engine.evaluate(batch.reader.with_facts(earlier, engine.needs(rules)), batch.edition.standard, rules)
        drifted = {verdict.rule: verdict.severity for verdict in verdicts if isinstance(verdict, Drifted)}
        unknown = {verdict.rule for verdict in verdicts if isinstance(verdict, Unknown)}
        return drifted | {rule: severity for rule, severity in stands.items() if rule in unknown}

    def _beside(self, leans: Sequence[SubjectId], workload: Workload, users: Sequence[User]) -> list[SubjectId]:
        """What only earlier revisions lean on that run: their services are judged by it, and how grave a drift is."""
        newest, found = workload.revision, dict[SubjectId, None]()
        if newest is None:
            return []
        for number in sorted({user.revision for user in users} - {newest.number, 0}):
            if (task := self._revision(replace(newest, number=number))) is not None:
                found |= dict.fromkeys(_leans(workload.with_task(task)))
        return [on for on in found if on not in leans]

    def _present(self, history: History) -> dict[str, Running]:
        """What the family's services run just now; the ledger hears of it when their own events are looked at."""
        found = dict[str, Running]()
        for title in history.services:
            service = self.ecs.service(history.subject.place, title)
            revision = Revision.parse(service.task_definition) if service else None
            if service is not None and revision is not None and SubjectId.of_family(revision) == history.subject:
                found[title] = Running(bool(service.fargate), revision.number, service.desired)
        return found

    def _gone(self, message: str, trigger: Trigger, batch: Batch, history: History) -> Done:
        """A family without an active revision: no finding of its own, and it leans on nothing."""
        subject = history.subject
        told = self._sharing(message, trigger, batch, subject).leaving(history, [])
        if history.order:
            self.ledger.revisions.forget(Revision(subject.place, subject.name, history.order))
        self._look_again_at(history, batch.edition.standard)
        arn = subject.place.arn("ecs", f"task-definition/{subject.name}")
        look = Look(subject, arn, history.order, {}, None, self.now())
        told += self.recorder.record(message, trigger, batch, history, look, ())
        return Done(subject.name, transitions=tuple(told), called_at=trigger.when)

    def _stands(self, revision: Revision) -> bool:
        """Whether a revision is still active: where it is not, an older one counts again."""
        found = self.ecs.task_definition(revision.place, revision.arn)
        return found is not None and found.active

    def _look_again_at(self, history: History, standard: Standard) -> None:
        """The services that run the family: what is newest, and so better than what they run, is another now.

        Once a pipeline has had the time to deploy what it registered.
        """
        for title in history.services:
            place = history.subject.place
            later = ServiceTrigger(account=place.account, region=place.region, service=title)
            body = later.model_dump_json(include={"kind", "account", "region", "service"})
            self.changes.send(body, delay=min(standard.services.settling_minutes * 60, _LONGEST_DELAY))

    def _sharing(
        self, message: str, trigger: Trigger, batch: Batch, family: SubjectId, users: Sequence[User] = ()
    ) -> Sharing:
        """What a family leans on, and shares with others."""

        def record(history: History, word: Word | None, of: History) -> list[Transition]:
            if word is None:
                batch.rows[message] += [row for row in history.rows.values() if row.pending]
                return []
            look = Look(
                history.subject,
                word.resource,
                word.order,
                word.verdicts,
                None,
                word.read_at,
                users=word.users,
                given=of,
                judged=word.read,
            )
            return self.recorder.record(message, trigger, batch, history, look, (), ran=word.state)

        enough = _enough(trigger, batch.since)
        rules = frozenset(rule.id for rule in self.catalogue)
        return Sharing(self.ledger, family, batch.edition.digest, batch.since, enough, record, self.now, rules, users)

    def _service(self, message: str, trigger: Trigger, batch: Batch, title: str) -> Done:
        subject = SubjectId(trigger.place, Subject.SERVICE, title)
        for _ in range(_RACES):
            history = self.ledger.history(subject)
            try:
                return self._judge_service(message, trigger, batch, history)
            except LedgerConflict:
                continue
        raise LedgerConflict(f"{title} is being written by other workers")

    def _judge_service(self, message: str, trigger: Trigger, batch: Batch, history: History) -> Done:
        subject, place, standard = history.subject, trigger.place, batch.edition.standard
        read_at = self.now()
        service = self.ecs.service(place, subject.name)
        revision = Revision.parse(service.task_definition) if service else None
        families = [SubjectId.parse(key) for key in history.leans]
        task = self._revision(revision) if revision else None
        order = int(read_at.timestamp() * 1000)
        if service is None or revision is None or task is None:
            history = self._runs(history, dict.fromkeys(families)) if families else history
            judged = self._each(message, trigger, batch, families)
            look = Look(subject, place.arn("ecs", f"service/{subject.name}"), order, {}, None, read_at)
            told = self.recorder.record(message, trigger, batch, history, look, ())
            return Done(subject.name, transitions=(*told, *judged.transitions), called_at=trigger.when)
        workload = Workload(
            place, task, service, patterns=standard.collector.also, runs_on=service.fargate, read_at=read_at
        )
        rules = [rule for rule in self.catalogue if rule.subject is Subject.SERVICE]
        workload = batch.reader.with_facts(workload, engine.needs(rules))
        family = SubjectId.of_family(revision)
        known = self.ledger.history(family)
        newest = self._newest_of(known, revision, workload, batch)
        workload = replace(workload, facts=replace(workload.facts, newest=newest))
        verdicts = engine.evaluate(workload, standard, rules)
        moved = [old for old in families if old != family]
        running = Running(bool(service.fargate), revision.number, service.desired)
        stood = known.services.get(subject.name)
        if moved or stood != running:
            history = self._runs(history, {**dict.fromkeys(moved), family: running})
        # A service may bring a family into scope or take it out, and what it runs says how much a drift matters; how
        # many tasks it wants does not. Before it is recorded: else a failure would lose this.
        ran = f"{revision}{' on Fargate' if running.fargate else ''}"
        same = ran == history.ran and stood is not None and replace(stood, tasks=running.tasks) == running
        judged = self._each(message, trigger, batch, moved if same else [*moved, family])
        mine = {verdict.rule: verdict for verdict in verdicts if verdict.subject == subject}
        plan = self.planner.plan(workload, standard, verdicts, batch.reader, Mode.REPORT, explains=True)
        under_way = self.requester.wake(known, subject.name)
        kept = _open(history) if under_way else frozenset()
        request = None
        if not under_way:
            request = self.requester.for_service(known, workload, verdicts, standard, batch.reader)
        asked = request is not None
        look = Look(
            subject,
            service.arn,
            order,
            mine,
            plan,
            read_at,
            kept=kept,
            asked=asked,
            revision=str(revision),
            parameters=frozenset(on.key for on in workload.subject(Subject.PARAMETER)),
            deployed=service.primary.created if service.primary is not None else None,
        )
        told = self.recorder.record(message, trigger, batch, history, look, (family.key,), request, ran=ran)
        self._look_again_when_settled(trigger, workload, mine.get(_SETTLES), standard)
        self._come_again_where(workload, _missing(workload, verdicts, plan))
        done = self._done(subject.name, trigger, verdicts, told)
        return replace(
            done, transitions=(*done.transitions, *judged.transitions), unknown=(*done.unknown, *judged.unknown)
        )

    def _look_again_when_settled(
        self, trigger: Trigger, workload: Workload, spoken: Verdict | None, standard: Standard
    ) -> None:
        """The service, once tasks have settled that are too young for their collectors to be judged.

        Those in which a collector is not running already, as no further event tells of it; and all of a deployment that
        is complete. A look that was sent so asks for another only while the tasks that it was sent for are young: SQS
        holds no message back for longer than a quarter of an hour.
        """
        tasks, collector = workload.facts.running, workload.collector
        if not isinstance(spoken, Compliant | Drifted) or not isinstance(tasks, Known) or collector is None:
            return
        rule = next(rule for rule in self.catalogue if rule.id == _SETTLES)
        settling = timedelta(minutes=standard.setting(rule, workload).standard.services.settling_minutes)
        before = trigger.settled if isinstance(trigger, ServiceTrigger) else None
        complete = trigger.event == "SERVICE_DEPLOYMENT_COMPLETED"
        settled = [
            task.started + settling
            for task in tasks.value
            if task.started is not None
            and workload.read_at < task.started + settling
            and (task.started + settling <= before if before else complete or _is_down(task, collector.name))
        ]
        if settled:
            place, last = workload.place, max(settled)
            wait = min(ceil((last - workload.read_at).total_seconds()), _LONGEST_DELAY)
            title = workload.service.title if workload.service is not None else ""
            later = ServiceTrigger(account=place.account, region=place.region, service=title, settled=last)
            body = later.model_dump_json(include={"kind", "account", "region", "service", "settled"})
            self.changes.send(body, delay=wait)

    def _runs(self, service: History, runs: Mapping[SubjectId, Running | None]) -> History:
        """Write down what a service runs of each family. It leans on all of them until they have been looked at."""
        return self.ledger.subjects.record(
            service,
            [],
            order=service.order,
            read_at=self.now(),
            standard=service.standard,
            leans={*service.leans, *(family.key for family in runs)},
            ran=service.ran,
            request=service.request,
            offer=service.offer,
            runs=runs,
        )

    def _newest_of(self, known: History, running: Revision, workload: Workload, batch: Batch) -> Fact[Newest]:
        """The family's newest revision, and the rules that the running one breaks and it does not."""
        try:
            task = workload.task if known.order == running.number else self._newest(known.subject, known.order)
        except CallFailed as failed:
            return Unavailable(str(failed), transient=failed.transient)
        return self.planner.newest(workload, task, batch.edition.standard, batch.reader)

    def _revision(self, revision: Revision) -> TaskDefinition | None:
        return self.ledger.revisions.kept(revision) or self._kept(
            self.ecs.task_definition(revision.place, revision.arn), revision
        )

    def _kept(self, task: TaskDefinition | None, revision: Revision | None) -> TaskDefinition | None:
        """A revision that was read is kept, unless it holds what is not to be."""
        if task is not None and revision is not None and not any(_configured_in_plain(c) for c in task.containers):
            self.ledger.revisions.keep(revision, task.without_values())
        return task

    def _dependents(
        self, message: str, trigger: ParameterTrigger | RoleTrigger, batch: Batch, subjects: Sequence[SubjectId]
    ) -> Done:
        """Look again at every family that leans on a parameter or role. Many are sent on, a page by each message."""
        leaning = defaultdict[str, list[str]](list)  # by family, what of that has changed
        for subject in subjects:
            for family in self.ledger.dependents.of(subject):
                leaning[family.key].append(subject.key)
        families = [SubjectId.parse(key) for key in sorted(leaning) if key > trigger.after]
        if len(families) > _AT_ONCE:
            page = families[:_PAGE]
            bodies = [
                FamilyTrigger(
                    account=family.place.account,
                    region=family.place.region,
                    family=family.name,
                    **trigger.origin | {"changed": leaning[family.key]},
                ).message
                for family in page
            ]
            if len(families) > len(page):
                bodies.append(trigger.model_copy(update={"after": page[-1].key}).message)
            self.changes.send_all(bodies)
            told = f"{len(page)} of {len(families)} families, each by a message of its own"
            return Done(told, called_at=trigger.when)
        changed = tuple(dict.fromkeys(key for family in families for key in leaning[family.key]))
        trigger = trigger.model_copy(update={"changed": changed})
        done = self._with_services(message, trigger, batch, families)
        return done if families else replace(done, ignored="no family leans on it")

    def _with_services(self, message: str, trigger: Trigger, batch: Batch, families: Sequence[SubjectId]) -> Done:
        """Look again at some families, and have the services looked at that run them: each by a message of its own.

        Where only roles changed, those that run an earlier revision than the newest: a service is no better or worse
        for its roles by itself.
        """
        done = self._each(message, trigger, batch, families)
        roles = all(SubjectId.parse(key).kind is Subject.ROLE for key in trigger.changed)
        services = [
            (history.subject.place, title)
            for history in map(self.ledger.history, families)
            for title, running in history.services.items()
            if not roles or running.revision != history.order
        ]
        self.changes.send_all(
            ServiceTrigger(account=place.account, region=place.region, service=title, **trigger.origin).message
            for place, title in services
        )
        return done

    def _each(self, message: str, trigger: Trigger, batch: Batch, families: Iterable[SubjectId]) -> Done:
        """Look again at some families; one that cannot be judged does not hold back the others."""
        done, failures = list[Done](), list[CallFailed | LedgerConflict | ComeAgain]()
        for family in families:
            try:
                at = _at(trigger, family.place)
                done.append(self._family(message, at, batch, family.name, None, again=True))
            except (CallFailed, LedgerConflict, ComeAgain) as failure:
                failures.append(failure)
        if failures:
            raise failures[0]
        counts = defaultdict[str, int](int)
        for kind, count in (item for each in done for item in each.verdicts.items()):
            counts[kind] += count
        return Done(
            ", ".join(each.looked_at for each in done) or "nothing",
            counts,
            transitions=tuple(t for each in done for t in each.transitions),
            unknown=tuple(u for each in done for u in each.unknown),
            drifted=tuple(rule for each in done for rule in each.drifted),
            called_at=trigger.when,
        )

    def _come_again_where(self, workload: Workload, missing: Iterable[Unavailable]) -> None:
        """Facts that could not be read: told to operations once, and looked for again where that may help."""
        for fact in missing:
            call = fact.reason.partition(" on ")[0]
            text = f"In {workload.place}: {fact.reason}. What leans on it is Unknown until then; no finding was closed."
            self.teller.notice(f"unread/{workload.place.account}/{call}", "Outrider: a fact cannot be read", text)
        if passing := [fact.reason for fact in missing if fact.transient]:
            raise ComeAgain("; ".join(passing))

    def _no_standard(self, error: StandardInvalid | CallFailed) -> str:
        self.teller.notice(
            "standard",
            "Outrider: the standard cannot be used",
            "Nothing is judged until it is corrected. Messages come again for half an hour, and lie in the DLQ then."
            f"\n{error}",
            hours=1,
        )
        return str(error)

    @staticmethod
    def _done(name: str, trigger: Trigger, verdicts: Sequence[Verdict], told: Sequence[Transition]) -> Done:
        counts = defaultdict[str, int](int)
        for verdict in verdicts:
            counts[type(verdict).__name__] += 1
        unknown = tuple(f"{v.rule}: {reason}" for v in verdicts if isinstance(v, Unknown) for reason in v.reasons)
        drifted = tuple(verdict.rule for verdict in verdicts if isinstance(verdict, Drifted))
        return Done(name, counts, tuple(told), unknown, drifted, trigger.when)


def _roles(workload: Workload) -> dict[FactKind, str]:
    task = workload.task
    named = {FactKind.EXECUTION_ROLE: task.execution_role, FactKind.TASK_ROLE: task.task_role}
    return {kind: arn for kind, name in named.items() if (arn := workload.role_arn(name)) is not None}


def _is_down(task: RunningTask, collector: str) -> bool:
    return any(each.name == collector and each.status != "RUNNING" for each in task.containers)


def _enough(trigger: Trigger, since: datetime) -> datetime | None:
    """Since when another's look at a parameter or role speaks for one that finds the same.

    Where it is looked at because it changed: since it changed, so that whoever read it before is overtaken.
    """
    lately = since - _LATELY
    if not isinstance(trigger, ParameterTrigger | RoleTrigger | FamilyTrigger):
        return lately
    if isinstance(trigger, FamilyTrigger) and not trigger.changed:
        return lately
    return max(lately, trigger.when + 2 * _SKEW) if trigger.when else None  # events tell whole seconds


def _state(workload: Workload, on: SubjectId) -> str:
    """What a parameter or role was in as it was read."""
    facts = workload.facts
    if on.kind is Subject.PARAMETER:
        return state_of(facts.parameter)
    taken = workload.role_arn(workload.task.execution_role) == on.name
    return state_of(facts.execution_role if taken else facts.task_role)


def _leans(workload: Workload) -> list[SubjectId]:
    return [on for kind in (Subject.PARAMETER, Subject.ROLE) for on in workload.subject(kind)]


def _open(history: History) -> frozenset[str]:
    return frozenset(rule for rule, row in history.rows.items() if row.finding.state is FindingState.OPEN)


def _falls(history: History, spoken: Mapping[str, Verdict]) -> bool:
    """Whether an open finding becomes less severe."""
    stands = {
        rule: row.finding.severity for rule, row in history.rows.items() if row.finding.state is FindingState.OPEN
    }
    return any(
        isinstance(verdict, Drifted) and verdict.severity < stands.get(rule, verdict.severity)
        for rule, verdict in spoken.items()
    )


def _missing(workload: Workload, verdicts: Iterable[Verdict], plan: Plan | None) -> list[Unavailable]:
    """The facts that could not be read and that a verdict, or the safety of a plan, hangs on."""
    unknown = [reason for verdict in verdicts if isinstance(verdict, Unknown) for reason in verdict.reasons]
    unread = [fact for fact in _unread(workload) if any(reason.endswith(fact.reason) for reason in unknown)]
    planned = [fact for fact in _unread(plan.after) if fact.transient] if plan is not None else []
    return list({fact.reason: fact for fact in (*unread, *planned)}.values())


def _unread(workload: Workload) -> list[Unavailable]:
    facts = workload.facts
    read = (facts.parameter, facts.approved_parameter, facts.execution_role, facts.task_role, facts.running)
    return [fact for fact in (*read, facts.newest, *facts.log_groups.values()) if isinstance(fact, Unavailable)]


def _configured_in_plain(container: Container) -> bool:
    """A configuration in a plain value is judged, and not kept: such a revision is read each time."""
    named = {uri.removeprefix("env:").partition(":-")[0] for uri in config_uris(container) if uri.startswith("env:")}
    return bool((named | {CONFIG_VARIABLE}) & container.environment.keys())


def _known(history: History, trigger: Trigger) -> int:
    """The number of the family's newest revision; 0 where ECS is to be asked for it."""
    match trigger:
        case FamilyTrigger(revision=int() as number) if number != history.order:
            return 0  # what the sweep saw, and is not the last one here, may be deregistered by now
        case DeletedTrigger():
            return 0
        case _:
            return history.order


def _at(trigger: Trigger, place: Place) -> Trigger:
    """The same event, for a family in another place."""
    return trigger.model_copy(update={"account": place.account, "region": place.region})
