"""Approved plans of families, and requests to undo and release."""

import json
from typing import Any

import pytest

from domain.remediation.attempt import Answer, AttemptState
from domain.remediation.guard import Guard
from domain.remediation.reason import Code
from domain.remediation.request import read_request
from domain.remediation.rollout import Stage
from domain.standard import Mode
from tests.aws_fake.services import BREAKER, Services
from tests.operations.approving import FAMILY, asked, take
from tests.operations.rolling import (
    DEPLOY,
    DRIFTED,
    REPORT,
    attempt,
    deployed,
    inspector,
    known,
    proposed_digest,
    published,
    request,
    resume_attempt,
    runs,
    settle,
    stages,
    switch,
)
from tests.operations.saying import said
from tests.operations.world import ACCOUNT, FLOATING, PLACE, World, definition, of_rule, registered, service_changed

RULE = "sidecar.image-pinned"


def role_id(world: World) -> str:
    return str(world.client("iam").get_role(RoleName="web-task")["Role"]["RoleId"])


def answer(world: World, body: str) -> Answer:
    return world.ledger.history(FAMILY).answers[read_request(body).deduplication]


def test_a_person_may_approve_an_update_that_may_stop_all_tasks(world: World) -> None:
    """Else it is skipped: tests/operations/test_guards.py."""
    world.services.at_once = False
    known(world, "shop/web", world.register(DRIFTED), deploymentConfiguration=BREAKER | {"minimumHealthyPercent": 0})
    outcome = take(world, asked(world, digest=proposed_digest(world)))
    assert stages(outcome) == {"shop/web": Stage.DEPLOYING}


def ids(world: World, *transitions: str) -> list[str]:
    return [alert["id"] for alert in world.alerts if alert["transition"] in transitions]


# --- approvals --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fleet")
def test_the_answer_of_an_approval_names_the_attempt_that_carries_it_out(world: World) -> None:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/web-task/jo"
    body = asked(world, digest=proposed_digest(world), caller=arn)
    take(world, body, sender=f"{role_id(world)}:jo")
    found = answer(world, body)
    assert (found.state, found.attempt) == (AttemptState.ROLLING, "1")
    assert attempt(world, found.attempt).approved_by == arn
    assert world.alerts[-1]["approved_by"] == "web-task/jo"


@pytest.mark.usefixtures("fleet")
def test_a_second_person_who_approves_the_same_plan_joins_the_first(world: World) -> None:
    digest = proposed_digest(world)
    take(world, asked(world, digest=digest), sender="AROAADMIN:jo")
    second = asked(world, digest=digest)
    assert take(world, second, sender="AROAADMIN:sam").state is AttemptState.ROLLING
    assert (answer(world, second).attempt, attempt(world).approved_by) == ("1", "AROAADMIN:jo")
    assert (len(world.revisions()), published(world)) == (2, ["registered"])


def test_a_second_approval_after_the_end_is_answered_that_it_is_done(world: World, fleet: Services) -> None:
    digest = proposed_digest(world)
    take(world, asked(world, digest=digest))
    fleet.complete("shop/web")
    resume_attempt(world)
    world.pass_(minutes=6)
    resume_attempt(world)
    assert take(world, asked(world, digest=digest)).state is AttemptState.DEPLOYED
    assert (len(world.revisions()), published(world)) == (2, ["registered", "deployed"])


@pytest.mark.usefixtures("fleet")
def test_a_refusal_is_published_once_however_often_its_message_comes(world: World) -> None:
    proposed_digest(world)
    body = asked(world, digest="0" * 16)
    for _ in range(3):
        outcome = take(world, body)
        assert (outcome.state, outcome.guard) == (AttemptState.REFUSED, "approval")
        assert outcome.reasons[0].code is Code.PLAN_CHANGED
        world.register(definition(cpu="2048", memory="4096"))  # what is there now does not change what was answered
    assert published(world) == ["refused"]


@pytest.mark.usefixtures("fleet")
def test_who_approves_a_finding_that_shows_no_plan_is_notified(world: World) -> None:
    """By the custom action, on a finding that is closed."""
    on = of_rule("approval", event="Apply Outrider plan", finding=f"outrider/{PLACE}/family/web/{RULE}", plan=None)
    world.sees(registered(f"{PLACE.arn('ecs', 'task-definition/web:1')}"), inspector=inspector(world, REPORT))
    world.sees(registered(world.register()), inspector=inspector(world, REPORT))
    world.approver().approve(on)
    outcome = take(world, json.dumps(world.requests[-1]))
    assert (outcome.state, outcome.guard, outcome.reasons[0].code) == (AttemptState.REFUSED, "approval", Code.NO_PLAN)
    assert published(world)[-1] == "refused"


