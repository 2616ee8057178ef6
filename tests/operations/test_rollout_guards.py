"""What keeps a service from being updated, for a while or permanently."""

from typing import Any

import pytest

from domain.remediation.attempt import AttemptState
from domain.remediation.guard import Guard
from domain.remediation.rollout import Stage
from tests.aws_fake.services import Services
from tests.operations.rolling import (
    DEPLOY,
    DRIFTED,
    known,
    published,
    remediator,
    request,
    resume_attempt,
    stages,
    switch,
)
from tests.operations.saying import said
from tests.operations.world import FLOATING, SWITCH, World, definition

# --- guards of a service ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "guard"),
    [
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "deployment controller"),
        ({"deploymentController": {"type": "EXTERNAL"}}, "deployment controller"),
        ({"deploymentConfiguration": {}}, "circuit breaker"),
        ({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True}}}, "circuit breaker"),
        (
            {"deploymentConfiguration": {"strategy": "BLUE_GREEN"}},
            "deployment strategy",
        ),
    ],
)
def test_a_service_that_may_not_be_updated_is_left_and_named(world: World, members: dict[str, Any], guard: str) -> None:
    world.services.at_once = False
    known(world, "shop/web", world.register(DRIFTED), **members)
    outcome = remediator(world).remediate(request())
    assert (outcome.state, stages(outcome)) == (AttemptState.REGISTERED, {"shop/web": Stage.SKIPPED})
    assert world.services.updates == []
    assert world.alerts[-1]["reasons"][0].startswith(f"shop/web: {guard}: ")


@pytest.mark.parametrize("launch", ["EC2", "EXTERNAL"])
def test_a_family_that_also_runs_elsewhere_is_deployed_on_fargate_only(
    world: World, fleet: Services, launch: str
) -> None:
    known(world, "shop/other", fleet.services["shop/web"]["taskDefinition"], launchType=launch)
    outcome = remediator(world).remediate(request())
    assert stages(outcome) == {"shop/other": Stage.SKIPPED, "shop/web": Stage.DEPLOYING}


def test_the_circuit_breaker_may_be_waived(world: World) -> None:
    world.services.at_once = False
    known(world, "shop/web", world.register(DRIFTED), deploymentConfiguration={})
    waived = DEPLOY.replace("settling_minutes: 0", "settling_minutes: 0, require_rollback: false")
    assert stages(remediator(world, waived).remediate(request())) == {"shop/web": Stage.DEPLOYING}


def test_a_service_that_is_being_deployed_waits(world: World, fleet: Services) -> None:
    world.client("ecs").update_service(cluster="shop", service="web", forceNewDeployment=True)
    outcome = remediator(world).remediate(request())
    assert stages(outcome) == {"shop/web": Stage.PENDING}
    assert outcome.rollouts[0].guard is Guard.DEPLOYMENT_IN_PROGRESS
    fleet.complete("shop/web")
    assert stages(resume_attempt(world)) == {"shop/web": Stage.DEPLOYING}


def test_rollouts_per_hour_are_bounded(world: World, fleet: Services) -> None:
    known(world, "shop/second", fleet.services["shop/web"]["taskDefinition"])
    one = DEPLOY.replace("settling_minutes: 0", "settling_minutes: 0, rollouts_per_hour: 1")
    outcome = remediator(world, one).remediate(request())
    assert sorted(stages(outcome).values()) == [Stage.DEPLOYING, Stage.PENDING]
    [waiting] = [each for each in outcome.rollouts if each.stage is Stage.PENDING]
    assert waiting.guard is Guard.ROLLOUTS_PER_HOUR
    world.pass_(hours=1)
    assert Stage.PENDING not in stages(resume_attempt(world, one)).values()


@pytest.mark.usefixtures("fleet")
def test_a_mode_of_the_standard_may_keep_a_service_from_being_deployed(world: World) -> None:
    careful = DEPLOY + "rules:\n  - {rules: ['*'], where: {service: web}, mode: register}\n"
    outcome = remediator(world, careful).remediate(request())
    assert outcome.state is AttemptState.REGISTERED
    assert said(outcome) == ("shop/web: mode: The standard allows only its registration.",)


