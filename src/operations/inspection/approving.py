"""Approving: a person approved the plan of a finding, and remediate is asked to carry it out."""

from datetime import datetime

from aws.channels import Queue
from aws.ledger import Ledger
from domain.remediation.request import ApplyRequest
from domain.subject import Subject, SubjectId
from domain.triggers.trigger import ApprovalTrigger


def approve(trigger: ApprovalTrigger, ledger: Ledger, remediations: Queue, now: datetime) -> str:
    """The event is only a pointer: remediate checks whether the plan still stands.

    Gives why nothing was asked for; empty where it was.
    """
    key, _, rule = trigger.finding.removeprefix("outrider/").rpartition("/")
    subject = SubjectId.parse(key)
    history = ledger.history(subject)
    family = history.family
    if family is None:
        return "its findings have no plan"
    request = ApplyRequest(
        account=subject.place.account,
        region=subject.place.region,
        family=family.name,
        service=subject.name if subject.kind is Subject.SERVICE else "",
        rule=rule,
        digest=trigger.plan or (history.offer.digest if history.offer else ""),
        seen=None if trigger.plan else trigger.updated,
        at=trigger.when or now,
    )
    remediations.send(request.model_dump_json(), group=request.group, deduplication=request.deduplication)
    return ""
