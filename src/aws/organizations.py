"""The accounts of an organisation, as its management account or a delegated administrator may list them."""

from dataclasses import dataclass

from aws.calls import calling
from aws.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Organizations:
    """AWS Organizations. Raises CallFailed."""

    sessions: Sessions

    def accounts(self) -> list[str]:
        """Return every active account. A suspended or closed one cannot be called."""
        paginator = self.sessions.own("organizations").get_paginator("list_accounts")
        with calling("organizations:ListAccounts", "the organisation"):
            return [
                str(account["Id"])
                for page in paginator.paginate()
                for account in page["Accounts"]
                if account["Status"] == "ACTIVE"
            ]
