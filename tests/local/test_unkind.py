"""The local cloud's conditions: limits, reads that are behind, registrations that are not visible yet."""

import json
from collections.abc import Iterator

import pytest

from local.bridge import Call
from local.unkind import BEHIND, LATENCY, LIMITS, NOT_VISIBLE, Unkind, UnusableConditions

PLACE = ("123456789012", "eu-west-1")
FUNCTION = "arn:aws:sts::123456789012:assumed-role/outrider-InspectRole/outrider-Inspect"
ROOT = "arn:aws:iam::123456789012:root"


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def unkind(clock: Clock) -> Unkind:
    made = Unkind(clock)
    made.set({"seed": 3})
    made.draw = lambda: 1.0
    return made


def call(operation: str, **request: object) -> Call:
    return Call(operation.partition(":")[0], operation, {}, json.dumps(request).encode(), "AKIA", "1")


def ok(**body: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, json.dumps(body).encode()


def refused(unkind: Unkind, operation: str, times: int) -> int:
    return sum(1 for _ in range(times) if unkind.refuse(call(operation), PLACE) is not None)


def test_only_callers_with_a_role_meet_it(unkind: Unkind) -> None:
    assert unkind.meets(FUNCTION)
    assert not unkind.meets(ROOT)
    unkind.clear()
    assert not unkind.meets(FUNCTION)


@pytest.mark.parametrize(
    ("operation", "bucket", "error"),
    [
        ("ecs:DescribeTaskDefinition", (50, 20), "ThrottlingException"),
        ("ecs:DescribeServices", (100, 20), "ThrottlingException"),
        ("ecs:RegisterTaskDefinition", (20, 1), "ThrottlingException"),
        ("iam:GetRole", (30, 15), "Throttling"),
        ("securityhub:GetFindings", (6, 3), "TooManyRequestsException"),
    ],
)
def test_a_burst_is_answered_and_the_rest_is_throttled(
    unkind: Unkind, clock: Clock, operation: str, bucket: tuple[int, int], error: str
) -> None:
    burst, rate = bucket
    assert refused(unkind, operation, burst) == 0
    fault = unkind.refuse(call(operation), PLACE)
    assert fault is not None
    assert (fault.error, fault.lets_pass) == (error, False)
    clock.now += 1
    assert refused(unkind, operation, rate + 1) == 1
    assert sum(unkind.json()["throttled"].values()) == 2


def test_each_region_has_limits_of_its_own(unkind: Unkind) -> None:
    assert refused(unkind, "securityhub:GetFindings", 7) == 1
    assert unkind.refuse(call("securityhub:GetFindings"), ("123456789012", "us-east-1")) is None


def test_two_registrations_of_one_family_at_a_time_exceed_the_limit(unkind: Unkind) -> None:
    first, other = call("ecs:RegisterTaskDefinition", family="web"), call("ecs:RegisterTaskDefinition", family="api")
    unkind.begin(first, PLACE)
    fault = unkind.refuse(first, PLACE)
    assert fault is not None
    assert (fault.error, "concurrent attempts" in fault.message) == ("ClientException", True)
    assert unkind.refuse(other, PLACE) is None
    unkind.end(first, PLACE, ok())
    assert unkind.refuse(first, PLACE) is None


@pytest.mark.parametrize("operation", sorted(NOT_VISIBLE))
def test_a_registered_revision_is_not_visible_at_once(unkind: Unkind, clock: Clock, operation: str) -> None:
    arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7"
    registered = call("ecs:RegisterTaskDefinition", family="web")
    unkind.wrote(registered, PLACE, ok(taskDefinition={"taskDefinitionArn": arn})[2])
    use = call(f"ecs:{operation}", taskDefinition=arn)
    fault = unkind.refuse(use, PLACE)
    assert fault is not None
    assert fault.message == NOT_VISIBLE[operation]
    clock.now += BEHIND["ecs"]
    assert unkind.refuse(use, PLACE) is None


def test_a_read_after_a_write_may_be_behind_for_a_while(unkind: Unkind, clock: Clock) -> None:
    read, write = call("ecs:DescribeServices", services=["web"]), call("ecs:UpdateService", service="web")
    assert unkind.end(read, PLACE, ok(at="before")) == ok(at="before")
    clock.now += 10
    unkind.wrote(write, PLACE, b"{}")
    clock.now += BEHIND["ecs"] / 2
    assert unkind.end(read, PLACE, ok(at="after")) == ok(at="before")
    clock.now += BEHIND["ecs"]
    assert unkind.end(read, PLACE, ok(at="after")) == ok(at="after")


def test_a_read_is_never_further_behind_than_the_window(unkind: Unkind, clock: Clock) -> None:
    """The first write is older than the window, so what was read before it is never shown again."""
    read, write = call("ecs:DescribeServices", services=["web"]), call("ecs:UpdateService", service="web")
    unkind.end(read, PLACE, ok(at="before both"))
    clock.now += 1
    unkind.wrote(write, PLACE, b"{}")
    clock.now += BEHIND["ecs"] + 1
    unkind.wrote(write, PLACE, b"{}")
    assert unkind.end(read, PLACE, ok(at="after both")) == ok(at="after both")


def test_what_is_consistent_is_never_behind(unkind: Unkind) -> None:
    read = call("dynamodb:GetItem", Key={"pk": "1"})
    unkind.end(read, PLACE, ok(at="before"))
    unkind.wrote(call("dynamodb:PutItem"), PLACE, b"{}")
    assert unkind.end(read, PLACE, ok(at="after")) == ok(at="after")


def test_latencies_differ_by_service_and_events_come_late(unkind: Unkind) -> None:
    draws: Iterator[float] = iter([0.0, 1.0, 0.0, 1.0])
    unkind.draw = lambda: next(draws)
    seconds = [unkind.begin(call("iam:GetRole"), PLACE) for _ in range(2)]
    assert seconds == pytest.approx([LATENCY["iam"] * 0.5, LATENCY["iam"] * 1.5])
    assert unkind.lag() < unkind.lag()


@pytest.mark.parametrize("given", [[], {"sed": 1}, {"seed": "x"}])
def test_conditions_that_cannot_be_set_are_refused(unkind: Unkind, given: object) -> None:
    with pytest.raises(UnusableConditions, match="seed"):
        unkind.set(given)


def test_every_limit_has_calls_and_a_rate() -> None:
    assert all(limit.calls and 0 < limit.rate <= limit.burst for limit in LIMITS)
