"""Topics and queues: alerts, notices to operations, and requests for a correction."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws.calls import calling
from aws.sessions import Sessions

_SUBJECT = 100  # characters that SNS takes


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

    def hide(self, receipt: str, seconds: int) -> None:
        """Let a message that was received come again no sooner than after so many seconds (12 hours at most)."""
        with calling("sqs:ChangeMessageVisibility", self.url.rpartition("/")[2]):
            self.sessions.own("sqs").change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=min(seconds, 43200)
            )
