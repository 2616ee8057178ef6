"""Many changes of one thing, and many registrations of one family, lead to few messages; none is left out."""

import json

from tests.operations.world import (
    BROKEN,
    CONFIG,
    PARAMETER,
    World,
    definition,
    parameter_changed,
    registered,
    service_changed,
)

PARAMETER_FINDING = "config.well-formed"


def writes(world: World, text: str) -> str:
    world.client("ssm").put_parameter(Name=PARAMETER, Value=text, Type="String", Overwrite=True)
    return parameter_changed()


def delayed(world: World) -> list[str]:
    """The messages to the queue of changes since this was asked last."""
    sent = [json.dumps(body) for body in world.sent_back]
    world.sent_back.clear()
    return sent


def test_changes_of_a_parameter_beyond_a_few_in_a_minute_are_evaluated_together(world: World) -> None:
    world.sees(registered(world.register()))
    for _ in range(5):
        world.sees(writes(world, CONFIG))
    before = len(world.subjects)
    for _ in range(20):
        world.sees(writes(world, CONFIG))
    world.sees(writes(world, BROKEN))
    assert (len(world.subjects), world.alerts) == (before, []), "they wait"
    (together,) = delayed(world)
    assert 0 < world.delays[-1] <= 60
    world.pass_(minutes=1)
    world.sees(together)
    (alert,) = world.alerts
    assert (alert["transition"], alert["rule"]) == ("opened", PARAMETER_FINDING)
    assert (alert["actor"], alert["tool"]) == ("", ""), "different people may have made the changes"


def test_a_change_after_a_minute_is_evaluated_at_once(world: World) -> None:
    world.sees(registered(world.register()))
    for _ in range(7):
        world.sees(writes(world, CONFIG))
    world.pass_(minutes=2)
    world.sees(writes(world, BROKEN))
    assert world.transitions() == [("opened", PARAMETER_FINDING)]


def test_changes_of_different_parameters_are_not_taken_together(world: World) -> None:
    world.sees(registered(world.register()))
    for number in range(9):
        world.sees(parameter_changed(f"/another/{number}"))
    world.sees(writes(world, BROKEN))
    assert world.transitions() == [("opened", PARAMETER_FINDING)]


def test_what_cannot_be_recorded_or_sent_is_retried_and_not_lost(world: World) -> None:
    world.sees(registered(world.register()))
    for _ in range(5):
        world.sees(writes(world, CONFIG))
    message = writes(world, BROKEN)
    world.fail("SendMessage", "ServiceUnavailable", times=1)
    assert [each.failures for each in world.look(message)] != [[]]
    world.sees(message)
    world.pass_(minutes=1)
    world.sees(*delayed(world)[-1:])
    assert world.transitions() == [("opened", PARAMETER_FINDING)]


def test_many_registrations_have_a_service_evaluated_once_more_and_after_the_last(world: World) -> None:
    arn = world.run(world.register())
    world.sees(service_changed(arn, "CreateService"))
    world.pass_(hours=1)
    delayed(world)
    for cpu in ("512", "1024", "2048"):
        world.sees(registered(world.register(definition(cpu=cpu, memory="4096"))))
        world.pass_(seconds=20)
    (first,) = delayed(world)
    wait = world.delays[-1]
    world.pass_(seconds=wait - 60)
    world.sees(first)
    (second,) = delayed(world)
    assert 30 < world.delays[-1] <= 60, "the last registration was that much later than the first"
    world.pass_(seconds=world.delays[-1])
    world.sees(second)
    assert delayed(world) == []


def test_what_messages_of_a_batch_lead_to_alike_is_sent_once(world: World) -> None:
    message = registered(world.register())
    before = len(world.subjects)
    outcomes = world.inspector().dispatcher.dispatch({"one": message, "two": message})
    assert len(outcomes) == 2
    assert len(world.subjects) == before + 1
