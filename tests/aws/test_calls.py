"""Failed calls are reported by call, resource and code, and never in AWS's words."""

import traceback

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from aws.calls import CallFailed, CallRefused, calling
from tests.operations.world import CANARY


def failing(error: Exception) -> CallFailed:
    with pytest.raises(CallFailed) as caught, calling("ecs:DescribeServices", "shop/web"):
        raise error
    return caught.value


def client_error(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": CANARY}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeServices")  # type: ignore[arg-type] # as much of it as is read


@pytest.mark.parametrize(
    ("code", "status", "transient"),
    [
        ("ThrottlingException", 400, True),
        ("Throttling", 400, True),
        ("ProvisionedThroughputExceededException", 400, True),
        ("TooManyRequestsException", 429, True),
        ("SlowDown", 503, True),
        ("SomethingNew", 500, True),
        ("AccessDenied", 403, False),
        ("AccessDeniedException", 400, False),
        ("NoSuchEntity", 404, False),
        ("ValidationException", 400, False),
        ("ExpiredTokenException", 400, False),
    ],
)
def test_only_what_may_succeed_later_is_passing(code: str, status: int, *, transient: bool) -> None:
    failed = failing(client_error(code, status))
    assert (failed.code, failed.transient) == (code, transient)
    assert str(failed) == f"ecs:DescribeServices on shop/web failed: {code}"


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (ConnectTimeoutError(endpoint_url=f"https://{CANARY}"), True),
        (ReadTimeoutError(endpoint_url=f"https://{CANARY}"), True),
        (EndpointConnectionError(endpoint_url=f"https://{CANARY}"), True),
        (NoCredentialsError(), True),
        (ParamValidationError(report=CANARY), False),
    ],
)
def test_what_never_reached_aws_is_named_by_its_kind(error: BotoCoreError, *, transient: bool) -> None:
    failed = failing(error)
    assert (failed.code, failed.transient) == (type(error).__name__, transient)
    assert isinstance(failed, CallRefused) is not transient


def test_what_aws_said_is_shown_nowhere() -> None:
    failed = failing(client_error("ValidationException"))
    assert CANARY not in "".join(traceback.format_exception(failed)) + repr(failed) + repr(failed.args)


def test_errors_of_outrider_pass_through() -> None:
    with pytest.raises(KeyError), calling("ecs:DescribeServices", "shop/web"):
        raise KeyError
