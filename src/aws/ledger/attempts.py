"""Attempts at corrections, quarantines, answers to people, and the revisions that Outrider registered."""

from dataclasses import replace
from datetime import datetime

from aws.ledger.forms import body_of
from aws.ledger.table import Rows, expiry, key_of, moment, unwritten_since
from domain.places import Revision
from domain.remediation.attempt import Answer, Attempt, Quarantine
from domain.subject import SubjectId

_ATTEMPT_DAYS = 90
_ANSWER_DAYS = 15


class Attempts(Rows):
    """The rows of attempts."""

    def write(self, attempt: Attempt, quarantine: Quarantine | None = None) -> Attempt:
        """Write an attempt, when it is due, and the quarantine that it causes, in one transaction.

        Return the attempt as stored. Raises LedgerConflict if another worker wrote it since it was read.
        """
        held, attempt = attempt.version, replace(attempt, version=attempt.version + 1)
        key, sk, put = attempt.family.key, f"attempt/{attempt.key}", self.table.putting
        expires = {"expires": expiry(_ATTEMPT_DAYS)}
        kept = body_of(Attempt, attempt) | {"version": {"N": str(attempt.version)}} | expires
        items = [put(key, sk, kept, unwritten_since(held))]
        if attempt.state.ended and not attempt.pending:
            items.append({"Delete": {"TableName": self.table.name, "Key": key_of("due", f"{key}/{sk}")}})
        else:
            moment = (attempt.due or attempt.time).isoformat()
            items.append(put("due", f"{key}/{sk}", {"due": {"S": moment}} | expires))
        if attempt.stopped:
            items.append(put("stopped", key, expires))
        if quarantine is not None:
            items += [put(key, "quarantine", body_of(Quarantine, quarantine)), put("quarantines", key, {})]
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
        item = body_of(Answer, answer) | {"expires": expiry(_ANSWER_DAYS)}
        self.table.put(of.key, f"answer/{request}", item)

    def registered(self, revision: Revision) -> None:
        """Record a revision that Outrider registered."""
        self.table.put(SubjectId.of_family(revision).key, f"own/{revision.number}", {})
