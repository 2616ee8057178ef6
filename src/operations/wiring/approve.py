"""The parts of the approve function."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from aws.channels import Queue
from aws.ledger import Ledger
from aws.sessions import Sessions
from operations.approving import Approver
from operations.wiring import shared
from settings import Settings, settings


@lru_cache(maxsize=1)
def approver() -> Approver:
    """Return the part as the environment configures it."""
    return make_approver(settings(), shared.sessions())


def make_approver(given: Settings, aws: Sessions, now: Callable[[], datetime] = shared.now) -> Approver:
    """Return the use case with all its parts."""
    queue = Queue(aws, given.remediations_queue)
    return Approver(Ledger(aws, given.table), queue, now, given.members, given.administrator)
