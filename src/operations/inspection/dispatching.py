"""Dispatching: what an event concerns, resolved to subjects, each of which is evaluated by a message of its own."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aws.calls import CallFailed
from aws.channels import Message, Queue
from aws.ledger import Ledger
from aws.roles import Roles
from domain.subject import Subject, SubjectId
from domain.triggers.message import SubjectMessage
from domain.triggers.reading import Ignored, TriggerUnreadable, read
from domain.triggers.trigger import (
    ApprovalTrigger,
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
from operations.inspection.approving import approve
from operations.unexpected import described

_PAGE = 300  # families to which one message leads; for those after them it is sent back to its queue


@dataclass(frozen=True, slots=True)
class Dispatched:
    """How many subjects a message led to; `ignored` says why it led to none."""

    subjects: int = 0
    ignored: str = ""


@dataclass(frozen=True, slots=True)
class Undispatched:
    """Why a message has to be retried; `unreadable` where that will not help."""

    reason: str
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class _Page:
    """The subjects that a message leads to, and the message for those after them."""

    subjects: Sequence[tuple[SubjectId, SubjectTrigger]]
    rest: str = ""
    ignored: str = ""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """The use case; its parts come from operations.wiring."""

    ledger: Ledger
    roles: Roles
    changes: Queue
    subjects: Queue
    remediations: Queue
    now: Callable[[], datetime]

    def dispatch(self, messages: Mapping[str, str]) -> dict[str, Dispatched | Undispatched]:
        """Message id → body, and what came of each. What all of them lead to is sent in as few calls as it takes."""
        outcomes, pages = dict[str, Dispatched | Undispatched](), dict[str, _Page]()
        for message, body in messages.items():
            try:
                pages[message] = self._page(body)
            except TriggerUnreadable as unreadable:
                outcomes[message] = Undispatched(str(unreadable), unreadable=True)
            except CallFailed as error:
                outcomes[message] = Undispatched(str(error))
            except Exception as error:  # noqa: BLE001 - what is unexpected in one message must not hold back the others
                outcomes[message] = Undispatched(described(error))
        unsent = self._send(pages)
        for message, page in pages.items():
            why = unsent.get(message)
            outcomes[message] = Undispatched(why) if why else Dispatched(len(page.subjects), page.ignored)
        return outcomes

    def _page(self, body: str) -> _Page:
        found = read(body)
        return _Page((), ignored=found.reason) if isinstance(found, Ignored) else self._resolved(found)

    def _resolved(self, trigger: Trigger) -> _Page:
        place = trigger.place
        match trigger:
            case TaskDefinitionTrigger(looks_at=family) | RunTaskTrigger(family=family) | FamilyTrigger(family=family):
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
            case ApprovalTrigger():
                return _Page((), ignored=approve(trigger, self.ledger, self.remediations, self.now()))

    def _dependents(self, trigger: ParameterTrigger | RoleTrigger, changed: Sequence[SubjectId]) -> _Page:
        """The families that depend on what changed, in pages; each is given what of its own has changed."""
        by_family = dict[SubjectId, dict[str, None]]()
        for on in changed:
            for dependent in self.ledger.dependents.of(on):
                by_family.setdefault(dependent.family, {})[dependent.on.key] = None
        families = [each for each in sorted(by_family, key=lambda family: family.key) if each.key > trigger.after]
        page = families[:_PAGE]
        return _Page(
            [(family, FollowUpTrigger.of(family.place, trigger, changed=tuple(by_family[family]))) for family in page],
            rest=trigger.model_copy(update={"after": page[-1].key}).message if len(families) > len(page) else "",
            ignored="" if page else "no family depends on it",
        )

    def _send(self, pages: Mapping[str, _Page]) -> dict[str, str]:
        """Gives, by message, why something that it leads to could not be sent."""
        failed = dict[str, str]()
        owners = [(message, on, trigger) for message, page in pages.items() for on, trigger in page.subjects]
        sent = self.subjects.send_each([_message(*each) for each in owners])
        failed |= {owners[index][0]: str(error) for index, error in sent.items()}
        rests = [(message, page.rest) for message, page in pages.items() if page.rest and message not in failed]
        sent = self.changes.send_each([Message(rest) for _, rest in rests])
        return failed | {rests[index][0]: str(error) for index, error in sent.items()}


def _message(source: str, on: SubjectId, trigger: SubjectTrigger) -> Message:
    """A source message that is retried sends none twice, and no two of them are taken for one."""
    made = SubjectMessage(subject=on.key, trigger=trigger)
    return Message(made.body, made.group, hashlib.sha256(f"{source} {on.key}".encode()).hexdigest())
