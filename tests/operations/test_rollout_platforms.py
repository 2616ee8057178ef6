"""Services on a platform version where no collector starts: they get another with a correction, or are left."""

import pytest

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState
from domain.remediation.rollout import Stage
from tests.aws_fake.aws import Aws
from tests.operations.playing import DEPLOY, Run, ask, deploying, deployments, fleet, quiet, request, steps
from tests.operations.saying import why
from tests.operations.steering import WEB, attempt, runs, stages, still, updates
from tests.operations.world import PLACE, service_changed

REPORTED = f"{DEPLOY}rules: [{{rules: service.platform-version, mode: report}}]\n"
ACCEPTED = f"{DEPLOY}services: {{platform_version: 1.3.0}}\n"
EXEMPT = (
    f"{DEPLOY}exemptions: [{{rules: [service.platform-version], where: {{family: web}}, reason: It moves soon.}}]\n"
)
LEFT = "It runs on Fargate platform version 1.3.0, where new tasks would not start."


def old(run: Run) -> None:
    fleet(run, WEB, platformVersion="1.3.0")
    ask(run, request())


def platform(run: Run) -> str:
    return str(run.aws.services.services[WEB]["platformVersion"])


def test_a_service_gets_the_latest_with_the_corrected_revision(sessions: Sessions) -> None:
    run = quiet(deploying(sessions, old))
    assert (attempt(run).state, stages(run)) == (AttemptState.DEPLOYED, {WEB: Stage.VERIFIED})
    assert (updates(run), runs(run), platform(run)) == (["web web:2"], "web:2", "LATEST")


@pytest.mark.parametrize("standard", [REPORTED, ACCEPTED, EXEMPT])
def test_it_is_left_where_the_standard_does_not_let_outrider_change_that(sessions: Sessions, standard: str) -> None:
    run = quiet(deploying(sessions, old, standard=standard))
    assert (attempt(run).state, stages(run), updates(run)) == (AttemptState.REGISTERED, {WEB: Stage.SKIPPED}, [])
    assert (attempt(run).rollouts[0].guard, why(attempt(run).rollouts[0]).startswith(LEFT)) == (
        "platform version",
        True,
    )


def test_it_is_left_where_the_finding_about_that_is_suppressed(sessions: Sessions) -> None:
    def begin(run: Run) -> None:
        old(run)
        run.aws.sqs.purge()
        assert run.inspected(service_changed(PLACE.arn("ecs", f"service/{WEB}")))
        run.aws.hub.silent = {id_ for id_ in run.aws.hub.findings if id_.endswith("service.platform-version")}
        run.aws.sqs.purge()
        ask(run, request())

    run = quiet(deploying(sessions, begin))
    assert (stages(run), updates(run)) == ({WEB: Stage.SKIPPED}, [])


def test_the_way_back_keeps_a_platform_version_where_tasks_start(sessions: Sessions) -> None:
    def plays(aws: Aws) -> bool:
        return deployments(aws, lambda _, revision: "dead" if revision == "web:2" else "well")

    run = quiet(deploying(sessions, old, plays))
    assert (attempt(run).state, stages(run)) == (AttemptState.FAILED, {WEB: Stage.ROLLED_BACK})
    assert (runs(run), platform(run)) == ("web:1", "LATEST")


def test_what_cannot_be_rolled_back_is_rolled_back_by_hand_to_where_tasks_start(sessions: Sessions) -> None:
    run = steps(deploying(sessions, old, still), 1)
    run.aws.services.complete(WEB, dead="adot-collector")
    while len(updates(run)) < 2:
        steps(run, 1)
    run.aws.services.fail(WEB)
    run.aws.services.complete(WEB)
    quiet(run)
    [alert] = [each for each in run.alerts if each["transition"] == "failed"]
    assert "--task-definition web:1 --platform-version LATEST" in alert["next_step"]
