"""Remediate: register the corrected revision of one family. The only use case that writes to ECS.

A request is only a pointer: what is there now is read, judged and planned again. Every step leaves a mark in the ledger
before it is taken, so that a crash between any two is taken up by the next delivery and nothing is done twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from json import loads

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import engine
from aws.channels import Topic
from aws.ecs import Ecs, registrable_members
from aws.ledger import Attempt, History, Ledger
from aws.security_hub import SecurityHub
from domain.alert import Alert
from domain.documents import TaskDefinition
from domain.images import repository_matches
from domain.places import Place, Revision
from domain.plan import Plan
from domain.rule import Safety, Subject
from domain.standard import Mode, Standard
from domain.verdict import SubjectId
from domain.workload import Workload
from operations.planning import Planner
from operations.reading import Reader, runs_on_fargate, unread
from operations.standards import Standards
from reports.alerts import outcome_of

TAG = "outrider:"
_TAGS = 50


class State(StrEnum):
    """What came of a correction."""

    STARTED = "started"
    REGISTERED = "registered"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    NOTHING = "nothing"


class Request(BaseModel):
    """Asks for the correction of one revision: where it is, and the plan that was seen."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    account: str = Field(pattern=r"^\d{12}$")
    region: str = Field(pattern=r"^[a-z]{2}[a-z-]+-\d$")
    family: str = Field(min_length=1)
    revision: int = Field(ge=1)
    digest: str = ""

    @property
    def source(self) -> Revision:
        return Revision(Place(self.account, self.region), self.family, self.revision)


class RequestUnreadable(Exception):
    """A message that is no request."""


class NotRead(Exception):
    """Facts that may be readable later: nothing is corrected without them."""


