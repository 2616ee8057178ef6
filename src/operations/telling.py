"""Telling: what the ledger's rows hold of transitions goes out, in as few calls as it can, and is struck off.

Security Hub first, then alerts, then requests for corrections. What fails stays in the ledger; its message comes again.
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
from domain.alert import Alert
from domain.places import Place
from domain.request import read_request


@dataclass(frozen=True, slots=True)
class Teller:
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
        refused = self._import(rows.values(), failed)
        silenced = self._silenced(rows.values(), failed)
        published = set[str]()  # two transitions of one finding in a batch both hold what the first is to tell
        for message, row in rows.values():
            if message in failed or row.finding.id in refused:
                continue
            try:
                for channel in sorted(row.pending):
                    if channel.startswith("alert/") and row.finding.id not in silenced and channel not in published:
                        body = row.pending[channel]
                        self.alerts.publish(body, Alert.model_validate_json(body).attributes)
                        published.add(channel)
                self.ledger.told(row)
            except CallFailed as error:
                failed[message] = str(error)
        for message, histories in requests.items():
            try:
                for history in histories:
                    self._ask(history)
            except CallFailed as error:
                failed[message] = str(error)
        return failed

    def _import(self, rows: Iterable[tuple[str, Row]], failed: dict[str, str]) -> set[str]:
        """Security Hub first: what people are told of is to be found there. Ids that it did not take come back."""
        by_place = defaultdict[Place, dict[str, tuple[str, str]]](dict)
        for message, row in rows:
            if "import" in row.pending:
                by_place[row.finding.subject.place][row.finding.id] = (message, row.pending["import"])
        refused = set[str]()
        for place, findings in by_place.items():
            try:
                answers = {
                    failure.id: failure.code
                    for failure in self.hub.import_(place, [loads(body) for _, body in findings.values()])
                }
            except CallFailed as error:
                refused |= findings.keys()
                failed |= {message: str(error) for message, _ in findings.values()}
                if error.code.startswith("InvalidAccess"):
                    self._no_hub(place)
                continue
            if any(code.startswith("InvalidAccess") for code in answers.values()):
                self._no_hub(place)
            for id_, code in answers.items():
                refused.add(id_)
                failed[findings[id_][0]] = f"securityhub:BatchImportFindings on {id_} failed: {code}"
        return refused

    def _silenced(self, rows: Iterable[tuple[str, Row]], failed: dict[str, str]) -> set[str]:
        """The findings that the customer suppressed: they are kept, and nobody is told. A new one cannot be."""
        by_place = defaultdict[Place, dict[str, str]](dict)
        for message, row in rows:
            if row.finding.version > 1 and any(channel.startswith("alert/") for channel in row.pending):
                by_place[row.finding.subject.place][row.finding.id] = message
        silenced = set[str]()
        for place, messages in by_place.items():
            try:
                silenced |= self.hub.suppressed(place, list(messages))
            except CallFailed as error:
                failed |= dict.fromkeys(messages.values(), str(error))
        return silenced

    def _ask(self, history: History) -> None:
        body = history.request or ""
        asked = read_request(body)
        self.remediations.send(body, group=asked.group, deduplication=asked.deduplication)
        self.ledger.asked(history)

    def _no_hub(self, place: Place) -> None:
        text = f"Security Hub is not enabled in {place}. Enable it, or leave it out of the standard's scope."
        self.notice(f"hub/{place}", "Outrider: Security Hub is not enabled", text)

    def notice(self, key: str, subject: str, text: str, hours: int = 24) -> None:
        """Tell operations, once in a while for the same key. Telling is not worth failing a message for."""
        with suppress(CallFailed):
            if self.ledger.notice(key, hours):
                try:
                    self.operations.publish(text, subject=subject)
                except CallFailed:
                    self.ledger.untold(key)  # so that the next trouble of its kind is told
