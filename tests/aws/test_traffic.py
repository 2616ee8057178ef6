"""Calls are counted where botocore sends them: pages, and what it sends again, are in it."""

from collections.abc import Iterator
from io import BytesIO
from unittest.mock import patch

import boto3
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws

from aws.sessions import Sessions
from aws.traffic import Sent
from domain.members import Members
from domain.places import Place

PLACE = Place("123456789012", "eu-west-1")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", PLACE.region)
    with mock_aws():
        yield Sessions(Members(PLACE.account, "outrider-member"))


def test_each_page_is_a_call_and_what_was_taken_is_not_counted_again(aws: Sessions) -> None:
    for number in range(101):
        boto3.client("sns").create_topic(Name=f"t{number}")
    assert aws.traffic.taken() == {}
    pages = aws.own("sns").get_paginator("list_topics").paginate()
    assert sum(len(page["Topics"]) for page in pages) == 101
    aws.own("ecs").list_clusters()
    assert aws.traffic.taken() == {"sns": Sent(calls=2, retries=0), "ecs": Sent(calls=1, retries=0)}
    assert aws.traffic.taken() == {}


def test_calls_into_another_account_are_counted_too(aws: Sessions) -> None:
    aws.client("ecs", Place("210987654321", PLACE.region)).list_clusters()
    assert aws.traffic.taken() == {"sts": Sent(1, 0), "ecs": Sent(1, 0)}


def test_what_is_sent_again_is_one_call(aws: Sessions) -> None:
    client = aws.own("dynamodb")
    answers = [(400, b'{"__type": "ThrottlingException"}'), (500, b"{}"), (200, b'{"TableNames": []}')]

    def answer(request: AWSRequest, **_: object) -> AWSResponse:
        status, body = answers.pop(0)
        raw = BytesIO(body)
        raw.stream = lambda **_: [body]  # type: ignore[attr-defined] # as urllib3 has it
        return AWSResponse(str(request.url), status, HTTPHeaders(), raw)

    client.meta.events.register_first("before-send.dynamodb", answer)
    with patch("time.sleep"):
        client.list_tables()
    assert aws.traffic.taken() == {"dynamodb": Sent(calls=1, retries=2)}
