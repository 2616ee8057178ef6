"""What the customer set to SUPPRESSED stays so, and is neither alerted nor corrected."""

import json

from domain.remediation.attempt import AttemptState
from domain.standard import Mode
from tests.operations.world import CLOSED, FLOATING, OPEN, PLACE, World, definition, registered

REGISTER = "version: 1\nmode: register\n"
PINNED = f"outrider/{PLACE}/family/web/sidecar.image-pinned"


def test_a_suppressed_finding_goes_on_without_a_word(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.hub.silent.add(PINNED)
    told = world.told()
    world.sees(registered(world.register(definition())))
    assert world.hub.states()["family/web/sidecar.image-pinned"] == CLOSED
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.hub.states()["family/web/sidecar.image-pinned"] == OPEN
    assert world.told() == told


def test_what_is_suppressed_no_longer_is_told_again(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.hub.silent.add(PINNED)
    world.sees(registered(world.register(definition())))
    world.hub.silent.clear()
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.told() == [("opened", "sidecar.image-pinned"), ("reopened", "sidecar.image-pinned")]


def test_a_new_finding_is_told_without_asking(world: World) -> None:
    world.hub.silent.add(PINNED)  # a finding that is not there yet cannot be
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.told() == [("opened", "sidecar.image-pinned")]


def test_a_suppressed_finding_is_not_corrected(world: World) -> None:
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    world.sees(registered(world.register(definition(collector=FLOATING))), inspector=inspector)
    (request,) = world.requests
    world.hub.silent.add(PINNED)
    outcome = world.remediator(REGISTER).remediate(json.dumps(request))
    assert outcome.state is AttemptState.NOTHING
    assert [revision.number for revision in world.revisions()] == [1]
