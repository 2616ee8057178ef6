"""Failed calls as Outrider reports them: the call, the resource and the code; never AWS's own message.

AWS's messages may repeat what was sent, an environment value included.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from aws.errors import SERVER_ERROR, Meaning, meaning_of
from domain.facts import Unavailable
from domain.remediation.reason import Code, Reason


class CallFailed(Exception):
    """An AWS call that failed, and what its error means. If AWS `answered` with the error, the call had no effect."""

    def __new__(cls, call: str, resource: str, code: str, meaning: Meaning, *, answered: bool = False) -> "CallFailed":  # noqa: ARG004, PYI034 - of the others __init__ takes care, and cls does not decide
        """Make a CallRefused unless a retry may help."""
        return super().__new__(cls if meaning is Meaning.RETRY else CallRefused)

    def __init__(self, call: str, resource: str, code: str, meaning: Meaning, *, answered: bool = False) -> None:
        self.call, self.resource, self.code, self.meaning, self.answered = call, resource, code, meaning, answered
        super().__init__(self.fact.reason)

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed later."""
        return self.meaning is Meaning.RETRY

    @property
    def fact(self) -> Unavailable:
        """Return the fact that the call should have read."""
        return Unavailable(self.code, self.call, self.resource, self.transient)

    @property
    def of_account(self) -> bool:
        """Whether no call at all can be made in the account: its role cannot be assumed, and a retry does not help."""
        return self.call == "sts:AssumeRole" and not self.transient

    @property
    def not_enabled(self) -> bool:
        """Whether Security Hub is not enabled in the account and region. The shorter code is that of one finding."""
        return self.code in {"InvalidAccess", "InvalidAccessException"}

    @property
    def reason(self) -> Reason:
        """Return the failed call as a correction's reason."""
        return Reason(Code.CALL_FAILED, self.call, self.resource, (self.code,))


class CallRefused(CallFailed):
    """One that is not transient. Where this alone is caught, a call that may succeed later goes on to the caller."""


def not_shown_yet(revision: str) -> CallFailed:
    """Return the error for a revision that exists and that ECS does not show everywhere yet."""
    return CallFailed("ecs:DescribeTaskDefinition", revision, "NotShownYet", Meaning.RETRY)


@contextmanager
def calling(call: str, resource: str) -> Iterator[None]:
    """Turn botocore's errors into CallFailed. `call` has the name that IAM gives it: `ecs:DescribeTaskDefinition`."""
    try:
        yield
    except ClientError as error:
        code, message = _error(error.response)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        meaning = meaning_of(call, code, message, status)
        raise CallFailed(call, resource, code, meaning, answered=status < SERVER_ERROR) from None
    except BotoCoreError as error:
        # A request that botocore itself rejects would fail again; every other error is one of the connection.
        meaning = Meaning.REFUSE if isinstance(error, ParamValidationError) else Meaning.RETRY
        raise CallFailed(call, resource, type(error).__name__, meaning) from None


class tolerating:  # noqa: N801 - it is used as a function, like contextlib.suppress
    """End the block, without an error, at a call that fails with this meaning."""

    def __init__(self, meaning: Meaning) -> None:
        self.meaning = meaning

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        return isinstance(error, CallFailed) and error.meaning is self.meaning


def _error(response: Any) -> tuple[str, str]:
    """Return an error's code and message. Of a cancelled transaction, the reasons of its writes say more."""
    error = response.get("Error", {})
    code, message = str(error.get("Code", "Unknown")), str(error.get("Message", ""))
    if code != "TransactionCanceledException":
        return code, message
    given = [str(each.get("Code")) for each in response.get("CancellationReasons", ())]
    reasons = [each for each in given if each not in {"None", ""}]
    # What would be rejected again comes first, then what another worker did; the rest can be retried as it is.
    order = [Meaning.REFUSE, Meaning.CONFLICT]
    meant = {each: meaning_of("dynamodb:TransactWriteItems", each) for each in reasons}
    found = next((each for meaning in order for each in reasons if meant[each] is meaning), None)
    return found or next(iter(reasons), code), message
