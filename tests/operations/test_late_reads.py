"""What ECS shows late, what cannot be read, and what others do between two deliveries: no guess, no loss."""

import copy
from datetime import timedelta
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState
from domain.remediation.guard import Guard
from domain.remediation.rollout import Stage
from tests.aws_fake.clock import START
from tests.operations.playing import (
    REGISTER,
    REPORT,
    Run,
    ask,
    asked,
    deploying,
    fleet,
    proposed_digest,
    quiet,
    request,
    steps,
)
from tests.operations.saying import why
from tests.operations.steering import (
    WEB,
    Answer,
    alone,
    answering,
    attempt,
    attempts_of,
    denied,
    found,
    outcomes,
    runs,
    stages,
    still,
    unreadable,
    updates,
)
from tests.operations.world import FLOATING, definition

# --- what is shown late -----------------------------------------------------------------------------------------------


def test_a_service_that_is_still_shown_as_it_was_is_neither_rolled_back_nor_anybodys(sessions: Sessions) -> None:
    run = deploying(sessions)
    late = list[Any]()

    def once(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "UpdateService":
                late.append(copy.deepcopy(run.aws.services.services[WEB]))
            if operation == "DescribeServices" and late:
                return {"services": [late.pop()], "failures": []}
            return real(operation, given)

        return answer

    answering(run, once)
    steps(run, 1)
    assert (late, stages(run)) == ([], {WEB: Stage.DEPLOYING})
    assert attempt(quiet(run)).state is AttemptState.DEPLOYED
    assert updates(run) == ["web web:2"]


@pytest.mark.parametrize("ends", [AttemptState.DEPLOYED, AttemptState.REGISTERED], ids=["it comes", "it never comes"])
def test_an_update_whose_answer_shows_no_deployment_is_watched_and_proves_nothing(
    sessions: Sessions, ends: AttemptState
) -> None:
    run = deploying(sessions, plays=still)

    def behind(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation != "UpdateService":
                return real(operation, given)
            before = copy.deepcopy(run.aws.services.services[WEB])
            if ends is AttemptState.DEPLOYED:
                real(operation, given)
            return {"service": before}

        return answer

    answering(run, behind)
    steps(run, 1)
    assert stages(run) == {WEB: Stage.DEPLOYING}
    assert outcomes(run) == ["registered"]
    if ends is AttemptState.DEPLOYED:
        run.aws.services.complete(WEB)
    quiet(run)
    assert attempt(run).state is ends
    if ends is AttemptState.REGISTERED:
        assert "no deployment started" in why(attempt(run).rollouts[0])
    assert len(updates(run)) == (ends is AttemptState.DEPLOYED)


def test_a_rollback_that_is_over_is_read_as_one(sessions: Sessions) -> None:
    """ECS does not list the failed deployment by then, and the one before is primary again; an event has the reason."""
    run = steps(deploying(sessions, plays=still), 1)
    run.aws.clock.pass_(seconds=30)
    run.aws.services.fail(WEB)
    run.aws.services.complete(WEB)
    quiet(run)
    assert (attempt(run).state, stages(run)) == (AttemptState.FAILED, {WEB: Stage.ROLLED_BACK})
    assert "Tasks failed to start." in why(attempt(run).rollouts[0])
    assert updates(run) == ["web web:2"]


def test_a_forced_deployment_that_ecs_has_rolled_back_failed(sessions: Sessions) -> None:
    """It runs the same revision before and after, so only the deployment tells."""
    run = steps(deploying(sessions, lambda run: alone(run, WEB), still), 1)
    [key] = [each.key for each in attempts_of(run)]
    run.aws.services.services[WEB]["platformVersion"] = "1.3.0"
    run.aws.services.fail(WEB)
    run.aws.services.complete(WEB)
    quiet(run)
    assert (attempt(run, key).state, stages(run, key)) == (AttemptState.FAILED, {WEB: Stage.ROLLED_BACK})


# --- what cannot be read ----------------------------------------------------------------------------------------------


def test_a_service_that_may_not_be_read_any_more_holds_up_no_other(sessions: Sessions) -> None:
    run = steps(deploying(sessions, asked("shop/a", "shop/b"), still), 1)
    unreadable(run, "a")
    run.aws.services.complete("shop/b", dead="adot-collector")
    steps(run, 6)
    assert runs(run, "shop/b") == "web:1", "it was rolled back"
    run.aws.services.complete("shop/b")
    quiet(run)
    assert (attempt(run).state, stages(run)) == (
        AttemptState.FAILED,
        {"shop/a": Stage.NOT_ROLLED_BACK, "shop/b": Stage.ROLLED_BACK},
    )
    assert (run.stuck, run.aws.definitions.active()) == ([], [1, 2])


def test_a_service_that_may_not_be_read_is_left_and_named(sessions: Sessions) -> None:
    run = deploying(sessions, asked("shop/a", "shop/b"))
    unreadable(run, "a")
    quiet(run)
    assert (attempt(run).state, stages(run)) == (
        AttemptState.DEPLOYED,
        {"shop/a": Stage.SKIPPED, "shop/b": Stage.VERIFIED},
    )
    assert any("ecs:DescribeServices on shop/a failed" in each for each in run.alerts[-1]["reasons"])


@pytest.mark.parametrize(
    ("code", "ends"),
    [("InvalidAccessException", AttemptState.REGISTERED), ("AccessDeniedException", AttemptState.REFUSED)],
)
def test_a_hub_that_is_off_silences_nothing_and_one_that_may_not_be_asked_is_waited_for(
    sessions: Sessions, code: str, ends: AttemptState
) -> None:
    run = deploying(sessions, found, still, REGISTER)

    def off(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "GetFindings":
                raise denied(operation, code)
            return real(operation, given)

        return answer

    answering(run, off)
    quiet(run)
    assert (attempt(run).state, run.stuck) == (ends, [])
    assert attempt(run).guard is (Guard.SUPPRESSED if ends is AttemptState.REFUSED else None)


# --- what is published ------------------------------------------------------------------------------------------------


def test_a_family_that_others_bring_back_drifted_is_published_once_in_a_window_and_again_in_the_next(
    sessions: Sessions,
) -> None:
    run = deploying(sessions, lambda _: None, still, REGISTER)
    with run.line.answering():
        for hour in range(24 * 4):
            run.aws.definitions.register(definition(collector=FLOATING))
            ask(run, request(revision=len(run.aws.definitions.families["web"])))
            while run.aws.sqs.queue("remediations.fifo").waiting:
                run.step()
            run.aws.clock.moment = START + timedelta(hours=hour + 1)
    fought = [alert for alert in run.alerts if alert["guard"] == "attempts"]
    assert 3 <= len(fought) <= 4


def test_findings_of_one_plan_that_are_approved_at_once_are_refused_once(sessions: Sessions) -> None:
    def begin(run: Run) -> None:
        digest, at = proposed_digest(run), run.aws.clock.now().isoformat()
        run.aws.sns.topic("alerts").published.clear()
        run.aws.hub.silent = set(run.aws.hub.findings)
        for rule in ("sidecar.image-pinned", ""):
            ask(run, request("apply", digest=digest, at=at, rule=rule))

    run = quiet(deploying(sessions, begin, still, REPORT))
    assert len({alert["id"] for alert in run.alerts}) == 1
    assert len(run.outcomes) == 2


def test_a_registered_revision_whose_services_were_all_left_can_be_undone(sessions: Sessions) -> None:
    def begin(run: Run) -> None:
        fleet(run, WEB, deploymentController={"type": "CODE_DEPLOY"})
        ask(run, request())

    run = quiet(deploying(sessions, begin, still))
    with run.line.answering():
        ask(run, request("undo", caller="jo"))
    quiet(run)
    assert (attempt(run).state, run.aws.definitions.active()) == (AttemptState.UNDONE, [1])
