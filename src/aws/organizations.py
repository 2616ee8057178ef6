"""The accounts of an organisation, as its management account or a delegated administrator may list them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from aws.calls import calling
from aws.sessions import Sessions
from domain.organization import Membership

_ACTIVE = "ACTIVE"
"""An account that is suspended or closed cannot be called."""


@dataclass(frozen=True, slots=True)
class Organizations:
    """AWS Organizations. Raises CallFailed."""

    sessions: Sessions

    def accounts(self) -> list[str]:
        """Return every active account."""
        with calling("organizations:ListAccounts", "the organisation"):
            return [
                str(account["Id"])
                for account in self._listed("list_accounts", "Accounts")
                if account["Status"] == _ACTIVE
            ]

    def members(self, *, tags: bool) -> Iterator[Membership]:
        """Yield every active account with its units; with its tags too, if they are needed: a call for each account."""
        with calling("organizations:ListRoots", "the organisation"):
            roots = [str(root["Id"]) for root in self._listed("list_roots", "Roots")]
        for member in (each for root in roots for each in self._below((root,))):
            yield replace(member, tags=self._tags(member.account)) if tags else member

    def _below(self, units: tuple[str, ...]) -> Iterator[Membership]:
        parent = units[-1]
        with calling("organizations:ListAccountsForParent", parent):
            accounts = list(self._listed("list_accounts_for_parent", "Accounts", ParentId=parent))
        with calling("organizations:ListOrganizationalUnitsForParent", parent):
            found = self._listed("list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent)
            below = [str(unit["Id"]) for unit in found]
        yield from (Membership(str(each["Id"]), units) for each in accounts if each["Status"] == _ACTIVE)
        for unit in below:
            yield from self._below((*units, unit))

    def _tags(self, account: str) -> dict[str, str]:
        with calling("organizations:ListTagsForResource", account):
            found = self._listed("list_tags_for_resource", "Tags", ResourceId=account)
            return {str(tag["Key"]): str(tag["Value"]) for tag in found}

    def _listed(self, call: str, member: str, **given: str) -> Iterator[Any]:
        for page in self.sessions.own("organizations").get_paginator(call).paginate(**given):
            yield from page[member]
