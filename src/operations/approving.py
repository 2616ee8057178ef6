"""Approvals by the custom action of Security Hub: request the correction from remediate."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aws.channels import Queue
from aws.ledger import Ledger
from domain.members import Members
from domain.remediation.request import ApplyRequest
from domain.subject import Subject, SubjectId
from domain.triggers.reading import Ignored, Refused, read_approval


@dataclass(frozen=True, slots=True)
class Approver:
    """The use case; its parts come from operations.wiring.

    `members` are the accounts that are watched, `administrator` is the one that administers Security Hub.
    """

    ledger: Ledger
    remediations: Queue
    now: Callable[[], datetime]
    members: Members
    administrator: str = ""

    def approve(self, body: str) -> SubjectId | Ignored | Refused:
        """Request the correction of a subject; remediate checks whether the plan is still valid.

        In Outrider's own account and in the administrator's, findings of all accounts can be approved; in any other
        account only its own.
        Raises TriggerUnreadable if the message is no approval, and CallFailed if it must be retried.
        """
        trigger = read_approval(body)
        if isinstance(trigger, Ignored):
            return trigger
        subject = trigger.subject
        if trigger.account not in {self.members.own, self.administrator, subject.place.account}:
            return Refused("the finding is of another account than the approval")
        if not self.members.include(subject.place.account):
            return Refused("its account is not watched")
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
