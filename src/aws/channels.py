"""Topics and queues: alerts, notices to operations, and requests for a correction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aws.batches import batches
from aws.calls import CallFailed, calling
from aws.sessions import Sessions

_SUBJECT = 100  # characters that SNS accepts
_BATCH = 10  # messages that SQS accepts in one call
_BYTES = 200_000  # of all of them together: some queues and endpoints accept 256 KiB, attributes included


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic of Outrider's own account."""

    sessions: Sessions
    arn: str

    def publish(self, body: str, attributes: Mapping[str, str] | None = None, subject: str | None = None) -> None:
        given = {name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()}
        titled = {"Subject": subject[:_SUBJECT]} if subject else {}
        with calling("sns:Publish", self.arn.rpartition(":")[2]):
            self.sessions.own("sns").publish(TopicArn=self.arn, Message=body, MessageAttributes=given, **titled)


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue of Outrider's own account."""

    sessions: Sessions
    url: str

    def send(
        self, body: str, *, group: str | None = None, deduplication: str | None = None, delay: int | None = None
    ) -> None:
        """`group` and `deduplication` are for FIFO queues, `delay` (seconds, 900 at most) for the others."""
        given = {"MessageGroupId": group, "MessageDeduplicationId": deduplication, "DelaySeconds": delay}
        with calling("sqs:SendMessage", self.url.rpartition("/")[2]):
            self.sessions.own("sqs").send_message(
                QueueUrl=self.url, MessageBody=body, **{k: v for k, v in given.items() if v}
            )

    def send_all(self, bodies: Iterable[str], *, delay: int = 0) -> None:
        """Send many in as few calls as possible. CallFailed where SQS rejected one of them."""
        name = self.url.rpartition("/")[2]
        delayed = {"DelaySeconds": delay} if delay else {}  # else the queue's own
        for batch in batches(bodies, _BATCH, _BYTES, lambda body: len(body.encode())):
            entries = [{"Id": str(number), "MessageBody": body} | delayed for number, body in enumerate(batch)]
            with calling("sqs:SendMessage", name):
                found = self.sessions.own("sqs").send_message_batch(QueueUrl=self.url, Entries=entries)
            for failed in found.get("Failed", []):
                raise CallFailed("sqs:SendMessage", name, failed["Code"], transient=not failed["SenderFault"])

    def depth(self, *, delayed: bool = True) -> int:
        """About how many messages wait or are in flight; with `delayed`, also those that are not visible yet."""
        states = ("", "NotVisible", "Delayed") if delayed else ("", "NotVisible")
        names = [f"ApproximateNumberOfMessages{state}" for state in states]
        with calling("sqs:GetQueueAttributes", self.url.rpartition("/")[2]):
            found = self.sessions.own("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def hide(self, receipt: str, seconds: int) -> None:
        """Hide a received message: it is delivered again after so many seconds (12 hours at most)."""
        with calling("sqs:ChangeMessageVisibility", self.url.rpartition("/")[2]):
            self.sessions.own("sqs").change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=min(seconds, 43200)
            )
