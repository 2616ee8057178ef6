"""What the customer set to SUPPRESSED stays so, and is neither alerted nor corrected."""

import json

import pytest

from domain.remediation.attempt import AttemptState
from domain.standard import Mode
from tests.operations.world import (
    ACCOUNT,
    CLOSED,
    FLOATING,
    OPEN,
    PLACE,
    REGION,
    World,
    definition,
    own,
    registered,
    without_collector,
)

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


# --- what Security Hub forgets ----------------------------------------------------------------------------------------


def swept() -> str:
    """A message of a sweep."""
    return f'{{"kind": "family", "account": "{ACCOUNT}", "region": "{REGION}", "family": "web", "revision": 0}}'


def suppressed_and_closed(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.hub.customer_sets(PINNED, "SUPPRESSED")
    world.sees(registered(world.register(definition())))


def test_a_suppressed_finding_that_opens_again_after_months_is_still_suppressed(world: World) -> None:
    suppressed_and_closed(world)
    told = world.told()
    for _ in range(90):
        world.pass_(days=1)
        world.sees(swept())
    assert world.hub.workflow(PINNED) == "SUPPRESSED"
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.told() == told


@pytest.mark.parametrize("baseline", [False, True])
def test_a_suppression_outlives_the_finding_in_security_hub(world: World, *, baseline: bool) -> None:
    """Also where nothing was evaluated for months, and where it was closed by a baseline."""
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.hub.customer_sets(PINNED, "SUPPRESSED")
    right = registered(world.register(definition()))
    world.sees(own("family", family="web", revision=0, quiet=True) if baseline else right)
    told = world.told()
    world.pass_(days=60)
    assert world.hub.held(PINNED) is None
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    world.sees(registered(world.register(definition(collector=FLOATING))), inspector=inspector)
    assert world.told() == told
    assert world.hub.workflow(PINNED) == "SUPPRESSED"
    request = world.requests[-1]
    assert world.remediator(REGISTER).remediate(json.dumps(request)).state is AttemptState.NOTHING


def test_a_suppression_that_a_person_takes_back_is_not_remembered(world: World) -> None:
    suppressed_and_closed(world)
    world.hub.customer_sets(PINNED, "NEW")
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.told()[-1] == ("reopened", "sidecar.image-pinned")
    world.sees(registered(world.register(definition())))
    world.pass_(days=60)
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.told()[-1] == ("reopened", "sidecar.image-pinned")


def test_nothing_is_lost_while_security_hub_is_disabled(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.hub.customer_sets(PINNED, "SUPPRESSED")
    world.sees(registered(world.register(definition())))
    world.hub.enabled = False
    [outcome] = world.look(registered(world.register(definition(collector=FLOATING, cpu="2048", memory="4096"))))
    assert outcome.failures
    world.look(registered(world.register(without_collector())))
    told = world.told()
    world.hub.clear()
    world.look(swept())
    assert world.hub.open() == {"family/web/sidecar.present"}
    assert world.told() == [*told, ("opened", "sidecar.present")]
    assert world.hub.workflow(PINNED) == "SUPPRESSED"
    world.sees(registered(world.register(definition(collector=FLOATING, cpu="2048", memory="4096"))))
    assert world.hub.workflow(PINNED) == "SUPPRESSED"
    assert ("reopened", "sidecar.image-pinned") not in world.told()
