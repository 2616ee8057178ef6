"""Deployments are judged by their progress; what cannot be rolled back, or is not Outrider's, stays as it is."""

import json
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.ecs.service import Service
from domain.remediation.attempt import AttemptState
from domain.remediation.rollout import Stage
from domain.standard import Mode
from tests.operations.playing import DEPLOY, FAMILY, Run, arn_of, asked, deploying, quiet, steps
from tests.operations.saying import why
from tests.operations.steering import WEB, alone, attempt, outcomes, runs, stages, still, updates
from tests.operations.world import FLOATING, PLACE, World, definition, registered, service_changed

MANY = 20


def slow(sessions: Sessions, tasks: int = MANY, **members: Any) -> Run:
    """A service of many tasks, whose deployment has begun."""
    run = deploying(sessions, lambda run: asked_with(run, desiredCount=tasks, **members), still)
    return steps(run, 1)


def asked_with(run: Run, **members: Any) -> None:
    asked()(run)
    run.aws.services.add(WEB, arn_of(1), **members)
    with run.line.uncounted():
        run.inspected(service_changed(PLACE.arn("ecs", f"service/{WEB}")))
    run.aws.sqs.purge("changes", "subjects.fifo")


def later(run: Run, **time: float) -> None:
    """Time passes, and the correction is resumed."""
    run.aws.clock.pass_(**time)
    steps(run, 2)


def test_a_slow_deployment_that_makes_progress_is_not_rolled_back(sessions: Sessions) -> None:
    run = slow(sessions)
    for running in range(0, MANY, 5):  # 25 minutes for every five tasks: 100 in all
        run.aws.services.moves(WEB, running)
        later(run, minutes=25)
        assert stages(run) == {WEB: Stage.DEPLOYING}
    run.aws.services.complete(WEB)
    quiet(run)
    assert (attempt(run).state, updates(run)) == (AttemptState.DEPLOYED, ["web web:2"])


def test_a_deployment_without_progress_is_rolled_back(sessions: Sessions) -> None:
    run = slow(sessions)
    run.aws.services.moves(WEB, 5)
    later(run, minutes=1)
    later(run, minutes=31)
    assert stages(run) == {WEB: Stage.ROLLBACK_DEPLOYING}
    assert "no progress for 30 minutes" in why(attempt(run).rollouts[0])


def test_tasks_that_all_run_are_not_rolled_back_while_others_drain_or_alarms_are_watched(sessions: Sessions) -> None:
    run = slow(sessions, 2)
    services = run.aws.services
    services.complete(WEB)
    services.services[WEB]["deployments"][0]["rolloutState"] = "IN_PROGRESS"
    for _ in range(4):
        later(run, minutes=20)
    assert (stages(run), runs(run)) == ({WEB: Stage.VERIFIED}, "web:2")


def test_a_deployment_that_ecs_calls_complete_early_is_not_verified_before_its_tasks_run(sessions: Sessions) -> None:
    early = {"enable": True, "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED"}
    run = slow(sessions, 10)
    service = run.aws.services.services[WEB]
    service["deploymentConfiguration"] = service["deploymentConfiguration"] | {"earlySuccessCriteria": early}
    run.aws.services.moves(WEB, 5)
    service["deployments"][0]["rolloutState"] = "COMPLETED"
    later(run, minutes=25)
    run.aws.services.moves(WEB, 9)
    later(run, minutes=25)
    assert stages(run) == {WEB: Stage.DEPLOYING}
    run.aws.services.complete(WEB)
    quiet(run)
    assert (attempt(run).state, updates(run)) == (AttemptState.DEPLOYED, ["web web:2"])


def test_a_rollback_by_an_alarm_while_the_tasks_settle_is_a_failure(sessions: Sessions) -> None:
    run = slow(sessions, 2)
    services = run.aws.services
    older = services.services[WEB]["deployments"][1]
    services.complete(WEB)
    later(run, minutes=1)
    assert stages(run) == {WEB: Stage.SETTLING}
    services.services[WEB]["deployments"].append(older)
    services.fail(WEB)
    quiet(run)
    assert attempt(run).state is AttemptState.FAILED


# --- the way back -----------------------------------------------------------------------------------------------------


def test_a_service_that_could_not_go_back_is_not_updated_and_that_is_said(sessions: Sessions) -> None:
    run = deploying(sessions, lambda run: alone(run, WEB), still)
    run.aws.definitions.families["web"][0]["status"] = "INACTIVE"
    run.aws.definitions.register(definition())
    quiet(run)
    [alert] = [each for each in run.alerts if each["kind"] == "outcome"]
    assert (alert["guard"], updates(run)) == ("way back", [])
    assert "web:1 is deregistered" in json.dumps(alert)


def test_a_revision_that_is_deregistered_meanwhile_is_named_when_a_service_cannot_go_back(sessions: Sessions) -> None:
    run = slow(sessions, 2)
    run.aws.definitions.families["web"][0]["status"] = "INACTIVE"
    later(run, minutes=31)
    quiet(run)
    assert stages(run) == {WEB: Stage.NOT_ROLLED_BACK}
    assert "web:1 is deregistered, and ECS accepts no such revision" in why(attempt(run).rollouts[0])


# --- what others manage -----------------------------------------------------------------------------------------------


def test_a_service_that_ecs_manages_is_evaluated_and_never_corrected(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    service = world.run(arn, platform="1.3.0")
    world.services.services[WEB]["resourceManagementType"] = "ECS"
    inspector = world.inspector(Mode.DEPLOY, DEPLOY)
    world.sees(service_changed(service), inspector=inspector)
    world.sees(registered(arn), inspector=inspector)
    assert world.open() >= {"sidecar.image-pinned"}
    assert world.requests == []


@pytest.mark.parametrize("known", [True, False])
def test_a_request_for_what_ecs_manages_is_refused(sessions: Sessions, *, known: bool) -> None:
    run = deploying(sessions, lambda run: managed(run, known=known), still)
    quiet(run)
    assert updates(run) == []
    assert outcomes(run) == (["refused"] if known else ["registered"])


def managed(run: Run, *, known: bool) -> None:
    asked(WEB)(run)
    run.aws.services.services[WEB]["resourceManagementType"] = "ECS"
    if known:
        with run.line.uncounted():
            run.inspected(service_changed(PLACE.arn("ecs", f"service/{WEB}")))
        assert run.ledger.history(FAMILY).services[WEB].managed
        run.aws.sqs.purge("changes", "subjects.fifo")


def test_what_a_task_set_runs_is_what_its_service_runs() -> None:
    sets = [
        {"status": "ACTIVE", "taskDefinition": arn_of(1)},
        {"status": "PRIMARY", "taskDefinition": arn_of(2), "launchType": "FARGATE"},
    ]
    service = Service({"deploymentController": {"type": "EXTERNAL"}, "taskSets": sets})
    assert (service.task_definition, service.fargate) == (arn_of(2), True)
    assert Service({"taskSets": sets, "taskDefinition": arn_of(1)}).task_definition == arn_of(1)
