"""Correcting: one attempt at a correction, from wherever it stands to its end.

Every step leaves a mark in the ledger before it is taken, so that a crash between any two is taken up by the next
delivery and nothing is done twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import engine
from aws.calls import CallFailed
from aws.channels import Queue, Topic
from aws.ecs import Ecs, registrable_members
from aws.ledger import History, Ledger
from aws.security_hub import SecurityHub
from domain.ecs.ownership import owner_of
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Fact, Known, Newest
from domain.findings.alert import Alert
from domain.places import Place, Revision
from domain.remediation.attempt import Attempt, AttemptState, Quarantine, own_step
from domain.remediation.plan import Plan
from domain.remediation.rollout import Rollout, Stage, Target, deployment_of, forbids, runs
from domain.standard import Mode, Standard, any_matches
from domain.subject import Subject, SubjectId
from domain.triggers.actor import Actor
from domain.triggers.trigger import FamilyTrigger, ServiceTrigger
from domain.verdict import Drifted, Unknown
from domain.workload import Workload
from operations.facts import FactReader, runs_on_fargate, unread
from operations.planning import MOVES, Planner
from operations.remediation.guards import (
    TAG,
    Later,
    Refused,
    allows,
    fought,
    may_try,
    not_fought,
    not_left,
    registrable,
    settled,
)
from operations.remediation.rates import Rates
from operations.remediation.rollouts import SWITCHED_OFF, Rollouts
from operations.standards import Standards
from reports.outcomes import outcome_of
from reports.source import fragments


class NotRead(Exception):
    """Facts that may be readable later: nothing is corrected without them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request. `registered` is the new revision; `guard` the one that forbade, for now or for good.

    `attempt` is the key of the attempt that the ledger keeps of it; `pending` what is to be told where it keeps none.
    """

    state: AttemptState
    source: Revision
    registered: Revision | None = None
    reasons: tuple[str, ...] = ()
    guard: str = ""
    rollouts: tuple[Rollout, ...] = ()
    attempt: str = ""
    pending: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, attempt: Attempt) -> "Outcome":
        """How an attempt stands."""
        return cls(
            attempt.state,
            attempt.source,
            attempt.correction,
            attempt.reasons,
            attempt.guard,
            attempt.rollouts,
            attempt.key,
        )

    @classmethod
    def nothing(cls, source: Revision, reason: str) -> "Outcome":
        """Nothing was to be done."""
        return cls(AttemptState.NOTHING, source, reasons=(reason,))

    @property
    def guards(self) -> frozenset[str]:
        """Those that forbid something, of the whole or of one service, for now or for good."""
        held = {each.guard for each in self.rollouts if each.stage in {Stage.PENDING, Stage.LEFT}}
        return frozenset({self.guard, *held} - {""})


@dataclass(frozen=True, slots=True)
class Corrector:
    """Carries attempts out. Its parts come from operations.wiring.

    `switch` says why nothing may be corrected now; empty where it may.
    """

    ecs: Ecs
    hub: SecurityHub
    ledger: Ledger
    alerts: Topic
    changes: Queue
    standards: Standards
    reader: Callable[[], FactReader]
    planner: Planner
    switch: Callable[[], str]
    image_repositories: Sequence[str]
    release: str
    stack: str = ""
    pause: Callable[[float], None] | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    # --- one attempt, from wherever it stands ------------------------------------------------------------------------

    def go_on(self, attempt: Attempt, history: History) -> Outcome:
        """As far as an attempt goes now. StandardInvalid, NotRead, CallFailed: it is to come again."""
        if attempt.state.ended:
            return self._told(attempt)
        if attempt.state is AttemptState.ROLLING:
            return self.roll(attempt)
        try:
            begun = self._correct_service(attempt, history) if attempt.service else self._correct(attempt, history)
        except Later as later:
            return self._wait(attempt, later)
        except (Refused, engine.Disagreement) as refused:
            guard = refused.guard if isinstance(refused, Refused) else "disagreement"
            return self._refuse(attempt, history, guard, str(refused))
        return begun if isinstance(begun, Outcome) else self.roll(begun)

    def _wait(self, attempt: Attempt, later: Later) -> Outcome:
        """It is tried again when it is due; not for ever."""
        standard = self.standards.current().standard
        if self.now() >= attempt.time + timedelta(hours=standard.remediation.window_hours):
            return self._end(attempt, AttemptState.REFUSED, guard=later.guard, reasons=(str(later),))
        waiting = replace(attempt, state=AttemptState.WAITING, guard=later.guard, reasons=(str(later),), due=later.due)
        return Outcome.of(self.ledger.attempts.write(waiting))

    def _refuse(self, attempt: Attempt, history: History, guard: str, reason: str) -> Outcome:
        held = history.attempt(attempt.key)
        if attempt.approved and (held is None or held.asked != attempt.asked):
            return self.not_kept(attempt, guard, reason)
        standard = self.standards.current().standard
        quiet = guard == "attempts" and fought(attempt, history, standard, self.now())
        return self._end(attempt, AttemptState.REFUSED, guard=guard, reasons=(reason,), quiet=quiet)

    def _drop(self, attempt: Attempt, history: History, reason: str) -> Outcome:
        """There is nothing to do. One that was waiting is waited for no longer."""
        if history.attempt(attempt.key) is None:
            return Outcome.nothing(attempt.source, reason)
        return self._end(attempt, AttemptState.NOTHING, reasons=(reason,), quiet=True)

    def _permitted(self, attempt: Attempt, history: History) -> None:
        if off := self.switch():
            raise Later("kill switch", off, self.now() + SWITCHED_OFF)
        if attempt.approved and self.planner.cap.rank < Mode.REGISTER.rank:
            raise Refused("stack", "The stack's RemediationMode is report: it corrects nothing.")
        may_try(attempt, history)

    # --- a revision --------------------------------------------------------------------------------------------------

    def _correct(self, attempt: Attempt, history: History) -> Attempt | Outcome:
        source = attempt.source
        newest = self.ecs.task_definition(source.place, source.family)
        revision = Revision.parse(newest.arn or "") if newest else None
        if newest is None or revision is None:
            return self._drop(attempt, history, "the family has no active revision")
        if attempt.began is not None and (registered := self._taken_up(attempt, revision)) is not None:
            return self._registered(attempt, history, registered)
        if revision != source:
            # Where nothing was done yet, a pipeline that registers often is not told of it each time.
            reason, quiet = f"{revision} is the newest revision now.", attempt.registered is None
            return self._end(attempt, AttemptState.SUPERSEDED, reasons=(reason,), quiet=quiet and not attempt.approved)
        standard = self.standards.current().standard
        plan = self._plan(attempt, newest, history, standard)
        if plan is None or not plan.changes_task:
            return self._drop(attempt, history, "nothing is left to correct")
        self._permitted(attempt, history)
        attempt = attempt.drawn(plan, _written(plan, attempt.actor))
        try:
            not_fought(attempt, history, standard, self.now())
            allows(plan, attempt, standard, self.image_repositories)
            corrected = self._corrected(plan, source)
            registrable(plan, corrected)
            settled(newest, attempt, standard, self.now())
            self._paced(attempt, standard)
        except Refused as refused:
            return self._refuse(attempt, history, refused.guard, str(refused))
        except Later as later:
            return self._wait(attempt, later)
        deploys = attempt.approved or self.planner.modes(plan.fixes, plan.before, standard) is Mode.DEPLOY
        attempt = replace(
            attempt,
            state=AttemptState.STARTED,
            began=self.now(),
            deploys=deploys and self.planner.cap is Mode.DEPLOY,
            guard="",
            reasons=(),
            due=None,
        )
        attempt = self.ledger.attempts.write(attempt)
        try:
            registered = self.ecs.register(source.place, corrected)
        except CallFailed as failed:
            if failed.transient:
                raise
            # As wrong the next time: a person is to hear of it.
            return self._end(attempt, AttemptState.REFUSED, guard="registration", reasons=(f"{failed}.",))
        return self._registered(attempt, history, registered)

    def _paced(self, attempt: Attempt, standard: Standard) -> None:
        """Later where the rates of registrations, which the customer's pipelines share, leave no room now."""
        place, source, paces = attempt.source.place, attempt.source, self._paces()
        paces.within(place, "registrations", str(source), standard.remediation.registrations_per_hour, self.now())
        paces.slot(place, "registrations", self.now())

    def _plan(self, attempt: Attempt, task: TaskDefinition, history: History, standard: Standard) -> Plan | None:
        runs_on = runs_on_fargate(task, history.services)
        place = attempt.source.place
        workload = Workload(place, task, patterns=standard.collector.also, runs_on=runs_on, read_at=self.now())
        return self._planned(attempt, workload, self._suppressed(history), standard)

    def _planned(
        self,
        attempt: Attempt,
        workload: Workload,
        suppressed: frozenset[str],
        standard: Standard,
        left: frozenset[str] = frozenset(),
    ) -> Plan | None:
        """What is `suppressed` is not corrected; what is to be `left` only where a person asks for it."""
        reader = self.reader()
        kinds = engine.needs(self.planner.catalogue)
        workload = reader.with_facts(workload, kinds)
        verdicts = engine.evaluate(workload, standard, self.planner.catalogue)
        least = Mode.DEPLOY if attempt.service else Mode.REGISTER
        plan = self.planner.plan(
            workload,
            standard,
            verdicts,
            reader,
            Mode.REPORT if attempt.approved else least,
            without=frozenset() if attempt.approved else suppressed | left,
        )
        if plan is not None:
            _all_read(plan)
        if attempt.approved:
            _as_approved(attempt, plan, suppressed)
        return plan

    def _suppressed(self, history: History) -> frozenset[str]:
        """The rules whose findings the customer suppressed: they are kept, and not corrected."""
        rules = {row.finding.id: rule for rule, row in history.rows.items()}
        try:
            found = self.hub.suppressed(history.subject.place, list(rules)) if rules else set()
        except CallFailed as failed:
            if failed.transient:
                raise
            if not failed.not_enabled:
                raise Later("suppressed", f"{failed}.", self.now() + SWITCHED_OFF) from None
            found = set()  # no hub: nobody can have suppressed anything
        return frozenset(rules[id_] for id_ in found)

    def _corrected(self, plan: Plan, source: Revision) -> TaskDefinition:
        """What is registered: the members that the API takes, in their order, with the source's tags and ours."""
        ours = {
            f"{TAG}source": str(source.number),
            f"{TAG}plan": plan.digest,
            f"{TAG}release": self.release,
            f"{TAG}rules": " ".join(plan.fixes)[:256],
        }
        return plan.after.task.only(registrable_members()).with_tags(ours)

    def _taken_up(self, attempt: Attempt, newest: Revision) -> Revision | None:
        """After a crash: the revision that this attempt registered, if it came so far.

        The oldest that has its tags: a pipeline that copies a revision copies its tags too, and can do so only then.
        """
        first = attempt.source.number + 1
        later = (replace(newest, number=n) for n in range(first, min(newest.number, first + _LATER) + 1))
        return next((revision for revision in later if self._made(attempt, revision)), None)

    def _made(self, attempt: Attempt, revision: Revision) -> bool:
        """Whether this attempt registered an active revision: its tags tell of plan and source."""
        found = self.ecs.task_definition(revision.place, revision.arn)
        ours = {f"{TAG}plan": attempt.digest, f"{TAG}source": str(attempt.source.number)}
        return found is not None and found.active and ours.items() <= found.tags.items()

    def _registered(self, attempt: Attempt, history: History, registered: Revision) -> Attempt | Outcome:
        """Ours is there. Somebody may have registered between our look and our call: then ours has an old source.

        A number between the two that is inactive now was deregistered before: that is how the source became the newest.
        """
        source = attempt.source
        self.ledger.attempts.registered(registered)
        attempt = replace(attempt, registered=registered.number)
        for number in range(source.number + 1, registered.number):
            between = replace(source, number=number)
            if self._made(attempt, between):  # by another worker, or by a call whose answer was lost
                self._deregister(registered)
                return self._registered(attempt, history, between)
            found = self.ecs.task_definition(between.place, between.arn)
            if found is not None and found.active:
                attempt = self.ledger.attempts.write(
                    attempt
                )  # it is told of, also where the next call is the last for now
                stays = self._deregister(registered)
                reason = f"{source.family} was registered by somebody else at the same time."
                return self._end(attempt, AttemptState.SUPERSEDED, reasons=(reason, *stays))
        rollouts = self._services(attempt, history, registered) if attempt.deploys else ()
        attempt = replace(attempt, rollouts=rollouts)
        if all(rollout.stage.ended for rollout in rollouts):
            return self._end(attempt, AttemptState.REGISTERED, reasons=_left(attempt))
        attempt = replace(attempt, state=AttemptState.ROLLING, due=self.now())
        attempt = replace(attempt, pending=(self._alert(attempt, AttemptState.REGISTERED),))
        return self.ledger.attempts.write(attempt)

    def _services(self, attempt: Attempt, history: History, registered: Revision) -> tuple[Rollout, ...]:
        """The services that run the source now, of those that the ledger knows, canaries first."""
        standard, rollouts = self.standards.current().standard, self._rollouts()
        task = self.ecs.task_definition(registered.place, registered.arn)
        found = list[Rollout]()
        for title in sorted(history.services) if task is not None else ():
            try:
                service = self.ecs.service(registered.place, title)
            except CallFailed as failed:
                if failed.transient:
                    raise
                source, ours = Target(attempt.source.arn), Target(registered.arn)
                first = any_matches(standard.remediation.canary, title)
                unread = Rollout(title, source, ours, self.now(), canary=first)
                found.append(unread.at(Stage.LEFT, self.now(), reason=f"{failed}."))
                continue
            if service is None or task is None or service.task_definition != attempt.source.arn:
                continue
            workload = Workload(registered.place, task, service, patterns=standard.collector.also)
            after = Target(registered.arn, service.platform_version or "")
            name = workload.collector.name if workload.collector else ""
            rollout = rollouts.begin(service, after, standard, collector=name, forced=False)
            if not rollout.stage.ended and (unwanted := self._unwanted(attempt, workload, standard)):
                rollout = rollout.left(*unwanted, self.now())
            found.append(rollout)
        return tuple(sorted(found, key=lambda each: (not each.canary, each.service)))

    def _forbids(self, attempt: Attempt, service: Service) -> tuple[str, str] | None:
        """What may have come to forbid the update of a service since its attempt began; None where nothing has.

        Later and Refused where it is not its turn.
        """
        history = self.ledger.history(attempt.family)
        if history.quarantine is not None:
            return "quarantine", f"The family is left alone: {history.quarantine.reason}"
        if attempt.service:
            self._in_turn(attempt, service, history, self.standards.current().standard)
            history = self.ledger.history(SubjectId(attempt.source.place, Subject.SERVICE, attempt.service))
        silent = self._suppressed(history)
        if found := sorted(silent & set(attempt.rules)):
            return "suppressed", f"The findings of {', '.join(found)} are SUPPRESSED."
        standard = self.standards.current().standard
        task = self.ecs.task_definition(attempt.source.place, service.task_definition)
        if task is None:
            return None
        workload = Workload(attempt.source.place, task, service, patterns=standard.collector.also)
        return self._unwanted(attempt, workload, standard)

    def _unwanted(self, attempt: Attempt, workload: Workload, standard: Standard) -> tuple[str, str] | None:
        if (cap := self.planner.cap) is not Mode.DEPLOY:
            return "stack", f"The stack's RemediationMode is {cap}: it updates no service."
        if attempt.approved:
            return None
        if any(standard.exemption(rule, workload, "") for rule in attempt.rules):
            return "mode", "The standard exempts it now."
        if self.planner.modes(attempt.rules, workload, standard) is not Mode.DEPLOY:
            return "mode", "The standard lets it only be registered."
        return None

    # --- a service alone ---------------------------------------------------------------------------------------------

    def _correct_service(self, attempt: Attempt, history: History) -> Attempt | Outcome:
        place, source = attempt.source.place, attempt.source
        service = self.ecs.service(place, attempt.service)
        task = self.ecs.task_definition(place, source.arn)
        if service is None or task is None:
            return self._drop(attempt, history, "the service is gone")
        if service.task_definition != source.arn or deployment_of(service) != attempt.deployment:
            reason = f"{service.title} was deployed since."
            return self._end(attempt, AttemptState.SUPERSEDED, reasons=(reason,), quiet=not attempt.approved)
        if any(each.rollout(service.title) for each in history.attempts if not each.state.ended):
            raise Later(
                "deployment in progress", f"{service.title} is being corrected.", self.now() + timedelta(minutes=2)
            )
        standard = self.standards.current().standard
        on = SubjectId(place, Subject.SERVICE, service.title)
        suppressed = self._suppressed(self.ledger.history(on))
        workload = Workload(
            place, task, service, patterns=standard.collector.also, runs_on=service.fargate, read_at=self.now()
        )
        newest = self._newest(attempt, workload, standard)
        own = not isinstance(newest, Known) or own_step(history.attempts, source.arn, newest.value.revision)
        workload = replace(workload, facts=replace(workload.facts, newest=newest))
        left = frozenset() if own else frozenset({MOVES})
        plan = self._planned(attempt, workload, suppressed, standard, left)
        wanted = plan.after.service if plan is not None else None
        if plan is None or wanted is None or wanted == service:
            return self._drop(attempt, history, "nothing is left to correct")
        self._permitted(attempt, history)
        if self.planner.cap is not Mode.DEPLOY:
            raise Refused("stack", f"The stack's RemediationMode is {self.planner.cap}: it updates no service.")
        attempt = attempt.drawn(plan, _written(plan, attempt.actor))
        name = workload.collector.name if workload.collector else ""
        forced = "forceNewDeployment" in wanted.json
        rollout = self._rollouts().begin(service, runs(wanted), standard, collector=name, forced=forced)
        try:
            not_fought(attempt, history, standard, self.now())
            allows(plan, attempt, standard, self.image_repositories)
            not_left(rollout)
        except Refused as refused:
            return self._refuse(attempt, history, refused.guard, str(refused))
        started = replace(
            attempt,
            state=AttemptState.ROLLING,
            deploys=True,
            began=self.now(),
            rollouts=(rollout,),
            due=self.now(),
            guard="",
            reasons=(),
        )
        return self.ledger.attempts.write(started)

    def _in_turn(self, attempt: Attempt, service: Service, history: History, standard: Standard) -> None:
        """Each service has an attempt of its own: canaries first and a few at a time holds for all of a family's."""
        due, shown = (self.now() + timedelta(minutes=minutes) for minutes in (2, 10))
        others = [each for each in history.attempts if each.service not in {"", service.title}]
        moving = {
            each.service
            for each in others
            if any(r.stage is not Stage.PENDING and not r.stage.ended for r in each.rollouts)
        }
        if len(moving) >= standard.remediation.at_once:
            raise Later("at once", f"{', '.join(sorted(moving))} of its family are being updated.", due)
        patterns = standard.remediation.canary
        if attempt.approved or any_matches(patterns, service.title):
            return
        for title in sorted(each for each in history.services if any_matches(patterns, each)):
            try:
                held = title in moving or self._drifts(attempt, title, standard)
                if held and (why := self._cannot_show(attempt, title, others, standard)):
                    raise Refused("canary", f"{title} was to show first that it works, and will not: {why}")
            except CallFailed as failed:
                if failed.transient:
                    raise
                raise Later("canary", f"{title} is to show first that it works. {failed}.", shown) from None
            if held:
                raise Later("canary", f"{title} is to show first that it works.", shown)

    def _cannot_show(self, attempt: Attempt, title: str, others: Sequence[Attempt], standard: Standard) -> str:
        """Why a canary will not be corrected of itself; empty where it may be."""
        place = attempt.source.place
        service = self.ecs.service(place, title)
        task = self.ecs.task_definition(place, service.task_definition) if service else None
        if service is None or task is None:
            return ""
        mine = [each for each in others if each.service == title]
        last = max(mine, key=lambda each: each.time, default=None)
        if last is not None and last.deployment == deployment_of(service) and last.state is AttemptState.REFUSED:
            return f"{last.guard}: {' '.join(last.reasons)}"
        workload = Workload(place, task, service, patterns=standard.collector.also)
        forbidden = forbids(service, standard) or self._unwanted(attempt, workload, standard)
        silent = self._suppressed(self.ledger.history(SubjectId(place, Subject.SERVICE, title)))
        if forbidden is None and silent & set(attempt.rules):
            forbidden = "suppressed", "Its findings are SUPPRESSED."
        return ": ".join(forbidden) if forbidden else ""

    def _drifts(self, attempt: Attempt, title: str, standard: Standard) -> bool:
        """Whether another service of the family drifts by a rule that this attempt corrects, or may do so."""
        place = attempt.source.place
        service = self.ecs.service(place, title)
        task = self.ecs.task_definition(place, service.task_definition) if service else None
        if service is None or task is None:
            return False
        rules = [rule for rule in self.planner.catalogue if rule.id in attempt.rules]
        workload = Workload(
            place, task, service, patterns=standard.collector.also, runs_on=service.fargate, read_at=self.now()
        )
        workload = self.reader().with_facts(workload, engine.needs(rules))
        newest = self._newest(attempt, workload, standard)
        workload = replace(workload, facts=replace(workload.facts, newest=newest))
        return any(isinstance(each, Drifted | Unknown) for each in engine.evaluate(workload, standard, rules))

    def _newest(self, attempt: Attempt, workload: Workload, standard: Standard) -> Fact[Newest]:
        task = self.ecs.task_definition(attempt.source.place, attempt.source.family)
        return self.planner.newest(workload, task, standard, self.reader())

    # --- rolling out -------------------------------------------------------------------------------------------------

    def roll(self, attempt: Attempt) -> Outcome:
        """Go on with the services of an attempt that is being rolled out."""
        self._tell(attempt)
        attempt = replace(attempt, pending=())
        attempt = self._rollouts().visit(attempt, self.standards.current().standard)
        if any(not each.stage.ended for each in attempt.rollouts):
            return Outcome.of(self.ledger.attempts.write(attempt))
        return self._conclude(attempt)

    def _conclude(self, attempt: Attempt) -> Outcome:
        """Every service has ended, well or not."""
        stages = {each.stage for each in attempt.rollouts}
        failed = any(stage.failed for stage in stages)
        left = _left(attempt)
        if failed or attempt.undone:
            kept = self._take_back(attempt)
            state = AttemptState.UNDONE if attempt.undone else AttemptState.FAILED
            reasons = tuple(
                f"{each.service}: {_of_failed(each)}" for each in attempt.rollouts if each.stage.failed and each.reason
            )
            why = f"undone by {person(attempt.undone_by)}." if attempt.undone else " ".join(reasons)
            return self._end(attempt, state, reasons=(*reasons, *left, *kept), quarantine=Quarantine(why, self.now()))
        if Stage.VERIFIED in stages:
            return self._end(attempt, AttemptState.DEPLOYED, reasons=left)
        if attempt.registered is not None:
            return self._end(attempt, AttemptState.REGISTERED, reasons=left)
        guard, reason = next(((each.guard, each.reason) for each in attempt.rollouts), ("", ""))
        if all(each.moot for each in attempt.rollouts):
            return self._end(attempt, AttemptState.SUPERSEDED, reasons=(reason,), quiet=not attempt.approved)
        return self._end(attempt, AttemptState.REFUSED, guard=guard, reasons=(reason.removeprefix(f"{guard}: "),))

    def _take_back(self, attempt: Attempt) -> tuple[str, ...]:
        """Where nothing runs what was registered, the family's newest revision is the source again.

        Why it is not, where something does or that is refused: what failed is to be told all the same.
        """
        registered = attempt.correction
        if registered is None or any(each.stage is Stage.NOT_BACK for each in attempt.rollouts):
            return ()
        try:
            if title := self.runs(attempt):
                return (f"{registered} stays the newest revision: {title} runs it.",)
            found = self.ecs.task_definition(registered.place, registered.arn)
        except CallFailed as failed:
            if failed.transient:
                raise
            return (f"{registered} stays the newest revision: {failed}.",)
        return self._deregister(registered) if found is not None and found.active else ()

    def _deregister(self, registered: Revision) -> tuple[str, ...]:
        """Take it back; why it stays, where that is refused."""
        try:
            self.ecs.deregister(registered)
        except CallFailed as failed:
            if failed.transient:
                raise
            return (f"{registered} stays the newest revision: {failed}.",)
        return ()

    def _paces(self) -> Rates:
        return Rates(self.ledger, self.pause) if self.pause is not None else Rates(self.ledger)

    def _rollouts(self) -> Rollouts:
        return Rollouts(self.ecs, self.ledger, self._paces(), self.switch, self._forbids, self.now)

    def runs(self, attempt: Attempt) -> str:
        """A service that runs what was registered; empty where none is known that does."""
        known = self.ledger.history(attempt.family).services
        for title in sorted({*known, *(each.service for each in attempt.rollouts)}):
            service = self.ecs.service(attempt.source.place, title)
            if service is not None and attempt.correction and service.task_definition == attempt.correction.arn:
                return title
        return ""

    def not_kept(self, attempt: Attempt, guard: str, reason: str) -> Outcome:
        """An approval that is refused at once: what the ledger holds of the revision stays. Its answer tells it."""
        asked = f"{attempt.asked}/{guard}"  # refused for another reason, it is told again
        refused = replace(
            attempt, state=AttemptState.REFUSED, guard=guard, reasons=(reason,), time=self.now(), asked=asked
        )
        return replace(Outcome.of(refused), attempt="", pending=(self._alert(refused, AttemptState.REFUSED),))

    # --- the end of it, and telling ----------------------------------------------------------------------------------

    def _end(  # noqa: PLR0913 - what an end is made of
        self,
        attempt: Attempt,
        state: AttemptState,
        *,
        guard: str = "",
        reasons: tuple[str, ...] = (),
        quarantine: Quarantine | None = None,
        quiet: bool = False,
    ) -> Outcome:
        """Write down what came of it, with what is to be told; tell it; strike that off."""
        ended = replace(
            attempt, state=state, guard=guard, reasons=reasons, time=self.now(), due=None, quiet=quiet, pending=()
        )
        alert = self._alert(ended, state)
        ended = replace(ended, pending=() if quiet else (*attempt.pending, alert))
        return self._told(self.ledger.attempts.write(ended, quarantine))

    def _told(self, attempt: Attempt) -> Outcome:
        """What an ended attempt has still to tell, once more where it was cut off; and a look at what it changed."""
        if attempt.pending:
            self._tell(attempt)
            self.look_again(attempt.source.place, attempt.source.family, tuple(r.service for r in attempt.rollouts))
            self.ledger.attempts.write(replace(attempt, pending=()))
        return Outcome.of(attempt)

    def _tell(self, attempt: Attempt) -> None:
        for body in attempt.pending:
            self.publish(body)

    def publish(self, body: str) -> None:
        self.alerts.publish(body, Alert.model_validate_json(body).attributes)

    def look_again(self, place: Place, family: str, services: Sequence[str]) -> None:
        """Findings close by what is there: inspect looks at the family and its services now that this has ended."""
        bodies = [FamilyTrigger(account=place.account, region=place.region, family=family, revision=0).message]
        bodies += [
            ServiceTrigger(account=place.account, region=place.region, service=title).message for title in services
        ]
        self.changes.send_all(bodies)

    def _alert(self, attempt: Attempt, state: AttemptState) -> str:
        """What is told of an attempt that is, or is about to be, in this state."""
        return outcome_of(attempt, state, occurred=self.now(), stack=self.stack).model_dump_json()


