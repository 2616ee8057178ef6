"""A person approved the plan of a finding: request the correction from remediate."""

from datetime import datetime

from aws.channels import Queue
from aws.ledger import Ledger
from domain.remediation.request import ApplyRequest
from domain.subject import Subject, SubjectId
from domain.triggers.trigger import ApprovalTrigger


def approve(trigger: ApprovalTrigger, ledger: Ledger, remediations: Queue, now: datetime) -> str:
    """Request the correction; return why nothing was requested, or an empty string.

    The event only names the finding. remediate checks whether the plan is still valid.
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
        digest=trigger.plan or (history.proposed.digest if history.proposed else ""),
        seen=None if trigger.plan else trigger.updated,
        at=trigger.when or now,
    )
    remediations.send(request.model_dump_json(), group=request.group, deduplication=request.deduplication)
    return ""
