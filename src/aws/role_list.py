"""All roles of an account in few calls: for a batch of messages that needs many of them.

A role by itself costs four calls of IAM's bucket of about 15 a second, which the whole account shares. One page of
GetAccountAuthorizationDetails has up to 1,000 roles, but is megabytes. So a batch reads its first roles one by one, and
a page only for every five roles that it needs or, in a sweep, is expected to need. How many pages there are is
remembered, so that an account with very many roles is not listed for a batch in vain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from threading import Lock
from typing import Any

from aws.calls import CallFailed, calling
from aws.sessions import Sessions
from domain.places import Place

_ROLES = 5  # single roles that take about as long as one page
_PAGE = 1000


@dataclass(slots=True)
class _Listed:
    """How far an account's list was read, and how many roles the batch needed so far."""

    needed: int = 0
    pages: int = 0
    marker: str = ""
    ended: bool = False
    roles: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class RoleList:
    """The list, for one batch of messages.

    IAM is eventually consistent, whichever call is made: a role that the list lacks is read by itself.
    """

    sessions: Sessions
    lengths: dict[str, float]
    """The pages of each account's list, as far as known: kept as long as the function lives. Endless if denied."""
    expected: Mapping[str, int] = field(default_factory=dict)
    """How many roles the batch may need, by account; else nobody knows."""
    _listed: dict[str, _Listed] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def size(self) -> int:
        """How many roles were listed."""
        return sum(len(listed.roles) for listed in self._listed.values())

    def find(self, place: Place, name: str) -> Any:
        """Return a role with its inline policies as the list has it; None if it must be read by itself."""
        with self._lock:
            listed = self._listed.setdefault(place.account, _Listed())
            listed.needed += 1
            while name not in listed.roles and not listed.ended and self._is_worth_a_page(place, listed):
                self._read_page(place, listed)
            return listed.roles.get(name)

    def _is_worth_a_page(self, place: Place, listed: _Listed) -> bool:
        needed = max(listed.needed, self.expected.get(place.account, 0))
        return needed > _ROLES * max(listed.pages + 1, self.lengths.get(place.account, 1))

    def _read_page(self, place: Place, listed: _Listed) -> None:
        """Read one more page. If that fails, the batch reads its other roles one by one."""
        after = {"Marker": listed.marker} if listed.marker else {}
        try:
            with calling("iam:GetAccountAuthorizationDetails", place.account):
                page = self.sessions.client("iam", place).get_account_authorization_details(
                    Filter=["Role"], MaxItems=_PAGE, **after
                )
        except CallFailed as failed:
            listed.ended = True
            if not failed.transient:
                self.lengths[place.account] = inf
            return
        listed.roles |= {role["RoleName"]: role for role in page["RoleDetailList"]}
        listed.pages, listed.marker = listed.pages + 1, page.get("Marker", "")
        listed.ended = not listed.marker
        self.lengths[place.account] = max(self.lengths.get(place.account, 1), listed.pages + (not listed.ended))