class Refused(Exception):
    """A guard forbids the correction; the message says which and why."""

    def __init__(self, guard: str, reason: str) -> None:
        self.guard = guard
        super().__init__(f"{guard}: {reason}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request. `registered` is the new revision."""

    state: State
    source: Revision
    registered: Revision | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remediator:
    """The use case; its parts come from operations.wiring."""

    ecs: Ecs
    hub: SecurityHub
    ledger: Ledger
    alerts: Topic
    standards: Standards
    reader: Callable[[], Reader]
    planner: Planner
    image_repositories: Sequence[str]
    release: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def remediate(self, body: str) -> Outcome:
        """Correct one family. RequestUnreadable, StandardInvalid, NotRead, CallFailed where the message comes again."""
        try:
            request = Request.model_validate(loads(body))
        except (ValueError, ValidationError):
            raise RequestUnreadable(
                "The message is no request for a correction: it did not come from inspect."
            ) from None
        source = request.source
        history = self.ledger.history(SubjectId(source.place, Subject.FAMILY, source.family))
        attempt = next((found for found in history.attempts if found.source == source), None)
        if attempt is not None and attempt.state != State.STARTED:
            return self._told_before(attempt)
        newest = self.ecs.task_definition(source.place, source.family)
        revision = Revision.parse(newest.arn or "") if newest else None
        if newest is None or revision is None:
            return Outcome(State.NOTHING, source, reasons=("the family has no active revision",))
        if attempt is not None and (taken_up := self._taken_up(attempt)) is not None:
            return taken_up
        if revision != source:
            return self._end(None, source, State.SUPERSEDED, (f"{revision} is the newest revision now",))
        return self._correct(source, newest, history)

    def _correct(self, source: Revision, task: TaskDefinition, history: History) -> Outcome:
        standard, reader = self.standards.current().standard, self.reader()
        runs_on = runs_on_fargate(task, history.services)
        workload = Workload(source.place, task, patterns=standard.collector.also, runs_on=runs_on, read_at=self.now())
        workload = reader.with_facts(workload, engine.needs(self.planner.catalogue))
        verdicts = engine.evaluate(workload, standard, self.planner.catalogue)
        plan = None
        try:
            without = self._suppressed(history)
            plan = self.planner.plan(workload, standard, verdicts, reader, Mode.REGISTER, without=without)
            if plan is None or not plan.changes_task:
                return Outcome(State.NOTHING, source, reasons=("nothing is left to correct",))
            _all_read(plan)
            self._guard(plan, source, history, standard)
            corrected = self._registrable(plan, source)
        except (Refused, engine.Disagreement) as refused:
            return self._end(plan, source, State.REFUSED, (str(refused),))
        self.ledger.attempt(Attempt(source, plan.digest, State.STARTED, self.now()))
        registered = self.ecs.register(source.place, corrected)
        self.ledger.ours(registered)
        return self._check_order(plan, source, registered)

    def _suppressed(self, history: History) -> frozenset[str]:
        """The rules whose findings the customer suppressed: they are kept, and not corrected."""
        rules = {row.finding.id: rule for rule, row in history.rows.items()}
        found = self.hub.suppressed(history.subject.place, list(rules)) if rules else set()
        return frozenset(rules[id_] for id_ in found)

    def _guard(self, plan: Plan, source: Revision, history: History, standard: Standard) -> None:
        """Each guard fails closed and names itself."""
        attempts, hours = standard.remediation.attempts, standard.remediation.window_hours
        if source.number in history.ours:
            raise Refused("own revision", "Outrider registered it and does not correct its own work.")
        if plan.safety is not Safety.SAFE:
            raise Refused("review", f"The correction wants a person: {' '.join(plan.reasons)}")
        since = self.now() - timedelta(hours=hours)
        # Only what was, or may have been, registered: a request that a newer revision overtook corrected nothing.
        tried = sum(
            1
            for a in history.attempts
            if a.time >= since and a.source != source and (a.state == State.STARTED or a.registered is not None)
        )
        if tried >= attempts:
            raise Refused(
                "attempts",
                f"Corrected {tried} times in {hours} hours: something registers it drifted anew. Fix it at the source.",
            )
        before, after = plan.before.task, plan.after.task
        for container in after.containers:
            was = before.container(container.name)
            if (was is None or was.image != container.image) and not self._allowed(container.image.repository):
                raise Refused(
                    "image", f"{container.image.repository} is not among the repositories that the stack allows."
                )
        for role, given in ((after.execution_role, before.execution_role), (after.task_role, before.task_role)):
            if role != given and role not in {standard.roles.execution, standard.roles.task}:
                raise Refused("role", f"{role} is neither the source's role nor the standard's.")

    def _allowed(self, repository: str) -> bool:
        return repository_matches(repository, tuple(self.image_repositories))

    def _registrable(self, plan: Plan, source: Revision) -> TaskDefinition:
        """What is registered: the members that the API takes, in their order, with the source's tags and ours."""
        size = plan.after.task.size
        if size is None or not size.legal:
            raise Refused("size", f"{size or 'Its size'} is no size that Fargate has.")
        ours = {
            f"{TAG}source": str(source.number),
            f"{TAG}plan": plan.digest,
            f"{TAG}release": self.release,
            f"{TAG}rules": " ".join(plan.fixes)[:256],
        }
        corrected = plan.after.task.only(registrable_members()).with_tags(ours)
        if len(corrected.tags) > _TAGS:
            raise Refused(
                "tags", f"With Outrider's {len(ours)} it would have more tags than the {_TAGS} that ECS takes."
            )
        return corrected

    def _check_order(self, plan: Plan | None, source: Revision, registered: Revision) -> Outcome:
        """Somebody may have registered between our look and our call: then ours was made from an old source.

        A number between the two that is inactive now was deregistered before: that is how the source became the newest.
        """
        between = (replace(source, number=number) for number in range(source.number + 1, registered.number))
        if any(found.active for one in between if (found := self.ecs.task_definition(one.place, one.arn))):
            self.ecs.deregister(registered)
            return self._end(
                plan,
                source,
                State.SUPERSEDED,
                (f"{source.family} was registered by somebody else at the same time",),
                registered,
            )
        return self._end(plan, source, State.REGISTERED, (), registered)

    def _taken_up(self, attempt: Attempt) -> Outcome | None:
        """After a crash: the revision that this attempt registered, if it came so far."""
        source = attempt.source
        for revision in self.ecs.revisions(source.place, source.family):
            if revision.number <= source.number:
                break
            found = self.ecs.task_definition(source.place, revision.arn)
            tags = found.tags if found else {}
            if tags.get(f"{TAG}plan") == attempt.digest and tags.get(f"{TAG}source") == str(source.number):
                self.ledger.ours(revision)
                return self._check_order(None, source, revision)
        return None

    def _end(
        self,
        plan: Plan | None,
        source: Revision,
        state: State,
        reasons: tuple[str, ...],
        registered: Revision | None = None,
    ) -> Outcome:
        """Write down what came of it, with what is to be told; tell it; strike that off."""
        digest = plan.digest if plan else ""
        id_ = f"{source.place}/{source}/{state.value}"
        alert = outcome_of(
            plan, source, state=state.value, reasons=reasons, registered=registered, occurred=self.now(), id_=id_
        )
        attempt = Attempt(
            source, digest, state, self.now(), registered.number if registered else None, alert.model_dump_json()
        )
        self.ledger.attempt(attempt)
        self._tell(attempt)
        return Outcome(state, source, registered, reasons)

    def _told_before(self, attempt: Attempt) -> Outcome:
        self._tell(attempt)
        registered = replace(attempt.source, number=attempt.registered) if attempt.registered is not None else None
        return Outcome(State(attempt.state), attempt.source, registered, ("it was done before",))

    def _tell(self, attempt: Attempt) -> None:
        if attempt.pending is None:
            return
        self.alerts.publish(attempt.pending, Alert.model_validate_json(attempt.pending).attributes)
        self.ledger.attempt(replace(attempt, pending=None))


def _all_read(plan: Plan) -> None:
    """A fact that fails to be read just now would make what is safe look as if it wanted a person, for good."""
    passing = {fact.reason: None for side in (plan.before, plan.after) for fact in unread(side) if fact.transient}
    if passing:
        raise NotRead("; ".join(passing))
