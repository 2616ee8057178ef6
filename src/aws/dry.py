"""Sessions that read and never write: what would be written is kept, so that it can be shown."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from aws.sessions import Caller, Sessions
from domain.places import Place

_READS = ("describe_", "get_", "list_")
_LEDGER_READS = frozenset({"query", "scan", "get_item"})


@dataclass(frozen=True, slots=True)
class Unsent:
    """What would have been sent: messages by the queue's address or the topic's ARN, and findings."""

    messages: dict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list), repr=False)
    findings: list[Mapping[str, Any]] = field(default_factory=list, repr=False)


class DrySessions(Sessions):
    """The clients of other sessions, as far as they read.

    With `ledger` the table is read; else it is empty. Writes to the table are lost, messages and findings are kept.
    """

    def __init__(self, inner: Sessions, *, ledger: bool) -> None:
        super().__init__()
        self._inner, self._ledger = inner, ledger
        self.unsent = Unsent()

    @cached_property
    def caller(self) -> Caller:
        return self._inner.caller

    @property
    def region(self) -> str:
        return self._inner.region

    def own(self, service: str) -> Any:
        match service:
            case "dynamodb":
                return _DryTable(self._inner.own(service) if self._ledger else None)
            case "sqs" | "sns":
                return _DryChannel(self.unsent)
            case _:
                return _ReadOnly(self._inner.own(service))

    def client(self, service: str, place: Place, *, once: bool = False) -> Any:
        if service == "securityhub":
            return _DryHub(self._inner.client(service, place) if self._ledger else None, self.unsent)
        return _ReadOnly(self._inner.client(service, place, once=once))


class _ReadOnly:
    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(_READS):
            raise AttributeError(f"{name} writes, and nothing is written here.")
        return getattr(self._client, name)


class _DryTable:
    def __init__(self, client: Any | None) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        if name not in _LEDGER_READS:
            return lambda **_: {}
        return getattr(self._client, name) if self._client is not None else lambda **_: {"Items": []}


class _DryChannel:
    """SQS and SNS: what is sent is kept."""

    def __init__(self, unsent: Unsent) -> None:
        self._messages = unsent.messages

    def send_message(self, **given: Any) -> dict[str, Any]:
        self._messages[given["QueueUrl"]].append(given["MessageBody"])
        return {}

    def send_message_batch(self, **given: Any) -> dict[str, Any]:
        self._messages[given["QueueUrl"]] += [each["MessageBody"] for each in given["Entries"]]
        return {}

    def publish(self, **given: Any) -> dict[str, Any]:
        self._messages[given["TopicArn"]].append(given["Message"])
        return {}

    def publish_batch(self, **given: Any) -> dict[str, Any]:
        self._messages[given["TopicArn"]] += [each["Message"] for each in given["PublishBatchRequestEntries"]]
        return {}


class _DryHub:
    def __init__(self, client: Any | None, unsent: Unsent) -> None:
        self._client, self._findings = client, unsent.findings

    def batch_import_findings(self, **given: Any) -> dict[str, Any]:
        self._findings += given["Findings"]
        return {"FailedFindings": []}

    def get_findings(self, **given: Any) -> Any:
        return self._client.get_findings(**given) if self._client is not None else {"Findings": []}
