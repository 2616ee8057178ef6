"""Operating: notify the topic `operations` about problems of Outrider itself, at most once in some hours."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from aws.calls import CallFailed
from aws.channels import Topic
from aws.ledger import Ledger
from domain.facts import Unavailable
from domain.findings.finding import Finding
from domain.places import Place
from domain.standard import StandardInvalid
from domain.standard.owners import PARAMETER, Refused
from domain.subject import SubjectId
from operations.standards import Edition

_STANDARD = "Outrider: the standard cannot be used"
_MONTH = 720  # hours
_LISTED = 20  # problems: a message has at most 256 KiB


def _allow(fact: Unavailable) -> str:
    """Return what makes a fact readable again."""
    match fact.call:
        case "ssm:GetParameters":
            return "If it is denied, add the parameter to ReadableParameters of the stack, in a member of member.yaml."
        case "":
            return "Each evaluation tries again."
        case call:
            return f"Each evaluation tries again. If it is denied, find what denies {call} to Outrider's role."


@dataclass(frozen=True, slots=True)
class Operations:
    """Notifies the operators of Outrider. A notice that cannot be sent fails no message."""

    ledger: Ledger
    topic: Topic

    def unread(self, place: Place, fact: Unavailable) -> None:
        """Notify that a fact could not be read."""
        text = f"In {place}: {fact.reason}. What depends on it is Unknown, and no finding was closed. {_allow(fact)}"
        source = fact.call or f"{fact.code}/{fact.resource}"
        self.notify(f"unread/{place.account}/{source}", "Outrider: a fact cannot be read", text)

    def no_access(self, failed: CallFailed, account: str) -> None:
        """Notify that an account refuses Outrider: a role, or a call of one. Once for all that it would do by it."""
        text = (
            f"In account {account}: {failed.fact.reason}. Nothing is done there until then: no finding is opened or"
            " closed. Deploy member.yaml in the account, or take the account out of those that are watched."
        )
        what = failed.resource if failed.of_account else f"{account}/{failed.call}"
        self.notify(f"access/{what}", "Outrider: an account refuses it", text)

    def security_hub_off(self, place: Place) -> None:
        """Notify that findings cannot be imported because Security Hub is not enabled."""
        text = f"Security Hub is not enabled in {place}. Enable it, or leave it out of the standard's scope."
        self.notify(f"hub/{place}", "Outrider: Security Hub is not enabled", text)

    def refused(self, finding: Finding, code: str) -> None:
        """Notify that Security Hub rejects a finding because of its content."""
        text = (
            f"Security Hub rejects {finding.id}: {code}. Its alerts are published, and the import is"
            " tried again at each evaluation. This is a defect in Outrider: please report it."
        )
        self.notify(
            f"refused/{finding.subject.place.account}/{finding.rule}", "Outrider: Security Hub rejects a finding", text
        )

    def standard(self, edition: Edition) -> None:
        """Notify that the last good standard is used instead of the stored one, or about the warnings of that."""
        if (trouble := edition.trouble) is not None:
            text = (
                f"The last good standard, {edition.standard.name}, is used until it is corrected. Evaluation goes on by"
                f" it; no correction begins.\n{_listed(trouble.why)}"
            )
            self.notify(f"standard/{trouble.digest or 'unread'}", _STANDARD, text)
        elif edition.warnings:
            why = StandardInvalid(f"The standard {edition.standard.name}", edition.warnings)
            text = f"The standard is used. Parts of it may not do what is meant.\n{_listed(why)}"
            about = "|".join(f"{each.code}:{each.field}" for each in edition.warnings)
            key = f"standard/{edition.digest}/{hashlib.sha256(about.encode()).hexdigest()[:16]}"
            self.notify(key, "Outrider: the standard has warnings", text, hours=_MONTH)

    def account_unknown(self, account: str) -> None:
        """Notify that the units or tags of an account are not known. Once a day, for all accounts."""
        text = (
            f"The organisational units or tags of account {account} are not known, perhaps of others neither. Layers of"
            " the standard that select by them do not count there: only the organisation's own standard, and layers for"
            " its account number. A sweep with SweptAccounts=organization reads them."
        )
        self.notify("organization/unknown", "Outrider: an account's organisational unit is not known", text)

    def owners_refused(self, place: Place, refused: Sequence[Refused]) -> None:
        """Notify that exemptions by owners do not count. Nothing of what they wrote is repeated."""
        lines = [f"line {each.line}: {each.problem.meaning} [{each.problem}]" for each in refused[:_LISTED]]
        text = (
            f"Exemptions in the parameter {PARAMETER} in {place} do not count, because they are wrong or beyond what"
            " the standard allows owners. The others there count.\n" + "\n".join(lines)
        )
        about = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
        self.notify(f"owners/{place}/{about}", "Outrider: exemptions by an owner do not count", text, hours=_MONTH)

    def owners_unread(self, place: Place, fact: Unavailable) -> None:
        """Notify that the exemptions by owners cannot be read."""
        text = f"In {place}: {fact.reason}. Exemptions by the account's owners do not count until then."
        self.notify(f"owners/{place}/unread", "Outrider: exemptions by an owner cannot be read", text)

    def stages_stopped(self, rollout: str, failed: Sequence[str]) -> None:
        """Notify that corrections stopped in all accounts. Once, until they are released."""
        text = (
            f"{len(failed)} corrections failed or were undone: {', '.join(failed[:_LISTED])}. No other begins in any"
            " account. See `outrider status`, and let them go on with `outrider release --stages`."
        )
        self.notify(_stages(rollout), "Outrider: corrections stopped in all accounts", text, hours=_MONTH)

    def stages_released(self, rollout: str) -> None:
        """Have the next stop notified of again."""
        with suppress(CallFailed):
            self.ledger.notices.withdraw(_stages(rollout))

    def no_organization(self, failed: CallFailed) -> None:
        """Notify that the organisation cannot be read. What an earlier sweep read counts for some weeks."""
        text = (
            f"{failed.fact.reason}. Layers of the standard by organisational unit or tags count as an earlier sweep"
            " read them, for up to 35 days."
        )
        self.notify("standard/organization", "Outrider: the organisation cannot be read", text)

    def no_standard(self, why: StandardInvalid | CallFailed) -> None:
        """Notify that the standard is not valid or cannot be read, and that there is no good one."""
        text = (
            "Nothing is evaluated until it is corrected. Messages are retried for half an hour, then go to the DLQ."
            f"\n{_listed(why)}"
        )
        self.notify("standard/none", _STANDARD, text, hours=1)

    def no_plan(self, subject: SubjectId, why: str) -> None:
        """Notify that no plan could be made for a subject. Its findings are published without one."""
        text = (
            f"No plan could be made for {subject.name} in {subject.place}, and its findings are published without one."
            f" This is a defect in Outrider: please report it.\n{why}"
        )
        self.notify(f"no-plan/{subject.place}", "Outrider: no plan could be made", text)

    def notify(self, key: str, subject: str, text: str, hours: int = 24) -> None:
        """Publish a notice, at most once in so many hours for the same key."""
        with suppress(CallFailed):
            if self.ledger.notices.claim(key, hours):
                try:
                    self.topic.publish(text, subject=subject)
                except CallFailed:
                    self.ledger.notices.withdraw(key)  # so that the next problem of this kind is published


def _stages(rollout: str) -> str:
    return f"stages/{rollout}"


def _listed(why: StandardInvalid | CallFailed) -> str:
    """Return why a standard is not used: the first problems, a line each, or the call."""
    if isinstance(why, CallFailed):
        return f"{why}."
    shown = [each.described(why.source) for each in why.problems[:_LISTED]]
    more = len(why.problems) - len(shown)
    return "\n".join([*shown, f"And {more} more: `outrider standard validate` lists all."] if more else shown)
