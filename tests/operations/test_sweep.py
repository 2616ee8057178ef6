"""The sweep has everything looked at again, and what is gone too."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.errors import Meaning
from aws.ledger import Ledger, Record, Row, SweepBasis
from aws.security_hub import SecurityHub
from aws.sessions import Sessions
from domain.drift import Drift
from domain.findings.alert import Alert
from domain.findings.finding import Finding, FindingState
from domain.places import Place
from domain.severity import Severity
from domain.subject import Subject, SubjectId
from operations.standards import Standards
from operations.sweep import Sweeper, Swept
from rules import CATALOGUE
from tests.operations.world import World, definition, registered

PLACE = Place("123456789012", "eu-west-1")
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
BASELINE = Swept(families=1, services=0, baseline=True, at=NOON)


@pytest.fixture
def aws(world: World) -> Sessions:
    return world.sessions


def sent(aws: Sessions, url: str) -> list[dict[str, Any]]:
    client, bodies = aws.own("sqs"), []
    while found := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [json.loads(message["Body"]) for message in found]
    return bodies


def sweeper(aws: Sessions, url: str, topic: str = "", *, standard: str = "", release: str = "1") -> Sweeper:
    subjects = aws.own("sqs").create_queue(QueueName="subjects.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    return Sweeper(
        Ecs(aws),
        Ledger(aws, "ledger"),
        Queue(aws, url),
        Queue(aws, subjects),
        Topic(aws, topic),
        SecurityHub(aws),
        Standards(aws, standard, CATALOGUE, Ledger(aws, "ledger").standards),
        release,
        now=lambda: NOON,
    )


def test_what_is_there_and_what_was_is_looked_at_again(aws: Sessions) -> None:
    ecs, url = aws.own("ecs"), aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    for family in [f"family-{n}" for n in range(12)] + ["web", "web"]:
        ecs.register_task_definition(family=family, containerDefinitions=containers)
    ecs.create_cluster(clusterName="prod")
    ecs.create_service(cluster="prod", serviceName="web", taskDefinition="web", desiredCount=0)
    ledger = Ledger(aws, "ledger")
    for kind, name in ((Subject.FAMILY, "gone"), (Subject.FAMILY, "web"), (Subject.SERVICE, "prod/gone")):
        history = ledger.history(SubjectId(PLACE, kind, name))
        ledger.subjects.write(history, Record(order=1))
    elsewhere = ledger.history(SubjectId(Place("123456789012", "eu-west-10"), Subject.FAMILY, "elsewhere"))
    ledger.subjects.write(elsewhere, Record(order=1))

    sweeping = sweeper(aws, url)
    by = SweepBasis("1", sweeping.standards.current().digest)
    ledger.sweeps.finished(PLACE, by)
    assert sweeping.sweep(PLACE) == Swept(families=14, services=2, baseline=False, at=NOON, by=by)

    bodies = sent(aws, url)
    families = {body["family"]: body["revision"] for body in bodies if body["kind"] == "family"}
    assert families == dict.fromkeys([*(f"family-{n}" for n in range(12)), "web", "gone"], 0)  # inspect asks ECS
    assert {body["service"] for body in bodies if body["kind"] == "service"} == {"prod/web", "prod/gone"}
    assert {(body["account"], body["region"]) for body in bodies} == {(PLACE.account, PLACE.region)}
    assert {body["quiet"] for body in bodies} == {False}


def test_families_are_listed_and_not_their_revisions_in_pages_as_large_as_they_can_be(world: World) -> None:
    definitions, services = world.aws.definitions, world.aws.services
    for number in range(101):
        family: dict[str, Any] = {"family": f"family-{number:03}", "containerDefinitions": []}
        arns = [definitions.register(family) for _ in range(5)]
        services.add(f"prod/service-{number:03}", arns[-1])
    url = world.sessions.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    world.calls.clear()
    swept = sweeper(world.sessions, url).sweep(PLACE)
    assert (swept.families, swept.services) == (101, 101)
    ecs = {operation: world.calls[operation] for operation in world.calls if "TaskDefinition" in operation}
    assert ecs == {"ListTaskDefinitionFamilies": 2}
    assert world.calls["ListServices"] == 2


@pytest.mark.parametrize("asked", [False, True])
def test_the_first_day_and_what_is_asked_for_are_baselines(aws: Sessions, *, asked: bool) -> None:
    url = aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    aws.own("ecs").register_task_definition(family="web", containerDefinitions=containers)
    if asked:
        ledger = Ledger(aws, "ledger")
        web = ledger.history(SubjectId(PLACE, Subject.FAMILY, "web"))
        ledger.subjects.write(web, Record(order=1))
    assert sweeper(aws, url).sweep(PLACE, quiet=asked).baseline
    assert [body["quiet"] for body in sent(aws, url)] == [True]


def a_family_that_was_looked_at(aws: Sessions) -> None:
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    aws.own("ecs").register_task_definition(family="web", containerDefinitions=containers)
    recorded(aws, a_finding("web", FindingState.OPEN, hours=1))


def swept(sweeping: Sweeper) -> bool:
    """Whether it was a baseline."""
    found = sweeping.sweep(PLACE)
    sweeping.ended(PLACE, found)
    return found.baseline


@pytest.mark.parametrize("where", ["ssm:/standard", "s3://standards/standard.yaml"])
def test_a_sweep_by_another_standard_than_the_last_is_a_baseline(aws: Sessions, where: str) -> None:
    """Whether or not there was an event about it; there is none about an object."""
    url = aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    location: Any = {"LocationConstraint": PLACE.region}
    aws.client("s3", PLACE).create_bucket(Bucket="standards", CreateBucketConfiguration=location)

    def store(text: str) -> None:
        aws.own("ssm").put_parameter(Name="/standard", Value=text, Type="String", Overwrite=True)
        aws.client("s3", PLACE).put_object(Bucket="standards", Key="standard.yaml", Body=text.encode())

    a_family_that_was_looked_at(aws)
    store("version: 1\n")
    sweeping = sweeper(aws, url, standard=where)
    told = [swept(sweeping)]  # by none that is known of, as after an update of an earlier release
    told += [swept(sweeping)]
    store("version: 1\ncollector: {cpu: 512}\n")
    told += [swept(sweeping), swept(sweeping)]  # though the cached standard was read a moment ago
    assert told == [True, False, True, False]
    # The last two were sent for later: no function is to judge by the earlier standard any more.
    assert [body["quiet"] for body in sent(aws, url)] == [True, False, False]
    assert Queue(aws, url).depth() == 4


def test_the_first_sweep_of_another_release_is_a_baseline(aws: Sessions) -> None:
    url = aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    a_family_that_was_looked_at(aws)
    releases = ("1", "1", "2", "2", "1")
    assert [swept(sweeper(aws, url, release=each)) for each in releases] == [True, False, True, False, True]


def test_a_baseline_that_did_not_end_is_one_when_it_is_tried_again(aws: Sessions) -> None:
    """Its digest may not have been published."""
    url = aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    a_family_that_was_looked_at(aws)
    sweeping = sweeper(aws, url)
    assert [sweeping.sweep(PLACE).baseline, swept(sweeping), swept(sweeping)] == [True, True, False]


@pytest.mark.parametrize("stored", [None, "version: 9\n"])
def test_without_a_good_one_a_standard_that_cannot_be_read_makes_no_baseline(aws: Sessions, stored: str | None) -> None:
    url = aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    a_family_that_was_looked_at(aws)
    if stored:
        aws.own("ssm").put_parameter(Name="/standard", Value=stored, Type="String")
    assert not swept(sweeper(aws, url, standard="ssm:/standard"))
    assert Ledger(aws, "ledger").sweeps.last(PLACE) is None


def test_a_standard_that_cannot_be_read_just_now_has_the_sweep_tried_again(
    aws: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be another: a sweep all the same could send one alert for each finding."""

    def busy(*_: object) -> str:
        raise CallFailed("ssm:GetParameter", "/standard", "ThrottlingException", Meaning.RETRY)

    url = aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    monkeypatch.setattr("operations.standards.read_document", busy)
    with pytest.raises(CallFailed):
        sweeper(aws, url, standard="ssm:/standard").sweep(PLACE)
    assert sent(aws, url) == []


