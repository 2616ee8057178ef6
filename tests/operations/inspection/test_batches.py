"""A batch: its subjects are evaluated side by side, and what there is no time for is handed back."""

from collections.abc import Callable
from dataclasses import replace
from threading import Barrier

import pytest

from operations.inspection.inspector import Done, Failed, SentBack
from tests.operations.delivery import Inspection, deliver
from tests.operations.world import FLOATING, Json, World, definition, registered

FAMILIES = tuple(f"web-{number}" for number in range(4))


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
