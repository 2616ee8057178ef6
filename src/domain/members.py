"""Member accounts: which accounts a stack watches, and by which role it works in each."""

from dataclasses import dataclass, field

from domain.places import account_of, is_session_of


@dataclass(frozen=True, slots=True)
class Members:
    """The accounts that a function may work in: its `own`, and member accounts by a role of the same name in each.

    `role` is the role's path and name; empty if only its own account is watched. `accounts` lists the members; empty
    for every account whose role trusts Outrider, as where a bus accepts the events of a whole organisation.
    """

    own: str
    role: str = ""
    external_id: str = field(default="", repr=False)
    accounts: frozenset[str] = frozenset()

    def include(self, account: str) -> bool:
        """Whether an account is watched."""
        return account == self.own or bool(self.role and (not self.accounts or account in self.accounts))


@dataclass(frozen=True, slots=True)
class Registrar:
    """The role that registers corrections: `own` by its ARN, and in each member account the path and name `member`."""

    own: str
    member: str = ""

    def made(self, caller: str, account: str) -> bool:
        """Whether a call in an account was made by Outrider, by the ARN of its caller."""
        return is_session_of(caller, self._role(account))

    def _role(self, account: str) -> str:
        if not self.member or account == account_of(self.own):
            return self.own
        partition = self.own.split(":")[1]
        return f"arn:{partition}:iam::{account}:role/{self.member}"
