"""The known condition keys of a request.

Facts: "AWS global condition context keys" in the IAM user guide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

ABSENT: Final[tuple[str, ...]] = ()
"""The key is known not to be in the request. (IAM treats a key without values alike.)"""


@dataclass(frozen=True, slots=True)
class Like:
    """A value that is not known, but known to match a pattern: the ARN of a task that has not started yet."""

    pattern: str


type Values = tuple[str | Like, ...]


@dataclass(frozen=True)
class Context:
    """The known condition keys of a request. Any key that is not given is unknown.

    keys: name (in any case) to its values, or ABSENT. Below `closed` (`aws:PrincipalTag/`) every key that is not given
    is absent.
    """

    keys: Mapping[str, Values] = field(default_factory=dict)
    closed: tuple[str, ...] = ()

    @cached_property
    def _by_key(self) -> tuple[Mapping[str, Values], tuple[str, ...]]:
        """The values and the closed prefixes, in lower case. Most requests meet no condition, and need neither."""
        return {k.lower(): tuple(v) for k, v in self.keys.items()}, tuple(prefix.lower() for prefix in self.closed)

    def values(self, key: str) -> Values | None:
        """Return the key's values, ABSENT, or None if unknown. `key` is in lower case."""
        given, closed = self._by_key
        found = given.get(key)
        return ABSENT if found is None and closed and key.startswith(closed) else found

    def with_(self, keys: Mapping[str, Values]) -> "Context":
        given = {key.lower() for key in keys}
        return Context({**{k: v for k, v in self.keys.items() if k.lower() not in given}, **keys}, self.closed)


def role_context(
    role_arn: str, region: str, *, tags: Mapping[str, str] | None = None, via: str | None = None
) -> Context:
    """Return the known condition keys of a call that a task makes with a role.

    tags: the role's tags if they were read; ECS adds no session tags. via: the service (`ssm`) that makes the call
    for the task, as SSM calls kms:Decrypt. The network that the call comes from is not known.

    Source: "AWS global condition context keys" in the IAM user guide; "kms:ViaService" in the KMS developer guide.
    """
    keys: dict[str, Values] = {
        "aws:PrincipalArn": (role_arn,),
        "aws:PrincipalAccount": (role_arn.split(":")[4],),
        "aws:PrincipalType": ("AssumedRole",),
        "aws:PrincipalIsAWSService": ("false",),
        "aws:PrincipalServiceName": ABSENT,
        "aws:username": ABSENT,
        "aws:RequestedRegion": (region,),
    }
    if via is None:
        keys |= {
            "aws:ViaAWSService": ("false",),
            "aws:CalledVia": ABSENT,
            "kms:ViaService": ABSENT,
            "aws:SecureTransport": ("true",),
        }
    else:
        keys["aws:ViaAWSService"] = ("true",)
        # In China the suffix of service names is another, and not the same for every service.
        if not region.startswith("cn-"):
            keys["kms:ViaService"] = (f"{via}.{region}.amazonaws.com",)
    if tags is None:
        return Context(keys)
    return Context(
        keys | {f"aws:PrincipalTag/{name}": (value,) for name, value in tags.items()}, ("aws:PrincipalTag/",)
    )


def trust_context(account: str, region: str, partition: str = "aws") -> Context:
    """Return the known condition keys when ECS assumes a role for a task of (account, region).

    Source: "Cross-service confused deputy prevention" in the ECS developer guide.
    """
    return Context(
        {
            "aws:SourceAccount": (account,),
            "aws:SourceArn": (Like(f"arn:{partition}:ecs:{region}:{account}:*"),),
            "aws:PrincipalIsAWSService": ("true",),
            "sts:ExternalId": ABSENT,
        }
    )
