"""IAM roles with their policies and permissions boundary."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any

from aws.calls import CallFailed, calling, tolerating
from aws.errors import Meaning
from aws.once import Once
from aws.role_list import RoleList
from aws.sessions import Sessions
from domain.facts import Absent, Fact, Known, MissingReason, Role, Unavailable
from domain.iam import Policy, PolicyUnreadable
from domain.places import Arn, Place, role_name

_PAGES: Any = {"PaginationConfig": {"PageSize": 1000}}  # the most that IAM returns
_FRESH = 600.0  # seconds. AWS changes its own policies at times, without an event


@dataclass(slots=True)
class PolicyDocuments:
    """Managed policies' documents, cached as long as the function lives. A version's document never changes."""

    clock: Callable[[], float] = monotonic
    versions: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    """By the policy's id and version. A policy of the same name that is created later has another id."""
    of_aws: dict[str, tuple[float, Any]] = field(default_factory=dict, repr=False)
    """AWS's own policies by ARN, with the time when they were read."""


@dataclass(frozen=True, slots=True)
class Roles:
    """IAM roles as facts, for one batch of messages: each managed policy's current version is read once."""

    sessions: Sessions
    documents: PolicyDocuments = field(default_factory=PolicyDocuments)
    all: RoleList | None = None
    """Where many roles may be needed: the list of all of them."""
    _managed_policies: Once[str, Any] = field(default_factory=Once, repr=False)
    _turn: Lock = field(default_factory=Lock, repr=False)
    """Roles are read one at a time: IAM's bucket is small, and the whole account shares it."""

    def fact(self, place: Place, arn: str) -> Fact[Role]:
        """Return a role of this account; a role of another account cannot be read."""
        name = role_name(arn)
        if arn.startswith("arn:") and arn.split(":")[4] not in {"", place.account}:
            return Unavailable(MissingReason.OTHER_ACCOUNT, resource=name)
        try:
            with self._turn:
                return Known(self._role(place, name))
        except CallFailed as failed:
            if failed.call == "iam:GetRole" and failed.meaning is Meaning.ABSENT:
                return Absent()
            return failed.fact
        except PolicyUnreadable:
            return Unavailable(MissingReason.POLICY_UNREADABLE, resource=name)

    def with_policy(self, place: Place, arn: str) -> list[str]:
        """Return the roles that a managed policy is attached to, as policy or boundary; none if it does not exist."""
        paginator = self.sessions.client("iam", place).get_paginator("list_entities_for_policy")
        with tolerating(Meaning.ABSENT), calling("iam:ListEntitiesForPolicy", arn):
            pages = paginator.paginate(PolicyArn=arn, EntityFilter="Role", **_PAGES)
            return [role["RoleName"] for page in pages for role in page["PolicyRoles"]]
        return []

    def _role(self, place: Place, name: str) -> Role:
        client = self.sessions.client("iam", place)
        listed = self.all.find(place, name) if self.all is not None else None
        if listed is not None:
            role = listed
            inline = [(policy["PolicyName"], policy["PolicyDocument"]) for policy in role["RolePolicyList"]]
            attached = [policy["PolicyArn"] for policy in role["AttachedManagedPolicies"]]
        else:
            with calling("iam:GetRole", name):
                role = client.get_role(RoleName=name)["Role"]
            inline, attached = list(_inline(client, name)), _attached(client, name)
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        policies = [*inline, *((arn, self._managed(place, arn)) for arn in attached)]
        return Role(
            arn=role["Arn"],
            trust=Policy.parse(role["AssumeRolePolicyDocument"], source=f"the trust policy of {name}", trust=True),
            policies=tuple(Policy.parse(document, source=source) for source, document in policies),
            boundary=Policy.parse(self._managed(place, boundary), source=boundary) if boundary else None,
            tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        )

    def _managed(self, place: Place, arn: str) -> Any:
        """Return a managed policy's document."""
        parsed, now = Arn.parse(arn), self.documents.clock()
        of_aws = parsed is not None and parsed.account == "aws"
        if of_aws and arn in self.documents.of_aws:
            read_at, document = self.documents.of_aws[arn]
            if now - read_at < _FRESH:
                return document
        document = self._managed_policies.get(arn, lambda: self._read_managed(place, arn))
        if of_aws:
            self.documents.of_aws[arn] = (now, document)
        return document

    def _read_managed(self, place: Place, arn: str) -> Any:
        client = self.sessions.client("iam", place)
        with calling("iam:GetPolicy", arn):
            policy = client.get_policy(PolicyArn=arn)["Policy"]
        key = (policy["PolicyId"], policy["DefaultVersionId"])
        if key not in self.documents.versions:
            with calling("iam:GetPolicyVersion", arn):
                found = client.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
            self.documents.versions[key] = found["PolicyVersion"]["Document"]
        return self.documents.versions[key]


def _inline(client: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Return policies as documents, by name."""
    with calling("iam:ListRolePolicies", name):
        names = [
            item
            for page in client.get_paginator("list_role_policies").paginate(RoleName=name, **_PAGES)
            for item in page["PolicyNames"]
        ]
    for policy in names:
        with calling("iam:GetRolePolicy", f"{name}/{policy}"):
            found = client.get_role_policy(RoleName=name, PolicyName=policy)
        yield policy, found["PolicyDocument"]


def _attached(client: Any, name: str) -> list[str]:
    """Return the ARNs of its managed policies."""
    with calling("iam:ListAttachedRolePolicies", name):
        pages = client.get_paginator("list_attached_role_policies").paginate(RoleName=name, **_PAGES)
        return [item["PolicyArn"] for page in pages for item in page["AttachedPolicies"]]
