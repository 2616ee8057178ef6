"""What the queues of an account and region hold, all of them at one moment.

AWS has no such call. One for each queue would miss a message that goes from one queue to another between two calls.
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
