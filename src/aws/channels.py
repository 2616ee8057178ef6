"""Topics and queues: alerts, notices to operations, subjects to evaluate, and requests for a correction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws.batches import batches
from aws.calls import CallFailed, calling
from aws.errors import Meaning, meaning_of
from aws.sessions import Sessions

_SUBJECT = 100  # characters that SNS accepts
_BATCH = 10  # messages that SQS and SNS accept in one call
_BYTES = 200_000  # of a whole batch: some queues and endpoints accept 256 KiB, attributes included
_LONGEST_HIDDEN = 11 * 3600
"""Seconds. SQS counts twelve hours from the receipt, and refuses more: a batch may have waited for its function."""


@dataclass(frozen=True, slots=True)
class Message:
    """`group` and `deduplication` are for FIFO queues, `delay` (seconds, 900 at most) for the others.

    `attributes` are for topics.
    """

    body: str = field(repr=False)
    group: str = ""
    deduplication: str = ""
    delay: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic of Outrider's own account."""

    sessions: Sessions
    arn: str

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    def publish(self, body: str, attributes: Mapping[str, str] | None = None, subject: str | None = None) -> None:
        titled = {"Subject": subject[:_SUBJECT]} if subject else {}
        with calling("sns:Publish", self.name):
            self.sessions.own("sns").publish(
                TopicArn=self.arn, Message=body, MessageAttributes=_attributes(attributes or {}), **titled
            )

    def publish_each(self, messages: Sequence[Message]) -> dict[int, CallFailed]:
        """Publish many messages in as few calls as possible; return the failures by index."""

        def publish(batch: list[tuple[int, Message]]) -> Any:
            entries = [
                {"Id": str(index), "Message": each.body, "MessageAttributes": _attributes(each.attributes)}
                for index, each in batch
            ]
            with calling("sns:Publish", self.name):
                return self.sessions.own("sns").publish_batch(TopicArn=self.arn, PublishBatchRequestEntries=entries)

        return _each("sns:Publish", self.name, messages, publish)


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue of Outrider's own account."""

    sessions: Sessions
    url: str

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    def send(self, body: str, *, group: str = "", deduplication: str = "", delay: int = 0) -> None:
        """Send one message; see Message."""
        given = _given(Message(body, group, deduplication, delay))
        with calling("sqs:SendMessage", self.name):
            self.sessions.own("sqs").send_message(QueueUrl=self.url, MessageBody=body, **given)

    def send_each(self, messages: Sequence[Message]) -> dict[int, CallFailed]:
        """Send many messages in as few calls as possible; return the failures by index."""

        def send(batch: list[tuple[int, Message]]) -> Any:
            entries = [{"Id": str(index), "MessageBody": each.body} | _given(each) for index, each in batch]
            with calling("sqs:SendMessage", self.name):
                return self.sessions.own("sqs").send_message_batch(QueueUrl=self.url, Entries=entries)

        return _each("sqs:SendMessage", self.name, messages, send)

    def send_all(self, messages: Sequence[Message]) -> None:
        """Send many messages. Raises CallFailed if SQS rejected one of them."""
        for failed in self.send_each(messages).values():
            raise failed

    def depth(self, *, delayed: bool = True) -> int:
        """Return about how many messages wait or are in flight; with `delayed`, also those not visible yet."""
        states = ("", "NotVisible", "Delayed") if delayed else ("", "NotVisible")
        names = [f"ApproximateNumberOfMessages{state}" for state in states]
        with calling("sqs:GetQueueAttributes", self.name):
            found = self.sessions.own("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def hide(self, receipt: str, seconds: int) -> None:
        """Hide a received message: it is delivered again after so many seconds, or after eleven hours."""
        with calling("sqs:ChangeMessageVisibility", self.name):
            self.sessions.own("sqs").change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=min(seconds, _LONGEST_HIDDEN)
            )


def _each(
    call: str, name: str, messages: Sequence[Message], send: Callable[[list[tuple[int, Message]]], Any]
) -> dict[int, CallFailed]:
    failed = dict[int, CallFailed]()
    for batch in batches(enumerate(messages), _BATCH, _BYTES, lambda each: len(each[1].body.encode())):
        try:
            answer = send(batch)
        except CallFailed as error:
            failed |= dict.fromkeys((index for index, _ in batch), error)
            continue
        for each in answer.get("Failed", []):
            meaning = meaning_of(call, each["Code"]) if each["SenderFault"] else Meaning.RETRY
            failed[int(each["Id"])] = CallFailed(call, name, each["Code"], meaning)
    return failed


def _given(message: Message) -> dict[str, Any]:
    given = {
        "MessageGroupId": message.group,
        "MessageDeduplicationId": message.deduplication,
        "DelaySeconds": message.delay,  # without it, the queue's own delay applies
    }
    return {name: value for name, value in given.items() if value}


def _attributes(given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in given.items()}
