"""Imports in the batches that Security Hub accepts; every failure is reported."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.errors import Meaning
from aws.security_hub import SecurityHub
from aws.sessions import Sessions
from domain.places import Place
from local.security_hub import OPERATIONS
from local.security_hub import SecurityHub as LocalHub
from reports.asff import asff
from tests.operations.world import PLACE, World
from tests.reports import samples


@dataclass
class Client:
    """Answers as the next of `answers` says, else that all went well."""

    batches: list[list[Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)

    def batch_import_findings(self, *, Findings: list[Any]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        self.batches.append(Findings)
        return self.answers.pop(0) if self.answers else {"FailedCount": 0, "SuccessCount": len(Findings)}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    made = Client()
    monkeypatch.setattr(Sessions, "client", lambda _, service, place: made if service == "securityhub" else place)
    return made


@dataclass
class Hub:
    """The local one, asked without a network."""

    place: Place
    hub: LocalHub = field(default_factory=LocalHub)
    calls: int = 0

    def holds(self, name: str, *, suppressed: bool) -> str:
        """A finding; gives its Id."""
        found = asff(samples.finding(name=f"family-{name}"), samples.PINNED, docs=samples.DOCS, facts={})
        self._answer("BatchImportFindings", Findings=[found])
        if suppressed:
            named = {"Id": found["Id"], "ProductArn": found["ProductArn"]}
            self._answer("BatchUpdateFindings", FindingIdentifiers=[named], Workflow={"Status": "SUPPRESSED"})
        return str(found["Id"])

    def get_findings(self, **request: Any) -> Any:
        self.calls += 1
        return self._answer("GetFindings", **request)

    def _answer(self, operation: str, **request: Any) -> Any:
        place = (self.place.account, self.place.region)
        answer = self.hub.answer(*OPERATIONS[operation], json.dumps(request).encode(), place)
        assert answer.status == 200, answer.body
        return answer.body


def findings(count: int, size: int = 10) -> list[dict[str, str]]:
    return [{"Id": f"f{number}", "Description": "x" * size} for number in range(count)]


def test_at_most_a_hundred_go_in_one_call_and_all_go(client: Client) -> None:
    given = findings(250)
    assert SecurityHub(Sessions()).import_(PLACE, given) == {}
    assert [len(batch) for batch in client.batches] == [100, 100, 50]
    assert [finding for batch in client.batches for finding in batch] == given


def test_no_call_is_larger_than_six_megabytes(client: Client) -> None:
    SecurityHub(Sessions()).import_(PLACE, findings(90, 200_000))
    assert len(client.batches) == 4
    assert max(len(json.dumps(batch)) for batch in client.batches) < 6_000_000


@pytest.mark.parametrize("character", ["日", "🦊", "\x01", "é"])
def test_a_call_is_weighed_as_it_is_sent(client: Client, character: str) -> None:
    given = [{"Id": f"f{number}", "Description": character * 20_000} for number in range(100)]
    SecurityHub(Sessions()).import_(PLACE, given)
    assert max(len(json.dumps({"Findings": batch})) for batch in client.batches) < 6_000_000
    assert [finding for batch in client.batches for finding in batch] == given


def test_nothing_to_import_is_no_call(client: Client) -> None:
    assert SecurityHub(Sessions()).import_(PLACE, []) == {}
    assert client.batches == []


def test_every_failed_finding_of_every_batch_comes_back(client: Client) -> None:
    client.answers = [
        {"FailedFindings": [{"Id": "f1", "ErrorCode": "InvalidInput", "ErrorMessage": "no"},
                            {"Id": "f7", "ErrorCode": "LimitExceeded", "ErrorMessage": "no"}]},
        {"FailedFindings": [{"Id": "f100", "ErrorCode": "ConcurrentUpdateError", "ErrorMessage": "no"}]},
    ]  # fmt: skip
    failed = SecurityHub(Sessions()).import_(PLACE, findings(101))
    assert {id_: (each.resource, each.code, each.meaning) for id_, each in failed.items()} == {
        "f1": ("f1", "InvalidInput", Meaning.REFUSE),
        "f7": ("f7", "LimitExceeded", Meaning.RETRY),
        "f100": ("f100", "ConcurrentUpdateError", Meaning.RETRY),
    }


@pytest.mark.parametrize(("asked", "calls"), [(3, 1), (20, 1), (21, 1), (2000, 1)])
def test_what_is_suppressed_is_asked_in_few_calls(monkeypatch: pytest.MonkeyPatch, asked: int, calls: int) -> None:
    hub = Hub(PLACE)
    monkeypatch.setattr(Sessions, "client", lambda *_: hub)
    ids = [hub.holds(str(number), suppressed=number % 50 == 1) for number in range(asked)]
    other = hub.holds("other", suppressed=True)
    assert SecurityHub(Sessions()).suppressed(PLACE, ids) == {id_ for n, id_ in enumerate(ids) if n % 50 == 1}
    assert hub.calls == calls
    assert other not in SecurityHub(Sessions()).suppressed(PLACE, ids)


def test_all_pages_of_what_is_suppressed_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(PLACE)
    monkeypatch.setattr(Sessions, "client", lambda *_: hub)
    ids = [hub.holds(str(number), suppressed=True) for number in range(250)]
    assert SecurityHub(Sessions()).suppressed(PLACE, ids) == set(ids)
    assert hub.calls == 3


@pytest.mark.parametrize("remembered", [(), ("shared",)])
def test_a_member_cannot_suppress_its_administrators_findings(
    monkeypatch: pytest.MonkeyPatch, remembered: tuple[str, ...]
) -> None:
    """An administrator's Security Hub returns its members' findings too, and any account may choose any Id."""

    class Administrator:
        def get_findings(self, *, Filters: Any, MaxResults: int) -> Any:  # noqa: ARG002, N803 - AWS's names
            asked = [each["Value"] for each in Filters.get("AwsAccountId", ())]
            return {"Findings": [] if asked and "222222222222" not in asked else [{"Id": "shared"}]}

    monkeypatch.setattr(Sessions, "client", lambda *_: Administrator())
    held = SecurityHub(Sessions()).suppressed(Place("111111111111", "eu-west-1"), ["shared"], remembered)
    assert held == set(remembered)  # not in this account, so what was known of it still counts


def test_a_call_that_failed_as_a_whole_names_account_and_region(world: World) -> None:
    world.fail("BatchImportFindings", "InvalidAccessException")
    with pytest.raises(CallFailed, match=r"^securityhub:BatchImportFindings on 123456789012/eu-west-1 failed: Invalid"):
        SecurityHub(world.sessions).import_(Place("123456789012", "eu-west-1"), findings(1))
