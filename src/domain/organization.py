"""The place of an account in its organisation."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Membership:
    """An account, the ids of its organisational units from the root down, and its tags; None for what is not known."""

    account: str
    units: tuple[str, ...] | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Needed:
    """What of the organisation a standard depends on; false if nothing."""

    units: bool = False
    tags: bool = False

    def __bool__(self) -> bool:
        return self.units or self.tags
