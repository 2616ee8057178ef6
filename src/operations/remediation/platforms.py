"""Platform versions: a service whose own starts no collector gets another with its correction, or is left."""

from aws.calls import not_shown_yet
from domain.ecs.fargate import no_collector_on
from domain.ecs.service import Service
from domain.places import Place
from domain.remediation.guard import Guard
from domain.remediation.guards import Forbidden
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Target, runs
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from operations.remediation.parts import Parts

_RULE = "service.platform-version"


def startable(parts: Parts, place: Place, service: Service, wanted: Target) -> Target:
    """Return what a service is updated to, on a platform version where a collector starts.

    Its rule's fix changes that version where the standard allows that without approval. Otherwise Forbidden is raised,
    also for what a person approved: its tasks would not start.
    """
    if not no_collector_on(wanted.platform):
        return wanted
    after = Target(wanted.revision, _fixed(parts, place, service))
    if no_collector_on(after.platform):
        raise Forbidden(Guard.PLATFORM_VERSION, Reason(Code.PLATFORM_TOO_OLD, after.platform))
    return after


def _fixed(parts: Parts, place: Place, service: Service) -> str:
    """Return the platform version to which its rule's fix sets a service; the service's own if that is not allowed."""
    task, own = parts.ecs.task_definition(place, service.task_definition), runs(service)
    if task is None:  # what a service runs exists
        raise not_shown_yet(own.name)
    evaluator = parts.evaluator
    workload = evaluator.workload(place, task, service)
    for rule in parts.planner.catalogue:
        if rule.id != _RULE or rule.fix is None or not evaluator.evaluate(workload, [rule]).drifted:
            continue
        allowed = parts.planner.mode(rule, workload, evaluator.standard) is Mode.DEPLOY
        history = parts.ledger.history(SubjectId(place, Subject.SERVICE, service.title))
        if not allowed or rule.id in parts.suppressed(history):
            continue
        fixed = rule.fix(workload, evaluator.standard.setting(rule, workload).standard).service
        return runs(fixed).platform if fixed is not None else own.platform
    return own.platform
