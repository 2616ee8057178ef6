"""The daily and weekly digests, of all accounts, and what they say of what was not seen."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.channels import Topic
from aws.ledger import LastCertificate, Ledger, Record, Row
from aws.objects import Bucket
from aws.security_hub import SecurityHub
from aws.sessions import Sessions
from domain.coverage import Certificate, Coverage, CoverageRow, Gap
from domain.drift import Drift
from domain.findings.address import Address
from domain.findings.alert import Alert
from domain.findings.finding import Finding, FindingState
from domain.places import Place, Revision
from domain.remediation.attempt import Attempt, AttemptState, Quarantine
from domain.remediation.reason import Code, Reason
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from operations.standards import Standards
from operations.sweep.digests import Digests
from reports.message import of_digest
from reports.slack import body
from rules import CATALOGUE
from tests.operations.sweeping import BUCKET
from tests.operations.world import World

PLACE = Place("123456789012", "eu-west-1")
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.fixture
def aws(world: World) -> Sessions:
    return world.sessions


def sent(aws: Sessions, url: str) -> list[dict[str, Any]]:
    client, bodies = aws.own("sqs"), []
    while found := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [json.loads(message["Body"]) for message in found]
    return bodies


def digests(aws: Sessions, topic: str, *, standard: str = "") -> Digests:
    standards = Standards(aws, standard, CATALOGUE, Ledger(aws, "ledger").standards)
    ledger, bucket = Ledger(aws, "ledger"), Bucket(aws, BUCKET)
    return Digests(ledger, bucket, Topic(aws, topic), SecurityHub(aws), standards, now=lambda: NOON)


# --- the daily digest -------------------------------------------------------------------------------------------------

EXEMPT = """\
version: 1
name: shop
exemptions:
  - {rules: sidecar.*, where: {family: legacy}, reason: is switched off soon, expires: 2026-08-15}
  - {rules: sidecar.*, where: {family: later}, reason: is switched off later, expires: 2026-08-16}
