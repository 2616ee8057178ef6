"""The facts about Security Hub that a finding provider lives by, one by one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.security_hub import Answer, SecurityHub, UnusableClick

PLACE = ("123456789012", "eu-west-1")
PRODUCT = "arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default"
BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)


def finding(minutes: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": "outrider/orders/sidecar.present",
        "ProductArn": PRODUCT,
        "GeneratorId": "outrider/sidecar.present",
        "AwsAccountId": PLACE[0],
        "CreatedAt": BEGIN.isoformat(),
        "UpdatedAt": (BEGIN + timedelta(minutes=minutes)).isoformat(),
        "Title": "No collector",
        "Description": "No container of the task is an ADOT collector.",
        "Resources": [
            {"Type": "AwsEcsTaskDefinition", "Id": "arn:aws:ecs:eu-west-1:123456789012:task-definition/orders"}
        ],
        "FindingProviderFields": {
            "Severity": {"Label": "HIGH"},
            "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        },
        "Compliance": {"Status": "FAILED"},
        "RecordState": "ACTIVE",
    } | changes


class Hub:
    """The hub, asked by a client of one account."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.hub = SecurityHub(enabled=enabled, clock=lambda: BEGIN)

    def call(self, method: str, path: str, request: Any, place: tuple[str, str] = PLACE) -> Answer:
        return self.hub.answer(method, path, json.dumps(request).encode(), place)

    def add(self, *findings: dict[str, Any]) -> Answer:
        return self.call("POST", "/findings/import", {"Findings": list(findings)})

    def get(self, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("POST", "/findings", {"Filters": filters}).body["Findings"]
        return found

    def one(self) -> dict[str, Any]:
        (found,) = self.get()
        return found

    def customer(self, **changes: Any) -> Answer:
        identifiers = [{"Id": finding()["Id"], "ProductArn": PRODUCT}]
        return self.call("PATCH", "/findings/batchupdate", {"FindingIdentifiers": identifiers, **changes})


@pytest.fixture
def hub() -> Hub:
    return Hub()


def is_(value: str, comparison: str = "EQUALS") -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": comparison}]


# --- BatchImportFindings --------------------------------------------------------------------------------------------


def test_a_new_finding_is_active_and_new_and_shows_what_its_provider_says(hub: Hub) -> None:
    assert hub.add(finding()).body == {"SuccessCount": 1, "FailedCount": 0, "FailedFindings": []}
    found = hub.one()
    assert found["Workflow"] == {"Status": "NEW"}
    assert found["RecordState"] == "ACTIVE"
    assert found["Severity"] == {"Label": "HIGH", "Normalized": 70}
    assert found["Types"] == finding()["FindingProviderFields"]["Types"]


@pytest.mark.parametrize(
    ("changes", "speaks_of"),
    [
        ({"Title": "x" * 257}, "Title"),
        ({"Title": ""}, "Title"),
        ({"Description": "x" * 1025}, "Description"),
        ({"GeneratorId": "x" * 513}, "GeneratorId"),
        ({"Remediation": {"Recommendation": {"Text": "x" * 513}}}, "Remediation.Recommendation.Text"),
        ({"SchemaVersion": "2020-01-01"}, "SchemaVersion"),
        ({"Resources": []}, "Resources"),
        ({"Resources": [{"Type": "AwsEcsService"}]}, "Resources"),
        ({"FindingProviderFields": {"Types": ["TTPs"]}}, "Severity"),
        ({"FindingProviderFields": {"Severity": {"Label": "HIGH"}}}, "Types"),
        ({"FindingProviderFields": {"Severity": {"Label": "SEVERE"}, "Types": ["TTPs"]}}, "Severity.Label"),
        ({"FindingProviderFields": {"Severity": {"Label": "HIGH"}, "Types": ["Drift"]}}, "Types"),
        ({"Compliance": {"Status": "OK"}}, "Compliance.Status"),
        ({"RecordState": "CLOSED"}, "RecordState"),
        ({"UpdatedAt": "yesterday"}, "UpdatedAt"),
        ({"UpdatedAt": "2026-11-01T12:00:00"}, "UpdatedAt"),
        ({"ProductArn": PRODUCT.replace("eu-west-1", "us-east-1")}, "ProductArn"),
        ({"Note": {"Text": "x" * 240 * 1024}}, "240 KB"),
    ],
)
def test_a_finding_that_is_no_asff_fails_alone_and_says_where(
    hub: Hub, changes: dict[str, Any], speaks_of: str
) -> None:
    answer = hub.add(finding(**changes), finding(Id="another"))
    assert answer.status == 200
    (failed,) = answer.body["FailedFindings"]
    assert (failed["Id"], failed["ErrorCode"]) == (finding()["Id"], "InvalidInput")
    assert speaks_of in failed["ErrorMessage"]
    assert [found["Id"] for found in hub.get()] == ["another"]


@pytest.mark.parametrize("number", [0, 101])
def test_a_call_takes_one_to_a_hundred_findings(hub: Hub, number: int) -> None:
    answer = hub.add(*(finding(Id=str(index)) for index in range(number)))
    assert (answer.status, answer.error) == (400, "InvalidInputException")
    assert hub.get() == []


def test_another_accounts_finding_is_denied_in_words_about_permission(hub: Hub) -> None:
    answer = hub.add(finding(AwsAccountId="210987654321"))
    assert (answer.status, answer.error) == (403, "AccessDeniedException")
    assert "not authorized" in answer.body["Message"]


def test_where_the_hub_is_not_enabled_every_finding_fails_by_invalid_access() -> None:
    hub = Hub(enabled=False)
    (failed,) = hub.add(finding()).body["FailedFindings"]
    assert failed["ErrorCode"] == "InvalidAccess"
    assert hub.call("GET", "/accounts", {}).error == "InvalidAccessException"
    assert hub.call("POST", "/findings", {}).error == "InvalidAccessException"


def test_a_hub_can_be_enabled_and_disabled() -> None:
    hub = Hub(enabled=False)
    assert hub.call("POST", "/accounts", {}).status == 200
    assert hub.call("GET", "/accounts", {}).body["HubArn"].endswith(":hub/default")
    assert hub.call("POST", "/accounts", {}).error == "ResourceConflictException"
    assert hub.call("DELETE", "/accounts", {}).status == 200
    assert hub.add(finding()).body["FailedCount"] == 1


@pytest.mark.parametrize("minutes", [0, -1])
def test_an_import_whose_updated_at_does_not_grow_changes_nothing_and_counts_as_success(hub: Hub, minutes: int) -> None:
    hub.add(finding())
    assert hub.add(finding(minutes, Title="Other")).body["SuccessCount"] == 1
    assert hub.one()["Title"] == "No collector"


def test_a_later_import_updates_the_finding_and_not_what_customers_own(hub: Hub) -> None:
    hub.add(finding())
    hub.customer(
        Workflow={"Status": "SUPPRESSED"}, Note={"Text": "known", "UpdatedBy": "me"}, UserDefinedFields={"a": "b"}
    )
    hub.add(
        finding(
            1,
            Title="Still none",
            Workflow={"Status": "NEW"},
            Note={"Text": "x", "UpdatedBy": "y"},
            UserDefinedFields={},
        )
    )
    found = hub.one()
    assert found["Title"] == "Still none"
    assert found["Workflow"] == {"Status": "SUPPRESSED"}
    assert found["Note"]["Text"] == "known"
    assert found["UserDefinedFields"] == {"a": "b"}


def test_the_providers_severity_shows_until_a_customer_sets_another(hub: Hub) -> None:
    hub.add(finding())
    lower = {"Severity": {"Label": "LOW"}, "Types": ["TTPs"]}
    hub.add(finding(1, FindingProviderFields=lower))
    assert hub.one()["Severity"]["Label"] == "LOW"
    hub.customer(Severity={"Label": "CRITICAL"})
    hub.add(finding(2, FindingProviderFields=lower | {"Severity": {"Label": "MEDIUM"}}))
    found = hub.one()
    assert found["Severity"]["Label"] == "CRITICAL"
    assert found["FindingProviderFields"]["Severity"]["Label"] == "MEDIUM"


CLOSED: dict[str, Any] = {"Compliance": {"Status": "PASSED"}, "RecordState": "ARCHIVED"}


@pytest.mark.parametrize("resolution", ["NOTIFIED", "RESOLVED", "SUPPRESSED"])
@pytest.mark.parametrize(
    ("between", "again", "recurs"),
    [
        (CLOSED, {}, True),
        ({"RecordState": "ARCHIVED"}, {}, True),
        ({"Compliance": {"Status": "PASSED"}}, {}, True),
        ({"Compliance": {"Status": "PASSED"}}, {"Compliance": {"Status": "WARNING"}}, True),
        ({"Compliance": {"Status": "PASSED"}}, {"Compliance": {"Status": "NOT_AVAILABLE"}}, True),
        ({"Compliance": {"Status": "WARNING"}}, {}, False),
        ({}, {}, False),
    ],
)
def test_only_a_recurrence_takes_the_workflow_back_to_new_and_never_from_suppressed(
    hub: Hub, resolution: str, between: dict[str, Any], again: dict[str, Any], *, recurs: bool
) -> None:
    hub.add(finding())
    hub.customer(Workflow={"Status": resolution})
    hub.add(finding(1, **between))
    hub.add(finding(2, **again))
    expected = "NEW" if recurs and resolution != "SUPPRESSED" else resolution
    assert hub.one()["Workflow"]["Status"] == expected


def test_each_import_is_an_event_with_the_whole_finding(hub: Hub) -> None:
    (event,) = hub.add(finding()).events
    assert event.detail_type == "Security Hub Findings - Imported"
    assert event.resources == (f"{PRODUCT}/{finding()['Id']}",)
    assert event.detail["findings"] == hub.get()


# --- BatchUpdateFindings --------------------------------------------------------------------------------------------


def test_a_customers_update_leaves_updated_at_alone(hub: Hub) -> None:
    hub.add(finding())
    assert hub.customer(Workflow={"Status": "RESOLVED"}).body["UnprocessedFindings"] == []
    assert hub.one()["UpdatedAt"] == finding()["UpdatedAt"]


def test_a_customers_update_of_an_unknown_finding_is_named(hub: Hub) -> None:
    body = hub.customer(Workflow={"Status": "RESOLVED"}).body
    assert body["ProcessedFindings"] == []
    assert body["UnprocessedFindings"][0]["ErrorCode"] == "FindingNotFound"


# --- GetFindings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "abc"),
        ({"Id": is_("a")}, "a"),
        ({"Id": is_("a") + is_("b")}, "ab"),
        ({"Id": is_("a", "NOT_EQUALS") + is_("b", "NOT_EQUALS")}, "c"),
        ({"ResourceId": is_("arn:orders", "PREFIX")}, "ab"),
        ({"ResourceId": is_("arn:orders", "PREFIX_NOT_EQUALS")}, "c"),
        ({"ResourceId": is_("shared")}, "bc"),
        ({"ResourceId": is_("shared", "NOT_EQUALS")}, "a"),
        ({"ResourceId": is_("rder", "CONTAINS")}, "ab"),
        ({"ResourceId": is_("arn:orders", "PREFIX"), "SeverityLabel": is_("HIGH")}, "a"),
        ({"SeverityLabel": is_("LOW")}, "b"),
        ({"ComplianceStatus": is_("PASSED")}, "c"),
        ({"RecordState": is_("ARCHIVED")}, "c"),
        ({"WorkflowStatus": is_("NEW")}, "abc"),
        ({"GeneratorId": is_("outrider/", "PREFIX"), "AwsAccountId": is_(PLACE[0]), "Region": is_(PLACE[1])}, "abc"),
        ({"ProductArn": is_(PRODUCT, "NOT_EQUALS")}, ""),
    ],
)
def test_filters_join_as_documented(hub: Hub, filters: dict[str, Any], expected: str) -> None:
    low = {"Severity": {"Label": "LOW"}, "Types": ["TTPs"]}
    hub.add(
        finding(Id="a", Resources=[{"Type": "Other", "Id": "arn:orders/1"}]),
        finding(
            Id="b",
            Resources=[{"Type": "Other", "Id": "arn:orders/2"}, {"Type": "Other", "Id": "shared"}],
            FindingProviderFields=low,
        ),
        finding(Id="c", Resources=[{"Type": "Other", "Id": "shared"}], **CLOSED),
    )
    assert "".join(found["Id"] for found in hub.get(**filters)) == expected


