"""How messages reach the use cases: the one place that knows what takes which, and what becomes of a failure."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from aws.calls import CallFailed
from aws.ledger import LedgerConflict
from operations.inspection.inspector import Failed, Inspector, Outcome
from operations.remediation.corrector import NotRead
from operations.remediation.corrector import Outcome as Corrected
from operations.remediation.remediator import Remediator
from tests.aws_fake.calls import Crash
from tests.aws_fake.sqs import Message, Queue, Sqs

type Take = Callable[[Mapping[str, str]], Collection[str]]
"""A function that takes a batch, bodies by message id, and gives the ids of those that failed."""


def inspected(inspector: Inspector, bodies: Iterable[str]) -> list[Outcome]:
    """Have inspect take one batch."""
    batch = {str(number): body for number, body in enumerate(bodies)}
    outcomes = inspector.inspect(batch)
    return [outcomes[id_] for id_ in batch]


def inspecting(inspector: Inspector) -> Take:
    def take(batch: Mapping[str, str]) -> Collection[str]:
        outcomes = dict(zip(batch, inspected(inspector, batch.values()), strict=True))
        unreadable = [each for each in outcomes.values() if isinstance(each, Failed) and each.unreadable]
        assert not unreadable, unreadable
        return [id_ for id_, each in outcomes.items() if isinstance(each, Failed)]

    return take


def remediating(remediator: Remediator, done: list[Corrected]) -> Take:
    """What came of each message is appended to `done`."""

    def take(batch: Mapping[str, str]) -> Collection[str]:
        failed = list[str]()
        for id_, body in batch.items():
            try:
                done.append(remediator.remediate(body))
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
