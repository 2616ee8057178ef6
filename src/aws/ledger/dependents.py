"""Dependents: which families use a parameter or role, and which rules drift there by each."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aws.ledger.history import History
from aws.ledger.table import Table, put_item, unwritten_since
from domain.places import Arn, role_name
from domain.subject import Subject, SubjectId


@dataclass(frozen=True, slots=True)
class Dependents:
    """The rows of dependents."""

    table: Table

    def put(self, on: SubjectId, given: History, drifted: Iterable[str] = ()) -> None:
        """The family that is `given` leans on a parameter or role; by it, these rules drift there.

        LedgerConflict where somebody wrote the family since: it may lean on something else by now.
        """
        key = {"pk": {"S": dependency_key(on)}, "sk": {"S": f"leans/{given.subject.key}"}}
        said = {"drifted": {"S": json.dumps(sorted(drifted))}, "subject": {"S": on.key}}
        self.table.write(on.key, [put_item(self.table.name, key | said), unchanged(self.table.name, given)])

    def remove(self, on: SubjectId, given: History) -> None:
        """The family that is `given` does not lean on it any more. LedgerConflict as above."""
        key = {"pk": {"S": dependency_key(on)}, "sk": {"S": f"leans/{given.subject.key}"}}
        struck = {"Delete": {"TableName": self.table.name, "Key": key}}
        self.table.write(on.key, [struck, unchanged(self.table.name, given)])

    def of(self, on: SubjectId) -> dict[SubjectId, frozenset[str] | None]:
        """The families that lean on a parameter or role, each with the rules that drift there by it.

        None where that was not written down yet. Of a role that is told by its name alone, all families of all regions;
        else those that lean on it by its ARN, and in its place: its findings are told in each.
        """
        found = dict[SubjectId, frozenset[str] | None]()
        by_name = on.kind is Subject.ROLE and Arn.parse(on.name) is None
        for item in self.table.query(dependency_key(on)):
            kind, _, key = item["sk"]["S"].partition("/")
            if kind != "leans":
                continue
            family = SubjectId.parse(key)
            if by_name or on.kind is not Subject.ROLE or _is_of(on, item, family):
                found[family] = frozenset(json.loads(item["drifted"]["S"])) if "drifted" in item else None
        return found


def dependency_key(on: SubjectId) -> str:
    """Roles are global and their events tell only names: who leans on one is kept by name, without a region.

    The account is the role's own, which an ARN tells: another account's role of the same name is another.
    """
    if on.kind is not Subject.ROLE:
        return on.key
    arn = Arn.parse(on.name)
    return f"{arn.account if arn else on.place.account}/global/role/{role_name(on.name)}"


def _is_of(role: SubjectId, item: Mapping[str, Any], family: SubjectId) -> bool:
    """Rows of earlier releases do not hold by which ARN a family leans on a role."""
    return bool(item["subject"]["S"] == role.key) if "subject" in item else family.place == role.place


def unchanged(table: str, read: History) -> dict[str, Any]:
    """That nobody has written a subject since it was read: a part of a transaction."""
    condition, names, values = unwritten_since(read.version)
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": {"pk": {"S": read.subject.key}, "sk": {"S": "look"}},
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
    }
