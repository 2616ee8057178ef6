"""What the customer set to SUPPRESSED stays so, and is neither alerted nor corrected."""

import json

import pytest

from domain.remediation.attempt import AttemptState
from domain.standard import Mode
from operations.remediation.outcome import Outcome
from tests.operations.world import (
    ACCOUNT,
    APPROVE_ID,
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


def test_a_suppressed_finding_changes_without_an_alert(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.hub.silent.add(PINNED)
    published = world.transitions()
    world.sees(registered(world.register(definition())))
    assert world.hub.states()["family/web/sidecar.image-pinned"] == CLOSED
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.hub.states()["family/web/sidecar.image-pinned"] == OPEN
    assert world.transitions() == published


def test_what_is_suppressed_no_longer_is_published_again(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.hub.silent.add(PINNED)
    world.sees(registered(world.register(definition())))
    world.hub.silent.clear()
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.transitions() == [("opened", "sidecar.image-pinned"), ("reopened", "sidecar.image-pinned")]


def test_a_new_finding_is_published_without_reading_security_hub(world: World) -> None:
    world.hub.silent.add(PINNED)  # a finding that is not there yet cannot be
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.transitions() == [("opened", "sidecar.image-pinned")]


def test_a_suppressed_finding_is_not_corrected(world: World) -> None:
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    world.sees(registered(world.register(definition(collector=FLOATING))), inspector=inspector)
    (request,) = world.requests
    world.hub.silent.add(PINNED)
    outcome = world.remediator(REGISTER).remediate(json.dumps(request))
    assert outcome.state is AttemptState.NOTHING
    assert [revision.number for revision in world.revisions()] == [1]


# --- a plan that fixes something else as well -------------------------------------------------------------------------

TWO = {"image": FLOATING["image"], "essential": True}
ESSENTIAL = f"outrider/{PLACE}/family/web/sidecar.not-essential"


def plans(world: World) -> dict[str, str]:
    """The digest of the plan that each open finding shows, by Id."""
    return {
        id_: found["ProductFields"].get("outrider/plan", "")
        for id_, found in world.hub.findings.items()
        if found["RecordState"] == "ACTIVE"
    }


def is_swept(world: World) -> None:
    """The daily sweep, with everything that it has evaluated."""
    sweep = world.sweeping()
    sweep.list()
    waiting = world.aws.sqs.queue("changes").waiting
    bodies = [message.body for message in waiting]
    waiting.clear()
    world.sees(*bodies)
    sweep.certify()


def approved(world: World, digest: str, rule: str = "sidecar.not-essential") -> Outcome:
    body = {"kind": "apply", "account": ACCOUNT, "region": REGION, "family": "web", "rule": rule, "digest": digest}
    remediator = world.remediator("version: 1\n")
    return remediator.remediate(json.dumps(body | {"at": world.now().isoformat()}), f"{APPROVE_ID}:approve")


def test_a_finding_that_is_suppressed_after_the_plan_was_shown_is_left_out_of_it(world: World) -> None:
    world.sees(registered(world.register(definition(collector=TWO))))
    digest = plans(world)[ESSENTIAL]
    assert digest == plans(world)[PINNED]
    world.hub.customer_sets(PINNED, "SUPPRESSED")
    outcome = approved(world, digest)
    assert (outcome.state, outcome.guard) == (AttemptState.REGISTERED, None)
    collector = world.document("web:2")["containerDefinitions"][1]
    assert (collector["image"], collector["essential"]) == (FLOATING["image"], False)
    alert = world.alerts[-1]
    assert (alert["transition"], alert["rules"]) == ("registered", ["sidecar.not-essential"])
    assert alert["reasons"] == ["Left out, because the findings are SUPPRESSED: sidecar.image-pinned."]


def test_what_a_sweep_sees_as_suppressed_is_left_out_of_the_plan_that_is_shown(world: World) -> None:
    world.sees(registered(world.register(definition(collector=TWO))))
    whole = plans(world)[ESSENTIAL]
    world.hub.customer_sets(PINNED, "SUPPRESSED")
    is_swept(world)
    shown = plans(world)
    assert shown[PINNED] == ""
    assert shown[ESSENTIAL] not in {"", whole}
    details = world.hub.findings[ESSENTIAL]["Resources"][0]["Details"]["Other"]
    assert details["left out of the plan, because suppressed"] == "sidecar.image-pinned"
    assert approved(world, shown[ESSENTIAL]).state is AttemptState.REGISTERED
    assert world.document("web:2")["containerDefinitions"][1]["image"] == FLOATING["image"]


def test_a_sweep_also_sees_that_it_is_no_longer_suppressed(world: World) -> None:
    world.sees(registered(world.register(definition(collector=TWO))))
    whole = plans(world)[ESSENTIAL]
    for workflow in ("SUPPRESSED", "NEW"):
        world.hub.customer_sets(PINNED, workflow)
        is_swept(world)
    assert plans(world)[PINNED] == plans(world)[ESSENTIAL] == whole


def test_a_plan_of_which_everything_is_suppressed_is_refused(world: World) -> None:
    world.sees(registered(world.register(definition(collector=TWO))))
    digest = plans(world)[ESSENTIAL]
    for id_ in (PINNED, ESSENTIAL):
        world.hub.customer_sets(id_, "SUPPRESSED")
    assert approved(world, digest).guard == "suppressed"


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
    published = world.transitions()
    for _ in range(90):
        world.pass_(days=1)
        world.sees(swept())
    assert world.hub.workflow(PINNED) == "SUPPRESSED"
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.transitions() == published


@pytest.mark.parametrize("baseline", [False, True])
def test_a_suppression_outlives_the_finding_in_security_hub(world: World, *, baseline: bool) -> None:
    """Also where nothing was evaluated for months, and where it was closed by a baseline."""
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.hub.customer_sets(PINNED, "SUPPRESSED")
    right = registered(world.register(definition()))
    world.sees(own("family", family="web", revision=0, quiet=True) if baseline else right)
    published = world.transitions()
    world.pass_(days=60)
    assert world.hub.held(PINNED) is None
    inspector = world.inspector(Mode.REGISTER, REGISTER)
    world.sees(registered(world.register(definition(collector=FLOATING))), inspector=inspector)
    assert world.transitions() == published
    assert world.hub.workflow(PINNED) == "SUPPRESSED"
    request = world.requests[-1]
    assert world.remediator(REGISTER).remediate(json.dumps(request)).state is AttemptState.NOTHING


def test_a_suppression_that_a_person_takes_back_is_not_remembered(world: World) -> None:
    suppressed_and_closed(world)
    world.hub.customer_sets(PINNED, "NEW")
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.transitions()[-1] == ("reopened", "sidecar.image-pinned")
    world.sees(registered(world.register(definition())))
    world.pass_(days=60)
    world.sees(registered(world.register(definition(collector=FLOATING))))
    assert world.transitions()[-1] == ("reopened", "sidecar.image-pinned")


def test_nothing_is_lost_while_security_hub_is_disabled(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))
    world.hub.customer_sets(PINNED, "SUPPRESSED")
    world.sees(registered(world.register(definition())))
    world.hub.enabled = False
    [outcome] = world.look(registered(world.register(definition(collector=FLOATING, cpu="2048", memory="4096"))))
    assert outcome.failures
    world.look(registered(world.register(without_collector())))
    published = world.transitions()
    world.hub.clear()
    world.look(swept())
    assert world.hub.open() == {"family/web/sidecar.present"}
    assert world.transitions() == [*published, ("opened", "sidecar.present")]
    assert world.hub.workflow(PINNED) == "SUPPRESSED"
    world.sees(registered(world.register(definition(collector=FLOATING, cpu="2048", memory="4096"))))
    assert world.hub.workflow(PINNED) == "SUPPRESSED"
    assert ("reopened", "sidecar.image-pinned") not in world.transitions()
