"""The parts of the dispatch function."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from aws.channels import Queue
from aws.ledger import Ledger
from aws.roles import Roles
from aws.sessions import Sessions
from operations.inspection.dispatching import Dispatcher
from operations.inspection.merging import Merger
from operations.wiring import shared
from settings import Settings, settings


@lru_cache(maxsize=1)
def dispatcher() -> Dispatcher:
    """Return the part as the environment configures it."""
    return make_dispatcher(settings(), shared.sessions())


def make_dispatcher(given: Settings, aws: Sessions, now: Callable[[], datetime] = shared.now) -> Dispatcher:
    """Return the use case with all its parts."""
    ledger, changes = Ledger(aws, given.table), Queue(aws, given.changes_queue)
    return Dispatcher(
        ledger=ledger,
        roles=Roles(aws),
        changes=changes,
        subjects=Queue(aws, given.subjects_queue),
        merger=Merger(ledger, changes, now),
        members=given.members,
    )