# --- the switch, and waiting ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["off", "absent", "unreadable"])
@pytest.mark.usefixtures("fleet")
def test_the_kill_switch_stops_everything_and_what_waited_goes_on_when_it_is_on_again(world: World, how: str) -> None:
    match how:
        case "off":
            switch(world, "off")
        case "absent":
            world.client("ssm").delete_parameter(Name=SWITCH)
        case _:
            world.fail("GetParameter", after=1)  # the standard comes first
    outcome = remediator(world).remediate(request())
    assert (outcome.state, outcome.guard) == (AttemptState.WAITING, "kill switch")
    assert (len(world.revisions()), published(world)) == (1, [])
    world.troubles.clear()
    switch(world, "on")
    assert stages(resume_attempt(world)) == {"shop/web": Stage.DEPLOYING}


def test_the_kill_switch_keeps_a_correction_that_is_under_way_from_the_next_service(
    world: World, fleet: Services
) -> None:
    known(world, "shop/second", fleet.services["shop/web"]["taskDefinition"])
    one = DEPLOY.replace("settling_minutes: 0", "settling_minutes: 0, at_once: 1")
    remediator(world, one).remediate(request())
    switch(world, "off")
    fleet.complete("shop/second")
    resume_attempt(world, one)
    world.pass_(minutes=6)
    outcome = resume_attempt(world, one)
    assert stages(outcome) == {"shop/second": Stage.VERIFIED, "shop/web": Stage.PENDING}
    assert outcome.rollouts[-1].guard is Guard.KILL_SWITCH
    assert len(fleet.updates) == 1
    world.pass_(hours=25)
    outcome = resume_attempt(world, one)
    assert (outcome.state, stages(outcome)["shop/web"]) == (AttemptState.DEPLOYED, Stage.SKIPPED), "not for ever"
    assert said(outcome)[0].startswith("shop/web: kill switch: ")


@pytest.mark.usefixtures("fleet")
def test_what_waits_for_ever_ends_refused(world: World) -> None:
    switch(world, "off")
    remediator(world).remediate(request())
    world.pass_(hours=25)
    outcome = resume_attempt(world)
    assert (outcome.state, outcome.guard, published(world)) == (AttemptState.REFUSED, "kill switch", ["refused"])


def test_registrations_per_hour_are_bounded(world: World) -> None:
    world.services.at_once = False
    one = DEPLOY.replace("settling_minutes: 0", "settling_minutes: 0, registrations_per_hour: 1")
    world.register(DRIFTED)
    world.register(definition("api", collector=FLOATING))
    assert remediator(world, one).remediate(request()).state is AttemptState.REGISTERED
    outcome = remediator(world, one).remediate(request(family="api"))
    assert (outcome.state, outcome.guard) == (AttemptState.WAITING, "registrations per hour")
    world.pass_(hours=1)
    visited = remediator(world, one).remediate(request("resume", family="api", attempt="1"))
    assert visited.state is AttemptState.REGISTERED


# --- what is waited for no longer -------------------------------------------------------------------------------------


def test_what_was_waiting_and_is_no_longer_to_be_corrected_is_dropped_without_a_word(world: World) -> None:
    world.services.at_once = False
    world.register(DRIFTED)
    switch(world, "off")
    remediator(world).remediate(request())
    world.register()
    outcome = resume_attempt(world)
    assert (outcome.state, published(world)) == (AttemptState.SUPERSEDED, [])
    world.pass_(hours=1)
    assert world.due_attempts() == []


def test_what_was_dropped_as_there_was_nothing_to_do_may_be_asked_for_again(world: World) -> None:
    world.services.at_once = False
    world.register(DRIFTED)
    switch(world, "off")
    remediator(world).remediate(request())
    assert resume_attempt(world, "version: 1\n").state is AttemptState.NOTHING
    assert world.due_attempts() == []
    switch(world, "on")
    assert remediator(world).remediate(request()).state is AttemptState.REGISTERED
