"""A correction that is rolled out: updated, watched until its collectors run, or rolled back; and requests."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from aws.channels import Queue
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.guard import Guard
from domain.remediation.rollout import Stage
from domain.standard import Mode
from domain.subject import SubjectId
from operations.remediation.outcome import Outcome
from operations.remediation.remediator import Remediator
from operations.remediation.resuming import Resumer
from tests.aws_fake.services import Services
from tests.operations.delivery import Inspection
from tests.operations.saying import said, why
from tests.operations.world import (
    ACCOUNT,
    APPROVE_ID,
    FLOATING,
    INSPECT_ID,
    OPEN,
    PLACE,
    REGION,
    SWITCH,
    World,
    definition,
    of_rule,
    registered,
    service_changed,
)

DEPLOY = "version: 1\nmode: deploy\nremediation: {settling_minutes: 0}\n"
DRIFTED = definition(collector=FLOATING)


def request(kind: str = "correct", **members: Any) -> str:
    body = {"kind": kind, "account": ACCOUNT, "region": REGION, "family": "web"}
    return json.dumps(body | ({"revision": 1} if kind == "correct" else {}) | members)


@pytest.fixture
def fleet(world: World) -> Services:
    """web:1 is drifted, and shop/web runs it."""
    world.services.at_once = False
    arn = world.register(DRIFTED)
    known(world, "shop/web", arn)
    return world.services


def known(world: World, title: str, revision: str, **members: Any) -> str:
    """A service that the ledger knows, as inspect would by its event."""
    arn = world.services.add(title, revision, **members)
    world.sees(service_changed(arn), inspector=inspector(world, "version: 1\n", Mode.REPORT))
    return arn


def inspector(world: World, standard: str = DEPLOY, cap: Mode = Mode.DEPLOY) -> Inspection:
    return world.inspector(cap, standard)


def remediator(world: World, standard: str = DEPLOY, cap: Mode = Mode.DEPLOY) -> Remediator:
    return world.remediator(standard, cap=cap)


def resume_attempt(world: World, standard: str = DEPLOY, attempt: str = "1") -> Outcome:
    return remediator(world, standard).remediate(request("resume", attempt=attempt))


def attempt(world: World, key: str = "1") -> Attempt:
    found = world.ledger.history(SubjectId.parse(f"{PLACE}/family/web")).attempt(key)
    assert found is not None
    return found


def stages(found: Outcome | Attempt) -> dict[str, Stage]:
    return {rollout.service: rollout.stage for rollout in found.rollouts}


def runs(fleet: Services, title: str = "shop/web") -> str:
    return str(fleet.services[title]["taskDefinition"].rpartition("/")[2])


def told(world: World) -> list[str]:
    return [alert["transition"] for alert in world.alerts if alert["kind"] == "outcome"]


def settle(world: World, fleet: Services, title: str = "shop/web", **how: Any) -> None:
    """The deployment completes, and its tasks have had their while."""
    fleet.complete(title, **how)
    resume_attempt(world)
    world.pass_(minutes=6)


# --- the way to the end -----------------------------------------------------------------------------------------------


def test_a_drifted_service_runs_the_corrected_revision_and_is_told_when_its_collectors_do(
    world: World, fleet: Services
) -> None:
    outcome = remediator(world).remediate(request())
    assert (outcome.state, stages(outcome)) == (AttemptState.ROLLING, {"shop/web": Stage.DEPLOYING})
    assert runs(fleet) == "web:2"
    assert told(world) == ["registered"]
    fleet.complete("shop/web")
    outcome = resume_attempt(world)
    assert stages(outcome) == {"shop/web": Stage.SETTLING}, "complete is not verified"
    world.pass_(minutes=6)
    outcome = resume_attempt(world)
    assert (outcome.state, stages(outcome)) == (AttemptState.DEPLOYED, {"shop/web": Stage.VERIFIED})
    assert told(world) == ["registered", "deployed"]
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
    assert [transition for transition, _ in world.told()] == ["opened", "registered", "deployed", "closed"]


def test_an_event_of_the_deployment_wakes_the_correction(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    fleet.complete("shop/web")
    world.sees(service_changed(fleet.services["shop/web"]["serviceArn"]), inspector=inspector(world))
    [woken] = [body for body in world.requests if body["kind"] == "resume"]
    assert stages(remediator(world).remediate(json.dumps(woken))) == {"shop/web": Stage.SETTLING}


@pytest.mark.usefixtures("fleet")
def test_what_no_event_tells_of_is_due(world: World) -> None:
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
    assert told(world) == ["registered"]


# --- failing ----------------------------------------------------------------------------------------------------------


def test_a_deployment_that_ecs_rolls_back_is_observed_and_the_family_left_alone(world: World, fleet: Services) -> None:
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


def test_a_deployment_that_completes_with_a_dead_collector_is_set_back(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    settle(world, fleet, dead="adot-collector")
    assert stages(resume_attempt(world)) == {"shop/web": Stage.ROLLBACK_DEPLOYING}
    assert (runs(fleet), len(fleet.updates)) == ("web:1", 2)
    fleet.complete("shop/web")
    outcome = resume_attempt(world)
    assert outcome.state is AttemptState.FAILED
    assert "the collector is STOPPED" in why(outcome)
    assert told(world) == ["registered", "failed"]


def test_a_deployment_that_does_not_end_is_set_back_by_its_deadline(world: World, fleet: Services) -> None:
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


def test_what_cannot_be_set_back_is_told_as_critical(world: World, fleet: Services) -> None:
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
    assert stages(outcome) == {"shop/second": Stage.BACK, "shop/web": Stage.SKIPPED}
    assert len(fleet.updates) == 1


def test_findings_stay_open_after_a_failure(world: World, fleet: Services) -> None:
    using = inspector(world)
    world.sees(registered(f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1"), inspector=using)
    test_a_deployment_that_completes_with_a_dead_collector_is_set_back(world, fleet)
    world.sees(*(json.dumps(body) for body in world.sent_back), inspector=using)
    assert world.open() == {"sidecar.image-pinned"}
    assert world.hub.states()["family/web/sidecar.image-pinned"] == OPEN
    assert len([body for body in world.requests if body["kind"] == "correct"]) == 1, "it is not tried again"


def test_a_person_who_deploys_meanwhile_has_the_last_word(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    other = world.register(definition(cpu="2048", memory="4096"))
    world.client("ecs").update_service(cluster="shop", service="web", taskDefinition=other)
    outcome = resume_attempt(world)
    assert (outcome.state, stages(outcome)) == (AttemptState.REGISTERED, {"shop/web": Stage.SKIPPED})
    assert runs(fleet) == "web:3"


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


def switch(world: World, value: str) -> None:
    world.client("ssm").put_parameter(Name=SWITCH, Value=value, Type="String", Overwrite=True)


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
    assert (len(world.revisions()), told(world)) == (1, [])
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
    assert (outcome.state, outcome.guard, told(world)) == (AttemptState.REFUSED, "kill switch", ["refused"])


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


# --- a service alone --------------------------------------------------------------------------------------------------


def test_a_platform_version_is_corrected_by_the_same_way(world: World) -> None:
    world.services.at_once = False
    arn = known(world, "shop/web", world.register(), platformVersion="1.3.0")
    world.sees(service_changed(arn), inspector=inspector(world))
    [asked] = world.requests
    assert (asked["kind"], asked["service"]) == ("correct-service", "shop/web")
    outcome = remediator(world).remediate(json.dumps(asked))
    assert stages(outcome) == {"shop/web": Stage.DEPLOYING}
    assert world.services.services["shop/web"]["platformVersion"] == "LATEST"
    subject = SubjectId.parse(f"{PLACE}/service/shop/web")
    world.sees(service_changed(arn), inspector=inspector(world))
    assert world.open(subject) == {"service.platform-version"}, "open until it is verified"
    key = attempt(world, _service_key(asked)).key
    world.services.complete("shop/web")
    resume_attempt(world, attempt=key)
    world.pass_(minutes=6)
    assert resume_attempt(world, attempt=key).state is AttemptState.DEPLOYED
    world.sees(service_changed(arn), inspector=inspector(world))
    assert world.open(subject) == set()
    assert told(world) == ["deployed"]


def _service_key(asked: dict[str, Any]) -> str:
    return f"{asked['revision']}/{asked['service']}/{asked['deployment'].replace('/', '-')}"


def test_the_same_deployment_is_corrected_once(world: World) -> None:
    world.services.at_once = False
    arn = known(world, "shop/web", world.register(), platformVersion="1.3.0")
    world.sees(service_changed(arn), inspector=inspector(world))
    [asked] = world.requests
    for _ in range(3):
        remediator(world).remediate(json.dumps(asked))
    assert len(world.services.updates) == 1


# --- approval ---------------------------------------------------------------------------------------------------------

REPORT = "version: 1\n"


def approve(world: World, **members: Any) -> Outcome:
    at = world.now().isoformat()
    return remediator(world, REPORT).remediate(request("apply", at=at, **members), f"{APPROVE_ID}:approve")


def proposed_digest(world: World) -> str:
    using = inspector(world, REPORT)
    world.sees(registered(f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1"), inspector=using)
    proposed = world.ledger.history(SubjectId.parse(f"{PLACE}/family/web")).proposed
    assert proposed is not None
    return proposed.digest


@pytest.mark.usefixtures("fleet")
def test_an_approved_plan_is_registered_and_deployed_though_the_standard_only_reports(world: World) -> None:
    digest = proposed_digest(world)
    assert world.requests == []
    outcome = approve(world, digest=digest)
    assert (outcome.state, stages(outcome)) == (AttemptState.ROLLING, {"shop/web": Stage.DEPLOYING})
    assert world.alerts[-1]["approved_by"] == "somebody who is not named"
    assert approve(world, digest=digest).state is AttemptState.ROLLING, "twice is once"
    assert len(world.revisions()) == 2


@pytest.mark.usefixtures("fleet")
def test_the_custom_action_points_at_the_plan_in_the_ledger(world: World) -> None:
    proposed_digest(world)
    rule = "sidecar.image-pinned"
    finding = world.hub.findings[f"outrider/{PLACE}/family/web/{rule}"]
    plan = finding["ProductFields"]["outrider/plan"]
    clicked = of_rule("approval", time=world.now().isoformat(), finding=finding["Id"], plan=plan)
    world.approver().approve(clicked)
    [asked] = world.requests
    assert (asked["kind"], asked["family"], asked["rule"]) == ("apply", "web", rule)
    assert remediator(world, REPORT).remediate(json.dumps(asked)).state is AttemptState.ROLLING


@pytest.mark.parametrize("how", ["another plan", "old", "changed", "gone", "suppressed", "stack"])
@pytest.mark.usefixtures("fleet")
def test_an_approval_that_no_longer_fits_is_refused_with_its_reason(world: World, how: str) -> None:
    digest = proposed_digest(world)
    using: Callable[[], Remediator] = lambda: remediator(world, REPORT)  # noqa: E731 - one line for each case
    asked = {"digest": digest, "at": world.now().isoformat()}
    guard = "approval"
    match how:
        case "another plan":
            asked["digest"] = "0" * 16
        case "old":
            world.pass_(hours=169)
        case "changed":
            world.register(definition(collector=FLOATING, cpu="2048", memory="4096"))
        case "gone":
            world.deregister("web:1")
        case "suppressed":
            world.hub.silent = set(world.hub.findings)
            guard = "suppressed"
        case _:
            using = lambda: remediator(world, REPORT, Mode.REPORT)  # noqa: E731 - as above
            guard = "stack"
    count = len(world.revisions())
    outcome = using().remediate(request("apply", **asked))
    assert (outcome.state, outcome.guard) == (AttemptState.REFUSED, guard)
    assert len(world.revisions()) == count
    assert told(world) == ["refused"]


@pytest.mark.usefixtures("fleet")
def test_rules_that_want_approval_are_not_corrected_unasked(world: World) -> None:
    asking = DEPLOY + "rules:\n  - {rules: sidecar.image-pinned, approval: true}\n"
    using = inspector(world, asking)
    world.sees(registered(f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1"), inspector=using)
    assert world.requests == []
    proposed = world.ledger.history(SubjectId.parse(f"{PLACE}/family/web")).proposed
    assert proposed is not None
    asked = request("apply", digest=proposed.digest, at=world.now().isoformat())
    assert remediator(world, asking).remediate(asked).state is AttemptState.ROLLING


# --- undo and release -------------------------------------------------------------------------------------------------


def deployed(world: World, fleet: Services) -> None:
    remediator(world).remediate(request())
    settle(world, fleet)
    assert resume_attempt(world).state is AttemptState.DEPLOYED


@pytest.mark.parametrize("named", [{"service": "shop/web"}, {}])
def test_undo_sets_a_service_back_and_leaves_the_family_alone_until_it_is_released(
    world: World, fleet: Services, named: dict[str, str]
) -> None:
    deployed(world, fleet)
    outcome = remediator(world).remediate(request("undo", **named), "AROAADMIN:jo")
    assert stages(outcome) == {"shop/web": Stage.ROLLBACK_DEPLOYING}
    fleet.complete("shop/web")
    outcome = resume_attempt(world)
    assert (outcome.state, runs(fleet)) == (AttemptState.UNDONE, "web:1")
    assert told(world) == ["registered", "deployed", "undone"]
    history = world.ledger.history(SubjectId.parse(f"{PLACE}/family/web"))
    assert history.quarantine is not None
    assert "jo" in why(history.quarantine)
    using = inspector(world)
    world.sees(*(json.dumps(body) for body in world.sent_back), inspector=using)
    before = len(world.requests)
    remediator(world).remediate(request("release"), "AROAADMIN:jo")
    world.sees(*(json.dumps(body) for body in world.sent_back), inspector=using)
    assert [body["kind"] for body in world.requests[before:]] == ["correct"]
    assert remediator(world).remediate(json.dumps(world.requests[-1])).state is AttemptState.ROLLING


@pytest.mark.usefixtures("fleet")
def test_an_undo_with_nothing_to_undo_says_so(world: World) -> None:
    outcome = remediator(world).remediate(request("undo", service="shop/web"))
    assert (outcome.state, said(outcome)) == (AttemptState.NOTHING, ("shop/web has no correction that can be undone.",))


def test_an_approval_does_not_lift_a_quarantine(world: World, fleet: Services) -> None:
    deployed(world, fleet)
    remediator(world).remediate(request("undo"))
    fleet.complete("shop/web")
    resume_attempt(world)
    digest = proposed_digest(world)
    outcome = approve(world, digest=digest)
    assert (outcome.state, outcome.guard) == (AttemptState.REFUSED, "quarantine")


# --- somebody else deploys --------------------------------------------------------------------------------------------


def test_a_fight_is_told_once_with_who_and_what_to_change(world: World) -> None:
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


# --- what is waited for no longer -------------------------------------------------------------------------------------


def test_what_was_waiting_and_is_no_longer_to_be_corrected_is_dropped_without_a_word(world: World) -> None:
    world.services.at_once = False
    world.register(DRIFTED)
    switch(world, "off")
    remediator(world).remediate(request())
    world.register()
    outcome = resume_attempt(world)
    assert (outcome.state, told(world)) == (AttemptState.SUPERSEDED, [])
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