"""


@pytest.fixture
def heard(aws: Sessions) -> tuple[str, str]:
    """A topic, and a queue that hears it."""
    sqs, sns = aws.own("sqs"), aws.own("sns")
    topic, url = sns.create_topic(Name="alerts")["TopicArn"], sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return topic, url


def certified(aws: Sessions, *denied: Place, hours: float = 4, at: datetime = NOON) -> None:
    """The last sweep covered everything but these accounts and regions, which it could not list."""
    began, counts = at - timedelta(hours=hours), {Coverage.EVALUATED: 1}
    gap = Gap(coverage=Coverage.DENIED, call="sts:AssumeRole", code="AccessDenied", subjects=0)
    rows = [CoverageRow(account=PLACE.account, region=PLACE.region, kind=Subject.FAMILY, counts=counts)]
    rows += [
        CoverageRow(account=each.account, region=each.region, kind=kind, counts={}, gaps=(gap,), since=began)
        for each in denied
        for kind in (Subject.FAMILY, Subject.SERVICE)
    ]
    made = Certificate(run="run", began=began, ended=began, release="1", standard="s", rows=tuple(rows))
    Bucket(aws, BUCKET).put("certificates/last.json", made.model_dump_json())
    Ledger(aws, "ledger").runs.certified(LastCertificate("certificates/last.json", made.digest))


def recorded(aws: Sessions, *findings: Finding) -> None:
    ledger = Ledger(aws, "ledger")
    for finding in findings:
        history = ledger.history(finding.subject)
        ledger.subjects.write(history, Record(order=1, rows={finding.rule: Row(finding)}))


def a_finding(
    name: str, state: FindingState, *, hours: float, severity: Severity = Severity.MEDIUM, place: Place = PLACE
) -> Finding:
    """One that became so many hours before noon what it is."""
    subject, then = SubjectId(place, Subject.FAMILY, name), NOON - timedelta(hours=hours)
    drifts = (Drift("code", "containers", "None.", severity=severity),)
    arn = place.arn("ecs", f"task-definition/{name}:1")
    return Finding(subject, "sidecar.present", state, severity, drifts, arn, then - timedelta(days=1), then)


def test_a_days_digest_has_what_is_open_what_closed_and_what_is_about_to_expire(
    aws: Sessions, heard: tuple[str, str]
) -> None:
    topic, url = heard
    aws.own("ssm").put_parameter(Name="/standard", Value=EXEMPT, Type="String")
    certified(aws)
    recorded(
        aws,
        a_finding("new", FindingState.OPEN, hours=1, severity=Severity.HIGH),
        a_finding("old", FindingState.OPEN, hours=1000),
        a_finding("fixed", FindingState.CLOSED, hours=23.9),
        a_finding("fixed-before", FindingState.CLOSED, hours=24.1),
        a_finding("gone", FindingState.GONE, hours=1),
        a_finding("exempt", FindingState.EXEMPT, hours=1),
    )
    alert = digests(aws, topic, standard="ssm:/standard").daily(PLACE)
    assert alert is not None
    assert [Alert.model_validate(body) for body in sent(aws, url)] == [alert]
    assert alert.title == "2 findings are open, 1 closed since yesterday"
    assert (alert.severity, alert.reasons) == (Severity.HIGH, ("1 HIGH", "1 MEDIUM", "sidecar.present: 2"))
    assert {section.title: [line.text for line in section.lines] for section in alert.sections} == {
        "The oldest": [
            "family old, revision 1: sidecar.present, since 2026-06-19",
            "family new, revision 1: sidecar.present, since 2026-07-31",
        ],
        "Closed since yesterday": ["family fixed, revision 1: sidecar.present"],
        "Exemptions that expire within two weeks": [
            "sidecar.* for family legacy, until 2026-08-15: is switched off soon"
        ],
    }


def test_a_day_with_nothing_to_report_has_no_digest(aws: Sessions, heard: tuple[str, str]) -> None:
    topic, url = heard
    certified(aws)
    recorded(aws, a_finding("fixed", FindingState.CLOSED, hours=30), a_finding("gone", FindingState.GONE, hours=1))
    assert digests(aws, topic).daily(PLACE) is None
    assert sent(aws, url) == []


def test_an_exemption_that_expires_is_enough_for_a_digest(aws: Sessions, heard: tuple[str, str]) -> None:
    aws.own("ssm").put_parameter(Name="/standard", Value=EXEMPT, Type="String")
    certified(aws)
    alert = digests(aws, heard[0], standard="ssm:/standard").daily(PLACE)
    assert alert is not None
    assert (alert.title, alert.severity, len(alert.sections)) == ("0 findings are open", Severity.INFORMATIONAL, 1)


def test_what_the_customer_suppressed_is_in_no_digest(world: World, aws: Sessions, heard: tuple[str, str]) -> None:
    certified(aws)
    shown, silenced = a_finding("shown", FindingState.OPEN, hours=1), a_finding("silenced", FindingState.OPEN, hours=1)
    recorded(aws, shown, silenced)
    world.hub.silent.add(silenced.id)
    alert = digests(aws, heard[0]).daily(PLACE)
    assert alert is not None
    assert alert.title == "1 finding is open"
    assert "silenced" not in alert.model_dump_json()


def test_a_hub_that_is_off_or_fails_delays_no_digest_and_what_was_suppressed_before_stays_so(
    world: World, aws: Sessions, heard: tuple[str, str]
) -> None:
    certified(aws)
    recorded(aws, a_finding("web", FindingState.OPEN, hours=1), a_finding("before", FindingState.OPEN, hours=1))
    history = Ledger(aws, "ledger").history(SubjectId(PLACE, Subject.FAMILY, "before"))
    rows = {rule: replace(row, suppressed=True) for rule, row in history.rows.items()}
    Ledger(aws, "ledger").subjects.write(history, replace(history.record, rows=rows))
    world.hub.enabled = False
    off = digests(aws, heard[0]).daily(PLACE)
    world.hub.enabled = True
    world.fail("GetFindings", "ThrottlingException")
    failing = digests(aws, heard[0]).daily(PLACE)
    assert off == failing
    assert off is not None
    assert (off.title, "1 suppressed" in off.reasons) == ("1 finding is open", True)


def test_a_standard_that_cannot_be_read_is_said_so(aws: Sessions, heard: tuple[str, str]) -> None:
    recorded(aws, a_finding("web", FindingState.OPEN, hours=1))
    alert = digests(aws, heard[0], standard="ssm:/nowhere").daily(PLACE)
    assert alert is not None
    assert alert.reasons[-1] == "The standard could not be read, so exemptions that expire soon are not listed."


def test_a_digest_that_is_published_again_has_the_same_id(aws: Sessions, heard: tuple[str, str]) -> None:
    recorded(aws, a_finding("web", FindingState.OPEN, hours=1))
    at = datetime(2026, 8, 1, 8, tzinfo=UTC)
    first, again = (digests(aws, heard[0]).daily(PLACE, at) for _ in range(2))
    other = digests(aws, heard[0]).daily(PLACE, at + timedelta(days=1))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.id == again.id != other.id


def test_what_closed_is_in_the_digest_of_one_day_however_late_that_is(aws: Sessions, heard: tuple[str, str]) -> None:
    at = datetime(2026, 8, 1, 8, tzinfo=UTC)
    certified(aws)
    recorded(
        aws,
        a_finding("before", FindingState.CLOSED, hours=4.5),
        a_finding("at-its-end", FindingState.CLOSED, hours=4),
        a_finding("after", FindingState.CLOSED, hours=1),
    )
    late, next_ = (digests(aws, heard[0]).daily(PLACE, day) for day in (at, at + timedelta(days=1)))
    titles = [alert.title if alert else "" for alert in (late, next_)]
    assert titles == [f"0 findings are open, {closed} closed since yesterday" for closed in (1, 2)]


# --- all accounts -----------------------------------------------------------------------------------------------------

DENIED = "denied (sts:AssumeRole: AccessDenied)"
BANK, SHOP = Place("222222222222", "eu-west-1"), Place("333333333333", "us-east-1")


def test_a_day_is_that_of_all_accounts_and_the_worst_comes_first(aws: Sessions, heard: tuple[str, str]) -> None:
    certified(aws)
    recorded(
        aws,
        a_finding("own", FindingState.OPEN, hours=1, severity=Severity.MEDIUM),
        a_finding("ledger", FindingState.OPEN, hours=2, severity=Severity.HIGH, place=BANK),
        *(a_finding(f"app-{n}", FindingState.OPEN, hours=3, severity=Severity.HIGH, place=SHOP) for n in range(2)),
        a_finding("till", FindingState.CLOSED, hours=3, place=SHOP),
    )
    quarantine = Quarantine((Reason(Code.UNDONE, "jo"),), NOON)
    failed = Attempt(Revision(BANK, "ledger", 1), "", AttemptState.FAILED, NOON)
    Ledger(aws, "ledger").attempts.write(failed, quarantine)
    alert = digests(aws, heard[0]).daily(PLACE, NOON)
    assert alert is not None
    assert (alert.title, alert.severity) == ("4 findings are open, 1 closed since yesterday", Severity.HIGH)
    sections = {section.title: [line.text for line in section.lines] for section in alert.sections}
    assert sections["By account and region"] == [
        f"{SHOP}: 2 HIGH", f"{BANK}: 1 HIGH; 1 family is in quarantine", f"{PLACE}: 1 MEDIUM",
    ]  # fmt: skip
    assert sections["Closed since yesterday"] == [f"family till, revision 1 in {SHOP}: sidecar.present"]
    assert "family own, revision 1: sidecar.present, since 2026-07-31" in sections["The oldest"]
    [line] = sections["Families in quarantine"]
    arn = BANK.arn("ecs", "task-definition/ledger")
    assert line.startswith(f"ledger in {BANK}, since")
    assert line.endswith(f"outrider release {arn} --region eu-west-1")


def test_a_digest_of_very_many_accounts_is_bounded(aws: Sessions, heard: tuple[str, str]) -> None:
    places = [Place(f"{n:012}", "eu-west-1") for n in range(1, 61)]
    certified(aws, *places)
    recorded(aws, *(a_finding("web", FindingState.OPEN, hours=1, place=place) for place in places))
    alert = digests(aws, heard[0]).daily(PLACE, NOON)
    assert alert is not None
    assert [(len(each.lines), each.omitted) for each in alert.sections[:2]] == [(10, 50), (10, 50)]
    assert len(json.dumps(body(of_digest(alert)))) < 20_000


def test_nothing_open_is_reported_and_not_as_complete_where_an_account_was_not_seen(
    aws: Sessions, heard: tuple[str, str]
) -> None:
    certified(aws, BANK, hours=28)
    alert = digests(aws, heard[0]).daily(PLACE, NOON)
    assert alert is not None
    assert alert.title == "0 findings are open, not everything was evaluated"
    assert [(section.title, [line.text for line in section.lines]) for section in alert.sections] == [
        (
            "Not covered by the last sweep",
            [f"{BANK}: an unknown number of families and services {DENIED}, since 2026-07-31 08:00 UTC"],
        )
    ]
    assert alert.next_step == "`outrider coverage` shows what is missing."


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda aws: Ledger(aws, "ledger").table.delete("sweep", "certificate"), "No sweep has ended yet"),
        (lambda aws: Bucket(aws, BUCKET).put("certificates/last.json", "{}"), "is not the one that the sweep stored"),
        (
            lambda aws: Ledger(aws, "ledger").runs.certified(LastCertificate("expired.json", "")),
            "is not there any more",
        ),
        (lambda aws: certified(aws, hours=49), "The last sweep ended 2026-07-30 11:00 UTC"),
    ],
    ids=["no sweep", "a changed certificate", "a deleted certificate", "an old certificate"],
)
def test_without_the_last_sweeps_certificate_nothing_is_reported_as_complete(
    aws: Sessions, heard: tuple[str, str], spoil: Callable[[Sessions], object], why: str
) -> None:
    certified(aws)
    assert digests(aws, heard[0]).daily(PLACE, NOON) is None
    spoil(aws)
    alert = digests(aws, heard[0]).daily(PLACE, NOON)
    assert alert is not None
    assert alert.title == "0 findings are open, not everything was evaluated"
    assert why in " ".join(alert.reasons)


def test_a_week_of_a_team_is_that_of_all_accounts(aws: Sessions, heard: tuple[str, str]) -> None:
    certified(aws, BANK)
    ledger = Ledger(aws, "ledger")
    for place in (PLACE, SHOP):
        finding = a_finding("web", FindingState.OPEN, hours=1, place=place)
        record = Record(order=1, rows={finding.rule: Row(finding)}, address=Address("shop", "shop", "C0123"))
        ledger.subjects.write(ledger.history(finding.subject), record)
    [alert] = digests(aws, heard[0]).weekly(PLACE, NOON)
    assert (alert.team, alert.channel) == ("shop", "C0123")
    assert alert.title == "2 findings are open, not everything was evaluated"
    [places, worst] = alert.sections
    assert [line.text for line in places.lines] == [f"{PLACE}: 1 MEDIUM", f"{SHOP}: 1 MEDIUM"]
    assert [f" in {SHOP}" in line.text for line in worst.lines].count(True) == 1
