"""What AWS does to its callers and an emulator does not: limits, latency, reads that are behind, and late events.

Off unless somebody sets it (`POST /_outrider/unkind`, local/control.py). Only callers that assumed a role meet it: the
deployed functions, which retry as AWS's SDK does. The account's root, which the tests and the demo are, does not.

The limits are those that AWS publishes for an account and region. IAM and Security Hub's reads publish none or few:
their figures are from what users report. Latencies are medians from a function in the same region, rounded.
"""

import json
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from local.bridge import Call
from local.faults import Fault

type Response = tuple[int, dict[str, str], bytes]
type Place = tuple[str, str]  # account, region


class UnusableConditions(Exception):
    """Conditions that cannot be set. The message says why."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A token bucket: `rate` tokens a second, at most `burst`. `calls` are patterns of the calls that draw from it."""

    name: str
    calls: tuple[str, ...]
    rate: float
    burst: float


LIMITS = (
    Limit("task-definition reads", ("ecs:DescribeTaskDefinition", "ecs:ListTaskDefinition*"), 20, 50),
    Limit("task-definition writes", ("ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"), 1, 20),
    Limit("service updates", ("ecs:UpdateService",), 5, 50),
    Limit("service and task reads", ("ecs:Describe*", "ecs:List*"), 20, 100),
    Limit("IAM", ("iam:*",), 15, 30),
    Limit("parameters", ("ssm:*",), 40, 40),
    Limit("findings read", ("securityhub:GetFindings",), 3, 6),
    Limit("findings written", ("securityhub:BatchImportFindings", "securityhub:BatchUpdateFindings"), 10, 30),
)
"""The first that names a call counts it."""

LATENCY: Mapping[str, float] = {
    "dynamodb": 0.005,
    "ecs": 0.04,
    "iam": 0.2,
    "s3": 0.03,
    "securityhub": 0.1,
    "sns": 0.02,
    "sqs": 0.01,
    "ssm": 0.015,
    "sts": 0.05,
}
"""Seconds, by service."""

BEHIND: Mapping[str, float] = {"ecs": 1.0, "iam": 1.0, "securityhub": 1.0}
"""Seconds, by service, for which a read may not see a write; AWS calls these services eventually consistent."""

LAG = (0.3, 1.5)
"""Seconds, at least and at most, after which the event of a call is delivered. CloudTrail's take longer."""

THROTTLED: Mapping[str, tuple[str, int]] = {
    "iam": ("Throttling", 400),
    "securityhub": ("TooManyRequestsException", 429),
}
"""Error code and HTTP status, by service; of all others ThrottlingException and 400."""

NOT_VISIBLE: Mapping[str, str] = {
    "DescribeTaskDefinition": "Unable to describe task definition.",
    "UpdateService": "TaskDefinition not found.",
}
"""What ECS says, by call, of a revision that it registered a moment ago and does not know yet; a ClientException."""

_READS = ("Describe*", "Get*", "List*", "BatchGet*", "Simulate*")
_CONCURRENT = "Too many concurrent attempts to create a new revision of the specified family."
_KEPT = 5000


