"""Subjects: the last evaluation of each, its findings, and what runs it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from aws.ledger.dependents import dependency_key, unchanged
from aws.ledger.history import History, Row
from aws.ledger.table import Table, expiry, moment, put_item, unwritten_since
from domain.findings.finding import Finding, FindingState, drifts_from_json, drifts_to_json
from domain.findings.users import NOBODY, Running, Seen, Users
from domain.places import Place
from domain.remediation.attempt import Answer, Attempt, Offer, Quarantine
from domain.severity import Severity
from domain.subject import Subject, SubjectId

_SEEN_DAYS = 31
_TRANSACTION = 90  # of the 100 items that DynamoDB takes in one
_ATTEMPT, _QUARANTINE, _OFFER = TypeAdapter(Attempt), TypeAdapter(Quarantine), TypeAdapter(Offer)
_ANSWER = TypeAdapter(Answer)


@dataclass(frozen=True, slots=True)
class Subjects:
    """The rows of subjects."""

    table: Table

    def history(self, subject: SubjectId) -> History:  # noqa: C901 - a case for each kind of row
        """Everything that is kept of a subject, in one strongly consistent query."""
        history = History(subject)
        rows, services, seen, answers, ours, attempts = {}, {}, {}, {}, set(), []
        quarantine, offer = None, None
        for item in self.table.query(subject.key):
            kind, _, name = item["sk"]["S"].partition("/")
            match kind:
                case "look":
                    history = replace(
                        history,
                        order=int(item["order"]["N"]),
                        read_at=moment(item["read_at"]),
                        standard=item["standard"]["S"],
                        version=int(item["version"]["N"]),
                        leans=tuple(json.loads(item.get("leans", {"S": "[]"})["S"])),
                        untold=tuple(json.loads(item.get("untold", {"S": "[]"})["S"])),
                        ran=item.get("ran", {"S": ""})["S"],
                        request=item.get("request", {}).get("S"),
                    )
                case "finding":
                    rows[name] = _row(subject, name, item)
                case "service":
                    services[name] = _running(item)
                case "tasks":
                    seen[name] = _seen(item)
                case "ours":
                    ours.add(int(name))
                case "attempt":
                    attempts.append(_ATTEMPT.validate_json(item["body"]["S"]))
                case "quarantine":
                    quarantine = _QUARANTINE.validate_json(item["body"]["S"])
                case "offer":
                    offer = _OFFER.validate_json(item["body"]["S"])
                case "answer":
                    answers[name] = _ANSWER.validate_json(item["body"]["S"])
                case _:
                    pass
        return replace(
            history,
            rows=rows,
            services=services,
            seen=seen,
            ours=frozenset(ours),
            attempts=tuple(attempts),
            quarantine=quarantine,
            offer=offer,
            answers=answers,
        )

    def record(  # noqa: PLR0913 - the parts of one look
        self,
        history: History,
        rows: Iterable[Row],
        *,
        order: int,
        read_at: datetime,
        standard: str,
        leans: Iterable[str] = (),
        ran: str = "",
        request: str | None = None,
        offer: Offer | None = None,
        runs: Mapping[SubjectId, Running | None] | None = None,
        untold: Iterable[str] | None = None,
        given: History | None = None,
    ) -> History:
        """Write a look and the findings that it changed, all or nothing. `leans`: keys of what the subject leans on.

        A family is written down with each parameter and role that it leans on, and what of that was lost is put back.
        `ran`: what a service ran, or the state of a parameter or role. `offer`: the plan that may be approved now; None
        where there is none any more. `runs`: what a service runs of each family, None where it no longer does: a slower
        look never writes that over.
        `untold`: keys of what it leaned on, of which something is still to be told; None leaves them as they are.

        LedgerConflict where somebody wrote the subject after `history` was read, or the one that is `given`.
        """
        given_leans = tuple(leans)
        key, leans = history.subject.key, tuple(sorted(set(given_leans)))
        untold = history.untold if untold is None else tuple(untold)
        look = {
            "pk": {"S": key},
            "sk": {"S": "look"},
            "order": {"N": str(order)},
            "read_at": {"S": read_at.isoformat()},
            "standard": {"S": standard},
            "version": {"N": str(history.version + 1)},
            "leans": {"S": json.dumps(leans)},
        }
        look |= ({"request": {"S": request}} if request else {}) | ({"ran": {"S": ran}} if ran else {})
        look |= {"untold": {"S": json.dumps(untold)}} if untold else {}
        items = [
            put_item(self.table.name, look, *unwritten_since(history.version)),
            *(put_item(self.table.name, _row_item(row)) for row in rows),
        ]
        if offer is not None and offer != history.offer:
            body = {"S": _OFFER.dump_json(offer).decode()}
            items.append(put_item(self.table.name, {"pk": {"S": key}, "sk": {"S": "offer"}, "body": body}))
        elif offer is None and history.offer is not None:
            items.append({"Delete": {"TableName": self.table.name, "Key": {"pk": {"S": key}, "sk": {"S": "offer"}}}})
        if history.subject.kind is Subject.FAMILY:
            # Of roles of one name there is one row, and it is that of the first: the newest revision's.
            leaning = {dependency_key(on): on for on in map(SubjectId.parse, reversed(given_leans))}
            rest = [_dependent(self.table.name, on, history.subject) for on in leaning.values()]
            while rest and len(items) + len(rest) > _TRANSACTION:  # before the look itself, which makes them count
                self.table.write(key, [*rest[: _TRANSACTION - 1], unchanged(self.table.name, history)])
                rest = rest[_TRANSACTION - 1 :]
            items += rest
        for family, running in (runs or {}).items():
            place = {"pk": {"S": family.key}, "sk": {"S": f"service/{history.subject.name}"}}
            written = put_item(self.table.name, place | _running_item(running)) if running is not None else None
            items.append(written or {"Delete": {"TableName": self.table.name, "Key": place}})
        if given is not None:
            items.append(unchanged(self.table.name, given))
        self.table.write(key, items)
        return replace(
            history,
            order=order,
            read_at=read_at,
            standard=standard,
            version=history.version + 1,
            leans=leans,
            untold=untold,
            ran=ran,
            request=request,
            offer=offer,
        )

    def published(self, row: Row, left: Mapping[str, str] | None = None) -> None:
        """Nothing of this transition but what is `left` is to be told. A newer transition's pending stays."""
        held = {"N": str(row.finding.version)}
        kept = {"S": json.dumps(dict(left))} if left else None
        self.table.strike(row.finding.subject.key, f"finding/{row.finding.rule}", "pending", "version", held, kept)

    def requested(self, history: History) -> None:
        """The request for a correction is on its queue."""
        self.table.strike(history.subject.key, "look", "request", "request", {"S": history.request or ""})

    def saw(self, family: SubjectId, cluster: str, seen: Seen) -> None:
        """Tasks of the family ran that no service started."""
        item = {
            "revision": {"N": str(seen.revision)},
            "tasks": {"N": str(seen.tasks)},
            "at": {"S": seen.at.isoformat()},
            "platform": {"S": seen.platform},
            "expires": expiry(_SEEN_DAYS),
        }
        self.table.put(family.key, f"tasks/{cluster}", item)

    def all(self, place: Place) -> list[SubjectId]:
        """Every subject of a place that was ever looked at. Reads the whole table: for the sweep alone."""
        return [
            SubjectId.parse(item["pk"]["S"]) for item in self.table.scan(place, "sk = :look", {":look": {"S": "look"}})
        ]

    def open_findings(self, place: Place) -> list[Finding]:
        """Every open finding of a place. Reads the whole table: for the sweep alone."""
        values = {":finding": {"S": "finding/"}, ":open": {"S": FindingState.OPEN.value}}
        items = self.table.scan(place, "begins_with(sk, :finding) AND #state = :open", values, {"#state": "state"})
        return [_finding_of(item) for item in items]

    def open_or_closed_since(self, place: Place, since: datetime, until: datetime) -> list[Finding]:
        """Every finding of a place that is open, or closed since then and before `until`. Reads the whole table too."""
        values = {
            ":finding": {"S": "finding/"},
            ":open": {"S": FindingState.OPEN.value},
            ":closed": {"S": FindingState.CLOSED.value},
            ":since": {"S": since.astimezone(UTC).isoformat()},
            ":until": {"S": until.astimezone(UTC).isoformat()},
        }
        lately = "(#state = :open OR (#state = :closed AND #updated >= :since AND #updated < :until))"
        names = {"#state": "state", "#updated": "updated"}
        items = self.table.scan(place, f"begins_with(sk, :finding) AND {lately}", values, names)
        return [_finding_of(item) for item in items]


