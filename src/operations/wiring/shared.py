"""What every function shares: its sessions."""

from datetime import UTC, datetime
from functools import lru_cache

from aws.sessions import Rates, Sessions
from settings import settings

DEFINITIONS_PER_SECOND = 13.0
"""Of the 20 calls that ECS allows, the executions of inspect make less than half with their shares of this."""


def now() -> datetime:
    """Return the time, which tests replace."""
    return datetime.now(UTC)


@lru_cache(maxsize=1)
def sessions() -> Sessions:
    """One set of sessions for all parts of a function."""
    given = settings()
    share = given.iam_share
    return Sessions(given.members, rates=Rates(given.iam_per_second * share, DEFINITIONS_PER_SECOND * share))
