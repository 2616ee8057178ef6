"""Dispatching: resolve an event to subjects and send one message for each of them."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aws.calls import CallFailed
from aws.channels import Message, Queue
from aws.ledger import Ledger
from aws.roles import Roles
from domain.members import Members
from domain.subject import Subject, SubjectId
from domain.triggers.message import SubjectMessage, message_group
from domain.triggers.reading import Ignored, Refused, TriggerUnreadable, read
from domain.triggers.trigger import (
    DeletedTrigger,
    FamilyTrigger,
    FollowUpTrigger,
    ParameterTrigger,
    RoleTrigger,
    RunTaskTrigger,
    ServiceTrigger,
    SubjectTrigger,
    TaskDefinitionTrigger,
    Trigger,
)
from operations.inspection.merging import Merger
from operations.unexpected import described

_PAGE = 300  # families that one delivery handles; for the others the message is sent to its queue again


@dataclass(frozen=True, slots=True)
class Dispatched:
    """How many subjects a message resolved to; `ignored` or `refused` says why there are none.

    `changed` is when the change was made, if the message is of an event.
    """

    subjects: int = 0
    ignored: str = ""
    changed: datetime | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Undispatched:
    """Why a message must be retried; with `unreadable` a retry does not help."""

    reason: str
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class _Page:
    """The subjects that a message resolves to, and the message for the families after them."""

    subjects: Sequence[tuple[SubjectId, SubjectTrigger]]
    rest: str = ""
    ignored: str = ""
    changed: datetime | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """The use case; its parts come from operations.wiring."""

    ledger: Ledger
    roles: Roles
    changes: Queue
    subjects: Queue
    merger: Merger
    members: Members

    def dispatch(self, messages: Mapping[str, str]) -> dict[str, Dispatched | Undispatched]:
        """Return the outcome of each message (message id → body), sent in as few calls as possible."""
        outcomes, pages = dict[str, Dispatched | Undispatched](), dict[str, _Page]()
        for message, body in messages.items():
            try:
                pages[message] = self._page(message, body)
            except TriggerUnreadable as unreadable:
                outcomes[message] = Undispatched(str(unreadable), unreadable=True)
            except CallFailed as error:
                outcomes[message] = Dispatched(refused=str(error)) if error.of_account else Undispatched(str(error))
            except Exception as error:  # noqa: BLE001 - an unexpected error in one message must not stop the others
                outcomes[message] = Undispatched(described(error))
        unsent = self._send(pages)
        for message, page in pages.items():
            why = unsent.get(message)
            found = Dispatched(len(page.subjects), page.ignored, page.changed, page.refused)
            outcomes[message] = Undispatched(why) if why else found
        return outcomes

    def _page(self, source: str, body: str) -> _Page:
        match read(body):
            case Ignored(reason=reason):
                return _Page((), ignored=reason)
            case Refused(reason=reason):
                return _Page((), refused=reason)
            case trigger if not self.members.include(trigger.account):
                return _Page((), refused="its account is not watched")
            case (ParameterTrigger() | RoleTrigger()) as trigger if self.merger.merged(source, trigger):
                return _Page((), ignored="one message stands for this change and others like it")
            case trigger:
                return replace(self._resolved(trigger), changed=_changed(trigger))

    def _resolved(self, trigger: Trigger) -> _Page:
        place = trigger.place
        match trigger:
            case (
                TaskDefinitionTrigger(subject_name=family)
                | RunTaskTrigger(family=family)
                | FamilyTrigger(family=family)
            ):
                return _Page([(SubjectId(place, Subject.FAMILY, family), trigger)])
            case DeletedTrigger(families=families):
                return _Page([(SubjectId(place, Subject.FAMILY, family), trigger) for family in families])
            case ServiceTrigger(title=title):
                return _Page([(SubjectId(place, Subject.SERVICE, title), trigger)])
            case ParameterTrigger(name=name):
                return self._dependents(trigger, [SubjectId(place, Subject.PARAMETER, name)])
            case RoleTrigger(role=role, policy=policy):
                names = [role] if role else self.roles.with_policy(place, policy) if policy else []
                return self._dependents(trigger, [SubjectId(place, Subject.ROLE, name) for name in names])

    def _dependents(self, trigger: ParameterTrigger | RoleTrigger, changed: Sequence[SubjectId]) -> _Page:
        """Return the dependent families, page by page, each with the changed subjects that it depends on."""
        by_family = dict[SubjectId, dict[str, None]]()
        for on in changed:
            for dependent in self.ledger.dependents.of(on):
                if dependent.family.place.account == trigger.account:  # no change leads to anything elsewhere
                    by_family.setdefault(dependent.family, {})[dependent.on.key] = None
        families = [each for each in sorted(by_family, key=lambda family: family.key) if each.key > trigger.after]
        page = families[:_PAGE]
        return _Page(
            [(family, FollowUpTrigger.of(family.place, trigger, changed=tuple(by_family[family]))) for family in page],
            rest=trigger.model_copy(update={"after": page[-1].key}).message if len(families) > len(page) else "",
            ignored="" if page else "no family depends on it",
        )

    def _send(self, pages: Mapping[str, _Page]) -> dict[str, str]:
        """Send the messages; return, by source message, why one of its messages could not be sent."""
        failed = dict[str, str]()
        owners = defaultdict[tuple[SubjectId, str], list[str]](list)  # what several messages lead to alike is sent once
        for source, page in pages.items():
            for on, trigger in page.subjects:
                owners[on, SubjectMessage(subject=on.key, trigger=trigger).body].append(source)
        sent = self.subjects.send_each([_message(sources[0], on, body) for (on, body), sources in owners.items()])
        every = list(owners.values())
        failed |= {source: str(error) for index, error in sent.items() for source in every[index]}
        rests = [(message, page.rest) for message, page in pages.items() if page.rest and message not in failed]
        sent = self.changes.send_each([Message(rest) for _, rest in rests])
        return failed | {rests[index][0]: str(error) for index, error in sent.items()}


def _changed(trigger: Trigger) -> datetime | None:
    """Return when the change of an event was made; None for a message of Outrider itself."""
    match trigger:
        case FamilyTrigger() | ServiceTrigger(settled=datetime()):
            return None
        case ParameterTrigger(after=after) | RoleTrigger(after=after) if after:
            return None
        case _:
            return trigger.when


def _message(source: str, on: SubjectId, body: str) -> Message:
    """Return deduplication ids: a retried source message sends no message twice."""
    return Message(body, message_group(on), hashlib.sha256(f"{source} {on.key}".encode()).hexdigest())
