"""Publishing: send what the records hold in as few calls as possible, and remove it from them.

The order: rows of other subjects and the messages to them, Security Hub, alerts, requests for corrections. What fails
stays in the record, and its message is retried. A finding that Security Hub rejects for its content delays no message:
its alerts are published, and operations are notified.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from json import loads
from typing import Any
from uuid import uuid4

from aws.calls import CallFailed
from aws.channels import Message, Queue, Topic
from aws.errors import Meaning
from aws.ledger import History, Ledger, LedgerConflict, Row
from aws.ledger.dependents import delete_dependent, put_dependent
from aws.ledger.subjects import delete_running, put_running
from aws.security_hub import SecurityHub
from domain.findings.alert import Alert
from domain.findings.finding import Finding, FindingState
from domain.places import Place
from domain.remediation.request import read_request
from domain.subject import Subject, SubjectId
from domain.triggers.message import message_group
from operations.inspection.notices import Operations

_IMPORT = "import"


@dataclass(slots=True)
class _Outbox:
    """What one record still has to publish; at the end, what remains and why."""

    history: History
    rows: dict[str, Row]
    notify: dict[str, str]
    request: str | None
    closed: set[str] = field(default_factory=set)
    """The rules whose findings were imported as no longer open."""
    refused: set[str] = field(default_factory=set)
    """The rules whose findings Security Hub rejects for their content."""
    reason: str = ""
    off: CallFailed | None = None
    """The import that failed because Security Hub is not enabled in a member."""

    @classmethod
    def of(cls, history: History) -> "_Outbox":
        record = history.record
        return cls(history, dict(record.rows), dict(record.notify), record.request)

    @property
    def pending(self) -> list[Row]:
        return [row for row in self.rows.values() if row.pending]

    def fail(self, why: object) -> None:
        self.reason = self.reason or str(why)

    def remove_published(self, rule: str, channel: str) -> None:
        """Remove a part of a finding that was published, or need not be."""
        row = self.rows[rule]
        left = {name: body for name, body in row.pending.items() if name != channel}
        self.rows[rule] = replace(row, pending=left)


@dataclass(frozen=True, slots=True)
class Published:
    """The histories after publishing, and by subject why something could not be published.

    `off` holds those whose findings wait in the ledger, because Security Hub is not enabled in a member.
    """

    histories: Mapping[SubjectId, History] = field(default_factory=dict)
    failed: Mapping[SubjectId, str] = field(default_factory=dict)
    off: Mapping[SubjectId, CallFailed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes to other subjects, Security Hub, the topic `alerts` and the queue `remediations`."""

    hub: SecurityHub
    ledger: Ledger
    alerts: Topic
    subjects: Queue
    remediations: Queue
    operations: Operations

    def publish(self, histories: Sequence[History]) -> Published:
        """Publish all that the records hold."""
        boxes = [_Outbox.of(history) for history in histories if history.record.pending]
        self._notify(boxes)
        self._import(boxes)
        self._alert(boxes)
        self._request(boxes)
        kept = {history.subject: history for history in histories}
        for box in boxes:
            try:
                kept[box.history.subject] = self._record_without_published(box)
            except (CallFailed, LedgerConflict) as error:
                box.fail(error)
        failed = {box.history.subject: box.reason for box in boxes if box.reason}
        return Published(kept, failed, {box.history.subject: box.off for box in boxes if box.off is not None})

    def _record_without_published(self, box: _Outbox) -> History:
        record = replace(box.history.record, rows=box.rows, notify=box.notify, request=box.request)
        return box.history if record == box.history.record else self.ledger.subjects.write(box.history, record)

    # --- other subjects and remediate ---------------------------------------------------------------------------------

    def _notify(self, boxes: Iterable[_Outbox]) -> None:
        """Write the rows first: the evaluations that the messages start read them."""
        boxes = [box for box in boxes if box.notify]
        try:
            self.ledger.table.write_all("rows of dependents", (row for box in boxes for row in _rows(box.history)))
        except CallFailed as error:
            for box in boxes:
                box.fail(error)
            return
        wanted = defaultdict[tuple[str, str], list[_Outbox]](list)  # one message for all that want the same
        for box in boxes:
            for each in box.notify.items():
                wanted[each].append(box)
        failed = self.subjects.send_each(
            [Message(body, message_group(SubjectId.parse(key)), uuid4().hex) for key, body in wanted]
        )
        for index, ((key, _), owners) in enumerate(wanted.items()):
            for box in owners:
                if index in failed:
                    box.fail(failed[index])
                else:
                    del box.notify[key]

    def _request(self, boxes: Iterable[_Outbox]) -> None:
        wanted = [(box, read_request(box.request), box.request) for box in boxes if box.request]
        failed = self.remediations.send_each(
            [Message(body, request.group, request.deduplication) for _, request, body in wanted]
        )
        for index, (box, _, _) in enumerate(wanted):
            if index in failed:
                box.fail(failed[index])
            else:
                box.request = None

    # --- findings -----------------------------------------------------------------------------------------------------

    def _import(self, boxes: Iterable[_Outbox]) -> None:
        """Import the findings first, because alerts link to them."""
        by_place = defaultdict[Place, dict[str, tuple[_Outbox, Row]]](dict)
        for box in boxes:
            for row in box.pending:
                if _IMPORT in row.pending:
                    by_place[row.finding.subject.place][row.finding.id] = (box, row)
        for place, findings in by_place.items():
            self._import_into(place, findings)

    def _import_into(self, place: Place, findings: Mapping[str, tuple[_Outbox, Row]]) -> None:
        try:
            failed = self.hub.import_(place, [loads(row.pending[_IMPORT]) for _, row in findings.values()])
        except CallFailed as error:
            if error.not_enabled:
                self.operations.security_hub_off(place)
            for box, _ in findings.values():
                self._left(box, place, error)
            return
        if any(failure.not_enabled for failure in failed.values()):
            self.operations.security_hub_off(place)
        for id_, (box, row) in findings.items():
            failure = failed.get(id_)
            if failure is None:
                box.remove_published(row.finding.rule, _IMPORT)
                if row.finding.state is not FindingState.OPEN:
                    box.closed.add(row.finding.rule)
            elif failure.meaning is Meaning.REFUSE:  # its content: the same import would be rejected again
                box.refused.add(row.finding.rule)
                self.operations.refused(row.finding, failure.code)
            else:
                self._left(box, place, failure)

    def _left(self, box: "_Outbox", place: Place, error: CallFailed) -> None:
        """Leave findings in the record: for a retry, or until a member enables Security Hub, which no retry does."""
        if error.not_enabled and self.hub.sessions.is_member(place):
            box.off = error
        else:
            box.fail(error)

    def _alert(self, boxes: Iterable[_Outbox]) -> None:
        """Publish the alerts of findings that were imported or rejected, except suppressed ones."""
        ready = [
            (box, row, channel)
            for box in boxes
            for row in box.pending
            if _IMPORT not in row.pending or row.finding.rule in box.refused
            for channel in sorted(row.pending.keys() - {_IMPORT})
        ]
        closed = [(box, box.rows[rule].finding) for box in boxes for rule in sorted(box.closed)]
        silenced, unasked = self._silenced([*((box, row.finding) for box, row, _ in ready), *closed])
        wanted = list[tuple[_Outbox, str, str, Message]]()
        for box, row, channel in ready:
            if row.finding.id in silenced:
                box.remove_published(row.finding.rule, channel)
            elif row.finding.id not in unasked:
                body = row.pending[channel]
                message = Message(body, attributes=Alert.model_validate_json(body).attributes)
                wanted.append((box, row.finding.rule, channel, message))
        failed = self.alerts.publish_each([message for *_, message in wanted])
        for index, (box, rule, channel, _) in enumerate(wanted):
            if index in failed:
                box.fail(failed[index])
            else:
                box.remove_published(rule, channel)

    def _silenced(self, findings: Iterable[tuple[_Outbox, Finding]]) -> tuple[set[str], set[str]]:
        """Return the findings that the customer suppressed, and those for which that cannot be read.

        Suppressed findings are updated without an alert. A new finding cannot be suppressed.
        """
        by_place = defaultdict[Place, dict[str, tuple[_Outbox, str]]](dict)
        for box, finding in findings:
            if finding.version > 1:
                by_place[finding.subject.place][finding.id] = (box, finding.rule)
        silenced, unasked = set[str](), set[str]()
        for place, asked in by_place.items():
            remembered = {id_ for id_, (box, rule) in asked.items() if box.rows[rule].suppressed}
            try:
                found = self.hub.suppressed(place, list(asked), remembered)
            except CallFailed as error:
                unasked |= asked.keys()
                for box, _ in asked.values():
                    box.fail(error)
                continue
            silenced |= found
            for id_, (box, rule) in asked.items():  # remembered, because Security Hub forgets it
                box.rows[rule] = replace(box.rows[rule], suppressed=id_ in found)
        return silenced, unasked


def _rows(history: History) -> Iterator[dict[str, Any]]:
    """Return this subject's rows in the partitions of the subjects to evaluate because of it."""
    subject, record = history.subject, history.record
    for on in map(SubjectId.parse, record.notify):
        match subject.kind, on.kind:
            case Subject.FAMILY, Subject.PARAMETER | Subject.ROLE:
                said = record.dependencies.get(on.key)
                yield put_dependent(on, subject, said) if said is not None else delete_dependent(on, subject)
            case Subject.SERVICE, Subject.FAMILY:
                runs = record.runs if on.key in record.dependencies else None
                yield put_running(on, subject.name, runs) if runs else delete_running(on, subject.name)
            case _:
                pass  # a service reads its family's partition and needs no row of its own
