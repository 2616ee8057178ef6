"""The calls that botocore makes, answered by the fake AWS: counted, and made to go wrong."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from threading import RLock
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError, ReadTimeoutError
from botocore.validate import ParamValidator

from tests.aws_fake.aws import Aws, account_of
from tests.aws_fake.service import Json, Refused
from tests.profiles import by_profile

_VALIDATOR = ParamValidator()
_ENDPOINT = "https://aws.example"


class Crash(BaseException):
    """The function ends here: nothing in it catches this."""


class Fault(StrEnum):
    """What may happen at a call."""

    BEFORE = "an error before it"
    AFTER = "an error after it took effect"
    THROTTLED = "a throttle"
    DENIED = "a denial"
    UNREACHABLE = "no connection"
    CRASH_BEFORE = "a crash before it"
    CRASH_AFTER = "a crash after it"

    @property
    def after(self) -> bool:
        return self in {Fault.AFTER, Fault.CRASH_AFTER}


ONCE = (Fault.BEFORE, Fault.THROTTLED, Fault.CRASH_BEFORE, Fault.AFTER, Fault.CRASH_AFTER)
"""Faults after which the same call succeeds: what met one ends as if it had not."""


def is_tried(fault: Fault, number: int) -> bool:
    """Whether a test plays this fault at the call of this number.

    By default at one call in three, at another one for each fault. So each call meets one or two faults, and at least
    one of those that come before it takes effect.
    """
    return (number + ONCE.index(fault)) % by_profile(default=3, deep=1, explore=1) == 0


def suffer(fault: Fault | None, operation: str, act: Callable[[], Json]) -> Json:
    """Act, with a fault."""
    match fault:
        case Fault.BEFORE:
            raise failure("InternalError", operation)
        case Fault.THROTTLED:
            raise failure("ThrottlingException", operation)
        case Fault.DENIED:
            raise failure("AccessDeniedException", operation)
        case Fault.UNREACHABLE:
            raise ConnectTimeoutError(endpoint_url=_ENDPOINT)
        case Fault.CRASH_BEFORE:
            raise Crash
        case Fault.AFTER | Fault.CRASH_AFTER | None:
            answer = act()
            if fault is Fault.AFTER:
                raise ReadTimeoutError(endpoint_url=_ENDPOINT)
            if fault is Fault.CRASH_AFTER:
                raise Crash
            return answer


def failure(code: str, operation: str, message: str = "", status: int = 400, **members: Any) -> ClientError:
    """An error as botocore raises it."""
    error: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error | members, operation)


@dataclass(frozen=True)
class Call:
    """One call that was made. `wrote` tells whether it changed anything, where calls are watched."""

    operation: str
    wrote: bool = False


@dataclass
class Trouble:
    """How calls of an operation fail: `times` of them, after `after` that go well."""

    code: str
    times: int = 10**6
    after: int = 0
    calls: int = 0

    def strikes(self) -> bool:
        self.calls += 1
        return self.after < self.calls <= self.after + self.times


@dataclass
class Calls:
    """In the place of every call that botocore makes."""

    aws: Aws
    instead: Callable[[BaseClient, str, Json], Json] | None = None
    """Another AWS that answers: moto."""
    made: list[Call] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    """By operation, as botocore names it: DescribeTaskDefinition."""
    secret: str = ""
    """What AWS repeats in the messages of these errors, in addition to what it was sent."""
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What others do just before the next call of an operation."""
    faults: dict[int, Fault] = field(default_factory=dict)
    """By the number of the call."""
    interludes: dict[int, Callable[[], object]] = field(default_factory=dict)
    """What happens before the call of that number; its own calls are not counted."""
    doubled: set[str] = field(default_factory=set)
    """Operations that take effect twice, once, as where an answer is lost and botocore sends the request again."""
    around: Callable[[str, Json, Callable[[], Json]], Json] | None = None
    """Makes every call that is counted, where it is set: given the operation, the request and what answers it."""
    watches: bool = False
    """Whether each call is distinguished by what it changed."""
    checks: bool = True
    """Whether requests are validated; a thousand runs of calls that were need not be."""
    quiet: bool = False
    where: tuple[str, str] = ("", "")
    """The account and region of the call that is made."""
    lock: RLock = field(default_factory=RLock, repr=False)

    def call(self, client: BaseClient, operation: str, given: Json) -> Json:
        """As botocore's own: parameters are validated, events emitted, and errors are botocore's."""
        self.where = account_of(client._request_signer._credentials.access_key), client.meta.region_name  # type: ignore[attr-defined] # the stubs leave it out
        if self.instead is not None:
            instead = self.instead
            return self._made(operation, given, lambda: instead(client, operation, given))
        model = client.meta.service_model
        if self.checks:
            _check(client, operation, given)

        def act() -> Json:
            account = account_of(client._request_signer._credentials.access_key)  # type: ignore[attr-defined] # the stubs leave it out
            try:
                with self.lock:  # threads may call; only one is answered at a time
                    answer = self.aws.answer(model.service_name, operation, given, account, client.meta.region_name)
            except Refused as refused:
                raise failure(refused.code, operation, refused.message, refused.status, **refused.members) from None
            return answer | {"ResponseMetadata": {"HTTPStatusCode": 200}}

        return self._made(operation, given, act)

    def _made(self, operation: str, given: Json, act: Callable[[], Json]) -> Json:
        if self.quiet:
            return act()
        number = len(self.made)
        self.made.append(Call(operation))
        self.counts[operation] += 1
        if (doing := self.meanwhile.pop(operation, None)) is not None:
            doing()
        if (interlude := self.interludes.pop(number, None)) is not None:
            with self.uncounted():
                interlude()
        trouble = self.troubles.get(operation)
        if trouble is not None and trouble.strikes():
            if trouble.code == "ConnectTimeoutError":
                raise ConnectTimeoutError(endpoint_url=f"https://{self.secret or 'aws'}.example")
            raise failure(trouble.code, operation, f"{given} {self.secret}")
        if operation in self.doubled:
            self.doubled.remove(operation)
            act()
        around = self.around
        answer = act if around is None else lambda: around(operation, given, act)
        return suffer(self.faults.get(number), operation, lambda: self._watched(number, answer))

    def _watched(self, number: int, act: Callable[[], Json]) -> Json:
        if not self.watches:
            return act()
        before = self.aws.state()
        answer = act()
        self.made[number] = Call(self.made[number].operation, wrote=self.aws.state() != before)
        return answer

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """While others act, or a test looks on: nothing fails and nothing is counted."""
        quiet, self.quiet = self.quiet, True
        try:
            yield
        finally:
            self.quiet = quiet

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While every call of botocore comes here."""

        def call(client: BaseClient, operation: str, given: Json) -> Any:
            return self.call(client, operation, given)

        with patch.object(BaseClient, "_make_api_call", call):
            yield


def _check(client: BaseClient, operation: str, given: Json) -> None:
    """What botocore does before it sends a request: validate it, and emit an event about it."""
    service = client.meta.service_model
    model = service.operation_model(operation)
    report = _VALIDATOR.validate(given, model.input_shape) if model.input_shape else None
    if report is not None and report.has_errors():
        raise ParamValidationError(report=report.generate_report())
    sent = {"headers": {}, "body": b"", "url_path": "", "context": {}}
    event = f"before-call.{service.service_id.hyphenize()}.{operation}"
    client.meta.events.emit(event, params=sent, model=model, context={}, request_signer=None)
