"""What every function shares: its sessions."""

from functools import lru_cache

from aws.sessions import Sessions


@lru_cache(maxsize=1)
def sessions() -> Sessions:
    """One set of sessions for all parts of a function."""
    return Sessions()
