"""Dependents: which families use a parameter or role, and what each says of it. Only the family's evaluations write."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from aws.ledger.table import Table, packed, unpacked
from domain.findings.dependents import FamilyVerdicts
from domain.places import Arn, role_name
from domain.subject import Subject, SubjectId

_VERDICTS = TypeAdapter(FamilyVerdicts)


@dataclass(frozen=True, slots=True)
class Dependent:
    """A family that uses a parameter or role, and what it says of it."""

    family: SubjectId
    on: SubjectId
    verdicts: FamilyVerdicts


@dataclass(frozen=True, slots=True)
class Dependents:
    """The rows of dependents."""

    table: Table

    def of(self, on: SubjectId) -> list[Dependent]:
        """Those that use a parameter or role. By a role's name alone, as events give it, those of all regions."""
        by_name = on.kind is Subject.ROLE and Arn.parse(on.name) is None
        found = (_dependent(item) for item in self.table.query(_partition(on)))
        return [each for each in found if by_name or each.on == on]


def put_dependent(on: SubjectId, family: SubjectId, verdicts: FamilyVerdicts) -> dict[str, Any]:
    """A row, as one write of a batch."""
    names = {"on": {"S": on.key}, "family": {"S": family.key}}
    body = packed(_VERDICTS.dump_json(verdicts, exclude_defaults=True))
    return {"PutRequest": {"Item": _key(on, family) | names | {"body": body}}}


def delete_dependent(on: SubjectId, family: SubjectId) -> dict[str, Any]:
    """The same for a family that uses it no longer."""
    return {"DeleteRequest": {"Key": _key(on, family)}}


def _key(on: SubjectId, family: SubjectId) -> dict[str, Any]:
    return {"pk": {"S": _partition(on)}, "sk": {"S": f"{on.key} {family.key}"}}


def _partition(on: SubjectId) -> str:
    """Roles are global and their events give only names: who uses one is kept by name, without a region.

    The account is the role's own, which an ARN names: another account's role of the same name is another.
    """
    if on.kind is not Subject.ROLE:
        return f"dependents/{on.key}"
    arn = Arn.parse(on.name)
    return f"dependents/{arn.account if arn else on.place.account}/global/role/{role_name(on.name)}"


def _dependent(item: dict[str, Any]) -> Dependent:
    family, on = SubjectId.parse(item["family"]["S"]), SubjectId.parse(item["on"]["S"])
    return Dependent(family, on, _VERDICTS.validate_json(unpacked(item["body"])))