@dataclass(slots=True)
class Bucket:
    """What is left of one limit in one place."""

    limit: Limit
    tokens: float
    at: float

    def take(self, now: float) -> bool:
        """Draw one token. False if none is left."""
        self.tokens = min(self.limit.burst, self.tokens + (now - self.at) * self.limit.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Unkind:
    """The conditions in force. `clock` gives seconds, `draw` a number from 0 to 1."""

    clock: Callable[[], float]
    on: bool = False
    draw: Callable[[], float] = field(default=random.Random(0).random)  # noqa: S311 - no secret depends on it
    throttled: dict[str, int] = field(default_factory=dict)
    late: int = 0
    _buckets: dict[tuple[Place, str], Bucket] = field(default_factory=dict)
    _registering: set[tuple[Place, str]] = field(default_factory=set)
    _registered: dict[tuple[Place, str], float] = field(default_factory=dict)
    _writes: dict[tuple[Place, str], deque[float]] = field(default_factory=dict)
    _reads: dict[tuple[Place, str, bytes], tuple[float, Response]] = field(default_factory=dict)

    def set(self, given: Any) -> None:
        """Switch the conditions on with a seed, `{"seed": 7}`. What was counted and remembered is dropped."""
        if not isinstance(given, dict) or set(given) - {"seed"} or not isinstance(given.get("seed", 0), int):
            raise UnusableConditions('Conditions are a JSON object with at most a number "seed": {"seed": 7}.')
        self.clear()
        self.draw = random.Random(given.get("seed", 0)).random  # noqa: S311 - no secret depends on it
        self.on = True

    def json(self) -> dict[str, Any]:
        """Return whether it is on, the calls refused by limit, and how many calls' events are not delivered yet."""
        return {"on": self.on, "throttled": dict(self.throttled), "late": self.late}

    def clear(self) -> None:
        """Be kind again."""
        self.on = False
        for each in (self.throttled, self._buckets, self._registering, self._registered, self._writes, self._reads):
            each.clear()

    def meets(self, caller: str) -> bool:
        """Return whether the caller, an ARN, meets the conditions."""
        return self.on and ":assumed-role/" in caller

    def refuse(self, call: Call, place: Place) -> Fault | None:
        """Count the call. Return the error of one that is above a limit, or one registration too many at a time."""
        limit = next((each for each in LIMITS if _any_matches(call.operation, each.calls)), None)
        if limit is not None:
            bucket = self._buckets.setdefault((place, limit.name), Bucket(limit, limit.burst, self.clock()))
            if not bucket.take(self.clock()):
                self.throttled[limit.name] = self.throttled.get(limit.name, 0) + 1
                error, status = THROTTLED.get(call.service, ("ThrottlingException", 400))
                return Fault(call.service, error=error, status=status, message="Rate exceeded")
        if call.name == "RegisterTaskDefinition" and (place, _family(call)) in self._registering:
            return Fault(call.service, error="ClientException", message=_CONCURRENT)
        at = self._registered.get((place, _revision(call))) if call.name in NOT_VISIBLE else None
        if at is not None and self.clock() - at < BEHIND["ecs"] * self.draw():
            return Fault(call.service, error="ClientException", message=NOT_VISIBLE[call.name])
        return None

    def begin(self, call: Call, place: Place) -> float:
        """Note that a call is under way, and return the seconds that it takes to reach the service."""
        if call.name == "RegisterTaskDefinition":
            self._registering.add((place, _family(call)))
        return LATENCY.get(call.service, 0.02) * (0.5 + self.draw())

    def end(self, call: Call, place: Place, response: Response) -> Response:
        """Note what a call did. A read that may be behind gives what the same read gave before the last writes."""
        if call.name == "RegisterTaskDefinition":
            self._registering.discard((place, _family(call)))
        if call.service not in BEHIND or not _any_matches(call.name, _READS):
            return response
        now, key = self.clock(), (place, call.operation, call.body)
        kept = self._reads.get(key)
        if kept is not None and self._may_be_behind(call.service, place, kept[0], now):
            return kept[1]
        if len(self._reads) >= _KEPT:
            self._reads.clear()
        self._reads[key] = (now, response)
        return response

    def wrote(self, call: Call, place: Place, body: bytes) -> None:
        """Note a write, of any caller, and the revision that its response names."""
        if not self.on or call.service not in BEHIND or _any_matches(call.name, _READS):
            return
        self._writes.setdefault((place, call.service), deque(maxlen=_KEPT)).append(self.clock())
        if call.name == "RegisterTaskDefinition":
            arn = str(_json(body).get("taskDefinition", {}).get("taskDefinitionArn", ""))
            self._registered[place, arn.rpartition("/")[2]] = self.clock()

    def lag(self) -> float:
        """Return the seconds after which the event of a call is delivered."""
        least, most = LAG
        return least + self.draw() * (most - least)

    def _may_be_behind(self, service: str, place: Place, read: float, now: float) -> bool:
        """Return whether all writes since that read are so recent that a reader may not see them."""
        writes = self._writes.get((place, service), ())
        first = next((at for at in writes if at >= read), None)
        return first is not None and now - first < BEHIND[service] * self.draw()


def _any_matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _family(call: Call) -> str:
    return str(call.json().get("family", ""))


def _revision(call: Call) -> str:
    return str(call.json().get("taskDefinition", "")).rpartition("/")[2]


def _json(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}
