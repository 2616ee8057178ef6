"""Requesting: the corrections that inspect requests from remediate.

A request decides nothing: remediate reads the state, makes the plan and checks the guards again.
"""

from collections.abc import Sequence
from uuid import uuid4

from aws.channels import Message
from aws.ledger import History
from domain.drift import Safety
from domain.facts import Known
from domain.places import Revision
from domain.remediation.attempt import Attempt, own_correction
from domain.remediation.request import CorrectRequest, CorrectServiceRequest, ResumeRequest
from domain.remediation.rollout import deployment_of
from domain.standard import Mode
from domain.triggers.actor import Actor
from domain.triggers.trigger import SubjectTrigger, TaskDefinitionTrigger
from operations.evaluation import Evaluation, Evaluator
from operations.inspection.job import Job
from operations.planning import MOVES


def correction_of_family(job: Job, evaluator: Evaluator, found: Evaluation) -> str | None:
    """Return the request for a correction, where standard and stack allow it: once per revision."""
    revision, history = found.workload.revision, job.history
    if revision is None or revision.number in history.own_revisions or history.quarantine is not None:
        return None
    if any(running.managed for running in history.services.values()):
        return None  # ECS writes its revisions
    if (held := history.attempt(str(revision.number))) is not None and not held.again:
        return None
    plan = evaluator.plan(found, Mode.REGISTER)
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


def correction_of_service(family: History, evaluator: Evaluator, found: Evaluation) -> str | None:
    """Return the request for a service's correction, where the standard allows it: once per deployment."""
    service, revision = found.workload.service, found.workload.revision
    if service is None or revision is None or family.quarantine is not None:
        return None
    newest = found.workload.facts.newest
    own = isinstance(newest, Known) and own_correction(
        family.attempts, service.title, revision.arn, newest.value.revision
    )
    plan = evaluator.plan(found, Mode.DEPLOY, without=() if own else (MOVES,))
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


def resumptions(family: History, title: str) -> list[Message]:
    """Return requests to resume the corrections that are being rolled out to a service."""
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
    """Return who registered a revision, if a trigger names them."""
    named = (each for each in triggers if isinstance(each, TaskDefinitionTrigger) and each.revision in {None, revision})
    return next((each.actor for each in named if each.event == "RegisterTaskDefinition"), Actor())
