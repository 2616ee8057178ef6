"""IAM roles with all that their own policies and boundary say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aws.calls import CallFailed, calling
from aws.sessions import Sessions
from domain.facts import Absent, Fact, Known, Role, Unavailable
from domain.iam import Policy, PolicyUnreadable
from domain.places import Place, role_name

_GONE = frozenset({"NoSuchEntity", "NoSuchEntityException"})


@dataclass(frozen=True, slots=True)
class Roles:
    """IAM roles as facts."""

    sessions: Sessions

    def fact(self, place: Place, arn: str) -> Fact[Role]:
        """A role of this account; one of another account cannot be read from here."""
        name = role_name(arn)
        if arn.startswith("arn:") and arn.split(":")[4] not in {"", place.account}:
            return Unavailable(f"{name} belongs to another account and cannot be read")
        client = self.sessions.client("iam", place)
        try:
            return Known(self._role(client, name))
        except CallFailed as failed:
            if failed.call == "iam:GetRole" and failed.code in _GONE:
                return Absent()
            return Unavailable(str(failed), transient=failed.transient)
        except PolicyUnreadable as unreadable:
            return Unavailable(str(unreadable))

    def with_policy(self, place: Place, arn: str) -> list[str]:
        """The names of the roles that a managed policy is attached to, as policy or boundary; none where it is gone."""
        try:
            with calling("iam:ListEntitiesForPolicy", arn):
                pages = (
                    self.sessions.client("iam", place)
                    .get_paginator("list_entities_for_policy")
                    .paginate(PolicyArn=arn, EntityFilter="Role")
                )
                return [role["RoleName"] for page in pages for role in page["PolicyRoles"]]
        except CallFailed as failed:
            if failed.code in _GONE:
                return []
            raise

    def _role(self, client: Any, name: str) -> Role:
        with calling("iam:GetRole", name):
            role = client.get_role(RoleName=name)["Role"]
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return Role(
            arn=role["Arn"],
            trust=Policy.parse(role["AssumeRolePolicyDocument"], source=f"the trust policy of {name}", trust=True),
            policies=(*self._inline(client, name), *self._attached(client, name)),
            boundary=self._managed(client, boundary) if boundary else None,
            tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        )

    @staticmethod
    def _inline(client: Any, name: str) -> Iterator[Policy]:
        with calling("iam:ListRolePolicies", name):
            names = [
                item
                for page in client.get_paginator("list_role_policies").paginate(RoleName=name)
                for item in page["PolicyNames"]
            ]
        for policy in names:
            with calling("iam:GetRolePolicy", f"{name}/{policy}"):
                found = client.get_role_policy(RoleName=name, PolicyName=policy)
            yield Policy.parse(found["PolicyDocument"], source=policy)

    def _attached(self, client: Any, name: str) -> Iterator[Policy]:
        with calling("iam:ListAttachedRolePolicies", name):
            pages = client.get_paginator("list_attached_role_policies").paginate(RoleName=name)
            arns = [item["PolicyArn"] for page in pages for item in page["AttachedPolicies"]]
        for arn in arns:
            yield self._managed(client, arn)

    @staticmethod
    def _managed(client: Any, arn: str) -> Policy:
        with calling("iam:GetPolicy", arn):
            version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        with calling("iam:GetPolicyVersion", arn):
            found = client.get_policy_version(PolicyArn=arn, VersionId=version)
        return Policy.parse(found["PolicyVersion"]["Document"], source=arn)
