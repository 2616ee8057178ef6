"""Rollouts, from the request to the end or to a rollback."""

import json

import pytest

from aws.calls import CallFailed
from aws.channels import Queue
from domain.remediation.attempt import AttemptState
from domain.remediation.rollout import Stage
from domain.subject import SubjectId
from operations.remediation.resuming import Resumer
from tests.aws_fake.services import Services
from tests.operations.rolling import (
    DEPLOY,
    DRIFTED,
    inspector,
    known,
    published,
    remediator,
    request,
    resume_attempt,
    runs,
    settle,
    stages,
)
from tests.operations.saying import why
from tests.operations.world import (
    ACCOUNT,
    INSPECT_ID,
    OPEN,
    PLACE,
    REGION,
    World,
    definition,
    registered,
    service_changed,
)

# --- the way to the end -----------------------------------------------------------------------------------------------


def test_a_drifted_service_runs_the_corrected_revision_and_it_is_published_when_its_collectors_run(
    world: World, fleet: Services
) -> None:
    outcome = remediator(world).remediate(request())
    assert (outcome.state, stages(outcome)) == (AttemptState.ROLLING, {"shop/web": Stage.DEPLOYING})
    assert runs(fleet) == "web:2"
    assert published(world) == ["registered"]
    fleet.complete("shop/web")
    outcome = resume_attempt(world)
    assert stages(outcome) == {"shop/web": Stage.SETTLING}, "complete is not verified"
    world.pass_(minutes=6)
    outcome = resume_attempt(world)
    assert (outcome.state, stages(outcome)) == (AttemptState.DEPLOYED, {"shop/web": Stage.VERIFIED})
    assert published(world) == ["registered", "deployed"]
    assert len(fleet.updates) == 1
    assert world.due_attempts() == []


