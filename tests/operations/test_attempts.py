"""What counts as a correction where a family is corrected at most so often."""

import json

import pytest

from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState
from tests.operations.world import ACCOUNT, FLOATING, PLACE, REGION, World, definition

REGISTER = "version: 1\nmode: register\nremediation: {settling_minutes: 0}\n"


def request(revision: int) -> str:
    body = {"kind": "correct", "account": ACCOUNT, "region": REGION, "family": "web", "revision": revision}
    return json.dumps(body | {"digest": "seen"})


def test_revisions_that_newer_ones_overtook_were_not_corrected_and_do_not_count(world: World) -> None:
    """A pipeline that registers thrice within the delay: the third revision is corrected."""
    for _ in range(3):
        world.register(definition(collector=FLOATING))
    remediator = world.remediator(REGISTER)
    states = [remediator.remediate(request(number)).state for number in (1, 2, 3)]
    assert states == [AttemptState.SUPERSEDED, AttemptState.SUPERSEDED, AttemptState.REGISTERED]


@pytest.mark.parametrize(
    ("state", "made"), [(AttemptState.STARTED, None), (AttemptState.REGISTERED, 9), (AttemptState.SUPERSEDED, 9)]
)
def test_what_was_or_may_have_been_registered_counts(world: World, state: AttemptState, made: int | None) -> None:
    for _ in range(3):
        world.register(definition(collector=FLOATING))
    for number in (1, 2):
        world.ledger.attempts.write(Attempt(Revision(PLACE, "web", number), "digest", state, world.now(), made))
    outcome = world.remediator(REGISTER).remediate(request(3))
    assert outcome.state is AttemptState.REFUSED
    assert outcome.guard == "attempts"
