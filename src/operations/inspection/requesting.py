"""Requesting: what inspect asks of remediate. It decides nothing for good: remediate reads, plans and guards again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from aws.channels import Message
from aws.ledger import History
from domain.drift import Safety
from domain.facts import Known
from domain.places import Revision
from domain.remediation.attempt import Attempt, own_step
from domain.remediation.request import CorrectRequest, CorrectServiceRequest, ResumeRequest
from domain.remediation.rollout import deployment_of
from domain.standard import Mode
from domain.triggers.actor import Actor
from domain.triggers.trigger import SubjectTrigger, TaskDefinitionTrigger
from domain.verdict import Verdict
from domain.workload import Workload
from operations.inspection.job import Job
from operations.planning import MOVES, Planner


@dataclass(frozen=True, slots=True)
class Requester:
    """Makes the requests."""

    planner: Planner

    def for_family(self, job: Job, workload: Workload, verdicts: Sequence[Verdict]) -> str | None:
        """What asks remediate for a correction: where standard and stack allow it, and once for a revision."""
        revision, history = workload.revision, job.history
        if revision is None or revision.number in history.ours or history.quarantine is not None:
            return None
        if (held := history.attempt(str(revision.number))) is not None and not held.again:
            return None
        plan = self.planner.plan(workload, job.edition.standard, verdicts, job.reader, Mode.REGISTER)
        if plan is None or plan.safety is not Safety.SAFE or not plan.changes_task:
            return None
        actor = _registrar(job.triggers, revision)
        return CorrectRequest(
            account=revision.place.account,
            region=revision.place.region,
            family=revision.family,
            revision=revision.number,
            digest=plan.digest,
            arn=actor.arn,
            agent=actor.agent,
            after=held.time.isoformat() if held is not None else "",
        ).model_dump_json()

    def for_service(self, job: Job, family: History, workload: Workload, verdicts: Sequence[Verdict]) -> str | None:
        """The same for a service: where the standard lets it be deployed, and once for a deployment."""
        service, revision = workload.service, workload.revision
        if service is None or revision is None or family.quarantine is not None:
            return None
        newest = workload.facts.newest
        own = isinstance(newest, Known) and own_step(family.attempts, revision.arn, newest.value.revision)
        without = frozenset() if own else frozenset({MOVES})
        plan = self.planner.plan(workload, job.edition.standard, verdicts, job.reader, Mode.DEPLOY, without=without)
        if plan is None or plan.safety is not Safety.SAFE or plan.after.service == service:
            return None
        place, deployment = revision.place, deployment_of(service)
        held = family.attempt(Attempt.of_service(revision, service.title, deployment))
        if held is not None and not held.again:
            return None
        return CorrectServiceRequest(
            account=place.account,
            region=place.region,
            family=revision.family,
            service=service.title,
            revision=revision.number,
            deployment=deployment,
            digest=plan.digest,
            after=held.time.isoformat() if held is not None else "",
        ).model_dump_json()

    def visits(self, family: History, title: str) -> list[Message]:
        """What has remediate resume the corrections that are being rolled out to a service: there may be news."""
        under_way = [
            attempt
            for attempt in family.attempts
            if not attempt.state.ended and (rollout := attempt.rollout(title)) is not None and not rollout.stage.ended
        ]
        requests = [
            ResumeRequest(
                account=each.source.place.account,
                region=each.source.place.region,
                family=each.source.family,
                attempt=each.key,
            )
            for each in under_way
        ]
        return [Message(each.model_dump_json(), each.group, uuid4().hex) for each in requests]


def _registrar(triggers: Sequence[SubjectTrigger], revision: Revision) -> Actor:
    """Who registered a revision, where a trigger names them."""
    for trigger in triggers:
        match trigger:
            case TaskDefinitionTrigger(event="RegisterTaskDefinition") if trigger.revision in {None, revision}:
                return trigger.actor
            case _:
                pass
    return Actor()
