"""Dependents: the families that use a parameter or role, and the verdicts of each on it.

Only a family's own evaluations write its rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws.ledger.forms import body_of, read
from aws.ledger.table import Rows, delete_row, put_row
from domain.findings.dependents import FamilyVerdicts
from domain.places import Arn, role_name
from domain.subject import Subject, SubjectId

_DEPENDENT = "dependent"


@dataclass(frozen=True, slots=True)
class Dependent:
    """A family that uses a parameter or role, with its verdicts on it."""

    family: SubjectId
    on: SubjectId
    verdicts: FamilyVerdicts


class Dependents(Rows):
    """The rows of dependents."""

    def of(self, on: SubjectId) -> list[Dependent]:
        """Return the dependents. A role's name alone, as IAM's events have it, finds those of all regions."""
        found = (dependent for item in self.table.query(partition_of(on)) if (dependent := read_dependent(item)))
        by_name = on.kind is Subject.ROLE and Arn.parse(on.name) is None
        return [each for each in found if by_name or each.on == on]


def partition_of(subject: SubjectId) -> str:
    """Return the partition of a subject. A role's has its account and name but no region, as in IAM's events.

    The account is the one in the role's ARN: another account's role of the same name is another role.
    """
    if subject.kind is not Subject.ROLE:
        return subject.key
    arn = Arn.parse(subject.name)
    return f"{arn.account if arn else subject.place.account}/global/role/{role_name(subject.name)}"


def read_dependent(item: Mapping[str, Any]) -> Dependent | None:
    """Return the dependent of a row; None if the row is of another kind."""
    if not item["sk"]["S"].startswith(f"{_DEPENDENT}/"):
        return None
    family, on = SubjectId.parse(item["family"]["S"]), SubjectId.parse(item["on"]["S"])
    return Dependent(family, on, read(FamilyVerdicts, item))


def put_dependent(on: SubjectId, family: SubjectId, verdicts: FamilyVerdicts) -> dict[str, Any]:
    """Return the write of a dependent's row, for a batch."""
    names = {"on": {"S": on.key}, "family": {"S": family.key}}
    return put_row(*_key(on, family), names | body_of(FamilyVerdicts, verdicts, exclude_defaults=True))


def delete_dependent(on: SubjectId, family: SubjectId) -> dict[str, Any]:
    """Return the deletion of a dependent's row, for a batch."""
    return delete_row(*_key(on, family))


def _key(on: SubjectId, family: SubjectId) -> tuple[str, str]:
    return partition_of(on), f"{_DEPENDENT}/{on.key}/{family.key}"
