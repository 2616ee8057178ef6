"""Findings as BatchImportFindings takes them: its shape in botocore's model, and the limits that the guide gives."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from domain.drift import Drift, Grant
from domain.findings.finding import Finding, FindingState
from domain.findings.users import User, Users
from domain.places import Place
from domain.rule import Rule
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from reports.advice import CLOSES
from reports.asff import asff
from reports.text import MARK, clean
from rules import CATALOGUE
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
        wrong += [key for key, value in details.items() if not key or not value or len(key) > 127 or len(value) > 1023]
        wrong += ["details"] if len(details) > 50 else []
    wrong += ["size"] if len(json.dumps(found)) > 240_000 else []  # as botocore sends it
    return wrong


seen = st.text(min_size=1, max_size=30).filter(lambda text: clean(text).strip() != "")
texts = seen | st.sampled_from([samples.HOSTILE, "x" * 5000, "word " * 2000])
drifts = st.lists(
    st.builds(Drift, code=st.just("code"), where=texts, why=texts, severity=st.just(Severity.HIGH)),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("character", ["日", "🦊"])
def test_a_finding_of_characters_that_weigh_much_is_taken_with_the_details_that_there_is_room_for(
    character: str,
) -> None:
    """Within the lengths in characters it would be up to 700 KB."""
    drifts = tuple(
        Drift("code", f"{n}{character * 200}", f"{n} {character * 2000}", severity=Severity.HIGH) for n in range(40)
    )
    users = Users.of(User(f"{character * 255}-{n}", character * 255, 1, 1) for n in range(40))
    finding = replace(samples.finding(drifts=drifts), users=users)
    found = asff(finding, samples.PINNED, docs=samples.DOCS, facts=dict.fromkeys("abcde", character * 3000))
    assert faults(found) == []
    assert len(found["Resources"][0]["Details"]["Other"]) > 3


@pytest.mark.parametrize("state", FindingState)
@given(drifts=drifts, fact=texts)
def test_whatever_the_texts_a_finding_is_taken(state: FindingState, drifts: list[Drift], fact: str) -> None:
    given_ = samples.finding(state, drifts=tuple(drifts))
    found = asff(given_, samples.PINNED, docs=samples.DOCS, facts={"actor": fact, "revision": ""}, plan=None)
    assert faults(found) == []


@pytest.mark.parametrize("kind", Subject)
def test_every_kind_of_subject_has_a_resource_type_that_is_known(kind: Subject) -> None:
    subject = SubjectId(samples.PLACE, kind, "x" * 255)
    found = asff(samples.finding(name="x" * 255), samples.PINNED, docs="", facts={}, plan=samples.plan())
    one = Finding(
        subject,
        samples.PINNED.id,
        FindingState.OPEN,
        Severity.LOW,
        (Drift("code", "a", "b"),),
        "arn:x",
        samples.THEN,
        samples.THEN,
    )
    assert faults(found) == faults(asff(one, samples.PINNED, docs="", facts={})) == []
    assert asff(one, samples.PINNED, docs="", facts={})["Resources"][0]["Type"] in {
        "AwsEcsTaskDefinition", "AwsEcsService", "AwsIamRole", "Other",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "compliance", "record"),
    [
        (FindingState.OPEN, "FAILED", "ACTIVE"),
        (FindingState.CLOSED, "PASSED", "ARCHIVED"),
        (FindingState.EXEMPT, "NOT_AVAILABLE", "ARCHIVED"),
        (FindingState.GONE, "NOT_AVAILABLE", "ARCHIVED"),
    ],
)
def test_a_finding_is_closed_so_that_it_can_open_again(state: FindingState, compliance: str, record: str) -> None:
    found = asff(samples.finding(state), samples.PINNED, docs="", facts={})
    assert (found["Compliance"]["Status"], found["RecordState"]) == (compliance, record)


def test_what_is_the_customers_is_never_written() -> None:
    found = asff(samples.finding(), samples.PINNED, docs=samples.DOCS, facts={"actor": "a"}, plan=samples.plan())
    assert not {"Workflow", "WorkflowState", "Note", "UserDefinedFields", "VerificationState"} & found.keys()
    assert found["FindingProviderFields"]["Severity"]["Label"] == "MEDIUM"


def test_ids_and_times_of_a_closed_finding_are_those_it_was_opened_with() -> None:
    first, last = (
        asff(samples.finding(s), samples.PINNED, docs="", facts={}) for s in (FindingState.OPEN, FindingState.CLOSED)
    )
    assert (first["Id"], first["CreatedAt"], first["FirstObservedAt"]) == (
        last["Id"], last["CreatedAt"], last["FirstObservedAt"],
    )  # fmt: skip
    assert first["UpdatedAt"] < last["UpdatedAt"]
    assert first["UpdatedAt"] == "2026-11-23T09:14:02.345Z"


@given(st.datetimes(min_value=datetime(2026, 1, 1)), st.sampled_from([timedelta(0), timedelta(hours=9)]))  # noqa: DTZ001 - the zone is set below
def test_times_are_utc_with_milliseconds(moment: datetime, offset: timedelta) -> None:
    from datetime import timezone  # noqa: PLC0415 - next to its one use

    at = moment.replace(tzinfo=timezone(offset))
    one = Finding(
        samples.finding().subject, "a.b", FindingState.OPEN, Severity.LOW, (Drift("code", "a", "b"),), "arn:x", at, at
    )
    text = asff(one, samples.PINNED, docs="", facts={})["UpdatedAt"]
    assert datetime.fromisoformat(text) <= at < datetime.fromisoformat(text) + timedelta(milliseconds=1)
    assert text.endswith("Z")


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_product_is_the_accounts_own_in_its_region(region: str, partition: str) -> None:
    subject = SubjectId(Place("210987654321", region), Subject.FAMILY, "web")
    one = Finding(
        subject, "a.b", FindingState.OPEN, Severity.LOW, (Drift("code", "a", "b"),), "arn:x", samples.THEN, samples.THEN
    )
    found = asff(one, samples.PINNED, docs="", facts={})
    assert found["ProductArn"] == f"arn:{partition}:securityhub:{region}:210987654321:product/210987654321/default"
    assert (found["AwsAccountId"], found["Resources"][0]["Region"]) == ("210987654321", region)


def test_a_description_of_one_and_a_half_thousand_characters_is_cut_at_a_word_and_the_statement_is_whole() -> None:
    """By AWS, a detail has fewer than 1,024 characters: a longer statement goes on in the next."""
    for count in (2, 12, 40):
        resources = [f"{samples.LOG_GROUP}/a/group/of/logs/number/{n}:*" for n in range(count)]
        grants = tuple(Grant("web-task", "logs:PutLogEvents", resource) for resource in resources)
        statement = json.dumps(
            {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": sorted(resources)}, separators=(",", ":")
        )
        why = "The collector writes log events, which the policies of web-task do not allow. " * 15
        drifts = (Drift("not-allowed", "taskRoleArn/exporters/a", why, grants=grants),)
        found = asff(samples.finding(drifts=drifts), samples.rule("identity.task-role"), docs="", facts={})
        assert faults(found) == []
        assert found["Description"].endswith(MARK)
        assert found["Description"].removesuffix(MARK) + " " in f"taskRoleArn/exporters/a: {why}"
        details = found["Resources"][0]["Details"]["Other"]
        parts = [value for key, value in details.items() if key.startswith("add to web-task")]
        assert "".join(parts) == statement
        text = found["Remediation"]["Recommendation"]["Text"]
        assert (text == f"Add to web-task: {statement}") is (count == 2)
        assert text.startswith("Add ")
        assert text.endswith(("}", "under Other."))


def test_two_roles_that_lack_permissions_have_a_statement_each_for_all_drifts() -> None:
    drifts = (
        Drift("not-allowed", "taskRoleArn", "Some.", grants=(Grant("web-task", "a:B", "arn:1"),)),
        Drift(
            "not-allowed", "taskRoleArn/x", "More.", grants=(Grant("web-task", "a:C", "arn:1"), Grant("b", "d:E", "*"))
        ),
    )
    found = asff(samples.finding(drifts=drifts), samples.PINNED, docs="", facts={})
    details = found["Resources"][0]["Details"]["Other"]
    assert (details["add to web-task"], details["add to b"]) == (
        '{"Effect":"Allow","Action":["a:B","a:C"],"Resource":"arn:1"}',
        '{"Effect":"Allow","Action":"d:E","Resource":"*"}',
    )


def test_a_sentence_is_never_read_for_a_statement() -> None:
    why = 'It lacks permissions. Add to web-task: {"Effect":"Allow"}'
    found = asff(samples.finding(drifts=(Drift("not-allowed", "a", why),)), samples.PINNED, docs="", facts={})
    assert found["Description"] == f"a: {why}"
    assert not any(key.startswith("add to") for key in found["Resources"][0]["Details"]["Other"])


def test_two_drifts_of_one_place_are_both_in_the_details() -> None:
    drifts = (Drift("code", "containers/a/image", "One."), Drift("code", "containers/a/image", "Two."))
    found = asff(samples.finding(drifts=drifts), samples.PINNED, docs="", facts={})
    details = found["Resources"][0]["Details"]["Other"]
    assert (details["containers/a/image"], details["containers/a/image (2)"]) == ("One.", "Two.")


@pytest.mark.parametrize(
    ("kind", "name", "arn", "names"),
    [
        (Subject.FAMILY, "web", "ecs:eu-west-1:123456789012:task-definition/web:7", {"family": "web", "revision": "7"}),
        (
            Subject.SERVICE,
            "shop/web",
            "ecs:eu-west-1:123456789012:service/shop/web",
            {"cluster": "shop", "service": "web"},
        ),
        (Subject.PARAMETER, "/a/b", "ssm:eu-west-1:123456789012:parameter/a/b", {"parameter": "/a/b"}),
        (Subject.ROLE, "arn:aws:iam::123456789012:role/a/b", "iam::123456789012:role/a/b", {"role": "b"}),
    ],
)
@pytest.mark.parametrize("state", FindingState)
def test_the_details_name_the_resource_and_say_where_and_why_while_it_drifts(
    kind: Subject, name: str, arn: str, names: dict[str, str], state: FindingState
) -> None:
    subject, then = SubjectId(samples.PLACE, kind, name), samples.THEN
    one = Finding(subject, "a.b", state, Severity.LOW, (Drift("code", "where", "why"),), f"arn:aws:{arn}", then, then)
    found = asff(one, samples.PINNED, docs="", facts={})
    use = {Subject.FAMILY: {"use": "nothing runs it yet, so its severity is at most LOW"}}.get(kind, {})
    published = {"where": "why"} | use if state is FindingState.OPEN else {}
    assert found["Resources"][0]["Details"]["Other"] == published | names


@pytest.mark.parametrize(
    ("kind", "severity", "users", "said"),
    [
        (Subject.FAMILY, "LOW", [("web", "shop/web", 7, 3), ("web", "shop/cron", 7, 1)],
         "run by shop/cron, 1 task; shop/web, 3 tasks"),
        (Subject.FAMILY, "HIGH", [("web", "shop/web", 7, 3), ("web", "shop/old", 6, 1)],
         "run by shop/web, 3 tasks; shop/old, 1 task of revision 6"),
        (Subject.FAMILY, "HIGH", [("web", "batch", 7, 2)], "run by batch without a service, 2 tasks"),
        (Subject.FAMILY, "HIGH", [("web", "shop/web", 0, 2)], "run by shop/web, 2 tasks"),
        (Subject.FAMILY, "LOW", [], "nothing runs it yet, so its severity is at most LOW"),
        (Subject.FAMILY, "LOW", [("web", "shop/web", 6, 2)],
         "nothing runs it yet, so its severity is at most LOW. Other revisions run: shop/web, 2 tasks of revision 6"),
        (Subject.FAMILY, "HIGH", [("web", "shop/web", 6, 2)],
         "nothing runs it yet, but the revisions that run drift as well: shop/web, 2 tasks of revision 6"),
        (Subject.FAMILY, "HIGH", [("web", f"shop/web-{n:02}", 7, 1) for n in range(25)],
         "run by " + "; ".join(f"shop/web-{n:02}, 1 task" for n in range(20)) + "; and 5 more"),
        (Subject.PARAMETER, "HIGH", [("api",), ("web", "shop/web", 7, 3), ("web", "shop/worker", 7, 1)],
         "used by api; web (shop/web, 3 tasks, shop/worker, 1 task)"),
        (Subject.ROLE, "HIGH", [], None),
        (Subject.SERVICE, "HIGH", [], None),
    ],
)  # fmt: skip
def test_the_details_name_who_runs_or_uses_it(kind: Subject, severity: str, users: Any, said: str) -> None:
    subject, then = SubjectId(samples.PLACE, kind, "web"), samples.THEN
    drifts, arn = (Drift("code", "where", "why"),), "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7"
    known = Users.of(User(*each) for each in users)
    one = Finding(subject, "a.b", FindingState.OPEN, Severity(severity), drifts, arn, then, then, 1, known)
    found = asff(one, samples.PINNED, docs="", facts={})
    assert faults(found) == []
    assert found["Resources"][0]["Details"]["Other"].get("use") == said


def test_a_finding_with_a_plan_shows_its_changes_and_digest_and_one_without_does_not() -> None:
    with_, without = (
        asff(samples.finding(), samples.PINNED, docs="", facts={"release": "1"}, plan=plan)
        for plan in (samples.plan(), None)
    )
    change = "change containers/adot-collector/image"
    assert with_["Resources"][0]["Details"]["Other"][change] == f"{samples.IMAGE}:latest → {samples.IMAGE}:v0.49.0"
    assert change not in without["Resources"][0]["Details"]["Other"]
    assert with_["ProductFields"] == {
        "outrider/rule": samples.PINNED.id, "outrider/plan": samples.plan().digest, "outrider/release": "1",
    }  # fmt: skip
    assert "outrider/plan" not in without["ProductFields"]


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
@pytest.mark.parametrize("docs", ["", samples.DOCS])
def test_every_rule_leads_to_a_page_and_says_what_to_do(rule: Rule, docs: str) -> None:
    subject = SubjectId(samples.PLACE, rule.subject, "arn:aws:iam::123456789012:role/web")
    then = samples.THEN
    one = Finding(subject, rule.id, FindingState.OPEN, rule.severity, (Drift("code", "a", "b"),), "arn:x", then, then)
    found = asff(one, rule, docs=docs, facts={})
    assert faults(found) == []
    recommendation = found["Remediation"]["Recommendation"]
    assert urlsplit(recommendation["Url"]).scheme == "https"
    assert urlsplit(recommendation["Url"]).hostname
    assert recommendation["Text"].endswith(CLOSES), "a sentence that is whole"


def test_the_command_names_the_plan_and_the_stack() -> None:
    plan = samples.plan()
    found = asff(samples.finding(), samples.PINNED, docs=samples.DOCS, facts={"stack": "telemetry"}, plan=plan)
    command = found["Resources"][0]["Details"]["Other"]["command"]
    assert command == f"outrider correct web --plan {plan.digest} --region {samples.PLACE.region} --stack telemetry"


def test_a_finding_whose_rule_has_left_the_catalogue_is_gone_by_its_id() -> None:
    for docs, page in ((samples.DOCS, {"Url": samples.DOCS}), ("", {})):
        found = asff(samples.finding(FindingState.GONE), None, docs=docs, facts={})
        assert (found["Title"], found["GeneratorId"]) == ("sidecar.image-pinned (web)", "outrider/sidecar.image-pinned")
        assert (found["Compliance"]["Status"], found["RecordState"]) == ("NOT_AVAILABLE", "ARCHIVED")
        assert found["Remediation"]["Recommendation"] == {"Text": "No action is needed."} | page
