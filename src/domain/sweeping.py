"""Sweeps: what one is asked for, and how far it came in each account and region."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.facts import Unavailable
from domain.places import Place
from domain.subject import Subject


class Scope(BaseModel):
    """What a sweep is limited to; everything, if all are empty."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    account: str = Field(default="", pattern=r"^(\d{12})?$")
    region: str = Field(default="", pattern=r"^([a-z]{2}[a-z-]+-\d)?$")
    cluster: str = ""
    family: str = ""

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.cluster and self.family:
            raise ValueError("A sweep is limited to a cluster or to a family, not to both.")
        return self

    @property
    def everything(self) -> bool:
        return self == EVERYTHING

    @property
    def whole_places(self) -> bool:
        """Whether everything in an account and region belongs to it."""
        return not (self.cluster or self.family)

    def includes(self, place: Place) -> bool:
        return self.account in {"", place.account} and self.region in {"", place.region}


EVERYTHING = Scope()


class SweepRequest(Scope):
    """A request for a sweep. `quiet` makes it a baseline; `at` is the scheduled time."""

    quiet: bool = False
    at: datetime | None = None

    @property
    def scope(self) -> Scope:
        return Scope(account=self.account, region=self.region, cluster=self.cluster, family=self.family)


@dataclass(frozen=True, slots=True)
class Run:
    """One sweep, from its begin to its certificate. `at` is the scheduled time: a retry publishes the same digest.

    `standard` is the digest of the standard when it began; empty if the standard could not be used.
    """

    id: str
    began: datetime
    at: datetime
    release: str
    standard: str
    scope: Scope = EVERYTHING
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """What a sweep listed of one kind in a place: how many subjects were sent for evaluation.

    Until it is `complete`, or while something is `missing`, `known` is how many subjects the ledger has that were not
    sent: they are not evaluated, and nothing of them closes.
    """

    sent: int = 0
    complete: bool = False
    missing: Unavailable | None = None
    known: int = 0


_NOT_LISTED = Listing()


@dataclass(frozen=True, slots=True)
class PlaceSweep:
    """How far the sweep of a place came. It has `ended` once everything that can be listed was sent."""

    place: Place
    began: datetime | None = None
    ended: datetime | None = None
    baseline: bool = False
    listings: Mapping[Subject, Listing] = field(default_factory=dict)
    watched: bool = True
    left: Mapping[Subject, int] = field(default_factory=dict)
    """For a place that is not watched any more: how many subjects the ledger still has, by kind."""

    def listing(self, kind: Subject) -> Listing:
        return self.listings.get(kind, _NOT_LISTED)

    def with_listing(self, kind: Subject, listing: Listing) -> "PlaceSweep":
        return replace(self, listings={**self.listings, kind: listing})
