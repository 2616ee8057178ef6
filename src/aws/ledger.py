"""The ledger: one DynamoDB table of what was last said of each subject, who leans on what, and what was tried.

Rows of a subject share a partition (`account/region/kind/name`), told apart by the sort key:

    look                 the last look, its order and its version (every write of the subject is conditional on it)
    finding/RULE         a finding, and what of its last transition is still to be told
    service/TITLE        a service that runs the family: which revision, how many tasks it wants, whether on Fargate
    tasks/CLUSTER        tasks of the family that no service started, and when they were last seen
    attempt/KEY          a correction of a revision or service: what was planned, how far it is, what came of it
    ours/NUMBER          a revision that Outrider registered
    quarantine           the family is left alone until a person releases it
    offer                the plan that the subject's findings show, as it may be approved
    answer/REQUEST       what came of what a person asked
    leans/FAMILY-KEY     a family that leans on this parameter or role, and which rules drift there by it; a role's
                         by its account and name, as IAM's events tell no more

Beside them, `due/PLACE` holds which attempts have not ended and when they are to be looked at, `quarantines/PLACE`
which families are left alone, `rate/…` and `pace/…` how many corrections were made of late, `revisions/…` what each
revision of a family contains, which never changes (without the environment values that no rule reads), `notice/…`
what the operations topic was told lately, and `swept/PLACE` by which release and standard everything was swept last.
"""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from aws.calls import CallFailed, calling
from aws.sessions import Sessions
from domain.ecs.task_definition import TaskDefinition
from domain.findings.finding import Finding, FindingState, drifts_from_json, drifts_to_json
from domain.findings.users import NOBODY, Running, Seen, Users
from domain.places import Arn, Place, Revision, role_name
from domain.remediation.attempt import Answer, Attempt, Offer, Quarantine
from domain.severity import Severity
from domain.subject import Subject, SubjectId

_REVISION_DAYS, _RENEWED_DAYS = 14, 7  # the sweep reads what is in use each day; the rest would be scanned with it
_ATTEMPT_DAYS = 90
_SEEN_DAYS = 31
_ANSWER_DAYS = 15
_TRANSACTION = 90  # of the 100 items that DynamoDB takes in one
_ATTEMPT, _QUARANTINE, _OFFER = TypeAdapter(Attempt), TypeAdapter(Quarantine), TypeAdapter(Offer)
_ANSWER = TypeAdapter(Answer)


class LedgerConflict(Exception):
    """Another worker wrote the subject since it was read: look again."""


@dataclass(frozen=True, slots=True)
class Row:
    """A finding, and what of its last transition is still to be told: JSON bodies by channel (`import`, `alert`)."""

    finding: Finding
    pending: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SweptBy:
    """What a sweep had everything judged by: Outrider's release, and the digest of the standard."""

    release: str
    standard: str