@pytest.mark.usefixtures("fleet")
def test_a_refusal_that_could_not_be_published_is_published_by_the_next_delivery(world: World) -> None:
    proposed_digest(world)
    body = asked(world, digest="0" * 16)
    world.fail("Publish", "InternalError", times=1)
    with pytest.raises(Exception, match="sns:Publish"):
        take(world, body)
    take(world, body)
    take(world, body)
    assert published(world) == ["refused"]


@pytest.mark.usefixtures("fleet")
def test_what_prevented_an_approved_plan_may_be_removed_and_the_plan_approved_again(world: World) -> None:
    digest = proposed_digest(world)
    world.hub.silent = set(world.hub.findings)
    for _ in range(2):
        assert take(world, asked(world, digest=digest)).guard == "suppressed"
        world.pass_(minutes=1)
    assert len(set(ids(world, "refused"))) == 2, "each is published"
    world.hub.silent = set()
    assert take(world, asked(world, digest=digest)).state is AttemptState.ROLLING


@pytest.mark.usefixtures("fleet")
def test_a_refused_approval_leaves_what_waits_of_its_own_accord(world: World) -> None:
    digest = proposed_digest(world)
    switch(world, "off")
    take(world, request(), DEPLOY)
    world.hub.silent = set(world.hub.findings)
    assert take(world, asked(world, digest=digest)).guard == "suppressed"
    assert (attempt(world).state, attempt(world).approved) == (AttemptState.WAITING, False)


@pytest.mark.usefixtures("fleet")
def test_an_approval_has_priority_over_a_correction_that_waits(world: World) -> None:
    digest = proposed_digest(world)
    switch(world, "off")
    assert take(world, request(), DEPLOY).guard == "kill switch"
    switch(world, "on")
    assert take(world, asked(world, digest=digest), DEPLOY).state is AttemptState.ROLLING
    assert attempt(world).approved


@pytest.mark.usefixtures("fleet")
def test_an_approval_waits_for_the_kill_switch_and_says_so(world: World) -> None:
    digest = proposed_digest(world)
    switch(world, "off")
    body = asked(world, digest=digest)
    assert take(world, body).guard == "kill switch"
    assert (answer(world, body).state, answer(world, body).attempt) == (AttemptState.WAITING, "1")
    assert take(world, body).state is AttemptState.WAITING
    switch(world, "on")
    world.pass_(minutes=16)
    assert stages(resume_attempt(world, REPORT)) == {"shop/web": Stage.DEPLOYING}


@pytest.mark.usefixtures("fleet")
def test_a_finding_whose_rule_the_plan_does_not_correct_is_refused_by_its_name(world: World) -> None:
    digest = proposed_digest(world)
    outcome = take(world, asked(world, digest=digest, rule="identity.trust"))
    assert said(outcome) == ("The plan does not correct identity.trust.",)


def clicked(world: World, finding: dict[str, Any]) -> str:
    """What the event rule makes of the custom action on a finding as a person saw it."""
    seen = {"finding": finding["Id"], "plan": finding["ProductFields"]["outrider/plan"]}
    return of_rule("approval", time=world.now().isoformat(), **seen)


def test_the_custom_action_is_bound_to_the_plan_that_the_finding_showed(world: World) -> None:
    """The other rule's exemption makes another plan, and changes nothing else about this finding."""
    world.services.at_once = False
    arn = world.register(definition(collector=FLOATING | {"essential": True}))
    world.sees(registered(arn), inspector=inspector(world, REPORT))
    id_ = f"outrider/{PLACE}/family/web/{RULE}"
    before = world.hub.findings[id_]
    exempt = REPORT + "exemptions:\n  - {rules: sidecar.not-essential, where: {family: web}, reason: it has to be}\n"
    judging = inspector(world, exempt)
    world.sees(registered(arn), inspector=judging)
    after = world.hub.findings[id_]
    assert before["ProductFields"]["outrider/plan"] != after["ProductFields"]["outrider/plan"]
    world.approver().approve(clicked(world, before))
    outcome = take(world, json.dumps(world.requests[-1]), exempt)
    assert (outcome.guard, outcome.reasons[0].code) == (Guard.APPROVAL, Code.PLAN_CHANGED)
    world.approver().approve(clicked(world, after))
    assert take(world, json.dumps(world.requests[-1]), exempt).state is AttemptState.REGISTERED
    [update] = [
        alert for alert in world.alerts if alert["transition"] in {"opened", "raised"} and alert["rule"] == RULE
    ]
    assert update["transition"] == "opened", "another plan alone is not published"


