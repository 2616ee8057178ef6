"""Register the corrected revision: the first step of a family's correction.

The attempt is written to the ledger before the call. After a crash the next delivery finds the revision by what it
contains and by who registered it: anybody may set tags.
"""

from dataclasses import dataclass, replace
from itertools import islice

from aws.calls import CallFailed
from aws.ecs import registrable_members
from aws.errors import Meaning
from aws.ledger import History
from domain.ecs.equivalence import fingerprint
from domain.ecs.task_definition import TaskDefinition
from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.ending import Stopped, ended, forbidden, nothing_to_do, refused, skipped_reasons, superseded
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden
from domain.remediation.plan import Plan
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import SHOWN
from domain.standard import Mode
from operations.facts import runs_on_fargate
from operations.remediation.guards import Guards
from operations.remediation.outcome import NotRead
from operations.remediation.parts import Parts
from operations.remediation.recording import Recorder
from operations.remediation.replanning import drawn, planned
from operations.remediation.services import following
from operations.remediation.stages import StageGuard
from operations.remediation.withdrawal import deregister

_TAG = "outrider:"
_MOST_TAGS = 50
"""As many tags as a task definition may have: ECS refuses more."""
_LATER = 100  # at most so many revisions after the source are read after a crash


@dataclass(frozen=True, slots=True)
class Registration:
    """Registers the revision of one attempt, with the history of its family."""

    parts: Parts
    history: History

    def begin(self, attempt: Attempt) -> Attempt | Stopped:
        """Return the attempt with its rollouts, or the point where it stopped."""
        source = attempt.source
        if attempt.began is None:
            try:
                Guards(self.parts).rate_left(attempt)
            except Forbidden as by:
                return forbidden(attempt, by, self.history.attempts, self.parts.moment)
        newest = self.parts.ecs.task_definition(source.place, source.family)
        revision = newest.revision if newest else None
        if newest is None or revision is None:
            return nothing_to_do(attempt, Code.NO_ACTIVE_REVISION, self.history.attempts)
        if attempt.began is not None and (registered := self._taken_up(attempt, revision)) is not None:
            return self._registered(attempt, registered)
        if attempt.state is AttemptState.STARTED and attempt.recently_started(self.parts.now()):
            # The answer of a call may be lost, and what it registered not shown yet.
            raise NotRead(f"It is not certain yet whether the correction of {source} is registered.")
        if revision != source:
            why = Reason(Code.NEWER_REVISION, str(revision))
            return superseded(attempt, why, quiet=attempt.registered is None)
        rollout = StageGuard(self.parts).rollout  # before the plan: a standard that comes meanwhile is not in it
        try:
            plan = self._plan(attempt, newest)
            if plan is None or not plan.changes_task:
                return nothing_to_do(attempt, Code.NOTHING_TO_CORRECT, self.history.attempts)
            attempt = drawn(attempt, plan)
            Guards(self.parts).before_registration(attempt, plan, self.history)
        except Forbidden as by:
            return forbidden(attempt, by, self.history.attempts, self.parts.moment)
        corrected = self._corrected(plan, attempt.source)
        content = fingerprint(corrected, str(attempt.source))
        attempt = replace(self._started(attempt, plan), content=content, began_in=rollout)
        return self._register(self.parts.ledger.attempts.write(attempt), corrected)

    def _plan(self, attempt: Attempt, task: TaskDefinition) -> Plan | None:
        evaluator, runs_on = self.parts.evaluator, runs_on_fargate(task, self.history.services)
        workload = evaluator.workload(attempt.source.place, task, runs_on=runs_on)
        return planned(evaluator, attempt, workload, self.parts.suppressed(self.history))

    def _started(self, attempt: Attempt, plan: Plan) -> Attempt:
        planner = self.parts.planner
        deploys = attempt.approved or planner.modes(plan.fixes, plan.before, self.parts.standard) is Mode.DEPLOY
        return replace(
            attempt,
            state=AttemptState.STARTED,
            began=self.parts.now(),
            deploys=deploys and planner.cap is Mode.DEPLOY,
            guard=None,
            reasons=(),
            due=None,
        )

    def _register(self, attempt: Attempt, corrected: TaskDefinition) -> Attempt | Stopped:
        try:
            registered = self.parts.ecs.register(attempt.source.place, corrected)
        except CallFailed as failed:
            if failed.transient:
                if failed.answered:  # nothing was registered, so there is nothing to wait for
                    self.parts.ledger.attempts.write(replace(attempt, state=AttemptState.WAITING, due=self.parts.now()))
                raise
            # It would fail again, so people are notified.
            return refused(attempt, Guard.REGISTRATION, failed.reason)
        return self._registered(attempt, registered)

    def _corrected(self, plan: Plan, source: Revision) -> TaskDefinition:
        """Return what is registered: the API's members in their order, with the source's tags and Outrider's.

        Of Outrider's tags it has as many as there is room for: what is its own is in the ledger.
        """
        tags = {
            f"{_TAG}source": str(source.number),
            f"{_TAG}plan": plan.digest,
            f"{_TAG}release": self.parts.release,
            f"{_TAG}rules": " ".join(plan.fixes)[:256],
        }
        task = plan.after.task.only(registrable_members())
        kept = {key: value for key, value in task.with_tags({}).tags.items() if key not in tags}
        own = islice(tags.items(), max(_MOST_TAGS - len(kept), 0))
        return task.with_(tags=[]).with_tags(kept | dict(own))

    def _taken_up(self, attempt: Attempt, newest: Revision) -> TaskDefinition | None:
        """Return the first revision that this attempt registered before a crash; None if it registered none."""
        first = attempt.source.number + 1
        later = (replace(newest, number=n) for n in range(first, min(newest.number, first + _LATER) + 1))
        found = (self.parts.ecs.task_definition(each.place, each.arn) for each in later)
        return next((task for task in found if task is not None and self._made(attempt, task)), None)

    def _made(self, attempt: Attempt, task: TaskDefinition) -> bool:
        """Return whether this attempt registered an active revision: Outrider registered what the plan results in."""
        if not task.active or not self.parts.registrar.made(task.registered_by, attempt.source.place.account):
            return False
        return fingerprint(task, str(attempt.source)) == attempt.content

    def _registered(self, attempt: Attempt, task: TaskDefinition) -> Attempt | Stopped:
        """Go on with the registered revision, as its registration or a description returned it.

        Stop if somebody else registered a revision between the reading and the call.

        Outrider's revision has an old source then. An inactive revision with a number between the two was deregistered
        before: that is how the source became the newest.
        """
        source, attempts = attempt.source, self.parts.ledger.attempts
        registered = task.revision
        if registered is None:
            raise CallFailed("ecs:RegisterTaskDefinition", source.family, "UnreadableArn", Meaning.RETRY)
        attempts.registered(registered)
        attempt = replace(attempt, registered=registered.number)
        for number in range(source.number + 1, registered.number):
            between = self.parts.ecs.task_definition(source.place, replace(source, number=number).arn)
            if between is None and attempt.recently_started(self.parts.now()):
                # Somebody registered it a moment ago. Go on once ECS shows it everywhere.
                return Stopped(replace(attempt, due=self.parts.now() + SHOWN))
            if between is None or not between.active:
                continue
            if self._made(attempt, between):  # by another worker, or by a call whose answer was lost
                deregister(self.parts, attempt, registered)
                return self._registered(attempt, between)
            # Publish the registration, even if the attempt stops at the next call.
            attempt = attempts.write(attempt)
            stays = deregister(self.parts, attempt, registered)
            return superseded(attempt, Reason(Code.REGISTERED_MEANWHILE, source.family), *stays)
        return self._followed(attempt, task)

    def _followed(self, attempt: Attempt, registered: TaskDefinition) -> Attempt | Stopped:
        """Return the attempt with the services to update, published; or its end if there are none."""
        rollouts = following(self.parts, attempt, registered, self.history.services) if attempt.deploys else ()
        attempt = replace(attempt, rollouts=rollouts)
        if all(rollout.stage.ended for rollout in rollouts):
            return ended(attempt, AttemptState.REGISTERED, *skipped_reasons(attempt))
        attempt = replace(attempt, state=AttemptState.ROLLING, due=self.parts.now())
        alert = Recorder(self.parts).alert(attempt, AttemptState.REGISTERED)
        return self.parts.ledger.attempts.write(replace(attempt, pending=(alert,)))
