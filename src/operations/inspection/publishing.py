"""Telling: what the ledger's rows hold of transitions goes out, in as few calls as it can, and is struck off.

Security Hub first, then alerts, then requests for corrections. What fails stays in the ledger; its message comes again.
What Security Hub refuses for good is told to people all the same, and to operations: no message is held up by it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from json import loads

from aws.calls import CallFailed
from aws.channels import Queue, Topic
from aws.ledger import History, Ledger, Row
from aws.security_hub import SecurityHub
from domain.findings.alert import Alert
from domain.findings.finding import Finding
from domain.places import Place
from domain.remediation.request import read_request


@dataclass(frozen=True, slots=True)
class Publisher:
    """Tells Security Hub, the topics `alerts` and `operations`, and the queue `remediations`."""

    hub: SecurityHub
    ledger: Ledger
    alerts: Topic
    operations: Topic
    remediations: Queue

    def tell(self, pending: Mapping[str, Sequence[Row]], requests: Mapping[str, Sequence[History]]) -> dict[str, str]:
        """By message, what is pending and what is to be asked of remediate. Gives why, for those that come again."""
        failed = dict[str, str]()
        rows = {
            (row.finding.id, row.finding.version): (message, row) for message, found in pending.items() for row in found
        }
        untaken, refused = self._import(rows.values(), failed)
        heard = [(message, row) for message, row in rows.values() if row.finding.id not in untaken]
        silenced, unasked = self._silenced(heard, failed)
        published = set[str]()  # two transitions of one finding in a batch both hold what the first is to tell
        for message, row in heard:
            if row.finding.id in unasked:
                continue
            left = {name: body for name, body in row.pending.items() if name == "import" and row.finding.id in refused}
            try:
                for channel in sorted(row.pending):
                    if channel.startswith("alert/") and row.finding.id not in silenced and channel not in published:
                        body = row.pending[channel]
                        self.alerts.publish(body, Alert.model_validate_json(body).attributes)
                        published.add(channel)
                if left != row.pending:
                    self.ledger.subjects.published(row, left)
            except CallFailed as error:
                failed[message] = str(error)
        for message, histories in requests.items():
            try:
                for history in histories:
                    self._ask(history)
            except CallFailed as error:
                failed[message] = str(error)
        return failed

    def _import(self, rows: Iterable[tuple[str, Row]], failed: dict[str, str]) -> tuple[set[str], set[str]]:
        """Security Hub first: what people are told of is to be found there.

        Gives the ids that it did not take, for whose sake the message comes again, and those that it refuses for good.
        """
        by_place = defaultdict[Place, dict[str, tuple[str, Row]]](dict)
        for message, row in rows:
            if "import" in row.pending:
                by_place[row.finding.subject.place][row.finding.id] = (message, row)
        untaken, refused = set[str](), set[str]()
        for place, findings in by_place.items():
            try:
                failures = self.hub.import_(place, [loads(row.pending["import"]) for _, row in findings.values()])
            except CallFailed as error:
                untaken |= findings.keys()
                failed |= {message: str(error) for message, _ in findings.values()}
                if error.not_enabled:
                    self._no_hub(place)
                continue
            if any(failure.not_enabled for failure in failures):
                self._no_hub(place)
            for failure in failures:
                message, row = findings[failure.id]
                if failure.for_good:
                    refused.add(failure.id)
                    self._not_taken(row.finding, failure.code)
                else:
                    untaken.add(failure.id)
                    failed[message] = f"securityhub:BatchImportFindings on {failure.id} failed: {failure.code}"
        return untaken, refused

    def _silenced(self, rows: Iterable[tuple[str, Row]], failed: dict[str, str]) -> tuple[set[str], set[str]]:
        """The findings that the customer suppressed: they are kept, and nobody is told. A new one cannot be.

        And those of which that could not be asked.
        """
        by_place = defaultdict[Place, dict[str, str]](dict)
        for message, row in rows:
            if row.finding.version > 1 and any(channel.startswith("alert/") for channel in row.pending):
                by_place[row.finding.subject.place][row.finding.id] = message
        silenced, unasked = set[str](), set[str]()
        for place, messages in by_place.items():
            try:
                silenced |= self.hub.suppressed(place, list(messages))
            except CallFailed as error:
                unasked |= messages.keys()
                failed |= dict.fromkeys(messages.values(), str(error))
        return silenced, unasked

    def _ask(self, history: History) -> None:
        body = history.request or ""
        asked = read_request(body)
        self.remediations.send(body, group=asked.group, deduplication=asked.deduplication)
        self.ledger.subjects.requested(history)

    def _no_hub(self, place: Place) -> None:
        text = f"Security Hub is not enabled in {place}. Enable it, or leave it out of the standard's scope."
        self.notice(f"hub/{place}", "Outrider: Security Hub is not enabled", text)

    def _not_taken(self, finding: Finding, code: str) -> None:
        text = (
            f"Security Hub does not take {finding.id}: {code}. People are told of it all the same, and the import is"
            " tried again at each look. That it is refused is a defect in Outrider: report it."
        )
        self.notice(f"refused/{finding.subject.place.account}/{finding.rule}", "Outrider: a finding is refused", text)

    def notice(self, key: str, subject: str, text: str, hours: int = 24) -> None:
        """Tell operations, once in a while for the same key. Telling is not worth failing a message for."""
        with suppress(CallFailed):
            if self.ledger.notices.claim(key, hours):
                try:
                    self.operations.publish(text, subject=subject)
                except CallFailed:
                    self.ledger.notices.take_back(key)  # so that the next trouble of its kind is told
