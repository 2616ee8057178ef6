"""Attempts at corrections, quarantines, answers to people, and the revisions that Outrider registered."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aws.ledger.forms import form
from aws.ledger.table import Table, expiry, moment, packed, put_item, unwritten_since
from domain.places import Revision
from domain.remediation.attempt import Answer, Attempt, Quarantine
from domain.subject import SubjectId

_ATTEMPT_DAYS = 90
_ANSWER_DAYS = 15


@dataclass(frozen=True, slots=True)
class Attempts:
    """The rows of attempts."""

    table: Table

    def write(self, attempt: Attempt, quarantine: Quarantine | None = None) -> Attempt:
        """Write an attempt, when it is due, and the quarantine that it causes, in one transaction.

        Return the attempt as stored. Raises LedgerConflict if another worker wrote it since it was read.
        """
        held, attempt = attempt.version, replace(attempt, version=attempt.version + 1)
        key, sk = attempt.family.key, f"attempt/{attempt.key}"
        kept = {
            "pk": {"S": key},
            "sk": {"S": sk},
            "body": packed(form(Attempt).dump_json(attempt)),
            "version": {"N": str(attempt.version)},
            "expires": expiry(_ATTEMPT_DAYS),
        }
        due = _due_key(attempt)
        items = [put_item(self.table.name, kept, unwritten_since(held))]
        if attempt.state.ended and not attempt.pending:
            items.append({"Delete": {"TableName": self.table.name, "Key": due}})
        else:
            moment = (attempt.due or attempt.time).isoformat()
            items.append(put_item(self.table.name, due | {"due": {"S": moment}, "expires": expiry(_ATTEMPT_DAYS)}))
        if attempt.stopped:
            listed = {"pk": {"S": "stopped"}, "sk": {"S": key}}
            items.append(put_item(self.table.name, listed | {"expires": expiry(_ATTEMPT_DAYS)}))
        if quarantine is not None:
            body = packed(form(Quarantine).dump_json(quarantine))
            row = {"pk": {"S": key}, "sk": {"S": "quarantine"}, "body": body}
            listed = {"pk": {"S": "quarantines"}, "sk": {"S": key}}
            items += [put_item(self.table.name, row), put_item(self.table.name, listed)]
        self.table.write(f"{key}/{sk}", items)
        return attempt

    def dues(self) -> list[tuple[SubjectId, str, datetime]]:
        """Return all attempts that have not ended, by family and key, with when each is due."""
        found = [(item["sk"]["S"].partition("/attempt/"), moment(item["due"])) for item in self.table.query("due")]
        return [(SubjectId.parse(family), key, due) for (family, _, key), due in found]

    def quarantined(self) -> list[SubjectId]:
        """Return the quarantined families."""
        return [SubjectId.parse(item["sk"]["S"]) for item in self.table.query("quarantines")]

    def stopped(self) -> list[SubjectId]:
        """Return the families with attempts that waited too long for what stops all corrections."""
        return [SubjectId.parse(item["sk"]["S"]) for item in self.table.query("stopped")]

    def tried(self, family: SubjectId) -> None:
        """Remove a family from those: its attempts may be requested again."""
        self.table.delete("stopped", family.key)

    def release(self, family: SubjectId) -> None:
        """End a family's quarantine."""
        self.table.delete(family.key, "quarantine")
        self.table.delete("quarantines", family.key)

    def answer(self, of: SubjectId, request: str, answer: Answer) -> None:
        """Write the outcome of a person's request; `request` is its id."""
        body = packed(form(Answer).dump_json(answer))
        self.table.put(of.key, f"answer/{request}", {"body": body, "expires": expiry(_ANSWER_DAYS)})

    def registered(self, revision: Revision) -> None:
        """Record a revision that Outrider registered."""
        self.table.put(SubjectId.of_family(revision).key, f"own/{revision.number}", {})


def _due_key(attempt: Attempt) -> dict[str, Any]:
    return {"pk": {"S": "due"}, "sk": {"S": f"{attempt.family.key}/attempt/{attempt.key}"}}
