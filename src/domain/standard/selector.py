"""Selectors: which workloads an entry of the standard applies to."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from domain.places import Place
from domain.standard.part import AfterValidator, BeforeValidator, Field, Part
from domain.workload import Workload

Pattern = Annotated[str, Field(min_length=1, description="A name; `*` and `?` are wildcards. It is case-sensitive.")]


def one_or_many(value: object) -> list[object]:
    """Return what a field for a list was given, as a list: a single item needs none.

    An account number without quotes is an integer in YAML; one that begins with a zero is read as text.
    """
    items = value if isinstance(value, list | tuple) else [value]
    return [str(item) if isinstance(item, int) and not isinstance(item, bool) else item for item in items]


Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(one_or_many, tuple[Pattern, ...] | Pattern)]
Names = Annotated[tuple[Pattern, ...], BeforeValidator(one_or_many, tuple[Pattern | int, ...] | Pattern | int)]


def _valid_accounts(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return patterns of account numbers; raise ValueError for a number that can be none."""
    for account in patterns:
        if not any(mark in account for mark in "*?[") and not (
            len(account) == len("123456789012") and account.isdigit()
        ):
            raise ValueError(f"account numbers of 12 digits, or patterns; {account} matches none")
    return patterns


AccountNumbers = Annotated[Names, AfterValidator(_valid_accounts)]


class Selector(Part):
    """Which workloads: every member that is set must match; a list matches if one of its patterns does."""

    account: AccountNumbers = Field(default=(), description="Account numbers.")
    region: Names = Field(default=(), description="Regions.")
    cluster: Names = Field(
        default=(),
        description="Names of clusters. Only rules about services can match.",
    )
    family: Names = Field(default=(), description="Task-definition families.")
    service: Names = Field(
        default=(), description="Names of services, without their cluster. Only rules about services can match."
    )
    resource: Names = Field(
        default=(),
        description="Names of parameters and ARNs of roles; for exemptions of rules about those.",
    )
    tags: Mapping[str, Pattern] = Field(
        default_factory=dict, description="Tag keys and patterns of their values; all must match."
    )

    @property
    def empty(self) -> bool:
        return self == Selector()

    def may_match(self, place: Place) -> bool:
        """Whether a workload in an account and region can match."""
        named = ((self.account, place.account), (self.region, place.region))
        return all(any_matches(patterns, name) for patterns, name in named if patterns)

    def matches_all_of(self, place: Place) -> bool:
        """Whether every workload in an account and region matches."""
        return self.may_match(place) and self == Selector(account=self.account, region=self.region)

    def matches(self, workload: Workload, resource: str = "") -> bool:
        service = workload.service
        named: tuple[tuple[tuple[str, ...], str], ...] = (
            (self.account, workload.place.account),
            (self.region, workload.place.region),
            (self.cluster, service.cluster if service else ""),
            (self.family, workload.task.family),
            (self.service, service.name if service else ""),
            (self.resource, resource),
        )
        if not all(any_matches(patterns, name) for patterns, name in named if patterns):
            return False
        if not self.tags:
            return True
        tags = {**workload.task.tags, **(service.tags if service else {})}
        return all(key in tags and fnmatchcase(tags[key], pattern) for key, pattern in self.tags.items())


def any_matches(patterns: Sequence[str], name: str) -> bool:
    """Return whether one of the patterns matches the name; an empty name matches none."""
    return bool(name) and any(fnmatchcase(name, pattern) for pattern in patterns)


def _naming(selector: Selector) -> Selector:
    # An empty selector would match everything: an exclusion or exemption of everything by mistake.
    if selector.empty:
        raise ValueError("must select something; for everything write family: '*'")
    return selector


type Naming = Annotated[Selector, AfterValidator(_naming)]
