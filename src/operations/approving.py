"""Approvals by the custom action of Security Hub: request the correction from remediate."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aws.channels import Queue
from aws.ledger import Ledger
from domain.remediation.request import ApplyRequest
from domain.subject import Subject, SubjectId
from domain.triggers.reading import Ignored, read_approval


@dataclass(frozen=True, slots=True)
class Approver:
    """The use case; its parts come from operations.wiring."""

    ledger: Ledger
    remediations: Queue
    now: Callable[[], datetime]

    def approve(self, body: str) -> SubjectId | Ignored:
        """Request the correction of a subject; remediate checks whether the plan is still valid.

        Raises TriggerUnreadable if the message is no approval, and CallFailed if it must be retried.
        """
        trigger = read_approval(body)
        if isinstance(trigger, Ignored):
            return trigger
        subject = trigger.subject
        family = self.ledger.history(subject).family
        if family is None:
            return Ignored("the service has no plan")
        request = ApplyRequest(
            account=subject.place.account,
            region=subject.place.region,
            family=family.name,
            service=subject.name if subject.kind is Subject.SERVICE else "",
            rule=trigger.rule,
            digest=trigger.plan,
            at=trigger.when or self.now(),
        )
        self.remediations.send(request.model_dump_json(), group=request.group, deduplication=request.deduplication)
        return subject