@dataclass(frozen=True, slots=True)
class History:
    """All that the ledger holds of a subject. `order` is what its last look was ordered by; 0 where there was none.

    `read_at` is when that look was written down. `services` and `seen` are who runs a family, by title and by cluster;
    `ran` is what a service ran at its last look, and the state that a parameter or role was in; `untold` the keys of
    what the subject no longer leans on, and of which something is still to be told.
    """

    subject: SubjectId
    order: int = 0
    read_at: datetime | None = None
    standard: str = ""
    version: int = 0
    leans: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    ran: str = ""
    request: str | None = field(default=None, repr=False)
    rows: Mapping[str, Row] = field(default_factory=dict)
    services: Mapping[str, Running] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    ours: frozenset[int] = frozenset()
    attempts: tuple[Attempt, ...] = ()
    quarantine: Quarantine | None = None
    offer: Offer | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def attempt(self, key: str) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.key == key), None)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The table. CallFailed where a call failed; LedgerConflict where another worker was there first."""

    sessions: Sessions
    table: str

    def history(self, subject: SubjectId) -> History:  # noqa: C901 - a case for each kind of row
        """Everything that is kept of a subject, in one strongly consistent query."""
        history = History(subject)
        rows, services, seen, answers, ours, attempts = {}, {}, {}, {}, set(), []
        quarantine, offer = None, None
        for item in self._query(subject.key):
            kind, _, name = item["sk"]["S"].partition("/")
            match kind:
                case "look":
                    history = replace(
                        history,
                        order=int(item["order"]["N"]),
                        read_at=_time(item["read_at"]),
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

    def _query(self, partition: str) -> Iterable[dict[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            with calling("dynamodb:Query", partition):
                page = self.sessions.own("dynamodb").query(
                    TableName=self.table,
                    KeyConditionExpression="pk = :pk",
                    ExpressionAttributeValues={":pk": {"S": partition}},
                    ConsistentRead=True,
                    **start,
                )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

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
            _put(self.table, look, *_unwritten_since(history.version)),
            *(_put(self.table, _row_item(row)) for row in rows),
        ]
        if offer is not None and offer != history.offer:
            body = {"S": _OFFER.dump_json(offer).decode()}
            items.append(_put(self.table, {"pk": {"S": key}, "sk": {"S": "offer"}, "body": body}))
        elif offer is None and history.offer is not None:
            items.append({"Delete": {"TableName": self.table, "Key": {"pk": {"S": key}, "sk": {"S": "offer"}}}})
        if history.subject.kind is Subject.FAMILY:
            # Of roles of one name there is one row, and it is that of the first: the newest revision's.
            leaning = {leaning_key(on): on for on in map(SubjectId.parse, reversed(given_leans))}
            rest = [_leaning(self.table, on, history.subject) for on in leaning.values()]
            while rest and len(items) + len(rest) > _TRANSACTION:  # before the look itself, which makes them count
                self._all_or_nothing(key, [*rest[: _TRANSACTION - 1], _as_it_was(self.table, history)])
                rest = rest[_TRANSACTION - 1 :]
            items += rest
        for family, running in (runs or {}).items():
            place = {"pk": {"S": family.key}, "sk": {"S": f"service/{history.subject.name}"}}
            written = _put(self.table, place | _running_item(running)) if running is not None else None
            items.append(written or {"Delete": {"TableName": self.table, "Key": place}})
        if given is not None:
            items.append(_as_it_was(self.table, given))
        self._all_or_nothing(key, items)
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

    def told(self, row: Row, left: Mapping[str, str] | None = None) -> None:
        """Nothing of this transition but what is `left` is to be told. A newer transition's pending stays."""
        held = {"N": str(row.finding.version)}
        kept = {"S": json.dumps(dict(left))} if left else None
        self._strike(row.finding.subject.key, f"finding/{row.finding.rule}", "pending", "version", held, kept)

    def asked(self, history: History) -> None:
        """The request for a correction is on its queue."""
        self._strike(history.subject.key, "look", "request", "request", {"S": history.request or ""})

    def remember(self, revision: Revision, task: TaskDefinition) -> None:
        """Keep what a revision contains. The document is to hold no environment value that no rule reads."""
        body = gzip.compress(json.dumps(task.json).encode(), mtime=0)
        self._put(
            f"revisions/{SubjectId.of_family(revision).key}",
            str(revision.number),
            {"body": {"B": body}, "expires": _expiry(_REVISION_DAYS)},
        )

    def remembered(self, revision: Revision) -> TaskDefinition | None:
        """None where it is not kept. What goes on being asked for is kept on."""
        pk, sk = f"revisions/{SubjectId.of_family(revision).key}", str(revision.number)
        item = self._get(pk, sk)
        if item is None:
            return None
        if int(item["expires"]["N"]) < int(_expiry(_RENEWED_DAYS)["N"]):
            self._renew(pk, sk, _expiry(_REVISION_DAYS))
        return TaskDefinition(json.loads(gzip.decompress(item["body"]["B"])))

    def forget(self, revision: Revision) -> None:
        """A revision that is no longer active is not to be judged from memory."""
        self._delete(f"revisions/{SubjectId.of_family(revision).key}", str(revision.number))

    def saw(self, family: SubjectId, cluster: str, seen: Seen) -> None:
        """Tasks of the family ran that no service started."""
        item = {
            "revision": {"N": str(seen.revision)},
            "tasks": {"N": str(seen.tasks)},
            "at": {"S": seen.at.isoformat()},
            "platform": {"S": seen.platform},
            "expires": _expiry(_SEEN_DAYS),
        }
        self._put(family.key, f"tasks/{cluster}", item)

    def lean(self, on: SubjectId, given: History, drifted: Iterable[str] = ()) -> None:
        """The family that is `given` leans on a parameter or role; by it, these rules drift there.

        LedgerConflict where somebody wrote the family since: it may lean on something else by now.
        """
        key = {"pk": {"S": leaning_key(on)}, "sk": {"S": f"leans/{given.subject.key}"}}
        said = {"drifted": {"S": json.dumps(sorted(drifted))}, "subject": {"S": on.key}}
        self._all_or_nothing(on.key, [_put(self.table, key | said), _as_it_was(self.table, given)])

    def leans_no_more(self, on: SubjectId, given: History) -> None:
        """The family that is `given` does not lean on it any more. LedgerConflict as above."""
        key = {"pk": {"S": leaning_key(on)}, "sk": {"S": f"leans/{given.subject.key}"}}
        struck = {"Delete": {"TableName": self.table, "Key": key}}
        self._all_or_nothing(on.key, [struck, _as_it_was(self.table, given)])

    def dependents(self, on: SubjectId) -> dict[SubjectId, frozenset[str] | None]:
        """The families that lean on a parameter or role, each with the rules that drift there by it.

        None where that was not written down yet. Of a role that is told by its name alone, all families of all regions;
        else those that lean on it by its ARN, and in its place: its findings are told in each.
        """
        found = dict[SubjectId, frozenset[str] | None]()
        by_name = on.kind is Subject.ROLE and Arn.parse(on.name) is None
        for item in self._query(leaning_key(on)):
            kind, _, key = item["sk"]["S"].partition("/")
            if kind != "leans":
                continue
            family = SubjectId.parse(key)
            if by_name or on.kind is not Subject.ROLE or _is_of(on, item, family):
                found[family] = frozenset(json.loads(item["drifted"]["S"])) if "drifted" in item else None
        return found

    def subjects(self, place: Place) -> list[SubjectId]:
        """Every subject of a place that was ever looked at. Reads the whole table: for the sweep alone."""
        return [SubjectId.parse(item["pk"]["S"]) for item in self._scan(place, "sk = :look", {":look": {"S": "look"}})]

    def swept_by(self, place: Place) -> SweptBy | None:
        """What the last sweep that ended had everything judged by; None where none is known of."""
        item = self._get(f"swept/{place}", "sweep")
        return SweptBy(item["release"]["S"], item["standard"]["S"]) if item else None

    def swept(self, place: Place, by: SweptBy) -> None:
        """Everything was swept by this release and standard."""
        self._put(f"swept/{place}", "sweep", {"release": {"S": by.release}, "standard": {"S": by.standard}})

    def open_findings(self, place: Place) -> list[Finding]:
        """Every open finding of a place. Reads the whole table: for the sweep alone."""
        values = {":finding": {"S": "finding/"}, ":open": {"S": FindingState.OPEN.value}}
        items = self._scan(place, "begins_with(sk, :finding) AND #state = :open", values, {"#state": "state"})
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
        items = self._scan(place, f"begins_with(sk, :finding) AND {lately}", values, names)
        return [_finding_of(item) for item in items]

    def _scan(
        self, place: Place, condition: str, values: Mapping[str, Any], names: Mapping[str, str] | None = None
    ) -> Iterable[dict[str, Any]]:
        given: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        while True:
            with calling("dynamodb:Scan", str(place)):
                page = self.sessions.own("dynamodb").scan(
                    TableName=self.table,
                    FilterExpression=f"begins_with(pk, :place) AND {condition}",
                    ExpressionAttributeValues={":place": {"S": f"{place}/"}, **values},
                    **given,
                )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            given["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def attempt(self, attempt: Attempt, quarantine: Quarantine | None = None) -> Attempt:
        """Write an attempt down, with when it is due, and with the quarantine that comes of it: all or nothing.

        Gives it as it is held now. LedgerConflict where somebody wrote it since it was read.
        """
        held, attempt = attempt.version, replace(attempt, version=attempt.version + 1)
        key, sk = attempt.family.key, f"attempt/{attempt.key}"
        kept = {
            "pk": {"S": key},
            "sk": {"S": sk},
            "body": {"S": _ATTEMPT.dump_json(attempt).decode()},
            "version": {"N": str(attempt.version)},
            "expires": _expiry(_ATTEMPT_DAYS),
        }
        due = _due_key(attempt)
        items = [_put(self.table, kept, *_unwritten_since(held))]
        if attempt.state.ended and not attempt.pending:
            items.append({"Delete": {"TableName": self.table, "Key": due}})
        else:
            moment = (attempt.due or attempt.time).isoformat()
            items.append(_put(self.table, due | {"due": {"S": moment}, "expires": _expiry(_ATTEMPT_DAYS)}))
        if quarantine is not None:
            left_alone = {
                "pk": {"S": key},
                "sk": {"S": "quarantine"},
                "body": {"S": _QUARANTINE.dump_json(quarantine).decode()},
            }
            listed = {"pk": {"S": f"quarantines/{attempt.source.place}"}, "sk": {"S": attempt.source.family}}
            items += [_put(self.table, left_alone), _put(self.table, listed)]
        self._all_or_nothing(f"{key}/{sk}", items)
        return attempt

    def _all_or_nothing(self, what: str, items: list[dict[str, Any]]) -> None:
        try:
            with calling("dynamodb:TransactWriteItems", what):
                self.sessions.own("dynamodb").transact_write_items(TransactItems=items)
        except CallFailed as failed:
            if failed.code in {"TransactionCanceledException", "TransactionConflictException"}:
                raise LedgerConflict(f"{what} was written by another worker") from None
            raise

    def due(self, place: Place, now: datetime | None = None) -> list[tuple[str, str]]:
        """The attempts that have not ended and are to be looked at by now, or all of them, as family and key."""
        return [(family, key) for family, key, due in self.dues(place) if now is None or due <= now]

    def dues(self, place: Place) -> list[tuple[str, str, datetime]]:
        """The same, all of them, with when each is to be looked at."""
        found = [(item["sk"]["S"].partition("/attempt/"), _time(item["due"])) for item in self._query(f"due/{place}")]
        return [(family, key, due) for (family, _, key), due in found]

    def quarantined(self, place: Place) -> list[str]:
        """The families that are left alone."""
        return [item["sk"]["S"] for item in self._query(f"quarantines/{place}")]

    def release(self, family: SubjectId) -> None:
        """The family is no longer left alone."""
        self._delete(family.key, "quarantine")
        self._delete(f"quarantines/{family.place}", family.name)

    def answer(self, of: SubjectId, request: str, answer: Answer) -> None:
        """Write down what came of what a person asked; `request` is its id."""
        body = {"S": _ANSWER.dump_json(answer).decode()}
        self._put(of.key, f"answer/{request}", {"body": body, "expires": _expiry(_ANSWER_DAYS)})

    def claim(self, place: Place, what: str, key: str, most: int, now: datetime) -> bool:
        """Take one of `most` places that this hour has for `what`; the same key has one place however often it asks."""
        try:
            with calling("dynamodb:UpdateItem", f"rate/{place}/{what}"):
                self.sessions.own("dynamodb").update_item(
                    TableName=self.table,
                    Key={"pk": {"S": f"rate/{place}"}, "sk": {"S": f"{what}/{now:%Y-%m-%dT%H}"}},
                    UpdateExpression="ADD #keys :key SET #expires = :expires",
                    ConditionExpression="attribute_not_exists(#keys) OR contains(#keys, :one) OR size(#keys) < :most",
                    ExpressionAttributeNames={"#keys": "keys", "#expires": "expires"},
                    ExpressionAttributeValues={
                        ":key": {"SS": [key]},
                        ":one": {"S": key},
                        ":most": {"N": str(most)},
                        ":expires": _expiry(1),
                    },
                )
        except CallFailed as failed:
            if failed.code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def slot(self, place: Place, what: str, number: int) -> bool:
        """Take one slot of a rate per second: True for the first who asks."""
        item = {"pk": {"S": f"pace/{place}"}, "sk": {"S": f"{what}/{number}"}, "expires": _expiry(1)}
        try:
            with calling("dynamodb:PutItem", f"pace/{place}/{what}"):
                self.sessions.own("dynamodb").put_item(
                    TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(pk)"
                )
        except CallFailed as failed:
            if failed.code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def ours(self, revision: Revision) -> None:
        """A revision that Outrider registered."""
        self._put(SubjectId.of_family(revision).key, f"ours/{revision.number}", {})

    def notice(self, key: str, hours: int = 24) -> bool:
        """Whether a notice to operations is due: True once in so many hours for the same key."""
        now = datetime.now(UTC)
        item = {
            "pk": {"S": f"notice/{key}"},
            "sk": {"S": "notice"},
            "expires": {"N": str(int(now.timestamp()) + hours * 3600)},
        }
        try:
            with calling("dynamodb:PutItem", f"notice/{key}"):
                self.sessions.own("dynamodb").put_item(
                    TableName=self.table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(pk) OR #expires < :now",
                    ExpressionAttributeNames={"#expires": "expires"},
                    ExpressionAttributeValues={":now": {"N": str(int(now.timestamp()))}},
                )
        except CallFailed as failed:
            if failed.code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def untold(self, key: str) -> None:
        """A notice that was due did not go out."""
        self._delete(f"notice/{key}", "notice")

    def _get(self, pk: str, sk: str) -> dict[str, Any] | None:
        with calling("dynamodb:GetItem", f"{pk}/{sk}"):
            found = self.sessions.own("dynamodb").get_item(
                TableName=self.table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True
            )
        item: dict[str, Any] | None = found.get("Item")
        return item

    def _put(self, pk: str, sk: str, item: Mapping[str, Any]) -> None:
        with calling("dynamodb:PutItem", f"{pk}/{sk}"):
            self.sessions.own("dynamodb").put_item(
                TableName=self.table, Item={"pk": {"S": pk}, "sk": {"S": sk}} | dict(item)
            )

    def _delete(self, pk: str, sk: str) -> None:
        with calling("dynamodb:DeleteItem", f"{pk}/{sk}"):
            self.sessions.own("dynamodb").delete_item(TableName=self.table, Key={"pk": {"S": pk}, "sk": {"S": sk}})

    def _renew(self, pk: str, sk: str, expires: Mapping[str, str]) -> None:
        """Keep a row for longer, unless it is gone meanwhile."""
        try:
            with calling("dynamodb:UpdateItem", f"{pk}/{sk}"):
                self.sessions.own("dynamodb").update_item(
                    TableName=self.table,
                    Key={"pk": {"S": pk}, "sk": {"S": sk}},
                    UpdateExpression="SET #expires = :expires",
                    ConditionExpression="attribute_exists(pk)",
                    ExpressionAttributeNames={"#expires": "expires"},
                    ExpressionAttributeValues={":expires": expires},
                )
        except CallFailed as failed:
            if failed.code != "ConditionalCheckFailedException":
                raise

    def _strike(  # noqa: PLR0913, PLR0917 - of which item, what, and while what holds
        self, pk: str, sk: str, member: str, other: str, held: Mapping[str, str], left: Mapping[str, str] | None = None
    ) -> None:
        """Take a member out, or leave it with what is `left`, where another still holds a value.

        Where it does not, somebody has gone on.
        """
        try:
            with calling("dynamodb:UpdateItem", f"{pk}/{sk}"):
                self.sessions.own("dynamodb").update_item(
                    TableName=self.table,
                    Key={"pk": {"S": pk}, "sk": {"S": sk}},
                    UpdateExpression="SET #member = :left" if left else "REMOVE #member",
                    ConditionExpression="#other = :held",
                    ExpressionAttributeNames={"#member": member, "#other": other},  # some are reserved words
                    ExpressionAttributeValues={":held": held} | ({":left": left} if left else {}),
                )
        except CallFailed as failed:
            if failed.code != "ConditionalCheckFailedException":
                raise


def leaning_key(on: SubjectId) -> str:
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


def _as_it_was(table: str, read: History) -> dict[str, Any]:
    """That nobody has written a subject since it was read: a part of a transaction."""
    condition, names, values = _unwritten_since(read.version)
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": {"pk": {"S": read.subject.key}, "sk": {"S": "look"}},
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
    }


