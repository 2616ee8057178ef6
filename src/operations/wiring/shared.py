"""What every function shares: its sessions."""

from functools import lru_cache

from aws.sessions import Sessions
from settings import settings


@lru_cache(maxsize=1)
def sessions() -> Sessions:
    """One set of sessions for all parts of a function."""
    given = settings()
    return Sessions(given.members, iam_per_second=given.iam_per_second * given.iam_share)
