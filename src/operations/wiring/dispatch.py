"""The parts of the dispatch function."""

from functools import lru_cache

from aws.channels import Queue
from aws.ledger import Ledger
from aws.roles import Roles
from aws.sessions import Sessions
from operations.inspection.dispatching import Dispatcher
from operations.wiring import shared
from settings import Settings, settings


@lru_cache(maxsize=1)
def dispatcher() -> Dispatcher:
    """Return the part as the environment configures it."""
    return make_dispatcher(settings(), shared.sessions())


def make_dispatcher(given: Settings, aws: Sessions) -> Dispatcher:
    """Return the use case with all its parts."""
    return Dispatcher(
        ledger=Ledger(aws, given.table),
        roles=Roles(aws),
        changes=Queue(aws, given.changes_queue),
        subjects=Queue(aws, given.subjects_queue),
    )
