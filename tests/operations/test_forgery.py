"""Nobody makes Outrider take their revision for its own, or their name for another's."""

import json
from typing import Any

import pytest

from aws.calls import CallFailed
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.request import RequestUnreadable
from domain.subject import SubjectId
from domain.triggers.actor import Actor
from domain.triggers.reading import TriggerUnreadable
from tests.aws_fake.calls import Crash
from tests.aws_fake.definitions import OUR_SESSION, PIPELINE
from tests.operations.test_remediate import DRIFTED, REGISTER, request
from tests.operations.world import (
    ACCOUNT,
    APPROVE_ID,
    FLOATING,
    IMAGE,
    INSPECT_ID,
    PLACE,
    REGION,
    World,
    definition,
    of_rule,
)

FAMILY = SubjectId.parse(f"{PLACE}/family/web")
EVIL = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/evil:1"


def attempt(world: World) -> Attempt:
    [found] = world.ledger.history(FAMILY).attempts
    return found


# --- revisions --------------------------------------------------------------------------------------------------------


def forge(world: World, by: str, **members: Any) -> None:
    """Register a revision with the tags that Outrider's would have, as another principal."""
    digest = attempt(world).digest
    ours = [{"key": "outrider:plan", "value": digest}, {"key": "outrider:source", "value": "1"}]
    found = definition(collector={"image": IMAGE})
    world.register(found | members | {"tags": [*found["tags"], *ours]})
    world.aws.definitions.families["web"][-1]["registeredBy"] = by


def lost(world: World, *, took_effect: bool = False) -> None:
    """A correction begins, and the function ends at the call that registers: nobody knows whether it took effect."""

    def crashing(operation: str, given: Any, act: Any) -> Any:
        del given
        if operation != "RegisterTaskDefinition":
            return act()
        if took_effect:
            act()
        raise Crash

    world.register(DRIFTED)
    world.line.around = crashing
    with pytest.raises(Crash):
        world.remediator(REGISTER).remediate(request())
    world.line.around = None
    world.pass_(minutes=3)  # what ECS registered would be shown by now


@pytest.mark.parametrize("by", [PIPELINE, f"arn:aws:sts::{ACCOUNT}:assumed-role/outrider/remediate", "", "x"])
def test_a_revision_with_outriders_tags_and_content_by_another_is_not_outriders(world: World, by: str) -> None:
    lost(world)
    forge(world, by)
    assert world.remediator(REGISTER).remediate(request()).state is AttemptState.SUPERSEDED
    assert attempt(world).registered is None


def test_a_revision_with_another_content_is_not_outriders_no_matter_who_registered_it(world: World) -> None:
    lost(world)
    containers = definition(collector={"image": IMAGE})["containerDefinitions"]
    forge(world, OUR_SESSION, containerDefinitions=[containers[0] | {"image": EVIL}, containers[1]])
    assert world.remediator(REGISTER).remediate(request()).state is AttemptState.SUPERSEDED
    assert attempt(world).registered is None


@pytest.mark.parametrize("place", ["environment", "secrets", "command", "taskRoleArn"])
def test_every_part_of_a_definition_is_compared(world: World, place: str) -> None:
    lost(world)
    found = definition(collector={"image": IMAGE})
    match place:
        case "environment":
            found["containerDefinitions"][0]["environment"][0]["value"] = "theirs"
        case "secrets":
            found["containerDefinitions"][0]["secrets"] = [{"name": "A", "valueFrom": "/theirs"}]
        case "command":
            found["containerDefinitions"][0]["command"] = ["theirs"]
        case _:
            found["taskRoleArn"] = f"arn:aws:iam::{ACCOUNT}:role/admin"
    forge(world, OUR_SESSION, **found)
    assert world.remediator(REGISTER).remediate(request()).state is AttemptState.SUPERSEDED


def test_a_revision_whose_answer_was_lost_is_outriders_by_content_and_role(world: World) -> None:
    lost(world, took_effect=True)
    found = world.aws.definitions
    arn = found.families["web"][-1]["taskDefinitionArn"]  # Outrider's tags prove nothing, and need not be there
    found.tags[arn] = [tag for tag in found.tags[arn] if not tag["key"].startswith("outrider:")]
    assert world.remediator(REGISTER).remediate(request()).state is AttemptState.REGISTERED
    assert attempt(world).registered == 2
    assert len(world.revisions()) == 2


def test_the_fingerprint_shows_no_value_and_is_not_that_of_another_source(world: World) -> None:
    world.register(DRIFTED)
    world.register(DRIFTED | {"family": "api"})
    for family in ("web", "api"):
        world.remediator(REGISTER).remediate(request(family))
    fingerprints = {
        found.content for family in ("web", "api") for found in world.ledger.history(_family(family)).attempts
    }
    assert len(fingerprints) == 2
    assert all(len(each) == 32 for each in fingerprints)


