"""How messages reach the use cases: the one place that knows what takes which, and what happens to a failure."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from aws.calls import CallFailed
from aws.ledger import LedgerConflict
from domain.findings.finding import Transition
from domain.verdict import Unknown
from operations.inspection.dispatching import Dispatched, Dispatcher, Undispatched
from operations.inspection.inspector import Done, Failed, Inspector, SentBack
from operations.remediation.outcome import NotRead
from operations.remediation.outcome import Outcome as Corrected
from operations.remediation.remediator import Remediator
from tests.aws_fake.calls import Crash
from tests.aws_fake.sqs import Message, Queue, Sqs

type Take = Callable[[Mapping[str, str]], Collection[str]]
"""A function that takes a batch, bodies by message id, and gives the ids of those that failed."""

_NUMBERS = count()
_BATCH = 10  # messages that Lambda gives a function at once


@dataclass(frozen=True)
class Outcome:
    """What came of one message of the queue `changes`: of its dispatch, and of all evaluations that it led to."""

    dispatched: Dispatched | Undispatched
    evaluated: Sequence[Done | Failed | SentBack] = ()

    @property
    def failures(self) -> list[str]:
        """Why something of it has to be retried."""
        every = (self.dispatched, *self.evaluated)
        return [each.reason for each in every if isinstance(each, Undispatched | Failed)]

    @property
    def unreadable(self) -> bool:
        return isinstance(self.dispatched, Undispatched) and self.dispatched.unreadable

    @property
    def ignored(self) -> str:
        return self.dispatched.ignored if isinstance(self.dispatched, Dispatched) else ""

    @property
    def done(self) -> list[Done]:
        return [each for each in self.evaluated if isinstance(each, Done)]

    @property
    def verdicts(self) -> Counter[str]:
        return sum((Counter(each.verdicts) for each in self.done), Counter[str]())

    @property
    def unknown(self) -> list[Unknown]:
        return [verdict for each in self.done for verdict in each.unknown]

    @property
    def transitions(self) -> list[Transition]:
        return [transition for each in self.done for transition in each.transitions]


@dataclass
class Inspection:
    """The functions dispatch and inspect, with the queue of subjects between them."""

    sqs: Sqs
    dispatcher: Dispatcher
    inspector: Inspector

    def inspect(self, *bodies: str) -> list[Outcome]:
        """Have a batch dispatched, and then all subjects evaluated, until nothing is left but what failed."""
        batch = {f"change-{next(_NUMBERS)}": body for body in bodies}
        dispatched = self.dispatcher.dispatch(batch)
        evaluated = self.evaluate()
        return [Outcome(dispatched[id_], evaluated) for id_ in batch]

    @property
    def queue(self) -> Queue:
        return self.sqs.queue("subjects.fifo")

    def take(self, messages: Sequence[Message]) -> bool:
        """Deliver messages of the two queues, those of each as one batch. Whether the functions lived to their end."""
        changes, subjects = self.sqs.queue("changes"), [each for each in messages if each.group]
        of_changes = [each for each in messages if not each.group]
        lived = not of_changes or deliver(self.sqs, changes, of_changes, self.dispatched)
        return lived and (not subjects or deliver(self.sqs, self.queue, subjects, lambda b: self.inspected(b, [])))

    def dispatched(self, batch: Mapping[str, str]) -> Collection[str]:
        """Have dispatch take one batch; gives the messages that failed."""
        outcomes = self.dispatcher.dispatch(batch)
        failed = {id_: each for id_, each in outcomes.items() if isinstance(each, Undispatched)}
        assert not any(each.unreadable for each in failed.values()), failed
        return failed

    def evaluate(self) -> list[Done | Failed | SentBack]:
        """Have inspect take what is on its queue, each message once."""
        outcomes, tried = list[Done | Failed | SentBack](), set[str]()
        while messages := [each for each in self.queue.receivable(self.sqs.clock.now()) if each.id not in tried]:
            messages = messages[:_BATCH]
            tried |= {message.id for message in messages}
            deliver(self.sqs, self.queue, messages, lambda batch: self.inspected(batch, outcomes))
        return outcomes

    def inspected(self, batch: Mapping[str, str], outcomes: list[Done | Failed | SentBack]) -> Collection[str]:
        """Have inspect take one batch: what came of it is appended; gives the messages that failed."""
        found = self.inspector.inspect(batch)
        outcomes += found
        return [message for each in found if isinstance(each, Failed) for message in each.messages]


def remediating(remediator: Remediator, done: list[Corrected]) -> Take:
    """What came of each message is appended to `done`."""

    def take(batch: Mapping[str, str]) -> Collection[str]:
        failed = list[str]()
        for id_, body in batch.items():
            try:
                done.append(remediator.remediate(body, f"{remediator.senders.inspect}:inspect"))
            except (CallFailed, LedgerConflict, NotRead):
                failed.append(id_)
        return failed

    return take


def deliver(sqs: Sqs, queue: Queue, messages: Sequence[Message], take: Take) -> bool:
    """Deliver a batch, as Lambda does: what failed can be received again. Whether the function lived to its end."""
    received = [message for message in messages if sqs.take(queue, message) is not None]
    failed: Collection[str] = [message.id for message in received]
    try:
        failed = take({message.id: message.body for message in received})
    except Crash:
        return False
    finally:
        for message in received:
            if message.id in failed:
                message.visible = sqs.clock.now()
            else:
                queue.waiting.remove(message)
    return True
