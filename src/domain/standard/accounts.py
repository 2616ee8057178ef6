"""Which accounts a layer of the standard, or a stage of corrections, is for."""

from collections.abc import Mapping
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Annotated

from domain.organization import Membership
from domain.standard.part import AfterValidator, BeforeValidator, Field, Part
from domain.standard.selector import AccountNumbers, Pattern, any_matches, one_or_many

Unit = Annotated[
    str,
    Field(
        pattern=r"^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$",
        description="The id of an organisational unit, or of the root.",
    ),
]


class Level(IntEnum):
    """The levels of layers. A higher one wins."""

    UNIT = 1
    TAGS = 2
    ACCOUNT = 3


class AccountSelector(Part):
    """Which accounts: every member that is set must match; a list matches if one of its items does."""

    unit: Annotated[tuple[Unit, ...], BeforeValidator(one_or_many, tuple[Unit, ...] | Unit)] = Field(
        default=(), description="Ids of organisational units. Accounts in units below one match too."
    )
    account: AccountNumbers = Field(default=(), description="Account numbers.")
    tags: Mapping[str, Pattern] = Field(
        default_factory=dict, description="Keys of the account's tags and patterns of their values; all must match."
    )

    @property
    def level(self) -> Level:
        if self.account:
            return Level.ACCOUNT
        return Level.TAGS if self.tags else Level.UNIT

    def matches(self, member: Membership) -> bool:
        """Whether it selects an account. What is not known of an account matches nothing."""
        if self.account and not any_matches(self.account, member.account):
            return False
        if self.unit and not set(self.unit) & set(member.units or ()):
            return False
        tags = member.tags or {}
        return all(key in tags and fnmatchcase(tags[key], pattern) for key, pattern in self.tags.items())

    def depth(self, member: Membership) -> int:
        """Return how far below the root the nearest matching unit is."""
        return max((i for i, unit in enumerate(member.units or ()) if unit in self.unit), default=-1)


def _selecting(selector: AccountSelector) -> AccountSelector:
    if selector == AccountSelector():
        raise ValueError("must select accounts by unit, account or tags")
    return selector


type Accounts = Annotated[AccountSelector, AfterValidator(_selecting)]
