"""Failed calls as Outrider reports them: the call, the resource and the code; never AWS's own message.

AWS's messages may repeat what was sent, an environment value included.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

_TRANSIENT = frozenset({
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "ServerException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
})  # fmt: skip


class CallFailed(Exception):
    """An AWS call that failed. `transient` where the same call may succeed later."""

    def __init__(self, call: str, resource: str, code: str, *, transient: bool) -> None:
        self.call, self.resource, self.code, self.transient = call, resource, code, transient
        super().__init__(f"{call} on {resource} failed: {code}")


@contextmanager
def calling(call: str, resource: str) -> Iterator[None]:
    """Turn botocore's errors within into CallFailed. `call` as IAM names it: `ecs:DescribeTaskDefinition`."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "Unknown")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        transient = code in _TRANSIENT or status >= 500  # noqa: PLR2004 - server errors
        raise CallFailed(call, resource, code, transient=transient) from None
    except BotoCoreError as error:
        # What botocore itself refuses to send fails again the next time; everything else is a connection.
        transient = not isinstance(error, ParamValidationError)
        raise CallFailed(call, resource, type(error).__name__, transient=transient) from None