def _dependent(table: str, on: SubjectId, family: SubjectId) -> dict[str, Any]:
    """That a family leans on something; what it said of it stays."""
    return {
        "Update": {
            "TableName": table,
            "Key": {"pk": {"S": dependency_key(on)}, "sk": {"S": f"leans/{family.key}"}},
            "UpdateExpression": "SET #drifted = if_not_exists(#drifted, :none), #subject = :subject",
            "ExpressionAttributeNames": {"#drifted": "drifted", "#subject": "subject"},
            "ExpressionAttributeValues": {":none": {"S": "[]"}, ":subject": {"S": on.key}},
        }
    }


def _row_item(row: Row) -> dict[str, Any]:
    finding = row.finding
    item: dict[str, Any] = {
        "pk": {"S": finding.subject.key},
        "sk": {"S": f"finding/{finding.rule}"},
        "state": {"S": finding.state.value},
        "severity": {"S": finding.severity.value},
        "drifts": {"S": drifts_to_json(finding.drifts)},
        "resource": {"S": finding.resource},
        "created": {"S": finding.created.isoformat()},
        "updated": {"S": finding.updated.isoformat()},
        "version": {"N": str(finding.version)},
        "users": {"S": finding.users.to_json()},
    }
    if row.pending:
        item["pending"] = {"S": json.dumps(dict(row.pending))}
    return item