def _family(name: str) -> SubjectId:
    return SubjectId.parse(f"{PLACE}/family/{name}")


# --- senders ----------------------------------------------------------------------------------------------------------


def release(world: World, sender: str, caller: str = "") -> str:
    """Who is named in the quarantine that an undo of this sender causes."""
    world.register(definition(collector=FLOATING))
    remediator = world.remediator(REGISTER)
    remediator.remediate(request(), f"{INSPECT_ID}:inspect")
    body = {"kind": "undo", "account": ACCOUNT, "region": REGION, "family": "web", "caller": caller}
    remediator.remediate(json.dumps(body), sender)
    return attempt(world).undone_by


def role_id(world: World, name: str = "web-task") -> str:
    return str(world.client("iam").get_role(RoleName=name)["Role"]["RoleId"])


def session(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:sts::{account}:assumed-role/web-task/{name}"


def test_a_person_is_named_by_the_arn_that_iam_confirms_for_the_sender(world: World) -> None:
    assert release(world, f"{role_id(world)}:jo", session("jo")) == session("jo")


def test_a_user_is_named_by_the_arn_that_iam_confirms_for_the_sender(world: World) -> None:
    world.aws.region().iam.users["jo"] = "AIDAJO"
    user = f"arn:aws:iam::{ACCOUNT}:user/people/jo"
    assert release(world, "AIDAJO", user) == user


@pytest.mark.parametrize(
    "caller",
    [
        session("ann"),  # another session of the same role
        session("jo", "999999999999"),
        f"arn:aws:sts::{ACCOUNT}:assumed-role/web-execution/jo",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/no-such-role/jo",
        f"arn:aws:iam::{ACCOUNT}:user/jo",
        f"arn:aws:iam::{ACCOUNT}:root",
        "jo",
        "",
    ],
)
def test_who_states_another_name_is_named_by_the_id_that_sqs_recorded(world: World, caller: str) -> None:
    sender = f"{role_id(world)}:jo"
    assert release(world, sender, caller) == sender


def test_a_request_that_says_who_approved_it_is_refused(world: World) -> None:
    body = {"kind": "apply", "account": ACCOUNT, "region": REGION, "family": "web", "digest": "0" * 16}
    body |= {"at": "2026-11-23T12:00:00Z", "by": session("ann")}
    with pytest.raises(RequestUnreadable):
        world.remediator(REGISTER).remediate(json.dumps(body), "AROAEVIL:eve")


def test_an_approval_without_a_digest_is_refused(world: World) -> None:
    body = {"kind": "apply", "account": ACCOUNT, "region": REGION, "family": "web", "at": "2026-11-23T12:00:00Z"}
    with pytest.raises(RequestUnreadable):
        world.remediator(REGISTER).remediate(json.dumps(body), f"{APPROVE_ID}:approve")


def test_an_approval_of_no_plan_carries_out_none(world: World) -> None:
    """A finding that shows no plan was approved on: people are answered, and nothing is registered."""
    world.register(DRIFTED)
    body = {"kind": "apply", "account": ACCOUNT, "region": REGION, "family": "web", "at": "2026-11-23T12:00:00Z"}
    world.remediator(REGISTER).remediate(json.dumps(body | {"digest": ""}), f"{APPROVE_ID}:approve")
    assert len(world.revisions()) == 1
    assert [each["transition"] for each in world.alerts] == ["refused"]


@pytest.mark.parametrize(
    ("sender", "believed"), [(f"{INSPECT_ID}:inspect", True), ("AROAEVIL:eve", False), ("", False)]
)
def test_who_registered_a_revision_is_known_from_inspect_alone(world: World, sender: str, believed: bool) -> None:  # noqa: FBT001 - a case
    world.register(DRIFTED)
    named = {"arn": session("ann"), "agent": "Terraform/1.9"}
    world.remediator(REGISTER).remediate(json.dumps(json.loads(request()) | named), sender)
    assert attempt(world).actor == (Actor(session("ann"), "Terraform/1.9") if believed else Actor(PIPELINE))


def test_iam_that_does_not_answer_leaves_the_request_for_later(world: World) -> None:
    sender = f"{role_id(world)}:jo"
    world.register(DRIFTED)
    body = {"kind": "release", "account": ACCOUNT, "region": REGION, "family": "web", "caller": session("jo")}
    world.fail("GetRole", "ThrottlingException", times=1)
    with pytest.raises(CallFailed):
        world.remediator(REGISTER).remediate(json.dumps(body), sender)


def test_an_approval_of_another_account_than_its_event_requests_nothing(world: World) -> None:
    finding = "outrider/999999999999/eu-west-1/family/web/sidecar.image-pinned"
    with pytest.raises(TriggerUnreadable):
        world.approver().approve(of_rule("approval", finding=finding, plan="0" * 16))
    assert world.requests == []
