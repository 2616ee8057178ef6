"""Findings as BatchImportFindings takes them: its shape in botocore's model, and the limits that the guide gives."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from domain.finding import Finding, State
from domain.places import Place
from domain.rule import Drift, Severity, Subject
from domain.verdict import SubjectId
from reports.asff import asff
from reports.text import clean
from tests.reports import samples

SHAPE: Any = get_session().get_service_model("securityhub").operation_model("BatchImportFindings").input_shape

# Characters, by the pages of the user guide on required and optional attributes.
LIMITS = {"Title": 256, "Description": 1024, "GeneratorId": 512, "Id": 512, "ProductName": 128}


def faults(found: dict[str, Any]) -> list[str]:
    report = ParamValidator().validate({"Findings": [found]}, SHAPE)
    wrong = [report.generate_report()] if report.has_errors() else []
    wrong += [name for name, limit in LIMITS.items() if not 1 <= len(found[name]) <= limit]
    recommendation = found["Remediation"]["Recommendation"]
    wrong += ["recommendation"] if not 1 <= len(recommendation["Text"]) <= 512 else []
    wrong += ["url"] if not recommendation["Url"].startswith("https://") else []
    wrong += ["fields"] if len(found["ProductFields"]) > 50 else []
    for key, value in found["ProductFields"].items():
        wrong += [key] if not 1 <= len(key) <= 128 or not 1 <= len(value) <= 2048 else []
    for resource in found["Resources"]:
        wrong += ["resource"] if not resource["Id"] or len(resource["Id"]) > 512 else []
        details = resource.get("Details", {}).get("Other", {"a": "b"})
        wrong += [key for key, value in details.items() if not key or not value or len(key) > 128 or len(value) > 1024]
    wrong += ["size"] if len(repr(found).encode()) > 240_000 else []
    return wrong


seen = st.text(min_size=1, max_size=30).filter(lambda text: clean(text).strip() != "")
texts = seen | st.sampled_from([samples.HOSTILE, "x" * 5000, "word " * 2000])
drifts = st.lists(st.builds(Drift, where=texts, why=texts, severity=st.just(Severity.HIGH)), min_size=1, max_size=40)


@pytest.mark.parametrize("state", State)
@given(drifts=drifts, fact=texts)
def test_whatever_the_texts_a_finding_is_taken(state: State, drifts: list[Drift], fact: str) -> None:
    given_ = samples.finding(state, drifts=tuple(drifts))
    found = asff(given_, samples.PINNED, docs=samples.DOCS, facts={"actor": fact, "revision": ""}, plan=None)
    assert faults(found) == []


@pytest.mark.parametrize("kind", Subject)
def test_every_kind_of_subject_has_a_resource_type_that_is_known(kind: Subject) -> None:
    subject = SubjectId(samples.PLACE, kind, "x" * 255)
    found = asff(samples.finding(name="x" * 255), samples.PINNED, docs="", facts={}, plan=samples.plan())
    one = Finding(
        subject, samples.PINNED.id, State.OPEN, Severity.LOW, (Drift("a", "b"),), "arn:x", samples.THEN, samples.THEN
    )
    assert faults(found) == faults(asff(one, samples.PINNED, docs="", facts={})) == []
    assert asff(one, samples.PINNED, docs="", facts={})["Resources"][0]["Type"] in {
        "AwsEcsTaskDefinition", "AwsEcsService", "AwsIamRole", "Other",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "compliance", "record"),
    [
        (State.OPEN, "FAILED", "ACTIVE"),
        (State.CLOSED, "PASSED", "ARCHIVED"),
        (State.EXEMPT, "NOT_AVAILABLE", "ARCHIVED"),
        (State.GONE, "NOT_AVAILABLE", "ARCHIVED"),
    ],
)
def test_a_finding_is_closed_so_that_it_can_open_again(state: State, compliance: str, record: str) -> None:
    found = asff(samples.finding(state), samples.PINNED, docs="", facts={})
    assert (found["Compliance"]["Status"], found["RecordState"]) == (compliance, record)


def test_what_is_the_customers_is_never_written() -> None:
    found = asff(samples.finding(), samples.PINNED, docs=samples.DOCS, facts={"actor": "a"}, plan=samples.plan())
    assert not {"Workflow", "WorkflowState", "Note", "UserDefinedFields", "VerificationState"} & found.keys()
    assert found["FindingProviderFields"]["Severity"]["Label"] == "MEDIUM"


def test_ids_and_times_of_a_closed_finding_are_those_it_was_opened_with() -> None:
    first, last = (asff(samples.finding(s), samples.PINNED, docs="", facts={}) for s in (State.OPEN, State.CLOSED))
    assert (first["Id"], first["CreatedAt"], first["FirstObservedAt"]) == (
        last["Id"], last["CreatedAt"], last["FirstObservedAt"],
    )  # fmt: skip
    assert first["UpdatedAt"] < last["UpdatedAt"]
    assert first["UpdatedAt"] == "2026-11-23T09:14:02.345Z"


@given(st.datetimes(min_value=datetime(2026, 1, 1)), st.sampled_from([timedelta(0), timedelta(hours=9)]))  # noqa: DTZ001 - the zone is set below
def test_times_are_utc_with_milliseconds(moment: datetime, offset: timedelta) -> None:
    from datetime import timezone  # noqa: PLC0415 - beside its one use

    at = moment.replace(tzinfo=timezone(offset))
    one = Finding(samples.finding().subject, "a.b", State.OPEN, Severity.LOW, (Drift("a", "b"),), "arn:x", at, at)
    text = asff(one, samples.PINNED, docs="", facts={})["UpdatedAt"]
    assert datetime.fromisoformat(text) <= at < datetime.fromisoformat(text) + timedelta(milliseconds=1)
    assert text.endswith("Z")


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_product_is_the_accounts_own_in_its_region(region: str, partition: str) -> None:
    subject = SubjectId(Place("210987654321", region), Subject.FAMILY, "web")
    one = Finding(subject, "a.b", State.OPEN, Severity.LOW, (Drift("a", "b"),), "arn:x", samples.THEN, samples.THEN)
    found = asff(one, samples.PINNED, docs="", facts={})
    assert found["ProductArn"] == f"arn:{partition}:securityhub:{region}:210987654321:product/210987654321/default"
    assert (found["AwsAccountId"], found["Resources"][0]["Region"]) == ("210987654321", region)