def _row(subject: SubjectId, rule: str, item: Mapping[str, Any]) -> Row:
    finding = Finding(
        subject=subject,
        rule=rule,
        state=FindingState(item["state"]["S"]),
        severity=Severity(item["severity"]["S"]),
        drifts=drifts_from_json(item["drifts"]["S"]),
        resource=item["resource"]["S"],
        created=moment(item["created"]),
        updated=moment(item["updated"]),
        version=int(item["version"]["N"]),
        users=Users.from_json(item["users"]["S"]) if "users" in item else NOBODY,
    )
    return Row(finding, json.loads(item["pending"]["S"]) if "pending" in item else {})


def _running_item(running: Running) -> dict[str, Any]:
    numbers = {"revision": {"N": str(running.revision)}, "tasks": {"N": str(running.tasks)}}
    return numbers | {"fargate": {"BOOL": running.fargate}}


def _running(item: Mapping[str, Any]) -> Running:
    """Rows of earlier releases hold no revision."""
    revision, tasks = (int(item.get(name, {"N": "0"})["N"]) for name in ("revision", "tasks"))
    return Running(item["fargate"]["BOOL"], revision, tasks)


def _finding_of(item: Mapping[str, Any]) -> Finding:
    return _row(SubjectId.parse(item["pk"]["S"]), item["sk"]["S"].removeprefix("finding/"), item).finding


def _seen(item: Mapping[str, Any]) -> Seen:
    revision, tasks = (int(item[name]["N"]) for name in ("revision", "tasks"))
    return Seen(revision, tasks, moment(item["at"]), item["platform"]["S"])
