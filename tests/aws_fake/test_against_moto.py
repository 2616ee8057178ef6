"""The fake AWS answers as moto does, which others wrote; and what it answers, botocore's own models allow."""

import json
import os
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.validate import ParamValidator
from moto import mock_aws

from aws.sessions import Sessions
from domain.places import Place
from tests.aws_fake.aws import ACCOUNT, REGION, Aws
from tests.aws_fake.calls import Calls
from tests.aws_fake.scripts import SCRIPTS

PLACE = Place(ACCOUNT, REGION)
# What is different each time, or a time.
MADE = frozenset({
    "ResponseMetadata", "MessageId", "RoleId", "CreateDate", "LastModifiedDate", "registeredAt", "registeredBy",
    "deregisteredAt", "SequenceNumber",
})  # fmt: skip
POLICIES = frozenset({"AssumeRolePolicyDocument", "PolicyDocument", "Document"})


def alike(one: Any, other: Any) -> Any:
    """Of one answer what the other has too, without what is made."""
    if isinstance(one, dict) and isinstance(other, dict):
        shared = {key: value for key, value in one.items() if key in other and key not in MADE}
        return {key: sorted(value) if key == "SS" else alike(value, other[key]) for key, value in shared.items()}
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        return [alike(*each) for each in zip(one, other, strict=True)]
    return one


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_fake_answers_as_moto_does(sessions: Sessions, name: str) -> None:
    def client(service: str) -> Any:
        """A client; for `ec2` a subnet, which the fake does not look at."""
        if service == "ec2":
            return subnets[0]
        return sessions.client(service, PLACE)

    with patch.dict(os.environ, {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}), mock_aws():
        subnets = [sessions.client("ec2", PLACE).describe_subnets()["Subnets"][0]["SubnetId"]]
        wanted = list(SCRIPTS[name](client))
    with Calls(Aws()).answering():
        found = list(SCRIPTS[name](client))
    assert len(found) == len(wanted)
    wrong = {
        number: (alike(one, other), alike(other, one))
        for number, (one, other) in enumerate(zip(found, wanted, strict=True))
        if alike(one, other) != alike(other, one)
    }
    assert not wrong, "\n".join(f"{number}: {one}\n  moto: {other}" for number, (one, other) in wrong.items())


def as_sent(value: Any) -> Any:
    """As the service sends it: botocore reads policies, and SQS leaves out lists that its model requires."""
    if isinstance(value, dict):
        shown = {key: json.dumps(each) if key in POLICIES else as_sent(each) for key, each in value.items()}
        return ({"Successful": [], "Failed": []} if shown.keys() & {"Successful", "Failed"} else {}) | shown
    return [as_sent(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_answer_is_one_that_the_service_may_give(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    line, validator, wrong = Calls(Aws()), ParamValidator(), list[str]()
    real = line.call

    def call(client: BaseClient, operation: str, given: dict[str, Any]) -> Any:
        answer = real(client, operation, given)
        shape = client.meta.service_model.operation_model(operation).output_shape
        shown = as_sent({key: value for key, value in answer.items() if key != "ResponseMetadata"})
        report = validator.validate(shown, shape) if shape else None
        if report is not None and report.has_errors():
            wrong.append(f"{operation}: {report.generate_report()}")
        assert shape or not shown
        return answer

    monkeypatch.setattr(line, "call", call)
    with line.answering():
        list(SCRIPTS[name](lambda service: "subnet-1" if service == "ec2" else sessions.client(service, PLACE)))
    assert not wrong
