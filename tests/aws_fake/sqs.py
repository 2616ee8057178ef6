"""SQS: standard and FIFO queues, with visibility, delay, deduplication and dead-letter queues."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.aws_fake.clock import Clock
from tests.aws_fake.service import Json, Refused, Service, Unsupported, supports

REMEMBERED = timedelta(minutes=5)  # for this long, a FIFO queue knows a deduplication id
MAX_DELAY = 900
MAX_BYTES = 1024 * 1024
MAX_BATCH = 10
_NEW = {"VisibilityTimeout": "30", "DelaySeconds": "0"}
_SENT = ("QueueUrl", "MessageBody", "DelaySeconds", "MessageGroupId", "MessageDeduplicationId", "MessageAttributes")


@dataclass
class Message:
    """A message on a queue. It can be received from `visible` on; `receipt` is that of its last receipt."""

    id: str
    body: str
    sent: datetime
    visible: datetime
    delay: int = 0
    group: str | None = None
    deduplication: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    received: int = 0
    receipt: str = ""


@dataclass
class Queue:
    """A queue. `sent` is everything that it ever took, in order; `waiting` what is still on it."""

    name: str
    url: str
    arn: str
    attributes: dict[str, str]
    waiting: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    remembered: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    @property
    def fifo(self) -> bool:
        return self.attributes.get("FifoQueue") == "true"

    def receivable(self, now: datetime) -> list[Message]:
        """What can be received now, in order. In a FIFO queue a group waits for what was received of it."""
        busy, found = {m.group for m in self.waiting if self.fifo and m.visible > now}, list[Message]()
        for message in self.waiting:
            if message.visible <= now and message.group not in busy:
                found.append(message)
        return found

    def bodies(self) -> list[str]:
        return [message.body for message in self.waiting]


@dataclass
class Sqs(Service):
    """The queues of a place."""

    clock: Clock
    account: str
    region: str
    queues: dict[str, Queue] = field(default_factory=dict)
    numbers: int = 0

    # --- for tests ----------------------------------------------------------------------------------------------------

    def queue(self, name: str) -> Queue:
        """By name, URL or ARN."""
        found = self.queues.get(name.rpartition("/")[2].rpartition(":")[2])
        if found is None:
            raise Refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        return found

    def put(self, name: str, *bodies: str, **given: Any) -> None:
        """Send messages; in a FIFO queue each of a group of its own, if none is given."""
        for body in bodies:
            own = {"MessageGroupId": body, "MessageDeduplicationId": f"{self.numbers}"} if self.queue(name).fifo else {}
            self._send(self.queue(name), {"MessageBody": body} | own | given)

    def purge(self, *names: str) -> None:
        """Empty some queues, or all of them."""
        for name in names or self.queues:
            self.queue(name).waiting.clear()

    def take(self, queue: Queue, message: Message, seconds: int | None = None) -> Message | None:
        """Receive one message; None where it goes to the dead-letter queue instead."""
        timeout = int(queue.attributes["VisibilityTimeout"]) if seconds is None else seconds
        redrive = json.loads(queue.attributes.get("RedrivePolicy") or "{}")
        if redrive and message.received >= int(redrive["maxReceiveCount"]):
            queue.waiting.remove(message)
            dead = self.queue(redrive["deadLetterTargetArn"])
            dead.waiting.append(message)
            dead.sent.append(message)
            message.visible = self.clock.now()
            return None
        message.received += 1
        message.receipt = f"{queue.name}/{message.id}/{message.received}"
        message.visible = self.clock.now() + timedelta(seconds=timeout)
        return message

    def next_due(self, *names: str) -> datetime | None:
        """When the next message of these queues can be received."""
        times = [message.visible for name in names for message in self.queue(name).waiting]
        return min(times, default=None)

    # --- queues -------------------------------------------------------------------------------------------------------

    @supports("QueueName", "Attributes", "tags")
    def create_queue(self, given: Json) -> Json:
        name, attributes = given["QueueName"], _NEW | given.get("Attributes", {})
        if unknown := attributes.keys() - {*_NEW, "FifoQueue", "ContentBasedDeduplication", "RedrivePolicy"}:
            raise Unsupported(f"the attributes {sorted(unknown)} of a queue")
        if name.endswith(".fifo") != (attributes.get("FifoQueue") == "true"):
            raise Refused("InvalidParameterValue", "The name of a FIFO queue, and of no other, ends in .fifo")
        url = f"https://sqs.{self.region}.amazonaws.com/{self.account}/{name}"
        arn = f"arn:aws:sqs:{self.region}:{self.account}:{name}"
        held = self.queues.setdefault(name, Queue(name, url, arn, attributes))
        if held.attributes != attributes:
            raise Refused("QueueNameExists", "A queue already exists with the same name and different attributes")
        return {"QueueUrl": url}

    @supports("QueueName")
    def get_queue_url(self, given: Json) -> Json:
        return {"QueueUrl": self.queue(given["QueueName"]).url}

    @supports("QueueUrl", "AttributeNames")
    def get_queue_attributes(self, given: Json) -> Json:
        queue, now = self.queue(given["QueueUrl"]), self.clock.now()
        hidden = [message for message in queue.waiting if message.visible > now]
        delayed = [message for message in hidden if not message.received]
        every = queue.attributes | {
            "QueueArn": queue.arn,
            "ApproximateNumberOfMessages": str(len(queue.waiting) - len(hidden)),
            "ApproximateNumberOfMessagesNotVisible": str(len(hidden) - len(delayed)),
            "ApproximateNumberOfMessagesDelayed": str(len(delayed)),
        }
        asked = given.get("AttributeNames", [])
        return {"Attributes": {key: value for key, value in every.items() if "All" in asked or key in asked}}

    @supports("QueueUrl", "Attributes")
    def set_queue_attributes(self, given: Json) -> Json:
        self.queue(given["QueueUrl"]).attributes |= given["Attributes"]
        return {}

    @supports("QueueUrl")
    def purge_queue(self, given: Json) -> Json:
        self.queue(given["QueueUrl"]).waiting.clear()
        return {}

    # --- messages in --------------------------------------------------------------------------------------------------

    @supports(*_SENT)
    def send_message(self, given: Json) -> Json:
        return self._send(self.queue(given["QueueUrl"]), given)

    @supports("QueueUrl", "Entries")
    def send_message_batch(self, given: Json) -> Json:
        queue, entries = self.queue(given["QueueUrl"]), given["Entries"]
        _refuse_crowd(entries)
        if sum(len(entry["MessageBody"].encode()) for entry in entries) > MAX_BYTES:
            raise Refused("AWS.SimpleQueueService.BatchRequestTooLong", "Batch requests cannot be longer than 1 MiB")
        done, failed = list[Json](), list[Json]()
        for entry in entries:
            try:
                done.append({"Id": entry["Id"]} | self._send(queue, entry))
            except Refused as refused:
                failed.append({"Id": entry["Id"], "SenderFault": True, "Code": refused.code})
        return ({"Successful": done} if done else {}) | ({"Failed": failed} if failed else {})

    def _send(self, queue: Queue, entry: Json) -> Json:
        body, now = entry["MessageBody"], self.clock.now()
        if unknown := entry.keys() - {*_SENT, "Id"}:
            raise Unsupported(f"{sorted(unknown)} of a message")
        if not body or len(body.encode()) > MAX_BYTES:
            raise Refused("InvalidParameterValue", "One or more parameters are invalid: the message's length")
        delay = int(entry.get("DelaySeconds", queue.attributes["DelaySeconds"]))
        if not 0 <= delay <= MAX_DELAY or (queue.fifo and "DelaySeconds" in entry):
            raise Refused("InvalidParameterValue", f"Value {delay} for parameter DelaySeconds is invalid.")
        group, known = entry.get("MessageGroupId"), self._deduplication(queue, entry)
        answer = {"MD5OfMessageBody": hashlib.md5(body.encode()).hexdigest()}  # noqa: S324 - as SQS has it
        if known is not None:
            until, id_ = queue.remembered.get(known, (now, ""))
            if until > now:
                return answer | {"MessageId": id_}
        self.numbers += 1
        message = Message(
            f"message-{self.numbers:06}", body, now, now + timedelta(seconds=delay), delay, group, known,
            entry.get("MessageAttributes", {}),
        )  # fmt: skip
        if known is not None:
            queue.remembered[known] = (now + REMEMBERED, message.id)
        queue.waiting.append(message)
        queue.sent.append(message)
        return answer | {"MessageId": message.id}

    @staticmethod
    def _deduplication(queue: Queue, entry: Json) -> str | None:
        given: str | None = entry.get("MessageDeduplicationId")
        if not queue.fifo:
            if given is not None:
                raise Refused("InvalidParameterValue", "MessageDeduplicationId is for FIFO queues")
            return None
        if not entry.get("MessageGroupId"):
            raise Refused("MissingParameter", "The request must contain the parameter MessageGroupId.")
        if given is None and queue.attributes.get("ContentBasedDeduplication") != "true":
            raise Refused("InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or…")
        return given or hashlib.sha256(entry["MessageBody"].encode()).hexdigest()

    # --- messages out -------------------------------------------------------------------------------------------------

    @supports(
        "QueueUrl", "MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds", "AttributeNames",
        "MessageSystemAttributeNames", "MessageAttributeNames",
    )  # fmt: skip
    def receive_message(self, given: Json) -> Json:
        queue, most = self.queue(given["QueueUrl"]), int(given.get("MaxNumberOfMessages", 1))
        if not 1 <= most <= MAX_BATCH:
            raise Refused("InvalidParameterValue", "MaxNumberOfMessages must be between 1 and 10")
        found = list[Json]()
        for message in queue.receivable(self.clock.now()):
            if len(found) == most:
                break
            if self.take(queue, message, given.get("VisibilityTimeout")) is not None:
                found.append(_shown(message, given))
        return {"Messages": found} if found else {}

    @supports("QueueUrl", "ReceiptHandle")
    def delete_message(self, given: Json) -> Json:
        queue = self.queue(given["QueueUrl"])
        queue.waiting = [message for message in queue.waiting if message.receipt != given["ReceiptHandle"]]
        return {}

    @supports("QueueUrl", "Entries")
    def delete_message_batch(self, given: Json) -> Json:
        _refuse_crowd(given["Entries"])
        for entry in given["Entries"]:
            self.delete_message({"QueueUrl": given["QueueUrl"], "ReceiptHandle": entry["ReceiptHandle"]})
        return {"Successful": [{"Id": entry["Id"]} for entry in given["Entries"]]}

    @supports("QueueUrl", "ReceiptHandle", "VisibilityTimeout")
    def change_message_visibility(self, given: Json) -> Json:
        queue, now = self.queue(given["QueueUrl"]), self.clock.now()
        for message in queue.waiting:
            if message.receipt == given["ReceiptHandle"] and message.visible > now:
                message.visible = now + timedelta(seconds=given["VisibilityTimeout"])
                return {}
        raise Refused("InvalidParameterValue", "The message does not exist or is not available for a change")


def _refuse_crowd(entries: list[Json]) -> None:
    if not 1 <= len(entries) <= MAX_BATCH:
        raise Refused("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "Maximum number of entries is 10")
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise Refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "Two or more batch entries have one Id")


def _shown(message: Message, given: Json) -> Json:
    every = {
        "ApproximateReceiveCount": str(message.received),
        "SentTimestamp": str(int(message.sent.timestamp() * 1000)),
        "MessageGroupId": message.group,
        "MessageDeduplicationId": message.deduplication,
    }
    asked = {*given.get("AttributeNames", ()), *given.get("MessageSystemAttributeNames", ())}
    shown = {key: value for key, value in every.items() if value is not None and asked & {"All", key}}
    md5 = hashlib.md5(message.body.encode()).hexdigest()  # noqa: S324 - as SQS has it
    found: Json = {"MessageId": message.id, "ReceiptHandle": message.receipt, "Body": message.body, "MD5OfBody": md5}
    found |= {"Attributes": shown} if shown else {}
    named = given.get("MessageAttributeNames") and message.attributes
    return found | ({"MessageAttributes": named} if named else {})