def _leaning(table: str, on: SubjectId, family: SubjectId) -> dict[str, Any]:
    """That a family leans on something; what it said of it stays."""
    return {
        "Update": {
            "TableName": table,
            "Key": {"pk": {"S": leaning_key(on)}, "sk": {"S": f"leans/{family.key}"}},
            "UpdateExpression": "SET #drifted = if_not_exists(#drifted, :none), #subject = :subject",
            "ExpressionAttributeNames": {"#drifted": "drifted", "#subject": "subject"},
            "ExpressionAttributeValues": {":none": {"S": "[]"}, ":subject": {"S": on.key}},
        }
    }


def _due_key(attempt: Attempt) -> dict[str, Any]:
    source = attempt.source
    return {"pk": {"S": f"due/{source.place}"}, "sk": {"S": f"{source.family}/attempt/{attempt.key}"}}


def _unwritten_since(version: int) -> tuple[str, dict[str, str], dict[str, Any]]:
    """A condition, its names and values: the row is not there, or still is of the version that was read."""
    return "attribute_not_exists(pk) OR #v = :v", {"#v": "version"}, {":v": {"N": str(version)}}


def _put(
    table: str,
    item: Mapping[str, Any],
    condition: str = "",
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    conditional = {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    return {"Put": {"TableName": table, "Item": item} | (conditional if condition else {})}


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
        created=_time(item["created"]),
        updated=_time(item["updated"]),
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
    return Seen(revision, tasks, _time(item["at"]), item["platform"]["S"])


def _time(attribute: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(attribute["S"])


def _expiry(days: int) -> dict[str, str]:
    return {"N": str(int((datetime.now(UTC) + timedelta(days=days)).timestamp()))}
