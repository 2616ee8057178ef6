"""Callers: the ids that AWS gives to those who call it, such as the SenderId of a message in SQS."""

from dataclasses import dataclass

from aws.calls import CallRefused, calling
from aws.sessions import Sessions
from domain.places import Arn


@dataclass(frozen=True, slots=True)
class Callers:
    """The roles and users of Outrider's own account: its queues accept no message from another."""

    sessions: Sessions
    account: str

    def has_id(self, arn: str, id_: str) -> bool:
        """Whether the caller with an ARN, as GetCallerIdentity returns it, has this id.

        Raises CallFailed if a retry may help.
        """
        parsed = Arn.parse(arn)
        if parsed is None or parsed.account != self.account:
            return False
        kind, _, name = parsed.resource.partition("/")
        try:
            match kind:
                case "assumed-role":
                    role, _, session = name.partition("/")
                    return id_ == f"{self._role_id(role)}:{session}"
                case "user":
                    return id_ == self._user_id(name.rpartition("/")[2])
                case "root":
                    return id_ == self.account
                case _:
                    return False
        except CallRefused:
            return False

    def _role_id(self, name: str) -> str:
        with calling("iam:GetRole", name):
            return str(self.sessions.own("iam").get_role(RoleName=name)["Role"]["RoleId"])

    def _user_id(self, name: str) -> str:
        with calling("iam:GetUser", name):
            return str(self.sessions.own("iam").get_user(UserName=name)["User"]["UserId"])
