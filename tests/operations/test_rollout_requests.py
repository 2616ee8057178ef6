"""What people request: a service alone, an approval, undo and release."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain.remediation.attempt import AttemptState
from domain.remediation.rollout import Stage
from domain.standard import Mode
from domain.subject import SubjectId
from operations.remediation.outcome import Outcome
from operations.remediation.remediator import Remediator
from tests.aws_fake.services import Services
from tests.operations.rolling import (
    DEPLOY,
    REPORT,
    attempt,
    deployed,
    inspector,
    known,
    proposed_digest,
    published,
    remediator,
    request,
    resume_attempt,
    runs,
    stages,
)
from tests.operations.saying import said, why
from tests.operations.world import (
    ACCOUNT,
    APPROVE_ID,
    FLOATING,
    PLACE,
    REGION,
    World,
    definition,
    of_rule,
    registered,
    service_changed,
)

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
    assert published(world) == ["deployed"]


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


def approve(world: World, **members: Any) -> Outcome:
    at = world.now().isoformat()
    return remediator(world, REPORT).remediate(request("apply", at=at, **members), f"{APPROVE_ID}:approve")


# --- approval ---------------------------------------------------------------------------------------------------------


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
    assert published(world) == ["refused"]


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


@pytest.mark.parametrize("named", [{"service": "shop/web"}, {}])
def test_undo_rolls_a_service_back_and_quarantines_the_family_until_it_is_released(
    world: World, fleet: Services, named: dict[str, str]
) -> None:
    deployed(world, fleet)
    outcome = remediator(world).remediate(request("undo", **named), "AROAADMIN:jo")
    assert stages(outcome) == {"shop/web": Stage.ROLLBACK_DEPLOYING}
    fleet.complete("shop/web")
    outcome = resume_attempt(world)
    assert (outcome.state, runs(fleet)) == (AttemptState.UNDONE, "web:1")
    assert published(world) == ["registered", "deployed", "undone"]
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
