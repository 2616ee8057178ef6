"""The sweep has everything looked at again, and what is gone too."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger, Row
from aws.sessions import Sessions
from domain.alert import Alert
from domain.finding import Finding, State
from domain.places import Place
from domain.rule import Drift, Severity, Subject
from domain.verdict import SubjectId
from operations.sweep import Sweeper, Swept

PLACE = Place("123456789012", "eu-west-1")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", PLACE.region)
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        yield Sessions()


def sent(url: str) -> list[dict[str, Any]]:
    client, bodies = boto3.client("sqs"), []
    while found := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [json.loads(message["Body"]) for message in found]
    return bodies


def sweeper(aws: Sessions, url: str, topic: str = "") -> Sweeper:
    return Sweeper(Ecs(aws), Ledger(aws, "ledger"), Queue(aws, url), Topic(aws, topic))


def test_what_is_there_and_what_was_is_looked_at_again(aws: Sessions) -> None:
    ecs, url = boto3.client("ecs"), boto3.client("sqs").create_queue(QueueName="changes")["QueueUrl"]
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    for family in [f"family-{n}" for n in range(12)] + ["web", "web"]:
        ecs.register_task_definition(family=family, containerDefinitions=containers)
    ecs.create_cluster(clusterName="prod")
    ecs.create_service(cluster="prod", serviceName="web", taskDefinition="web", desiredCount=0)
    ledger = Ledger(aws, "ledger")
    now = datetime(2026, 8, 1, tzinfo=UTC)
    for kind, name in ((Subject.FAMILY, "gone"), (Subject.FAMILY, "web"), (Subject.SERVICE, "prod/gone")):
        history = ledger.history(SubjectId(PLACE, kind, name))
        ledger.record(history, [], order=1, read_at=now, standard="s")
    elsewhere = ledger.history(SubjectId(Place("123456789012", "eu-west-10"), Subject.FAMILY, "elsewhere"))
    ledger.record(elsewhere, [], order=1, read_at=now, standard="s")

    swept = sweeper(aws, url).sweep(PLACE)
    assert swept == Swept(families=14, services=2, baseline=False)

    bodies = sent(url)
    families = {body["family"]: body["revision"] for body in bodies if body["kind"] == "family"}
    assert families == {f"family-{n}": 1 for n in range(12)} | {"web": 2, "gone": 0}
    assert {body["service"] for body in bodies if body["kind"] == "service"} == {"prod/web", "prod/gone"}
    assert {(body["account"], body["region"]) for body in bodies} == {(PLACE.account, PLACE.region)}
    assert {body["quiet"] for body in bodies} == {False}


@pytest.mark.parametrize("asked", [False, True])
def test_the_first_day_and_what_is_asked_for_are_baselines(aws: Sessions, *, asked: bool) -> None:
    url = boto3.client("sqs").create_queue(QueueName="changes")["QueueUrl"]
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    boto3.client("ecs").register_task_definition(family="web", containerDefinitions=containers)
    if asked:
        ledger = Ledger(aws, "ledger")
        web = ledger.history(SubjectId(PLACE, Subject.FAMILY, "web"))
        ledger.record(web, [], order=1, read_at=datetime(2026, 8, 1, tzinfo=UTC), standard="s")
    assert sweeper(aws, url).sweep(PLACE, quiet=asked).baseline
    assert [body["quiet"] for body in sent(url)] == [True]


def test_a_digest_waits_until_everything_was_looked_at_and_counts_what_is_open(aws: Sessions) -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    url, heard = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("changes", "heard"))
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    arn = sqs.get_queue_attributes(QueueUrl=heard, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    waited = []

    def wait() -> bool:
        """What inspect does meanwhile."""
        waited.append(1)
        for number, severity in enumerate((Severity.HIGH, Severity.HIGH, Severity.LOW)):
            subject = SubjectId(PLACE, Subject.FAMILY, f"family-{number}")
            now = datetime(2026, 8, 1, number, tzinfo=UTC)
            rule = "sidecar.present" if severity is Severity.HIGH else "sidecar.restart-policy"
            finding = Finding(subject, rule, State.OPEN, severity, (Drift("containers", "None."),), "arn", now, now)
            closed = Finding(subject, "task.size", State.CLOSED, severity, (), "arn", now, now)
            ledger = Ledger(aws, "ledger")
            ledger.record(ledger.history(subject), [Row(finding), Row(closed)], order=1, read_at=now, standard="s")
        assert sent(url)
        sqs.purge_queue(QueueUrl=url)
        return True

    alert = sweeper(aws, url, topic).digest(PLACE, "Everything was looked at", wait)

    assert waited == [1]
    assert (alert.title, alert.severity) == ("Everything was looked at: 3 findings are open", Severity.HIGH)
    assert alert.reasons == ("2 HIGH", "1 LOW", "sidecar.present: 2", "sidecar.restart-policy: 1")
    assert [Alert.model_validate(body) for body in sent(heard)] == [alert]


def test_a_digest_is_told_in_time_even_where_not_everything_was_looked_at(aws: Sessions) -> None:
    url = boto3.client("sqs").create_queue(QueueName="changes")["QueueUrl"]
    topic = boto3.client("sns").create_topic(Name="alerts")["TopicArn"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    alert = sweeper(aws, url, topic).digest(PLACE, "Everything was looked at", lambda: False)
    assert alert.title == "Everything was looked at: 0 findings are open"


def test_tasks_that_no_service_started_are_told_with_their_family(aws: Sessions) -> None:
    ecs, url = boto3.client("ecs"), boto3.client("sqs").create_queue(QueueName="changes")["QueueUrl"]
    subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    containers: list[Any] = [{"name": "app", "image": "web:1.0.0", "memory": 512}]
    for family in ("nightly", "nightly", "web"):
        ecs.register_task_definition(
            family=family, containerDefinitions=containers, requiresCompatibilities=["FARGATE"], networkMode="awsvpc",
            cpu="256", memory="512",
        )  # fmt: skip
    ecs.create_cluster(clusterName="batch")
    network: Any = {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}}
    for given in ({"taskDefinition": "nightly:1", "count": 2}, {"taskDefinition": "nightly:2"},
                  {"taskDefinition": "web", "group": "service:web"}):  # fmt: skip
        ecs.run_task(cluster="batch", launchType="FARGATE", networkConfiguration=network, **given)
    sweeper(aws, url).sweep(PLACE)
    tasks = {body["family"]: body["tasks"] for body in sent(url) if body["kind"] == "family"}
    assert tasks == {"nightly": {"batch": [2, 3]}, "web": {}}