_LATER = 100  # revisions after the source, at the most, that are looked at after a crash


def _left(attempt: Attempt) -> tuple[str, ...]:
    return tuple(f"{each.service}: {each.reason}" for each in attempt.rollouts if each.stage is Stage.LEFT)


def _of_failed(rollout: Rollout) -> str:
    if rollout.stage is not Stage.NOT_BACK:
        return rollout.reason
    if rollout.theirs or rollout.before == rollout.after:
        return f"{rollout.reason} Look at it now."
    return f"{rollout.reason} It could not be set back to {rollout.before.name}: look at it now.".strip()


def _written(plan: Plan, actor: Actor) -> tuple[tuple[str, str], ...]:
    return tuple((each.form, each.text) for each in fragments(plan, owner_of(plan.before.task, actor)))


def person(by: str) -> str:
    """Who asked, as people know them."""
    return Actor(by).name if by else "a person"


def _as_approved(attempt: Attempt, plan: Plan | None, suppressed: frozenset[str]) -> None:
    """A plan is carried out as it was seen or not at all."""
    if plan is None or plan.digest != attempt.digest:
        is_now = f"plan {plan.digest}" if plan else "none"
        raise Refused(
            "approval",
            f"What was approved is plan {attempt.digest}; by what is there now it is {is_now}. Look at it again.",
        )
    if silent := sorted(suppressed & set(plan.fixes)):
        raise Refused("suppressed", f"The findings of {', '.join(silent)} are SUPPRESSED. Set them to NEW first.")


def _all_read(plan: Plan) -> None:
    """A fact that fails to be read just now would make what is safe look as if it wanted a person, for good."""
    passing = {fact.reason: None for side in (plan.before, plan.after) for fact in unread(side) if fact.transient}
    if passing:
        raise NotRead("; ".join(passing))
