"""Each statement of each role: the action exists, takes that kind of resource, and knows the condition's keys.

The data is that of the Service Authorization Reference, as policy_sentry packages it.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.templates import actions, every_statement, template

querying = pytest.importorskip("policy_sentry.querying.actions", reason="run `make venvs` once")

TYPES = {
    "AWS::DynamoDB::Table": ("dynamodb", "table"),
    "AWS::Logs::LogGroup": ("logs", "log-group"),
    "AWS::S3::Bucket": ("s3", ""),
    "AWS::SNS::Topic": ("sns", ""),
    "AWS::SQS::Queue": ("sqs", ""),
    "AWS::Serverless::Function": ("lambda", "function"),
}
# The reference names no resource for these, but IAM evaluates them on those of the account and region.
NARROWER = {"ssm:DescribeParameters": ("ssm", ""), "logs:DescribeLogGroups": ("logs", "log-group")}
GIVEN = {
    "GovernanceBus": ("events", "event-bus"),
    "KmsKeyArn": ("kms", "key"),
    "PassableRoles": ("iam", "role"),
    "ReadableParameters": ("ssm", "parameter"),
}


def kinds(resource: Any) -> Iterator[tuple[str, str] | None]:
    """The service and type of a statement's resources; None for every resource."""
    match resource:
        case "*":
            yield None
        case list():
            for each in resource:
                yield from kinds(each)
        case {"Fn::If": [_, *branches]}:
            for each in branches:
                yield from kinds(each)
        case {"Ref": "AWS::NoValue"}:
            pass
        case {"Ref": name} if name in GIVEN:
            yield GIVEN[name]
        case {"Ref": name} | {"Fn::GetAtt": name}:
            yield TYPES[template()["Resources"][name.removesuffix(".Arn")]["Type"]]
        case {"Fn::Sub": [str(text), *_]} | {"Fn::Sub": str(text)}:
            _, _, service, _, _, rest = text.replace("AWS::", "AWS.").split(":", 5)
            yield service, "" if rest == "*" or service == "s3" else re.split(r"[/:$]", rest)[0]
        case other:
            pytest.fail(f"This test cannot read the resource {other}.")


def known(action: str) -> list[dict[str, Any]]:
    service, _, name = action.partition(":")
    found = querying.get_action_data(service, name)
    return list(found[service]) if found else []


def every_action() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each action with the place and the statement that allow it."""
    for where, statement in every_statement():
        for action in actions(statement):
            yield where, action, statement


def test_every_action_exists() -> None:
    assert [(where, action) for where, action, _ in every_action() if not known(action)] == []


def test_every_action_takes_the_kind_of_resource() -> None:
    wrong = [
        f"{where}: {action} does not take {kind}"
        for where, action, statement in every_action()
        for kind in kinds(statement["Resource"])
        if kind not in {*(_kind(entry["resource_arn_format"]) for entry in known(action)), NARROWER.get(action)}
    ]
    assert wrong == []


def _kind(form: str) -> tuple[str, str] | None:
    if form == "*":
        return None
    _, _, service, _, _, rest = form.split(":", 5)
    word = re.split(r"[/:]", rest)[0]
    return service, "" if "$" in word or service == "s3" else word


def test_every_condition_is_one_that_the_action_knows() -> None:
    wrong = list[str]()
    for where, action, statement in every_action():
        asked = {key.lower() for test in statement.get("Condition", {}).values() for key in test}
        keys = {key.lower() for entry in known(action) for key in entry["condition_keys"]}
        unknown = {key for key in asked if not key.startswith("aws:")} - keys
        wrong += [f"{where}: {action} does not know {key}" for key in sorted(unknown)]
    assert wrong == []
