"""What the queues of an account and region hold, without a receipt of it.

AWS has no such call. One for each queue would miss a message that goes from one queue to another between two calls, and
to receive what a queue holds, again and again, is work that keeps others waiting.
"""

import time

from local.internals import Ministack


class Queues:
    """The queues of SQS."""

    def __init__(self, ministack: Ministack) -> None:
        self._sqs = ministack.sqs

    def waiting(self) -> dict[str, int]:
        """Each queue's URL, and how many messages it holds: those in flight too, but not those that are delayed."""
        now = time.time()
        with self._sqs._queues_lock:
            return {
                url: sum(1 for message in queue["messages"] if message["visible_at"] <= now or message["receive_count"])
                for url, queue in self._sqs._queues.items()
            }

    def bodies(self, name: str) -> list[str]:
        """The bodies of what a queue holds and nobody has in hand. Raises KeyError if there is no such queue."""
        now = time.time()
        with self._sqs._queues_lock:
            queues = {url.rpartition("/")[2]: queue for url, queue in self._sqs._queues.items()}
            return [str(message["body"]) for message in queues[name]["messages"] if message["visible_at"] <= now]
