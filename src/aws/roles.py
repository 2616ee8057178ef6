"""IAM roles with their policies and permissions boundary."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
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
        """The roles that a managed policy is attached to, as policy or boundary; none where it no longer exists."""
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
        trust, tags = role["AssumeRolePolicyDocument"], {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        named = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        policies = [*self._inline(client, name), *self._attached(client, name)]
        boundary = self._managed(client, named) if named else None
        all_of_it = json.dumps([role["Arn"], trust, policies, boundary, tags], sort_keys=True, default=str)
        return Role(
            arn=role["Arn"],
            trust=Policy.parse(trust, source=f"the trust policy of {name}", trust=True),
            policies=tuple(Policy.parse(document, source=source) for source, document in policies),
            boundary=Policy.parse(boundary[1], source=boundary[0]) if boundary else None,
            tags=tags,
            state=sha256(all_of_it.encode()).hexdigest()[:32],
        )

    @staticmethod
    def _inline(client: Any, name: str) -> Iterator[tuple[str, Any]]:
        """The name and the document of each inline policy."""
        with calling("iam:ListRolePolicies", name):
            names = [
                item
                for page in client.get_paginator("list_role_policies").paginate(RoleName=name)
                for item in page["PolicyNames"]
            ]
        for policy in names:
            with calling("iam:GetRolePolicy", f"{name}/{policy}"):
                found = client.get_role_policy(RoleName=name, PolicyName=policy)
            yield policy, found["PolicyDocument"]

    def _attached(self, client: Any, name: str) -> Iterator[tuple[str, Any]]:
        with calling("iam:ListAttachedRolePolicies", name):
            pages = client.get_paginator("list_attached_role_policies").paginate(RoleName=name)
            arns = [item["PolicyArn"] for page in pages for item in page["AttachedPolicies"]]
        for arn in arns:
            yield self._managed(client, arn)

    @staticmethod
    def _managed(client: Any, arn: str) -> tuple[str, Any]:
        with calling("iam:GetPolicy", arn):
            version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        with calling("iam:GetPolicyVersion", arn):
            found = client.get_policy_version(PolicyArn=arn, VersionId=version)
        return arn, found["PolicyVersion"]["Document"]