def test_a_refused_approval_does_not_hide_what_failed_before(world: World, fleet: Services) -> None:
    take(world, request(), DEPLOY)
    settle(world, fleet, dead="adot-collector")
    resume_attempt(world)
    fleet.complete("shop/web")
    assert resume_attempt(world).state is AttemptState.FAILED
    digest = proposed_digest(world)
    assert take(world, asked(world, digest=digest)).guard == "quarantine"
    assert (attempt(world).state, attempt(world).registered) == (AttemptState.FAILED, 2)


# --- undo and release -------------------------------------------------------------------------------------------------


def test_an_undo_that_is_retried_undoes_nothing_else(world: World, fleet: Services) -> None:
    deployed(world, fleet)
    drifted = world.register(DRIFTED)  # the pipeline is at it again
    world.client("ecs").update_service(cluster="shop", service="web", taskDefinition=drifted)
    fleet.complete("shop/web")
    world.sees(service_changed(fleet.services["shop/web"]["serviceArn"]), inspector=inspector(world, REPORT))
    take(world, request(revision=3), DEPLOY)
    fleet.complete("shop/web")
    resume_attempt(world, attempt="3")
    world.pass_(minutes=6)
    assert resume_attempt(world, attempt="3").state is AttemptState.DEPLOYED
    body = asked(world, "undo", service="shop/web", caller="jo")
    take(world, body, DEPLOY)
    fleet.complete("shop/web")
    assert resume_attempt(world, attempt="3").state is AttemptState.UNDONE
    for _ in range(2):
        assert take(world, body, DEPLOY).state is AttemptState.UNDONE
    assert (attempt(world, "1").state, runs(fleet)) == (AttemptState.DEPLOYED, "web:3")
    again = take(world, asked(world, "undo", service="shop/web", caller="jo"), DEPLOY)
    assert said(again) == ("shop/web no longer runs what Outrider deployed.",)
    assert published(world).count("undone") == 1


def test_services_are_undone_one_by_one(world: World, fleet: Services) -> None:
    known(world, "shop/second", fleet.services["shop/web"]["taskDefinition"])
    take(world, request(), DEPLOY)
    for title in ("shop/web", "shop/second"):
        fleet.complete(title)
    resume_attempt(world)
    world.pass_(minutes=6)
    assert resume_attempt(world).state is AttemptState.DEPLOYED
    for title in ("shop/web", "shop/second"):
        assert stages(take(world, asked(world, "undo", service=title), DEPLOY))[title] is Stage.ROLLBACK_DEPLOYING
        fleet.complete(title)
        assert resume_attempt(world).state is AttemptState.UNDONE
        assert runs(fleet, title) == "web:1"
    assert [revision.number for revision in world.revisions()] == [1]
    assert len(set(ids(world, "undone"))) == 2


def test_a_stack_that_deploys_nothing_any_more_says_so_of_an_undo(world: World, fleet: Services) -> None:
    deployed(world, fleet)
    outcome = take(world, asked(world, "undo", service="shop/web"), cap=Mode.REGISTER)
    assert said(outcome) == ("The stack's RemediationMode is register: it updates no service.",)
    assert attempt(world).state is AttemptState.DEPLOYED


def test_what_is_corrected_again_after_a_release_is_published_again(world: World, fleet: Services) -> None:
    deployed(world, fleet)
    take(world, asked(world, "undo"), DEPLOY)
    fleet.complete("shop/web")
    resume_attempt(world)
    assert [each.name for each in world.ledger.attempts.quarantined()] == ["web"]
    body = asked(world, "release", caller="jo")
    assert said(take(world, body, DEPLOY)) == ("Released.",)
    assert said(take(world, body, DEPLOY)) == ("Released.",)
    assert world.ledger.attempts.quarantined() == []
    using = inspector(world)
    world.sees(*(json.dumps(body) for body in world.sent_back), inspector=using)
    take(world, json.dumps(world.requests[-1]), DEPLOY)
    assert len(set(ids(world, "registered"))) == 2


@pytest.mark.usefixtures("fleet")
def test_what_waited_and_has_nothing_left_to_correct_is_not_resumed(world: World) -> None:
    switch(world, "off")
    take(world, request(), DEPLOY)
    world.pass_(minutes=16)
    assert world.due_attempts() == [("web", "1")]
    lenient = DEPLOY + "rules:\n  - {rules: '*', mode: report}\n"
    assert take(world, request("resume", attempt="1"), lenient).state is AttemptState.NOTHING
    assert world.due_attempts(days=1) == []
    switch(world, "on")
    assert take(world, request(), DEPLOY).state is AttemptState.ROLLING, "and may be tried should the drift come back"
