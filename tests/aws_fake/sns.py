"""SNS: topics, and queues that subscribe to them."""

import json
from dataclasses import dataclass, field

from tests.aws_fake.service import Json, Refused, Service, Unsupported, supports
from tests.aws_fake.sqs import Sqs

MAX_SUBJECT = 100
MAX_BYTES = 256 * 1024
MAX_BATCH = 10
_PUBLISHED = ("Message", "Subject", "MessageAttributes")


@dataclass
class Topic:
    """A topic. `published` is everything that was published, in order; each subscriber is a queue's ARN."""

    arn: str
    published: list[str] = field(default_factory=list)
    subscribers: dict[str, bool] = field(default_factory=dict)
    """Whether a queue gets messages raw."""
    pending: list[str] = field(default_factory=list)
    """Addresses that have not confirmed yet."""


@dataclass
class Sns(Service):
    """The topics of a place."""

    sqs: Sqs
    topics: dict[str, Topic] = field(default_factory=dict)
    numbers: int = 0

    def topic(self, name: str) -> Topic:
        """By name or ARN."""
        found = self.topics.get(name.rpartition(":")[2])
        if found is None:
            raise Refused("NotFound", "Topic does not exist", 404)
        return found

    @supports("Name")
    def create_topic(self, given: Json) -> Json:
        name = given["Name"]
        arn = f"arn:aws:sns:{self.sqs.region}:{self.sqs.account}:{name}"
        return {"TopicArn": self.topics.setdefault(name, Topic(arn)).arn}

    @supports("TopicArn", "Protocol", "Endpoint", "Attributes")
    def subscribe(self, given: Json) -> Json:
        attributes = given.get("Attributes", {})
        if given["Protocol"] != "sqs" or attributes.keys() - {"RawMessageDelivery"}:
            raise Unsupported("a subscription by anything but a queue without a filter")
        topic, queue = self.topic(given["TopicArn"]), self.sqs.queue(given["Endpoint"])
        topic.subscribers[queue.arn] = attributes.get("RawMessageDelivery") == "true"
        return {"SubscriptionArn": f"{topic.arn}:{queue.name}"}

    @supports("TopicArn", "NextToken")
    def list_subscriptions_by_topic(self, given: Json) -> Json:
        topic = self.topic(given["TopicArn"])
        confirmed = [f"{topic.arn}:{number}" for number, _ in enumerate(topic.subscribers)]
        arns = confirmed + ["PendingConfirmation" for _ in topic.pending]
        return {"Subscriptions": [{"SubscriptionArn": arn, "TopicArn": topic.arn} for arn in arns]}

    @supports("TopicArn", *_PUBLISHED)
    def publish(self, given: Json) -> Json:
        return self._publish(self.topic(given["TopicArn"]), given)

    @supports("TopicArn", "PublishBatchRequestEntries")
    def publish_batch(self, given: Json) -> Json:
        topic, entries, done, failed = self.topic(given["TopicArn"]), given["PublishBatchRequestEntries"], [], []
        if not 1 <= len(entries) <= MAX_BATCH:
            raise Refused("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
        if len({entry["Id"] for entry in entries}) < len(entries):
            raise Refused("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
        if sum(len(entry["Message"].encode()) for entry in entries) > MAX_BYTES:
            raise Refused("BatchRequestTooLong", "The length of all the messages put together is more than the limit.")
        for entry in entries:
            if unknown := entry.keys() - {*_PUBLISHED, "Id"}:
                raise Unsupported(f"{sorted(unknown)} of a message")
            try:
                done.append({"Id": entry["Id"]} | self._publish(topic, entry))
            except Refused as refused:
                failed.append({"Id": entry["Id"], "Code": refused.code, "SenderFault": True})
        return {"Successful": done, "Failed": failed}

    def _publish(self, topic: Topic, given: Json) -> Json:
        message, subject = given["Message"], given.get("Subject")
        if not message or len(message.encode()) > MAX_BYTES:
            raise Refused("InvalidParameter", "Invalid parameter: Message too long")
        if subject is not None and (not 1 <= len(subject) <= MAX_SUBJECT or not subject.isprintable()):
            raise Refused("InvalidParameter", "Invalid parameter: Subject")
        self.numbers += 1
        id_ = f"notification-{self.numbers:06}"
        topic.published.append(message)
        for queue, raw in topic.subscribers.items():
            envelope = {"Type": "Notification", "MessageId": id_, "TopicArn": topic.arn, "Message": message}
            envelope |= {"Subject": subject} if subject else {}
            attributes = (
                {"MessageAttributes": given["MessageAttributes"]} if raw and "MessageAttributes" in given else {}
            )
            self.sqs.put(queue, message if raw else json.dumps(envelope), **attributes)
        return {"MessageId": id_}
