"""IAM: roles, their inline and managed policies, and boundaries. One of it for all regions of an account."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.aws_fake.clock import Clock
from tests.aws_fake.service import Json, Refused, Service, Unsupported, page, supports

_PAGE = 100
_LARGE_PAGE = 1000  # of GetAccountAuthorizationDetails


@dataclass
class Role:
    """A role; its policies as documents and ARNs."""

    shown: Json
    inline: dict[str, Json] = field(default_factory=dict)
    attached: dict[str, None] = field(default_factory=dict)


@dataclass
class Policy:
    """A managed policy; its versions in the order of their numbers. `created` tells it from an earlier one."""

    arn: str
    default: str
    versions: dict[str, Json] = field(default_factory=dict)
    numbers: int = 1
    created: int = 0


@dataclass
class Iam(Service):
    """The roles and policies of an account."""

    clock: Clock
    account: str
    roles: dict[str, Role] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    """The id of each user."""
    created: int = 0

    def add(self, name: str, trust: str, policy: str) -> None:
        """A role with one policy, `work`."""
        self.create_role({"RoleName": name, "AssumeRolePolicyDocument": trust})
        self.put_role_policy({"RoleName": name, "PolicyName": "work", "PolicyDocument": policy})

    # --- roles --------------------------------------------------------------------------------------------------------

    @supports("RoleName", "AssumeRolePolicyDocument", "Path", "Tags", "PermissionsBoundary")
    def create_role(self, given: Json) -> Json:
        name, path = given["RoleName"], given.get("Path", "/")
        if name in self.roles:
            raise Refused("EntityAlreadyExists", f"Role with name {name} already exists.", 409)
        self.roles[name] = Role({
            "Path": path,
            "RoleName": name,
            "RoleId": f"AROA{len(self.roles):016}",
            "Arn": f"arn:aws:iam::{self.account}:role{path}{name}",
            "CreateDate": self.clock.now(),
            "AssumeRolePolicyDocument": json.loads(given["AssumeRolePolicyDocument"]),
            **({"Tags": given["Tags"]} if given.get("Tags") else {}),
        })  # fmt: skip
        if "PermissionsBoundary" in given:
            self.put_role_permissions_boundary(given)
        return {"Role": self.roles[name].shown}

    @supports("RoleName")
    def get_role(self, given: Json) -> Json:
        return {"Role": self._role(given).shown}

    @supports("UserName")
    def get_user(self, given: Json) -> Json:
        if given["UserName"] not in self.users:
            raise Refused("NoSuchEntity", f"The user with name {given['UserName']} cannot be found.", 404)
        return {"User": {"UserName": given["UserName"], "UserId": self.users[given["UserName"]]}}

    @supports("Marker", "MaxItems", "PathPrefix")
    def list_roles(self, given: Json) -> Json:
        return _paged("Roles", [role.shown for _, role in sorted(self.roles.items())], given)

    @supports("Filter", "Marker", "MaxItems")
    def get_account_authorization_details(self, given: Json) -> Json:
        if given.get("Filter") != ["Role"]:
            raise Unsupported("GetAccountAuthorizationDetails of anything but roles")
        every = [
            role.shown
            | {
                "RolePolicyList": [
                    {"PolicyName": policy, "PolicyDocument": document} for policy, document in role.inline.items()
                ],
                "AttachedManagedPolicies": _attached(role),
                "InstanceProfileList": [],
            }
            for _, role in sorted(self.roles.items())
        ]
        return _paged("RoleDetailList", every, given, _LARGE_PAGE)

    @supports("RoleName")
    def delete_role(self, given: Json) -> Json:
        role = self._role(given)
        if role.inline or role.attached:
            raise Refused("DeleteConflict", "Cannot delete entity, must remove policies first.", 409)
        del self.roles[given["RoleName"]]
        return {}

    @supports("RoleName", "PolicyDocument")
    def update_assume_role_policy(self, given: Json) -> Json:
        self._role(given).shown["AssumeRolePolicyDocument"] = json.loads(given["PolicyDocument"])
        return {}

    @supports("RoleName", "Tags")
    def tag_role(self, given: Json) -> Json:
        shown = self._role(given).shown
        named = {tag["Key"]: tag for tag in [*shown.get("Tags", []), *given["Tags"]]}
        shown["Tags"] = list(named.values())
        return {}

    @supports("RoleName", "PermissionsBoundary")
    def put_role_permissions_boundary(self, given: Json) -> Json:
        boundary = {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": given["PermissionsBoundary"],
        }
        self._role(given).shown["PermissionsBoundary"] = boundary
        return {}

    # --- inline policies ----------------------------------------------------------------------------------------------

    @supports("RoleName", "PolicyName", "PolicyDocument")
    def put_role_policy(self, given: Json) -> Json:
        self._role(given).inline[given["PolicyName"]] = json.loads(given["PolicyDocument"])
        return {}

    @supports("RoleName", "PolicyName")
    def get_role_policy(self, given: Json) -> Json:
        document = self._inline(given)[given["PolicyName"]]
        return {"RoleName": given["RoleName"], "PolicyName": given["PolicyName"], "PolicyDocument": document}

    @supports("RoleName", "PolicyName")
    def delete_role_policy(self, given: Json) -> Json:
        del self._inline(given)[given["PolicyName"]]
        return {}

    @supports("RoleName", "Marker", "MaxItems")
    def list_role_policies(self, given: Json) -> Json:
        return _paged("PolicyNames", list(self._role(given).inline), given)

    def _inline(self, given: Json) -> dict[str, Json]:
        inline = self._role(given).inline
        if given["PolicyName"] not in inline:
            raise _missing(f"The role policy with name {given['PolicyName']}")
        return inline

    # --- managed policies ---------------------------------------------------------------------------------------------

    @supports("PolicyName", "PolicyDocument", "Path")
    def create_policy(self, given: Json) -> Json:
        arn = f"arn:aws:iam::{self.account}:policy{given.get('Path', '/')}{given['PolicyName']}"
        if arn in self.policies:
            raise Refused("EntityAlreadyExists", f"A policy called {given['PolicyName']} already exists.", 409)
        self.created += 1
        self.policies[arn] = Policy(arn, "v1", {"v1": json.loads(given["PolicyDocument"])}, created=self.created)
        return {"Policy": _shown(self.policies[arn])}

    @supports("PolicyArn")
    def get_policy(self, given: Json) -> Json:
        return {"Policy": _shown(self._policy(given))}

    @supports("PolicyArn", "PolicyDocument", "SetAsDefault")
    def create_policy_version(self, given: Json) -> Json:
        policy = self._policy(given)
        if len(policy.versions) == 5:
            raise Refused("LimitExceeded", "A managed policy can have up to 5 versions.", 409)
        policy.numbers += 1
        name = f"v{policy.numbers}"
        policy.versions[name] = json.loads(given["PolicyDocument"])
        policy.default = name if given.get("SetAsDefault") else policy.default
        return {"PolicyVersion": {"VersionId": name, "IsDefaultVersion": policy.default == name}}

    @supports("PolicyArn", "VersionId")
    def get_policy_version(self, given: Json) -> Json:
        policy, version = self._policy(given), given["VersionId"]
        if version not in policy.versions:
            raise _missing(f"Policy {policy.arn} version {version}")
        shown = {"VersionId": version, "IsDefaultVersion": policy.default == version}
        return {"PolicyVersion": shown | {"Document": policy.versions[version]}}

    @supports("PolicyArn", "Marker", "MaxItems")
    def list_policy_versions(self, given: Json) -> Json:
        policy = self._policy(given)
        every = [{"VersionId": name, "IsDefaultVersion": policy.default == name} for name in reversed(policy.versions)]
        return _paged("Versions", every, given)

    @supports("PolicyArn", "VersionId")
    def delete_policy_version(self, given: Json) -> Json:
        policy = self._policy(given)
        if policy.default == given["VersionId"]:
            raise Refused("DeleteConflict", "Cannot delete the default version of a policy.", 409)
        del policy.versions[given["VersionId"]]
        return {}

    @supports("RoleName", "PolicyArn")
    def attach_role_policy(self, given: Json) -> Json:
        role, policy = self._role(given), self._policy(given)
        role.attached[policy.arn] = None
        return {}

    @supports("RoleName", "PolicyArn")
    def detach_role_policy(self, given: Json) -> Json:
        attached = self._role(given).attached
        if given["PolicyArn"] not in attached:
            raise _missing(f"Policy {given['PolicyArn']}")
        del attached[given["PolicyArn"]]
        return {}

    @supports("RoleName", "Marker", "MaxItems")
    def list_attached_role_policies(self, given: Json) -> Json:
        return _paged("AttachedPolicies", _attached(self._role(given)), given)

    @supports("PolicyArn", "EntityFilter", "PolicyUsageFilter", "Marker", "MaxItems")
    def list_entities_for_policy(self, given: Json) -> Json:
        """By attachment or as boundary, where `PolicyUsageFilter` does not ask for one of them."""
        policy, usage, every = self._policy(given), given.get("PolicyUsageFilter", ""), list[Json]()
        for name, role in sorted(self.roles.items()):
            bounded = role.shown.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") == policy.arn
            attached = policy.arn in role.attached
            if (attached and usage != "PermissionsBoundary") or (bounded and usage != "PermissionsPolicy"):
                every.append({"RoleName": name, "RoleId": role.shown["RoleId"]})
        return _paged("PolicyRoles", every, given) | {"PolicyGroups": [], "PolicyUsers": []}

    def _role(self, given: Json) -> Role:
        name = given["RoleName"]
        if not re.fullmatch(r"[\w+=,.@-]{1,64}", name, re.ASCII):
            raise Refused("ValidationError", "The specified value for roleName is invalid.")
        if name not in self.roles:
            raise _missing(f"The role with name {name}")
        return self.roles[name]

    def _policy(self, given: Json) -> Policy:
        if given["PolicyArn"] not in self.policies:
            raise _missing(f"Policy {given['PolicyArn']}")
        return self.policies[given["PolicyArn"]]


def _shown(policy: Policy) -> Json:
    return {
        "PolicyName": policy.arn.rpartition("/")[2],
        "PolicyId": f"ANPA{policy.created:017}",
        "Arn": policy.arn,
        "DefaultVersionId": policy.default,
        "IsAttachable": True,
    }


def _attached(role: Role) -> list[Json]:
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in role.attached]


def _paged(member: str, every: Sequence[object], given: Json, most: int = _PAGE) -> Json:
    found, marker = page(every, given, "Marker", "MaxItems", most)
    return {member: found, "IsTruncated": marker is not None} | ({"Marker": marker} if marker else {})


def _missing(what: str) -> Refused:
    return Refused("NoSuchEntity", f"{what} cannot be found.", 404)
