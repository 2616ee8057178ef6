"""The place of an account in its organisation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.places import Place


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


@dataclass(frozen=True, slots=True)
class OwnersEntry:
    """An exemption by the owner of an account that counts."""

    rules: tuple[str, ...]
    where: Mapping[str, Any]
    expires: date
    reason: str


@dataclass(frozen=True, slots=True)
class OwnersRecord:
    """What owners exempt from in an account and region, and the problems of what does not count, with their lines."""

    place: Place
    entries: tuple[OwnersEntry, ...] = ()
    refused: tuple[tuple[str, int], ...] = ()
