"""Injected faults: an AWS call that is throttled, denied, slow, lost after it took effect, or fatal to its caller.

A rule is set at run time (`POST /_outrider/faults`), so that the deployed functions need no other endpoint and the same
stack runs with and without it.
"""

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape


class When(StrEnum):
    """Whether the failing call takes effect."""

    BEFORE = "before"  # the call has no effect
    AFTER = "after"  # the call takes effect, and its caller never learns it


class UnusableRule(Exception):
    """A fault rule that cannot be used. The message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. `service` and `operation` are patterns (`ecs`, `Register*`); `caller` is one on the principal's ARN.

    `times` is how often it is applied, None for always. `delay` is in seconds. `crash` kills the calling Lambda process
    before it receives the response. With an empty `error` and no crash the call is only delayed.
    """

    service: str
    operation: str = "*"
    caller: str = "*"
    error: str = "ThrottlingException"
    status: int = 400
    message: str = "Rate exceeded"
    when: When = When.BEFORE
    times: int | None = 1
    delay: float = 0.0
    crash: bool = False
    struck: int = 0

    @property
    def lets_pass(self) -> bool:
        """Whether the call is carried out, whatever its caller then receives."""
        return self.when is When.AFTER or not (self.error or self.crash)

    @classmethod
    def of(cls, given: Any) -> "Fault":
        if not isinstance(given, dict) or not isinstance(given.get("service"), str):
            raise UnusableRule('A fault rule is a JSON object with at least a "service", such as {"service": "ecs"}.')
        unknown = set(given) - set(cls.__dataclass_fields__)
        if unknown:
            raise UnusableRule(
                f"A fault rule has no {', '.join(sorted(unknown))}. It has {', '.join(cls.__dataclass_fields__)}."
            )
        try:
            when = When(given.get("when", When.BEFORE))
        except ValueError:
            raise UnusableRule('"when" is either "before" or "after".') from None
        return cls(**{**given, "when": when})

    def json(self) -> dict[str, Any]:
        return asdict(self)

    def matches(self, service: str, operation: str, caller: str) -> bool:
        return (
            (self.times is None or self.struck < self.times)
            and fnmatchcase(service, self.service)
            and fnmatchcase(operation, self.operation)
            and fnmatchcase(caller, self.caller)
        )


class Faults:
    """The active rules, in the order they were set; the first that matches is applied."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._rules.append(fault)

    def clear(self) -> None:
        self._rules.clear()

    def rules(self) -> list[Fault]:
        return list(self._rules)

    def strike(self, service: str, operation: str, caller: str) -> Fault | None:
        for index, rule in enumerate(self._rules):
            if rule.matches(service, operation, caller):
                self._rules[index] = replace(rule, struck=rule.struck + 1)
                return rule
        return None


def answer(fault: Fault, protocol: str, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """The error in the format of the service's protocol: `json`, `query-xml`, `rest-xml`."""
    kind = "Sender" if fault.status < HTTPStatus.INTERNAL_SERVER_ERROR else "Receiver"
    if protocol == "query-xml":
        text = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(fault.error)}</Code>"
            f"<Message>{escape(fault.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return fault.status, {"Content-Type": "text/xml"}, text.encode()
    if protocol == "rest-xml":
        text = (
            f"<Error><Code>{escape(fault.error)}</Code><Message>{escape(fault.message)}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
        return fault.status, {"Content-Type": "application/xml"}, text.encode()
    headers = {
        "Content-Type": "application/json",
        "x-amzn-errortype": fault.error,
        "x-amzn-query-error": f"{fault.error};{kind}",
    }
    return fault.status, headers, json.dumps({"__type": fault.error, "message": fault.message}).encode()
