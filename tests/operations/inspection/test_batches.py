"""A batch: its subjects are evaluated side by side, and what there is no time for is handed back."""

from collections.abc import Callable
from dataclasses import replace
from threading import Barrier

import pytest

from aws.sessions import Rates, Sessions
from operations.inspection.inspector import Done, Failed, SentBack
from tests.operations.delivery import Inspection, deliver
from tests.operations.world import (
    EXECUTION,
    FLOATING,
    TASK,
    Json,
    World,
    definition,
    policy,
    registered,
    role_arn,
    trusting,
)

FAMILIES = tuple(f"web-{number}" for number in range(4))
OF_IAM = ("GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies")


def dispatched(world: World, inspection: Inspection) -> None:
    """Messages for families that drift wait on the queue of subjects."""
    bodies = [registered(world.register(definition(family, collector=FLOATING))) for family in FAMILIES]
    inspection.dispatcher.dispatch({f"change-{number}": body for number, body in enumerate(bodies)})


def taken(inspection: Inspection, seconds_left: Callable[[], float]) -> list[Done | Failed | SentBack]:
    """Have inspect take all that is on its queue, as one batch."""
    found = list[Done | Failed | SentBack]()

    def take(batch: dict[str, str]) -> list[str]:
        found.extend(inspection.inspector.inspect(batch, seconds_left))
        return [message for each in found if isinstance(each, Failed) for message in each.messages]

    messages = inspection.queue.receivable(inspection.sqs.clock.now())
    deliver(inspection.sqs, inspection.queue, messages, lambda batch: take(dict(batch)))
    return found


def test_subjects_of_a_batch_wait_for_aws_side_by_side(world: World) -> None:
    inspection = world.inspector()
    inspection = replace(inspection, inspector=replace(inspection.inspector, at_once=4))
    dispatched(world, inspection)
    all_four = Barrier(4, timeout=30)  # passed only where four calls wait at the same time

    def around(operation: str, _: Json, answer: Callable[[], Json]) -> Json:
        if operation == "DescribeTaskDefinition":
            all_four.wait()
        return answer()

    world.line.around = around
    assert [type(each) for each in taken(inspection, lambda: 60.0)] == [Done] * 4
    assert {family: world.open(family) for family in FAMILIES} == {
        family: {"sidecar.image-pinned"} for family in FAMILIES
    }
    # What several need is still read once.
    assert (world.calls["GetParameters"], world.calls["GetRole"]) == (1, 2)


def test_what_there_is_no_time_for_is_sent_again_and_has_not_failed(world: World) -> None:
    inspection = world.inspector()
    dispatched(world, inspection)
    left = iter([30.0, 10.0, 10.0])
    found = taken(inspection, lambda: next(left))
    assert [type(each) for each in found].count(SentBack) == 2
    assert {family for family in FAMILIES if world.open(family)} == {"web-0", "web-1"}
    waiting = {(each.group or "").rpartition("/")[2]: each for each in inspection.queue.waiting}
    assert waiting.keys() & set(FAMILIES) == {"web-2", "web-3"}
    assert all(message.received == 0 for message in waiting.values())  # so that they are no nearer to the DLQ
    assert {type(each) for each in taken(inspection, lambda: 60.0)} == {Done}
    assert all(world.open(family) for family in FAMILIES)


def test_a_batch_makes_progress_however_little_time_is_left(world: World) -> None:
    inspection = world.inspector()
    dispatched(world, inspection)
    while inspection.queue.waiting:
        assert [type(each) for each in taken(inspection, lambda: 0.0)].count(Done) == 1
    assert all(world.open(family) for family in FAMILIES)


def with_own_roles(world: World, inspection: Inspection) -> None:
    """Messages for families that drift, each with roles of its own."""
    iam, bodies = world.client("iam"), list[str]()
    for family in FAMILIES:
        for kind, calls in (("execution", EXECUTION), ("task", TASK)):
            name = f"{family}-{kind}"
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
            iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=policy(*calls))
        roles = {f"{kind}RoleArn": role_arn(f"{family}-{kind}") for kind in ("execution", "task")}
        bodies.append(registered(world.register(definition(family, collector=FLOATING, **roles))))
    inspection.dispatcher.dispatch({f"change-{number}": body for number, body in enumerate(bodies)})


def paced(world: World) -> Inspection:
    world.fail("GetAccountAuthorizationDetails")  # so each role is read by itself
    world.sessions = Sessions(rates=Rates(iam=1e6))
    inspection = world.inspector()
    return replace(inspection, inspector=replace(inspection.inspector, at_once=4))


def test_what_still_waits_for_calls_when_time_runs_short_is_sent_again(world: World) -> None:
    """All were begun, and the pace of IAM would keep them longer than the function lives."""
    inspection = paced(world)
    with_own_roles(world, inspection)

    def seconds_left() -> float:
        return 60 - 2.0 * sum(world.calls[call] for call in OF_IAM)

    found = taken(inspection, seconds_left)
    assert {type(each) for each in found} == {Done, SentBack}
    while inspection.queue.waiting:
        world.calls.clear()
        assert {type(each) for each in taken(inspection, seconds_left)} <= {Done, SentBack}
    assert all(world.open(family) for family in FAMILIES)


def test_a_batch_that_makes_no_progress_fails_instead_of_going_round(world: World) -> None:
    inspection = paced(world)
    with_own_roles(world, inspection)
    [failed] = [each for each in taken(inspection, lambda: 9.0) if isinstance(each, Failed)]
    assert "IamCallsPerSecond" in failed.reason


def test_what_cannot_be_sent_again_is_left_to_the_queue(world: World) -> None:
    inspection = world.inspector()
    dispatched(world, inspection)
    world.fail("SendMessageBatch")
    found = taken(inspection, lambda: 0.0)
    assert [each.reason.partition(" failed")[0] for each in found if isinstance(each, Failed)] == [
        "sqs:SendMessage on subjects.fifo"
    ] * 4
    world.troubles.clear()
    assert {type(each) for each in taken(inspection, lambda: 60.0)} == {Done}


@pytest.mark.parametrize("at_once", [1, 3])
def test_however_many_are_evaluated_at_once_the_outcome_is_the_same(world: World, at_once: int) -> None:
    inspection = world.inspector()
    inspection = replace(inspection, inspector=replace(inspection.inspector, at_once=at_once))
    dispatched(world, inspection)
    while inspection.queue.waiting:
        taken(inspection, lambda: 60.0)
    assert sorted(alert["name"] for alert in world.alerts) == sorted(FAMILIES)
