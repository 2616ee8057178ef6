"""Failed calls as Outrider reports them: the call, the resource and the code; never AWS's own message.

AWS's messages may repeat what was sent, an environment value included.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from domain.facts import Unavailable
from domain.remediation.reason import Code, Reason

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
    """An AWS call that failed. `transient` if the same call may succeed later."""

    def __init__(self, call: str, resource: str, code: str, *, transient: bool) -> None:
        self.call, self.resource, self.code, self.transient = call, resource, code, transient
        super().__init__(self.fact.reason)

    @property
    def fact(self) -> Unavailable:
        """Return the fact that the call should have read."""
        return Unavailable(self.code, self.call, self.resource, self.transient)

    @property
    def not_enabled(self) -> bool:
        """Whether Security Hub is not enabled in the account and region."""
        return is_not_enabled(self.code)

    @property
    def reason(self) -> Reason:
        """Return the failed call as a correction's reason."""
        return Reason(Code.CALL_FAILED, self.call, self.resource, (self.code,))


def is_not_enabled(code: str) -> bool:
    """Whether Security Hub is not enabled: `InvalidAccessException`, for a single finding `InvalidAccess`."""
    return code in {"InvalidAccess", "InvalidAccessException"}


@contextmanager
def calling(call: str, resource: str) -> Iterator[None]:
    """Turn botocore's errors into CallFailed. `call` has the name that IAM gives it: `ecs:DescribeTaskDefinition`."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "Unknown")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        transient = code in _TRANSIENT or status >= 500  # noqa: PLR2004 - server errors
        raise CallFailed(call, resource, code, transient=transient) from None
    except BotoCoreError as error:
        # A request that botocore itself rejects would fail again; every other error is one of the connection.
        transient = not isinstance(error, ParamValidationError)
        raise CallFailed(call, resource, type(error).__name__, transient=transient) from None
