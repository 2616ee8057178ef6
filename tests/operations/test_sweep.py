"""The sweep has everything looked at again, and what is gone too."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aws.channels import Queue
from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.sessions import Sessions
from domain.places import Place
from domain.rule import Subject
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

    assert Sweeper(Ecs(aws), ledger, Queue(aws, url)).sweep(PLACE) == Swept(families=14, services=2)

    bodies = sent(url)
    families = {body["family"]: body["revision"] for body in bodies if body["kind"] == "family"}
    assert families == {f"family-{n}": 1 for n in range(12)} | {"web": 2, "gone": 0}
    assert {body["service"] for body in bodies if body["kind"] == "service"} == {"prod/web", "prod/gone"}
    assert {(body["account"], body["region"]) for body in bodies} == {(PLACE.account, PLACE.region)}
