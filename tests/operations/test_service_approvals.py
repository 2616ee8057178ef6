"""Approved plans of services."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.remediation.attempt import AttemptState, ProposedPlan
from domain.remediation.guard import Guard
from domain.remediation.rollout import Stage
from domain.standard import Mode
from domain.subject import Subject, SubjectId
from operations.planning import Planner
from operations.remediation.outcome import NotRead
from operations.remediation.remediator import Remediator
from rules import BY_ID
from tests.aws_fake.calls import failure
from tests.operations.approving import FAMILY, asked, take
from tests.operations.delivery import Inspection
from tests.operations.rolling import (
    DRIFTED,
    REPORT,
    inspector,
    known,
    remediator,
    request,
    resume_attempt,
    runs,
    stages,
)
from tests.operations.saying import said
from tests.operations.world import (
    EXECUTION,
    FLOATING,
    PLACE,
    RULES,
    Json,
    World,
    definition,
    registered,
    role_arn,
    service_changed,
    trusting,
)

SERVICE = SubjectId.parse(f"{PLACE}/service/shop/web")


def old_platform(world: World, **members: Any) -> str:
    """The digest of the plan that shop/web may be approved for: it runs on a platform version that is no more."""
    world.services.at_once = False
    arn = known(world, "shop/web", world.register(), platformVersion="1.3.0", **members)
    return service_offer(world, arn)


def service_offer(world: World, arn: str) -> str:
    world.sees(service_changed(arn), inspector=inspector(world, REPORT))
    proposed = world.ledger.history(SERVICE).proposed
    assert proposed is not None
    return proposed.digest


def test_a_services_plan_is_approved_by_the_services_name(world: World) -> None:
    digest = old_platform(world)
    body = asked(world, digest=digest, service="shop/web", rule="service.platform-version")
    outcome = take(world, body)
    assert (outcome.state, stages(outcome)) == (AttemptState.ROLLING, {"shop/web": Stage.DEPLOYING})
    assert take(world, asked(world, digest=digest, service="shop/web")).state is AttemptState.ROLLING
    assert len(world.services.updates) == 1


def test_the_same_plan_on_a_later_deployment_is_carried_out_again(world: World) -> None:
    digest = old_platform(world)
    take(world, asked(world, digest=digest, service="shop/web"))
    world.services.complete("shop/web")
    resume_attempt(world, REPORT, answer_key(world))
    world.pass_(minutes=6)
    assert resume_attempt(world, REPORT, answer_key(world)).state is AttemptState.DEPLOYED
    service = world.services.services["shop/web"]
    world.client("ecs").update_service(cluster="shop", service="web", platformVersion="1.3.0")
    world.services.complete("shop/web")
    assert service_offer(world, service["serviceArn"]) == digest
    assert take(world, asked(world, digest=digest, service="shop/web")).state is AttemptState.ROLLING
    assert service["platformVersion"] == "LATEST"


def answer_key(world: World) -> str:
    [found] = world.ledger.history(FAMILY).attempts
    return found.key


@pytest.mark.parametrize("cap", [Mode.REPORT, Mode.REGISTER])
def test_a_stack_that_deploys_nothing_updates_no_service_though_a_person_asks(world: World, cap: Mode) -> None:
    digest = old_platform(world)
    outcome = take(world, asked(world, digest=digest, service="shop/web"), cap=cap)
    assert (outcome.state, outcome.guard, world.services.updates) == (AttemptState.REFUSED, "stack", [])


def test_a_service_that_runs_another_family_by_now_is_refused(world: World) -> None:
    digest = old_platform(world)
    world.services.services["shop/web"]["taskDefinition"] = world.register(definition("other"))
    outcome = take(world, asked(world, digest=digest, service="shop/web"))
    assert said(outcome) == ("shop/web runs other:1 now. Read the finding again.",)
    assert world.ledger.history(SubjectId(PLACE, Subject.FAMILY, "other")).attempts == ()


def with_rule(world: World, rule: str) -> tuple[Inspection, Callable[[], Remediator]]:
    rules = (*RULES, BY_ID[rule])
    planner = Planner(rules, Mode.DEPLOY)
    return (
        world.inspector(Mode.DEPLOY, REPORT, rules),
        lambda: replace(made := remediator(world, REPORT), parts=replace(made.parts, planner=planner)),
    )


def stale(world: World) -> tuple[ProposedPlan, Callable[[], Remediator]]:
    """A service whose configuration has changed since it was deployed: the plan to deploy it again, and who does."""
    world.services.at_once = False
    arn = world.services.add("shop/web", world.register(), datetime(2020, 1, 1, tzinfo=UTC))
    world.pass_(days=365)
    judging, correcting = with_rule(world, "service.config-fresh")
    world.sees(service_changed(arn), inspector=judging)
    proposed = world.ledger.history(SERVICE).proposed
    assert proposed is not None
    return proposed, correcting


def test_an_approved_plan_is_not_refused_because_tasks_cannot_be_read_for_now(world: World) -> None:
    proposed, correcting = stale(world)
    body = asked(world, digest=proposed.digest, service="shop/web")
    world.fail("ListTasks", "ThrottlingException", times=1)
    with pytest.raises(NotRead, match="ecs:ListTasks on shop/web failed: ThrottlingException"):
        correcting().remediate(body)
    assert stages(correcting().remediate(body)) == {"shop/web": Stage.DEPLOYING}


@pytest.mark.parametrize("drifted", [1, 2])
def test_a_service_moves_though_a_role_cannot_be_read_for_now(world: World, drifted: int) -> None:
    """The role of the revision that it runs, or of the newest. The message is retried, and nothing is closed."""
    world.services.at_once = False
    world.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
    world.allow("other", *EXECUTION)
    roles = {number: "other" if number == drifted else "web-execution" for number in (1, 2)}
    document = definition(collector=FLOATING, executionRoleArn=role_arn(roles[1]))
    arn = known(world, "shop/web", world.register(document))
    newest = registered(world.register(definition(executionRoleArn=role_arn(roles[2]))))
    if drifted == 1:
        world.client("iam").delete_role_policy(RoleName="other", PolicyName="work")
    judging, correcting = with_rule(world, "service.revision")
    world.sees(newest, service_changed(arn), inspector=judging)
    proposed, found = world.ledger.history(SERVICE).proposed, world.rows(SERVICE)["service.revision"]
    assert proposed is not None

    def role_fails(operation: str, given: Json, answer: Callable[[], Json]) -> Json:
        if operation == "GetRole" and given["RoleName"] == "other":
            raise failure("ThrottlingException", operation)
        return answer()

    world.line.around = role_fails
    [outcome] = world.look(service_changed(arn), inspector=judging)
    assert outcome.failures
    assert world.rows(SERVICE)["service.revision"] == found
    body = asked(world, digest=proposed.digest, service="shop/web")
    with pytest.raises(NotRead):
        correcting().remediate(body)
    world.line.around = None
    assert stages(correcting().remediate(body)) == {"shop/web": Stage.DEPLOYING}


def test_a_stale_configuration_needs_approval_and_gets_a_new_deployment_that_cannot_be_undone(world: World) -> None:
    proposed, correcting = stale(world)
    assert (proposed.safety, proposed.rules) == ("review", ("service.config-fresh",))
    body = asked(world, digest=proposed.digest, service="shop/web")
    assert stages(correcting().remediate(body)) == {"shop/web": Stage.DEPLOYING}
    [update] = world.services.updates
    assert update["forceNewDeployment"]
    assert "taskDefinition" not in update
    world.services.complete("shop/web")
    second = correcting().remediate(asked(world, digest=proposed.digest, service="shop/web"))
    assert second.state is AttemptState.ROLLING, "joined: it is watched still"
    world.pass_(minutes=6)
    assert correcting().remediate(request("resume", attempt=answer_key(world))).state is AttemptState.DEPLOYED
    late = correcting().remediate(asked(world, digest=proposed.digest, service="shop/web"))
    assert (late.state, len(world.services.updates)) == (AttemptState.REFUSED, 1), (
        "nothing is left that it could correct"
    )
    [deployed] = [each for each in world.alerts if each["transition"] == "deployed"]
    assert "outrider undo" not in deployed["next_step"]
    undone = correcting().remediate(request("undo", service="shop/web"))
    assert (undone.state, said(undone)) == (
        AttemptState.NOTHING,
        ("shop/web ran the same revision before, so there is nothing to roll back to.",),
    )
    assert (len(world.services.updates), world.ledger.history(FAMILY).quarantine) == (1, None)


@pytest.mark.parametrize("silent", [False, True])
def test_a_service_is_moved_to_a_newer_revision_of_somebody_elses_only_by_a_person(world: World, silent: bool) -> None:  # noqa: FBT001 - a case
    world.services.at_once = False
    arn = known(world, "shop/web", world.register(DRIFTED))
    judging, correcting = with_rule(world, "service.revision")
    world.sees(registered(world.register()), service_changed(arn), inspector=judging)
    proposed = world.ledger.history(SERVICE).proposed
    assert proposed is not None
    assert (proposed.rules, [b for b in world.requests if b["kind"] != "resume"]) == (("service.revision",), [])
    world.hub.silent = set(world.hub.findings) if silent else set()
    outcome = correcting().remediate(asked(world, digest=proposed.digest, service="shop/web"))
    assert outcome.guard is (Guard.SUPPRESSED if silent else None)
    assert runs(world.services) == ("web:1" if silent else "web:2")
