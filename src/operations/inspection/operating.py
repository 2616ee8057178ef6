"""Operating: trouble with Outrider itself, of which the topic `operations` is notified once in a while."""

from contextlib import suppress
from dataclasses import dataclass

from aws.calls import CallFailed
from aws.channels import Topic
from aws.ledger import Ledger
from domain.facts import Unavailable
from domain.findings.finding import Finding
from domain.places import Place


@dataclass(frozen=True, slots=True)
class Operations:
    """Notifies whoever operates Outrider. No notice is worth failing a message for."""

    ledger: Ledger
    topic: Topic

    def unread(self, place: Place, fact: Unavailable) -> None:
        """A fact could not be read."""
        text = f"In {place}: {fact.reason}. What depends on it is Unknown until then; no finding was closed."
        source = fact.call or f"{fact.code}/{fact.resource}"
        self.notify(f"unread/{place.account}/{source}", "Outrider: a fact cannot be read", text)

    def no_hub(self, place: Place) -> None:
        """Findings have nowhere to go."""
        text = f"Security Hub is not enabled in {place}. Enable it, or leave it out of the standard's scope."
        self.notify(f"hub/{place}", "Outrider: Security Hub is not enabled", text)

    def refused(self, finding: Finding, code: str) -> None:
        """Security Hub refuses a finding for what it holds."""
        text = (
            f"Security Hub does not take {finding.id}: {code}. Its alerts are published all the same, and the import is"
            " tried again at each evaluation. That it is refused is a defect in Outrider: report it."
        )
        self.notify(f"refused/{finding.subject.place.account}/{finding.rule}", "Outrider: a finding is refused", text)

    def no_standard(self, why: str) -> None:
        """The standard is none, or cannot be read."""
        text = (
            "Nothing is evaluated until it is corrected. Messages are retried for half an hour; then the DLQ has them."
            f"\n{why}"
        )
        self.notify("standard", "Outrider: the standard cannot be used", text, hours=1)

    def disagreement(self, place: Place, why: str) -> None:
        """Two rules' fixes undo one another."""
        self.notify(f"disagreement/{place}", "Outrider: two fixes undo one another", why)

    def notify(self, key: str, subject: str, text: str, hours: int = 24) -> None:
        """Once in so many hours for the same key."""
        with suppress(CallFailed):
            if self.ledger.notices.claim(key, hours):
                try:
                    self.topic.publish(text, subject=subject)
                except CallFailed:
                    self.ledger.notices.take_back(key)  # so that the next trouble of its kind is published
