"""What an error means, by call, code and phrase; and what a transaction's reasons say."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws.calls import CallFailed, calling
from aws.errors import Meaning, meaning_of


@pytest.mark.parametrize(
    ("call", "code", "message", "meaning"),
    [
        (
            "ecs:RegisterTaskDefinition",
            "ClientException",
            "Too many concurrent attempts to create a new revision of the specified family.",
            Meaning.RETRY,
        ),
        ("ecs:RegisterTaskDefinition", "ClientException", "No Fargate configuration exists.", Meaning.REFUSE),
        ("ecs:RegisterTaskDefinition", "AccessDeniedException", "", Meaning.ASK),
        ("ecs:DescribeTaskDefinition", "ClientException", "Unable to describe task definition.", Meaning.ABSENT),
        ("ecs:UpdateService", "ClientException", "TaskDefinition is inactive", Meaning.INACTIVE),
        ("ecs:UpdateService", "InvalidParameterException", "TaskDefinition not found.", Meaning.ABSENT),
        ("ecs:UpdateService", "InvalidParameterException", "The subnet is not usable.", Meaning.REFUSE),
        ("ecs:UpdateService", "ServiceNotFoundException", "Service not found.", Meaning.REFUSE),
        ("ecs:DescribeServices", "ClusterNotFoundException", "Cluster not found.", Meaning.ABSENT),
        ("iam:GetRole", "NoSuchEntity", "", Meaning.ABSENT),
        ("securityhub:BatchImportFindings", "LimitExceededException", "", Meaning.RETRY),
        ("secretsmanager:GetSecretValue", "LimitExceededException", "", Meaning.ASK),
        ("dynamodb:PutItem", "ConditionalCheckFailedException", "", Meaning.CONFLICT),
        ("ecs:UpdateService", "SomethingNewException", "TaskDefinition is inactive", Meaning.RETRY),
        ("iam:GetRole", "SomethingNew", "", Meaning.RETRY),
    ],
)
def test_an_error_means_what_its_call_code_and_phrase_say(call: str, code: str, message: str, meaning: Meaning) -> None:
    assert meaning_of(call, code, message) is meaning


def test_whatever_a_server_fails_with_is_retried() -> None:
    assert meaning_of("ssm:GetParameters", "ValidationException", status=503) is Meaning.RETRY


def cancelled(*codes: str) -> CallFailed:
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    with pytest.raises(CallFailed) as caught, calling("dynamodb:TransactWriteItems", "x"):
        raise ClientError(answer, "TransactWriteItems")
    return caught.value


@pytest.mark.parametrize(
    ("codes", "code", "meaning"),
    [
        (("None", "ConditionalCheckFailed"), "ConditionalCheckFailed", Meaning.CONFLICT),
        (("None", "TransactionConflict"), "TransactionConflict", Meaning.RETRY),
        (("ThrottlingError", "None"), "ThrottlingError", Meaning.RETRY),
        (("ProvisionedThroughputExceeded",), "ProvisionedThroughputExceeded", Meaning.RETRY),
        (("ThrottlingError", "ConditionalCheckFailed"), "ConditionalCheckFailed", Meaning.CONFLICT),
        (("ConditionalCheckFailed", "ValidationError"), "ValidationError", Meaning.REFUSE),
        (("ItemCollectionSizeLimitExceeded", "None"), "ItemCollectionSizeLimitExceeded", Meaning.REFUSE),
        ((), "TransactionCanceledException", Meaning.RETRY),
    ],
)
def test_a_cancelled_transaction_means_what_its_reasons_say(
    codes: tuple[str, ...], code: str, meaning: Meaning
) -> None:
    failed = cancelled(*codes)
    assert (failed.code, failed.meaning) == (code, meaning)