def test_a_digest_waits_until_everything_was_looked_at_and_counts_what_is_open(aws: Sessions) -> None:
    sns, sqs = aws.own("sns"), aws.own("sqs")
    url, heard = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("changes", "heard"))
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    arn = sqs.get_queue_attributes(QueueUrl=heard, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    waited = []

    def wait() -> bool:
        """What inspect does meanwhile."""
        waited.append(1)
        if len(waited) > 1:
            return True
        for number, severity in enumerate((Severity.HIGH, Severity.HIGH, Severity.LOW)):
            subject = SubjectId(PLACE, Subject.FAMILY, f"family-{number}")
            now = datetime(2026, 8, 1, number, tzinfo=UTC)
            rule = "sidecar.present" if severity is Severity.HIGH else "sidecar.restart-policy"
            finding = Finding(
                subject, rule, FindingState.OPEN, severity, (Drift("code", "containers", "None."),), "arn", now, now
            )
            closed = Finding(subject, "task.size", FindingState.CLOSED, severity, (), "arn", now, now)
            ledger = Ledger(aws, "ledger")
            rows = {each.rule: Row(each) for each in (finding, closed)}
            ledger.subjects.write(ledger.history(subject), Record(order=1, rows=rows))
        assert sent(aws, url)
        sqs.purge_queue(QueueUrl=url)
        return True

    alert = sweeper(aws, url, topic).digest(PLACE, BASELINE, wait)

    assert waited == [1] * 4, "what was sent a moment ago is not counted at once: an empty queue is one that stays so"
    assert (alert.title, alert.severity) == ("Everything was evaluated: 3 findings are open", Severity.HIGH)
    assert alert.reasons == ("2 HIGH", "1 LOW", "sidecar.present: 2", "sidecar.restart-policy: 1")
    assert [Alert.model_validate(body) for body in sent(aws, heard)] == [alert]


def test_a_digest_is_told_in_time_even_where_not_everything_was_looked_at(aws: Sessions) -> None:
    url = aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    topic = aws.own("sns").create_topic(Name="alerts")["TopicArn"]
    aws.own("sqs").send_message(QueueUrl=url, MessageBody="{}")
    alert = sweeper(aws, url, topic).digest(PLACE, BASELINE, lambda: False)
    assert alert.title == "The evaluation is not complete yet: 0 findings are open"
    assert (alert.reasons, alert.next_step) == (("1 message waits",), "The daily digest lists the others.")


def test_what_comes_late_into_the_queues_count_is_waited_for(aws: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    counts, waited = [0, 0, 7, 0, 0, 0, 0], list[int]()
    monkeypatch.setattr(Queue, "depth", lambda queue, **_: 0 if queue.url else counts[len(waited)])

    def wait() -> bool:
        waited.append(1)
        return True

    topic = aws.own("sns").create_topic(Name="alerts")["TopicArn"]
    alert = sweeper(aws, "", topic).digest(PLACE, BASELINE, wait)
    assert (alert.title, len(waited)) == ("Everything was evaluated: 0 findings are open", 6)


def test_what_the_customer_suppressed_is_in_no_baselines_digest_either(
    world: World, aws: Sessions, heard: tuple[str, str]
) -> None:
    url = aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    shown, silenced = a_finding("shown", FindingState.OPEN, hours=1), a_finding("silenced", FindingState.OPEN, hours=1)
    recorded(aws, shown, silenced)
    world.hub.silent.add(silenced.id)
    alert = sweeper(aws, url, heard[0]).digest(PLACE, BASELINE, lambda: False)
    assert alert.title == "Everything was evaluated: 1 finding is open"


def test_each_baseline_of_a_day_has_a_digest_and_one_that_is_tried_again_the_same(
    aws: Sessions, heard: tuple[str, str]
) -> None:
    """Else the second, with as many findings, would be taken for a repetition of the first."""
    url = aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    sweeping = sweeper(aws, url, heard[0])
    times = (NOON - timedelta(hours=6), NOON, NOON)
    first, second, again = (sweeping.digest(PLACE, sweeping.sweep(PLACE, at=at), lambda: False).id for at in times)
    assert first != second == again


def test_tasks_that_no_service_started_are_told_with_their_family(aws: Sessions) -> None:
    ecs, url = aws.own("ecs"), aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    for family in ("nightly", "nightly", "web"):
        ecs.register_task_definition(
            family=family, containerDefinitions=containers, requiresCompatibilities=["FARGATE"], networkMode="awsvpc",
            cpu="256", memory="512",
        )  # fmt: skip
    ecs.create_cluster(clusterName="batch")
    network: Any = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": []}}
    for given in ({"taskDefinition": "nightly:1", "count": 2}, {"taskDefinition": "nightly:2"},
                  {"taskDefinition": "web", "group": "service:web"}):  # fmt: skip
        ecs.run_task(cluster="batch", launchType="FARGATE", networkConfiguration=network, **given)
    sweeper(aws, url).sweep(PLACE)
    bodies = [body for body in sent(aws, url) if body["kind"] == "family"]
    assert {body["family"]: body["tasks"] for body in bodies} == {"nightly": {"batch": [2, 3, "1.4.0"]}, "web": {}}
    assert {body["listed"] for body in bodies} == {"2026-08-01T12:00:00Z"}


def test_of_tasks_that_no_service_started_the_oldest_platform_version_is_told(aws: Sessions) -> None:
    """In a cluster; those that have just ended are not counted."""

    class Running(Ecs):
        def _clusters(self, place: Place) -> list[str]:
            assert place == PLACE
            return ["batch"]

        def _tasks(self, place: Place, cluster: str) -> Iterator[Mapping[str, Any]]:
            assert cluster == "batch"
            arn = place.arn("ecs", "task-definition/nightly:3")
            for status, version in (("RUNNING", "1.4.0"), ("STOPPED", "1.3.0"), ("RUNNING", "LATEST")):
                yield {"taskDefinitionArn": arn, "group": "any", "desiredStatus": status, "platformVersion": version}

    assert Running(aws).tasks_of_no_service(PLACE) == {"nightly": {"batch": (3, 2, "1.3.0")}}


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


def recorded(aws: Sessions, *findings: Finding) -> None:
    ledger = Ledger(aws, "ledger")
    for finding in findings:
        history = ledger.history(finding.subject)
        ledger.subjects.write(history, Record(order=1, rows={finding.rule: Row(finding)}))


def a_finding(name: str, state: FindingState, *, hours: float, severity: Severity = Severity.MEDIUM) -> Finding:
    """One that became so many hours before noon what it is."""
    subject, then = SubjectId(PLACE, Subject.FAMILY, name), NOON - timedelta(hours=hours)
    drifts = (Drift("code", "containers", "None.", severity=severity),)
    arn = PLACE.arn("ecs", f"task-definition/{name}:1")
    return Finding(subject, "sidecar.present", state, severity, drifts, arn, then - timedelta(days=1), then)


def test_a_day_is_told_by_what_is_open_what_closed_and_what_is_about_to_expire(
    aws: Sessions, heard: tuple[str, str]
) -> None:
    topic, url = heard
    aws.own("ssm").put_parameter(Name="/standard", Value=EXEMPT, Type="String")
    recorded(
        aws,
        a_finding("new", FindingState.OPEN, hours=1, severity=Severity.HIGH),
        a_finding("old", FindingState.OPEN, hours=1000),
        a_finding("fixed", FindingState.CLOSED, hours=23.9),
        a_finding("fixed-before", FindingState.CLOSED, hours=24.1),
        a_finding("gone", FindingState.GONE, hours=1),
        a_finding("exempt", FindingState.EXEMPT, hours=1),
    )
    alert = sweeper(aws, "", topic, standard="ssm:/standard").daily(PLACE)
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


def test_a_day_of_which_there_is_nothing_to_tell_is_not_told(aws: Sessions, heard: tuple[str, str]) -> None:
    topic, url = heard
    recorded(aws, a_finding("fixed", FindingState.CLOSED, hours=30), a_finding("gone", FindingState.GONE, hours=1))
    assert sweeper(aws, "", topic).daily(PLACE) is None
    assert sent(aws, url) == []


def test_only_an_exemption_that_expires_is_told_too(aws: Sessions, heard: tuple[str, str]) -> None:
    aws.own("ssm").put_parameter(Name="/standard", Value=EXEMPT, Type="String")
    alert = sweeper(aws, "", heard[0], standard="ssm:/standard").daily(PLACE)
    assert alert is not None
    assert (alert.title, alert.severity, len(alert.sections)) == ("0 findings are open", Severity.INFORMATIONAL, 1)


def test_what_the_customer_suppressed_is_in_no_digest(world: World, aws: Sessions, heard: tuple[str, str]) -> None:
    shown, silenced = a_finding("shown", FindingState.OPEN, hours=1), a_finding("silenced", FindingState.OPEN, hours=1)
    recorded(aws, shown, silenced)
    world.hub.silent.add(silenced.id)
    alert = sweeper(aws, "", heard[0]).daily(PLACE)
    assert alert is not None
    assert alert.title == "1 finding is open"
    assert "silenced" not in alert.model_dump_json()


def test_without_a_hub_nothing_is_suppressed_and_a_hub_that_fails_has_it_tried_again(
    world: World, aws: Sessions, heard: tuple[str, str]
) -> None:
    recorded(aws, a_finding("web", FindingState.OPEN, hours=1))
    world.hub.enabled = False
    assert sweeper(aws, "", heard[0]).daily(PLACE) is not None
    world.hub.enabled = True
    world.fail("GetFindings", "ThrottlingException")
    with pytest.raises(CallFailed):
        sweeper(aws, "", heard[0]).daily(PLACE)


def test_a_standard_that_cannot_be_read_is_said_so(aws: Sessions, heard: tuple[str, str]) -> None:
    recorded(aws, a_finding("web", FindingState.OPEN, hours=1))
    alert = sweeper(aws, "", heard[0], standard="ssm:/nowhere").daily(PLACE)
    assert alert is not None
    assert alert.reasons[-1] == "The standard could not be read, so exemptions that expire soon are not listed."


def test_a_day_that_is_told_again_has_the_same_id(aws: Sessions, heard: tuple[str, str]) -> None:
    recorded(aws, a_finding("web", FindingState.OPEN, hours=1))
    at = datetime(2026, 8, 1, 8, tzinfo=UTC)
    first, again = (sweeper(aws, "", heard[0]).daily(PLACE, at) for _ in range(2))
    other = sweeper(aws, "", heard[0]).daily(PLACE, at + timedelta(days=1))
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.id == again.id != other.id


def test_what_closed_is_told_on_one_day_however_late_its_digest_is(aws: Sessions, heard: tuple[str, str]) -> None:
    at = datetime(2026, 8, 1, 8, tzinfo=UTC)
    recorded(
        aws,
        a_finding("before", FindingState.CLOSED, hours=4.5),
        a_finding("at-its-end", FindingState.CLOSED, hours=4),
        a_finding("after", FindingState.CLOSED, hours=1),
    )
    late, next_ = (sweeper(aws, "", heard[0]).daily(PLACE, day) for day in (at, at + timedelta(days=1)))
    titles = [alert.title if alert else "" for alert in (late, next_)]
    assert titles == [f"0 findings are open, {closed} closed since yesterday" for closed in (1, 2)]


def test_the_digest_does_not_wait_for_what_settles(aws: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that was deployed a moment ago is evaluated again in minutes: in a busy account there is always one."""
    topic = aws.own("sns").create_topic(Name="alerts")["TopicArn"]
    url = aws.own("sqs").create_queue(QueueName="changes")["QueueUrl"]
    monkeypatch.setattr(Queue, "depth", lambda _, *, delayed=False: int(delayed))
    sweep = sweeper(aws, url, topic)
    swept = sweep.sweep(PLACE, quiet=True)
    assert sweep.digest(PLACE, swept, lambda: True).title.startswith("Everything")


# --- what no event reported -------------------------------------------------------------------------------------------


def missed(world: World, *, quiet: bool = False, family: str = "web") -> list[bool]:
    sent = {"kind": "family", "account": PLACE.account, "region": PLACE.region, "family": family, "revision": 0}
    [outcome] = world.look(json.dumps(sent | {"listed": "2026-11-23T12:00:00Z", "quiet": quiet}))
    return [done.missed for done in outcome.done]


def test_a_revision_that_only_a_sweep_finds_was_missed(world: World) -> None:
    world.sees(registered(world.register()))
    assert missed(world) == [False]
    world.register(definition(cpu="2048", memory="4096"))
    world.pass_(hours=2)
    assert missed(world) == [True]
    assert missed(world) == [False]


def test_a_revision_whose_event_may_still_come_was_not_missed(world: World) -> None:
    world.sees(registered(world.register()))
    world.register(definition(cpu="2048", memory="4096"))
    assert missed(world) == [False]


@pytest.mark.parametrize("first", [True, False])
def test_a_family_that_only_a_sweep_finds_was_missed_unless_it_is_the_first(world: World, *, first: bool) -> None:
    world.register()
    world.pass_(hours=2)
    assert missed(world, quiet=first)[0] is not first