def test_findings_close_only_when_it_runs(world: World, fleet: Services) -> None:
    using = inspector(world)
    world.sees(registered(f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1"), inspector=using)
    assert world.open() == {"sidecar.image-pinned"}
    remediator(world).remediate(json.dumps(world.requests[-1]))
    world.sees(registered(f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:2"), inspector=using)
    assert world.open() == {"sidecar.image-pinned"}, "it is registered, and does not run yet"
    settle(world, fleet)
    resume_attempt(world)
    bodies = [json.dumps(body) for body in world.sent_back]
    assert {(body["kind"], body.get("family") or body.get("service")) for body in world.sent_back} >= {
        ("family", "web"),
        ("service", "shop/web"),
    }
    world.sees(*bodies, inspector=using)
    assert world.open() == set()
    assert [transition for transition, _ in world.transitions()] == ["opened", "registered", "deployed", "closed"]


def test_an_event_of_the_deployment_wakes_the_correction(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    fleet.complete("shop/web")
    world.sees(service_changed(fleet.services["shop/web"]["serviceArn"]), inspector=inspector(world))
    [woken] = [body for body in world.requests if body["kind"] == "resume"]
    assert stages(remediator(world).remediate(json.dumps(woken))) == {"shop/web": Stage.SETTLING}


@pytest.mark.usefixtures("fleet")
def test_what_no_event_reports_is_due(world: World) -> None:
    remediator(world).remediate(request())
    assert world.due_attempts() == []
    world.pass_(minutes=3)
    assert world.due_attempts() == [("web", "1")]


@pytest.mark.usefixtures("fleet")
def test_what_is_due_is_asked_for_once_and_again_when_it_is_due_again(world: World) -> None:
    """The queue remembers a deduplication id for five minutes, and a deployment is read every two."""
    visitor = Resumer(world.ledger, Queue(world.sessions, world.queues["remediations.fifo"]), world.now)
    remediator(world).remediate(request())
    for visits in (1, 2):
        world.pass_(minutes=3)
        assert (visitor.resume(), visitor.resume()) == (1, 1)
        assert [body["kind"] for body in world.requests].count("resume") == visits
        resume_attempt(world)


def test_services_are_updated_a_few_at_a_time_and_the_canary_first(world: World, fleet: Services) -> None:
    arn = fleet.services["shop/web"]["taskDefinition"]
    for name in ("a", "b", "canary"):
        known(world, f"shop/{name}", arn)
    few = DEPLOY.replace("settling_minutes: 0", "settling_minutes: 0, at_once: 2, canary: ['shop/can*']")
    outcome = remediator(world, few).remediate(request())
    begun = {title for title, stage in stages(outcome).items() if stage is not Stage.PENDING}
    assert begun == {"shop/canary"}
    fleet.complete("shop/canary")
    resume_attempt(world, few)
    world.pass_(minutes=6)
    outcome = resume_attempt(world, few)
    begun = {title for title, stage in stages(outcome).items() if stage is Stage.DEPLOYING}
    assert begun == {"shop/a", "shop/b"}
    for title in ("shop/a", "shop/b"):
        fleet.complete(title)
    resume_attempt(world, few)
    world.pass_(minutes=6)
    assert stages(resume_attempt(world, few))["shop/web"] is Stage.DEPLOYING


def test_where_no_service_runs_it_it_is_registered_and_that_is_the_end(world: World) -> None:
    world.services.at_once = False
    world.register(DRIFTED)
    outcome = remediator(world).remediate(request())
    assert (outcome.state, outcome.rollouts) == (AttemptState.REGISTERED, ())
    assert published(world) == ["registered"]


# --- failing ----------------------------------------------------------------------------------------------------------


def test_a_deployment_that_ecs_rolls_back_is_observed_and_the_family_quarantined(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    fleet.fail("shop/web")
    assert stages(resume_attempt(world)) == {"shop/web": Stage.ROLLBACK_DEPLOYING}
    fleet.complete("shop/web")
    outcome = resume_attempt(world)
    assert (outcome.state, runs(fleet), len(fleet.updates)) == (AttemptState.FAILED, "web:1", 1)
    history = world.ledger.history(SubjectId.parse(f"{PLACE}/family/web"))
    assert history.quarantine is not None
    assert [revision.number for revision in world.revisions()] == [1], "the corrected revision is taken back"
    alert = world.alerts[-1]
    assert (alert["transition"], alert["severity"]) == ("failed", "HIGH")
    assert "web:1" in " ".join(alert["reasons"])


def test_a_deployment_that_completes_with_a_dead_collector_is_rolled_back(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    settle(world, fleet, dead="adot-collector")
    assert stages(resume_attempt(world)) == {"shop/web": Stage.ROLLBACK_DEPLOYING}
    assert (runs(fleet), len(fleet.updates)) == ("web:1", 2)
    fleet.complete("shop/web")
    outcome = resume_attempt(world)
    assert outcome.state is AttemptState.FAILED
    assert "the collector is STOPPED" in why(outcome)
    assert published(world) == ["registered", "failed"]


def test_a_deployment_that_does_not_end_is_rolled_back_by_its_deadline(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    world.pass_(minutes=31)
    assert stages(resume_attempt(world)) == {"shop/web": Stage.ROLLBACK_DEPLOYING}
    assert runs(fleet) == "web:1"


def test_tasks_that_cannot_be_read_are_waited_for_and_then_nothing_is_taken_for_running(
    world: World, fleet: Services
) -> None:
    remediator(world).remediate(request())
    settle(world, fleet)
    world.fail("ListTasks")
    (waiting,) = resume_attempt(world).rollouts
    assert waiting.stage is Stage.SETTLING
    assert "ecs:ListTasks on shop/web failed: AccessDeniedException" in why(waiting)
    world.pass_(minutes=31)
    resume_attempt(world)
    assert runs(fleet) == "web:1"
    fleet.complete("shop/web")
    assert "ecs:ListTasks on shop/web failed: AccessDeniedException" in why(resume_attempt(world))


def test_tasks_that_can_be_read_again_are_enough(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    settle(world, fleet)
    world.fail("ListTasks", times=1)
    resume_attempt(world)
    world.pass_(minutes=3)
    (verified,) = resume_attempt(world).rollouts
    assert (verified.stage, verified.reasons) == (Stage.VERIFIED, ())


def test_what_cannot_be_rolled_back_is_published_as_critical(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    settle(world, fleet, dead="adot-collector")
    world.fail("UpdateService", "InvalidParameterException")
    outcome = resume_attempt(world)
    assert (outcome.state, stages(outcome)) == (AttemptState.FAILED, {"shop/web": Stage.NOT_ROLLED_BACK})
    assert world.alerts[-1]["severity"] == "CRITICAL"
    assert len(world.revisions()) == 2, "what runs is not deregistered"


def test_once_one_service_fails_no_other_is_begun(world: World, fleet: Services) -> None:
    known(world, "shop/second", fleet.services["shop/web"]["taskDefinition"])
    one = DEPLOY.replace("settling_minutes: 0", "settling_minutes: 0, at_once: 1")
    remediator(world, one).remediate(request())
    fleet.fail("shop/second")
    resume_attempt(world, one)
    fleet.complete("shop/second")
    outcome = resume_attempt(world, one)
    assert outcome.state is AttemptState.FAILED
    assert stages(outcome) == {"shop/second": Stage.ROLLED_BACK, "shop/web": Stage.SKIPPED}
    assert len(fleet.updates) == 1


@pytest.mark.parametrize(("call", "after"), [("UpdateService", 0), ("DescribeServices", 3)])
def test_while_a_call_fails_no_further_service_is_begun_not_even_of_those_at_once(
    world: World, fleet: Services, call: str, after: int
) -> None:
    for name in ("shop/api", "shop/zed"):
        known(world, name, fleet.services["shop/web"]["taskDefinition"])
    world.fail(call, "ThrottlingException", times=1, after=after)
    with pytest.raises(CallFailed):
        remediator(world).remediate(request())
    assert fleet.updates == []


def test_findings_stay_open_after_a_failure(world: World, fleet: Services) -> None:
    using = inspector(world)
    world.sees(registered(f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1"), inspector=using)
    test_a_deployment_that_completes_with_a_dead_collector_is_rolled_back(world, fleet)
    world.sees(*(json.dumps(body) for body in world.sent_back), inspector=using)
    assert world.open() == {"sidecar.image-pinned"}
    assert world.hub.states()["family/web/sidecar.image-pinned"] == OPEN
    assert len([body for body in world.requests if body["kind"] == "correct"]) == 1, "it is not tried again"


def test_a_person_who_deploys_meanwhile_decides(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    other = world.register(definition(cpu="2048", memory="4096"))
    world.client("ecs").update_service(cluster="shop", service="web", taskDefinition=other)
    outcome = resume_attempt(world)
    assert (outcome.state, stages(outcome)) == (AttemptState.REGISTERED, {"shop/web": Stage.SKIPPED})
    assert runs(fleet) == "web:3"


# --- somebody else deploys --------------------------------------------------------------------------------------------


def test_a_drift_that_others_bring_back_is_published_once_with_who_and_what_to_change(world: World) -> None:
    world.services.at_once = False
    by = {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci", "agent": "Terraform/1.9"}
    states = list[AttemptState]()
    for _ in range(4):
        number = int(world.register(DRIFTED).rpartition(":")[2])
        states.append(remediator(world).remediate(request(revision=number, **by), f"{INSPECT_ID}:inspect").state)
    assert states == [AttemptState.REGISTERED, AttemptState.REGISTERED, AttemptState.REFUSED, AttemptState.REFUSED]
    fought = [alert for alert in world.alerts if alert["guard"] == "attempts"]
    [alert] = fought
    assert (alert["actor"], alert["tool"]) == ("deployer/ci", "Terraform")
    assert alert["changes"]
