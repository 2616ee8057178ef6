"""Where things are: accounts, regions, ARNs."""

from dataclasses import dataclass
from functools import lru_cache

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html: a partition follows from a region's prefix.
_PARTITIONS = {
    "cn-": "aws-cn",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
}
_ARN_PARTS = 6
# A longer number cannot be a revision, and Python refuses to read 4,300 digits or more.
_NUMBER_DIGITS = 10
MOST_REVISIONS = 10**_NUMBER_DIGITS - 1


@lru_cache(maxsize=128)
def partition_of(region: str) -> str:
    """The partition of a region; `aws` unless the region's prefix says otherwise."""
    return next((partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix)), "aws")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An account and a region: every key, ARN and session takes one."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        return partition_of(self.region)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of `resource` (`parameter/name`, `task-definition/web:3`) of a regional service here."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


@dataclass(frozen=True, slots=True)
class Arn:
    """The six parts of an ARN. Colons beyond the fifth belong to the resource."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> "Arn | None":
        """None where the text is not an ARN."""
        parts = text.split(":", 5)
        if parts[0] != "arn" or len(parts) != _ARN_PARTS:
            return None
        return cls(*parts[1:])

    @property
    def place(self) -> Place:
        return Place(self.account, self.region)

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def account_of(arn: str) -> str | None:
    """The account that an ARN names; None where it names none, or the text is no ARN. Makes no Arn: rules ask often."""
    parts = arn.split(":", 5)
    return parts[4] if parts[0] == "arn" and len(parts) == _ARN_PARTS and parts[4].isdigit() else None


@dataclass(frozen=True, slots=True)
class Revision:
    """One task-definition revision: `family:number` in a place."""

    place: Place
    family: str
    number: int

    @classmethod
    def parse(cls, arn: str) -> "Revision | None":
        """From `arn:…:task-definition/family:12`; None for anything else, a bare family included."""
        parsed = Arn.parse(arn)
        if parsed is None or parsed.service != "ecs":
            return None
        kind, _, name = parsed.resource.partition("/")
        family, colon, number = name.rpartition(":")
        digits = number.isascii() and number.isdigit() and len(number) <= _NUMBER_DIGITS
        if kind != "task-definition" or not colon or not family or not digits:
            return None
        return cls(parsed.place, family, int(number))

    @property
    def arn(self) -> str:
        return self.place.arn("ecs", f"task-definition/{self.family}:{self.number}")

    def __str__(self) -> str:
        return f"{self.family}:{self.number}"


def is_session_of(arn: str, role: str) -> bool:
    """Whether a caller's ARN is that of a role, or of a session of the role."""
    caller, own = Arn.parse(arn), Arn.parse(role)
    if caller is None or own is None or caller.account != own.account:
        return False
    kind, _, name = caller.resource.partition("/")
    session = caller.service == "sts" and kind == "assumed-role" and name.partition("/")[0] == role_name(role)
    return session or arn == role


def role_name(arn: str) -> str:
    """The name of a role, without its path; a bare name is its own."""
    return arn.rpartition("/")[2] if arn.startswith("arn:") else arn
