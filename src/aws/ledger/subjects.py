"""Subjects: each subject's record, which is one item, and the rows of what runs a family."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from aws.ledger.dependents import partition_of, read_dependent
from aws.ledger.forms import body_of, read
from aws.ledger.history import History, Record, Row
from aws.ledger.table import Rows, delete_row, expiry, moment, put_row
from domain.findings.address import Address
from domain.findings.finding import FindingState
from domain.findings.users import Running, Seen
from domain.places import Place
from domain.remediation.attempt import Answer, Attempt, Quarantine
from domain.subject import SubjectId

_SEEN_DAYS = 31


class Subjects(Rows):
    """The rows of subjects."""

    def history(self, subject: SubjectId) -> History:
        """Return everything that the ledger holds of a subject, in one strongly consistent query."""
        history = History(subject)
        services, seen, answers, own, attempts, dependents = {}, {}, {}, set(), [], {}
        for item in self.table.query(partition_of(subject)):
            kind, _, name = item["sk"]["S"].partition("/")
            match kind:
                case "record" if name == subject.key:
                    history = replace(history, version=int(item["version"]["N"]), record=read(Record, item))
                case "dependent" if (dependent := read_dependent(item)) and dependent.on == subject:
                    dependents[dependent.family] = dependent.verdicts
                case "service":
                    services[name] = _running(item)
                case "tasks":
                    seen[name] = _seen(item)
                case "own":
                    own.add(int(name))
                case "attempt":
                    attempts.append(read(Attempt, item))
                case "quarantine":
                    history = replace(history, quarantine=read(Quarantine, item))
                case "answer":
                    answers[name] = read(Answer, item)
                case _:
                    pass
        return replace(
            history,
            dependents=dependents,
            services=services,
            seen=seen,
            own_revisions=frozenset(own),
            attempts=tuple(attempts),
            answers=answers,
        )

    def write(self, history: History, record: Record) -> History:
        """Write a subject's record over the one that was read; return the history with it.

        Raises LedgerConflict if another worker wrote it since it was read.
        """
        findings = [row.finding for row in record.rows.values()]
        item: dict[str, Any] = {
            "place": {"S": str(history.subject.place)},
            "version": {"N": str(history.version + 1)},
        } | body_of(Record, record, exclude_defaults=True)
        if findings:  # the sweep's scan filters by it
            item["open"] = {"N": str(sum(finding.state is FindingState.OPEN for finding in findings))}
        subject = history.subject
        self.table.put_version(partition_of(subject), f"record/{subject.key}", item, held=history.version)
        return replace(history, version=history.version + 1, record=record)

    def saw(self, family: SubjectId, cluster: str, seen: Seen) -> None:
        """Record that tasks of the family ran outside services."""
        item = {
            "revision": {"N": str(seen.revision)},
            "tasks": {"N": str(seen.tasks)},
            "at": {"S": seen.at.isoformat()},
            "platform": {"S": seen.platform},
            "expires": expiry(_SEEN_DAYS),
        }
        self.table.put(family.key, f"tasks/{cluster}", item)

    def runs(self, family: SubjectId, title: str, running: Running) -> None:
        """Record that a service runs a family with another number of tasks."""
        self.table.put(family.key, f"service/{title}", _running_item(running))

    def everywhere(self) -> Iterator[SubjectId]:
        """Yield every subject that was ever evaluated. Scans the table: only the sweep calls it, once."""
        for item in self.table.scan("begins_with(sk, :record)", {":record": {"S": "record/"}}):
            yield SubjectId.parse(item["sk"]["S"].removeprefix("record/"))

    def records(self, place: Place) -> Iterator[tuple[SubjectId, Record]]:
        """Yield every subject of a place with its record. Scans the table: only the command line calls it."""
        own = {":record": {"S": "record/"}, ":place": {"S": str(place)}}
        for item in self.table.scan("begins_with(sk, :record) AND #place = :place", own):
            yield SubjectId.parse(item["sk"]["S"].removeprefix("record/")), read(Record, item)

    def open_rows(self, places: Collection[Place] | None = None) -> Iterator[Row]:
        """Yield the rows of open findings, of these places or of all. Scans the table: only the sweep calls it."""
        rows = (row for _, row in self.open_by_address())
        return (row for row in rows if places is None or row.finding.subject.place in places)

    def open_by_address(self) -> Iterator[tuple[Address, Row]]:
        """Yield the rows of all open findings, and where their alerts go. Scans the table: only the sweep calls it."""
        values = {":record": {"S": "record/"}, ":none": {"N": "0"}}
        for item in self.table.scan("begins_with(sk, :record) AND #open > :none", values):
            record = read(Record, item)
            for row in record.rows.values():
                if row.finding.state is FindingState.OPEN:
                    yield record.address, row


def put_running(family: SubjectId, title: str, running: Running) -> dict[str, Any]:
    """Return the write of a service's row, for a batch. Only the service's evaluations write it."""
    return put_row(family.key, f"service/{title}", _running_item(running))


def delete_running(family: SubjectId, title: str) -> dict[str, Any]:
    """Return the deletion of a service's row, for a batch."""
    return delete_row(family.key, f"service/{title}")


def _running_item(running: Running) -> dict[str, Any]:
    numbers = {"revision": {"N": str(running.revision)}, "tasks": {"N": str(running.tasks)}}
    replaced = {"replaced": {"L": [{"N": str(number)} for number in running.replaced]}}
    return numbers | replaced | {"fargate": {"BOOL": running.fargate}, "managed": {"BOOL": running.managed}}


def _running(item: Mapping[str, Any]) -> Running:
    revision, tasks = (int(item[name]["N"]) for name in ("revision", "tasks"))
    replaced = tuple(int(number["N"]) for number in item["replaced"]["L"])
    return Running(item["fargate"]["BOOL"], revision, tasks, item["managed"]["BOOL"], replaced)


def _seen(item: Mapping[str, Any]) -> Seen:
    revision, tasks = (int(item[name]["N"]) for name in ("revision", "tasks"))
    return Seen(revision, tasks, moment(item["at"]), item["platform"]["S"])
