"""Who sent a request: known by the id that SQS itself records with a message, and never by the message."""

from dataclasses import dataclass

from aws.callers import Callers
from domain.remediation.request import ApplyRequest, CorrectRequest, CorrectServiceRequest, PersonRequest
from domain.triggers.actor import Actor


@dataclass(frozen=True, slots=True)
class Senders:
    """The senders of requests. `inspect` and `approve` are the ids of those functions' roles."""

    callers: Callers
    inspect: str
    approve: str

    def person(self, request: PersonRequest, sender: str) -> str:
        """Return the ARN of the person who sent a request, or the id where IAM does not confirm the stated ARN.

        Empty for an approval by the custom action, whose event names nobody.
        """
        if isinstance(request, ApplyRequest) and _is_of(sender, self.approve):
            return ""
        known = request.caller and self.callers.has_id(request.caller, sender)
        return request.caller if known else sender

    def registrar(self, request: CorrectRequest | CorrectServiceRequest, sender: str) -> Actor:
        """Return who registered the revision, where inspect says so: nobody else knows."""
        if isinstance(request, CorrectRequest) and _is_of(sender, self.inspect):
            return request.actor
        return Actor()


def _is_of(sender: str, role: str) -> bool:
    """Whether a sender is a session of the role with this id."""
    return bool(role) and sender.partition(":")[0] == role
