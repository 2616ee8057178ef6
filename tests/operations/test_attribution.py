"""Who is named is the same, whether the event or another evaluation finds a new revision first."""

import json

from tests.aws_fake.definitions import OUR_SESSION, PIPELINE
from tests.operations.world import FLOATING, PLACE, World, definition, registered

AGAIN = json.dumps({"kind": "family", "account": PLACE.account, "region": PLACE.region, "family": "web", "revision": 0})
"""As remediate asks for when a correction ends."""


def named(world: World) -> set[str]:
    """Who is named by the alerts about drifts that the definition itself holds."""
    return {each["actor"] for each in world.alerts if each["rule"] == "sidecar.image-pinned" and each["drifts"]}


def test_an_evaluation_that_is_faster_than_the_event_names_who_registered_the_revision(world: World) -> None:
    world.sees(registered(world.register(), identity={"arn": PIPELINE}))
    arn = world.register(definition(collector=FLOATING))
    world.sees(AGAIN)
    [actor] = named(world)
    assert PIPELINE.endswith(actor)
    world.sees(registered(arn, identity={"arn": PIPELINE}))
    assert named(world) == {actor}, "the event comes later and changes nothing"


def test_the_event_names_the_same(world: World) -> None:
    world.sees(registered(world.register(), identity={"arn": PIPELINE}))
    world.sees(registered(world.register(definition(collector=FLOATING)), identity={"arn": PIPELINE}))
    [actor] = named(world)
    assert PIPELINE.endswith(actor)


def test_outriders_own_revision_is_outriders(world: World) -> None:
    world.sees(registered(world.register(), identity={"arn": PIPELINE}))
    world.register(definition(collector=FLOATING) | {"tags": [{"key": "outrider:plan", "value": "x"}]})
    world.sees(AGAIN)
    assert named(world) == {"Outrider"}
    assert OUR_SESSION


def test_a_revision_whose_event_is_lost_names_nobody_for_what_a_standard_or_a_role_may_have_caused(
    world: World,
) -> None:
    world.sees(registered(world.register(), identity={"arn": PIPELINE}))
    world.register(definition(collector=FLOATING))
    world.pass_(hours=2)
    world.sees(AGAIN)
    assert named(world) == {""}