def test_findings_come_in_pages(hub: Hub) -> None:
    hub.add(*(finding(Id=f"{index:03}") for index in range(100)))
    hub.add(finding(Id="100"))
    first = hub.call("POST", "/findings", {}).body
    assert len(first["Findings"]) == 100
    rest = hub.call("POST", "/findings", {"NextToken": first["NextToken"]}).body
    assert [found["Id"] for found in rest["Findings"]] == ["100"]
    assert "NextToken" not in rest
    assert len(hub.call("POST", "/findings", {"MaxResults": 7}).body["Findings"]) == 7


@pytest.mark.parametrize(
    "request_",
    [
        {"Filters": {"Keyword": is_("x")}},
        {"Filters": {"Id": is_("x", "LIKE")}},
        {"Filters": {"Id": is_("x") * 21}},
        {"MaxResults": 101},
        {"NextToken": "x"},
    ],
)
def test_what_is_not_played_or_not_allowed_is_refused_and_never_ignored(hub: Hub, request_: dict[str, Any]) -> None:
    hub.add(finding())
    assert hub.call("POST", "/findings", request_).error == "InvalidInputException"


# --- custom actions -------------------------------------------------------------------------------------------------


def test_a_custom_action_sends_each_finding_that_was_picked_by_itself_and_whole(hub: Hub) -> None:
    request = {"Name": "Apply Outrider plan", "Description": "Register the correction", "Id": "OutriderApply"}
    arn = hub.call("POST", "/actionTargets", request).body["ActionTargetArn"]
    assert hub.call("POST", "/actionTargets", request).error == "ResourceConflictException"
    assert [t["Name"] for t in hub.call("POST", "/actionTargets/get", {}).body["ActionTargets"]] == [request["Name"]]
    hub.add(finding(), finding(Id="another"))
    hub.add(finding(Id="a third"))
    events = hub.hub.custom_action(PLACE, arn, ["another", "a third"])
    assert {event.detail_type for event in events} == {"Security Hub Findings - Custom Action"}
    assert {event.resources for event in events} == {(arn,)}
    assert {(e.detail["actionName"], e.detail["actionDescription"]) for e in events} == {
        (request["Name"], request["Description"])
    }
    assert [[found["Id"] for found in event.detail["findings"]] for event in events] == [["another"], ["a third"]]
    assert events[0].detail["findings"] == hub.get(Id=is_("another"))


def test_nobody_picks_what_is_not_there_or_more_than_twenty_findings(hub: Hub) -> None:
    request = {"Name": "Apply Outrider plan", "Description": "", "Id": "OutriderApply"}
    arn = hub.call("POST", "/actionTargets", request).body["ActionTargetArn"]
    hub.add(finding())
    for action, findings in ((arn, ["none such"]), ("none such", [finding()["Id"]])):
        with pytest.raises(KeyError):
            hub.hub.custom_action(PLACE, action, findings)
    with pytest.raises(UnusableClick, match="at most 20"):
        hub.hub.custom_action(PLACE, arn, [finding()["Id"]] * 21)


def test_an_actions_name_has_at_most_twenty_characters(hub: Hub) -> None:
    request = {"Name": "x" * 21, "Description": "", "Id": "A"}
    assert hub.call("POST", "/actionTargets", request).error == "InvalidInputException"
