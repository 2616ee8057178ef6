"""SQS's message move tasks, which ministack lacks: what a DLQ holds goes at once to the queue that is named.

Facts: "StartMessageMoveTask" and "ListMessageMoveTasks" in the API reference of SQS.
"""

import time
import uuid
from collections import defaultdict
from typing import Any

from local.internals import Ministack

_PAGE = 10  # messages of one ReceiveMessage


class Redrives:
    """The move tasks that were started, by the ARN of their source."""

    def __init__(self, ministack: Ministack) -> None:
        self._sqs = ministack.sqs
        self._done = defaultdict[str, list[dict[str, Any]]](list)

    def install(self) -> None:
        self._sqs._HANDLERS |= {"StartMessageMoveTask": self._start, "ListMessageMoveTasks": self._list}

    async def _start(self, data: dict[str, Any], _: str) -> dict[str, Any]:
        source, destination = data["SourceArn"], data.get("DestinationArn")
        if not destination:
            raise self._sqs._Err("InvalidParameterValue", "Name the destination: SQS knows none for these messages.")
        from_, to, moved = self._url(source), self._url(destination), 0
        while messages := await self._received(from_):
            for message in messages:
                group = {"MessageGroupId": message["Attributes"].get("MessageGroupId", "redriven")}
                named = group | {"MessageDeduplicationId": str(uuid.uuid4())}
                fifo = named if destination.endswith(".fifo") else {}
                self._sqs._HANDLERS["SendMessage"]({"QueueUrl": to, "MessageBody": message["Body"], **fifo}, to)
                receipt = {"QueueUrl": from_, "ReceiptHandle": message["ReceiptHandle"]}
                self._sqs._HANDLERS["DeleteMessage"](receipt, from_)
                moved += 1
        task = {
            "Status": "COMPLETED",
            "SourceArn": source,
            "DestinationArn": destination,
            "ApproximateNumberOfMessagesMoved": moved,
            "StartedTimestamp": int(time.time() * 1000),
        }
        self._done[source].insert(0, task)
        return {"TaskHandle": str(uuid.uuid4())}

    async def _received(self, queue: str) -> list[dict[str, Any]]:
        request = {"QueueUrl": queue, "MaxNumberOfMessages": _PAGE, "AttributeNames": ["All"], "WaitTimeSeconds": 0}
        found = await self._sqs._HANDLERS["ReceiveMessage"](request, queue)
        return list(found.get("Messages", ()))

    def _list(self, data: dict[str, Any], _: str) -> dict[str, Any]:
        return {"Results": self._done[data["SourceArn"]][: int(data.get("MaxResults", 1))]}

    def _url(self, arn: str) -> str:
        found = self._sqs._HANDLERS["GetQueueUrl"]({"QueueName": arn.rpartition(":")[2]}, "")
        return str(found["QueueUrl"])
