"""Exemptions by owners of an account: a document in a parameter of the account, within limits of the organisation.

Its writer is not trusted. An entry that is wrong, or beyond the limits, has no effect; what is wrong with it is data,
without anything of its content.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import ValidationError

from domain.organization import OwnersEntry, OwnersRecord
from domain.places import Place
from domain.standard.document import Standard
from domain.standard.part import Field, Part, model_of
from domain.standard.problems import Problem, StandardInvalid
from domain.standard.sections import Exemption
from domain.standard.selector import any_matches
from domain.standard.text import mistakes, position_of, read
from domain.verdict import ExemptedBy

PARAMETER = "/outrider/exemptions"
MOST = 50
_BYTES = 8192  # what a parameter holds


class OwnerExemption(Exemption):
    """An exemption by the owner of an account."""

    reason: str = Field(
        min_length=8,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{8,256}$",
        description="Why, in one line.",
    )
    expires: date = Field(description="The last day of the exemption, in UTC.")
    by: ClassVar[ExemptedBy] = ExemptedBy.OWNER


class OwnerDocument(Part):
    """What the parameter holds."""

    version: Literal[1] = Field(description="The version of this document's format.")
    exemptions: tuple[Any, ...] = Field(default=(), description="The exemptions.")


@dataclass(frozen=True, slots=True)
class OwnersWish:
    """The parameter of an account and region: its text, and when it was written."""

    place: Place
    text: str
    written: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """What is wrong with an entry, or with the whole, and in which line; 0 if it has none."""

    problem: Problem
    line: int = 0


@dataclass(frozen=True, slots=True)
class Allowed:
    """The exemptions that count, and what is wrong with the others."""

    exemptions: tuple[OwnerExemption, ...] = ()
    refused: tuple[Refused, ...] = ()

    def record(self, place: Place) -> OwnersRecord:
        """Return it as the ledger keeps it, for people to see."""
        entries = tuple(OwnersEntry(each.rules, _selected(each), each.expires, each.reason) for each in self.exemptions)
        return OwnersRecord(place, entries, tuple((each.problem.value, each.line) for each in self.refused))


def _selected(exemption: OwnerExemption) -> dict[str, Any]:
    """Return what it selects, without the account and region that every one has."""
    where = exemption.where.model_dump(exclude_defaults=True)
    return {name: value for name, value in where.items() if name not in {"account", "region"}}


def allowed(wish: OwnersWish, standard: Standard, rules: Collection[str]) -> Allowed:
    """Return what of an owner's exemptions counts by the organisation's limits. `rules` are the ids of all rules."""
    if len(wish.text.encode()) > _BYTES:
        return Allowed(refused=(Refused(Problem.TOO_LARGE),))
    try:
        node, content = read(wish.text, "")
    except StandardInvalid as invalid:
        return Allowed(refused=tuple(Refused(each.code, each.at.line) for each in invalid.problems))
    try:
        entries = OwnerDocument.model_validate(content).exemptions
    except ValidationError as error:
        found = mistakes(node, model_of(OwnerDocument), error)
        return Allowed(refused=tuple(Refused(each.code, each.at.line) for each in found))
    if len(entries) > MOST:
        return Allowed(refused=(Refused(Problem.TOO_MANY),))
    kept, refused = list[OwnerExemption](), list[Refused]()
    for i, entry in enumerate(entries):
        line = position_of(node, ("exemptions", i)).line
        try:
            exemption = OwnerExemption.model_validate(entry)
        except ValidationError as error:
            codes = (each.code for each in mistakes(node, model_of(OwnerExemption), error))
            refused += [Refused(code, line) for code in dict.fromkeys(codes)]
            continue
        wrong = [Refused(code, line) for code in _beyond(exemption, wish, standard, rules)]
        refused += wrong
        if not wrong:
            kept.append(_of_place(exemption, wish.place))
    return Allowed(tuple(kept), tuple(refused))


def _beyond(
    exemption: OwnerExemption, wish: OwnersWish, standard: Standard, rules: Collection[str]
) -> Iterator[Problem]:
    limits = standard.owner_exemptions
    if exemption.where.account or exemption.where.region:  # it is for the account and region of its parameter
        yield Problem.UNUSED_SELECTOR
    matched = [rule for rule in rules if any_matches(exemption.rules, rule)]
    if not matched:
        yield Problem.UNKNOWN_RULE
    if any(standard.locked.holds(rule) or not any_matches(limits.rules, rule) for rule in matched):
        yield Problem.NOT_FOR_OWNERS
    if exemption.expires > wish.written.date() + timedelta(days=limits.days):
        yield Problem.TOO_LONG


def _of_place(exemption: OwnerExemption, place: Place) -> OwnerExemption:
    """Return an exemption that selects nothing in any other account or region."""
    return replace(exemption, where=replace(exemption.where, account=(place.account,), region=(place.region,)))
