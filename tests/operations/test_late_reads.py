"""What ECS shows late, what cannot be read, and what others do between two deliveries: no guess, no loss."""

import copy
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState
from domain.remediation.guard import Guard
from domain.remediation.rollout import Stage
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import Crash, Fault
from tests.aws_fake.clock import START
from tests.operations.playing import (
    DEPLOY,
    FAMILY,
    REGISTER,
    REPORT,
    Run,
    arn_of,
    ask,
    asked,
    deploying,
    deployments,
    fleet,
    proposed_digest,
    quiet,
    request,
    serve,
    steps,
)
from tests.operations.saying import said, why
from tests.operations.steering import (
    CANARY,
    WEB,
    Answer,
    alone,
    answering,
    attempt,
    attempts_of,
    denied,
    found,
    others_deploy,
    outcomes,
    runs,
    stages,
    still,
    unreadable,
    updates,
)
from tests.operations.world import FLOATING, SWITCH, definition

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
    assert (attempt(run).state, stages(run)) == (AttemptState.FAILED, {WEB: Stage.BACK})
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
    assert (attempt(run, key).state, stages(run, key)) == (AttemptState.FAILED, {WEB: Stage.BACK})


# --- what others do between two deliveries ----------------------------------------------------------------------------


def test_a_failed_deployment_that_a_pipeline_has_replaced_already_is_left_to_it(sessions: Sessions) -> None:
    run = steps(deploying(sessions, plays=still), 1)
    run.aws.services.fail(WEB)
    others_deploy(run.aws)
    quiet(run)
    assert (runs(run), updates(run)) == ("web:3", ["web web:2", "web web:3"])
    assert stages(run) == {WEB: Stage.SKIPPED}


def test_a_way_back_that_ecs_rolls_back_is_told_as_what_it_is(sessions: Sessions) -> None:
    def plays(aws: Aws) -> bool:
        """web:2 completes with dead collectors, and the way back to web:1 fails: ECS restores web:2."""
        return deployments(aws, lambda _, revision: "badly" if revision == "web:1" else "dead")

    run = quiet(deploying(sessions, plays=plays))
    assert (attempt(run).state, stages(run), runs(run)) == (AttemptState.FAILED, {WEB: Stage.NOT_ROLLED_BACK}, "web:2")
    [told] = [alert for alert in run.alerts if alert["transition"] == "failed"]
    assert (told["severity"], run.aws.definitions.active()) == ("CRITICAL", [1, 2])
    assert "It is back on" not in json.dumps(told)


def test_a_revision_that_something_runs_is_not_taken_back_when_another_service_fails(sessions: Sessions) -> None:
    run = steps(deploying(sessions, asked("shop/a", "shop/b"), still), 1)
    services = run.aws.services
    services.complete("shop/a")
    services.update("shop/a", forceNewDeployment=True)
    services.complete("shop/a")  # somebody has deployed it once more
    services.fail("shop/b")
    services.complete("shop/b")
    quiet(run)
    assert (attempt(run).state, runs(run, "shop/a"), run.aws.definitions.active()) == (
        AttemptState.FAILED,
        "web:2",
        [1, 2],
    )
    assert any("web:2 remains the newest revision: shop/a runs it." in each for each in said(attempt(run)))


def test_a_revision_that_a_service_of_somebody_elses_runs_is_not_taken_back_by_an_undo(sessions: Sessions) -> None:
    run = quiet(deploying(sessions))
    with run.line.answering():
        serve(run, "shop/new", 2)
        ask(run, request("undo", caller="jo"))
    quiet(run)
    assert (attempt(run).state, runs(run), run.aws.definitions.active()) == (AttemptState.UNDONE, "web:1", [1, 2])


def test_what_somebody_else_deployed_is_given_back_though_the_function_ends_before_it(sessions: Sessions) -> None:
    for fault in (Fault.THROTTLED, Fault.CRASH_BEFORE):
        run = deploying(sessions, plays=still)
        calls = list[str]()

        def overtaken(real: Answer, run: Run = run, calls: list[str] = calls, fault: Fault = fault) -> Answer:
            def answer(operation: str, given: dict[str, Any]) -> Any:
                if operation == "UpdateService":
                    calls.append(operation)
                    if len(calls) == 1:
                        others_deploy(run.aws)
                    elif len(calls) == 2:
                        raise Crash if fault is Fault.CRASH_BEFORE else denied(operation, "ThrottlingException")
                return real(operation, given)

            return answer

        answering(run, overtaken)
        steps(run, 1)
        run.aws.services.complete(WEB)  # nothing shows any more what they deployed
        quiet(run)
        assert (runs(run), stages(run)) == ("web:3", {WEB: Stage.SKIPPED}), fault
        assert outcomes(run) == ["registered", "registered"]


def test_what_cannot_be_given_back_is_told_at_once(sessions: Sessions) -> None:
    run = deploying(sessions, plays=still)
    calls = list[str]()

    def refused(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "UpdateService":
                calls.append(operation)
                if len(calls) > 1:
                    raise denied(operation, "InvalidParameterException")
                others_deploy(run.aws)
            return real(operation, given)

        return answer

    answering(run, refused)
    quiet(run)
    assert (attempt(run).state, stages(run), run.stuck) == (AttemptState.FAILED, {WEB: Stage.NOT_ROLLED_BACK}, [])
    assert run.alerts[-1]["severity"] == "CRITICAL"


def test_a_revision_that_copies_our_tags_is_not_ours(sessions: Sessions) -> None:
    """A pipeline copied what we registered just before the function ended, and changed it."""
    run = deploying(sessions)

    def dying(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            found = real(operation, given)
            if operation == "RegisterTaskDefinition" and len(run.aws.definitions.families["web"]) == 2:
                copied = definition(collector=FLOATING, cpu="2048", memory="4096")
                run.aws.definitions.register(copied | {"tags": copy.deepcopy(run.aws.definitions.tags[arn_of(2)])})
                raise Crash
            return found

        return answer

    answering(run, dying)
    quiet(run)
    with run.line.answering():
        assert run.ledger.history(FAMILY).own_revisions == {2}
    assert (run.aws.definitions.active(), runs(run)) == ([1, 2, 3], "web:2")


# --- guards that come to forbid it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.CRASH_BEFORE])
def test_the_switch_is_read_again_before_an_update_that_was_not_made(sessions: Sessions, fault: Fault) -> None:
    run = deploying(sessions, plays=still)

    def once(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "UpdateService" and run.aws.ssm.parameters[SWITCH]["Value"] == "on":
                run.aws.ssm.put(SWITCH, "off")
                raise Crash if fault is Fault.CRASH_BEFORE else denied(operation, "ThrottlingException")
            return real(operation, given)

        return answer

    answering(run, once)
    quiet(run)
    assert updates(run) == []
    assert (attempt(run).state, attempt(run).rollouts[0].guard) == (AttemptState.REGISTERED, "kill switch")


def test_a_quarantine_stops_what_waits(sessions: Sessions) -> None:
    run = deploying(sessions, lambda run: alone(run, "shop/a", "shop/b"), still)
    services = run.aws.services
    [busy] = services.services["shop/b"]["deployments"]
    steps(run, 1)  # shop/a is under way
    busy["rolloutState"] = "IN_PROGRESS"
    steps(run, 1)  # shop/b waits for its own deployment
    services.complete("shop/a", dead="adot-collector")
    steps(run, 6)
    services.complete("shop/a")  # it is back
    busy["rolloutState"] = "COMPLETED"
    quiet(run)
    with run.line.answering():
        assert run.ledger.history(FAMILY).quarantine is not None
    assert "b LATEST" not in updates(run)
    [told] = [each for each in run.alerts if each["name"] == "shop/b"]
    assert (told["transition"], told["guard"]) == ("refused", "quarantine")


def test_a_finding_that_is_suppressed_meanwhile_stops_what_waits(sessions: Sessions) -> None:
    run = deploying(sessions, found, still)
    [deployment] = run.aws.services.services[WEB]["deployments"]
    deployment["rolloutState"] = "IN_PROGRESS"
    steps(run, 1)
    assert stages(run) == {WEB: Stage.PENDING}
    run.aws.hub.silent = set(run.aws.hub.findings)
    deployment["rolloutState"] = "COMPLETED"
    quiet(run)
    assert (updates(run), attempt(run).rollouts[0].guard) == ([], "suppressed")


@pytest.mark.parametrize("who", ["the canary may not be updated", "somebody else deploys the canary"])
def test_without_a_canary_that_was_verified_no_other_is_begun(sessions: Sessions, who: str) -> None:
    left = who.endswith("updated")

    def begin(run: Run) -> None:
        fleet(run, "shop/a", "shop/b")
        more: dict[str, Any] = {"deploymentConfiguration": {}} if left else {}
        serve(run, "shop/c", **more)
        ask(run, request())

    run = steps(deploying(sessions, begin, still, CANARY), 1)
    if not left:
        others_deploy(run.aws, "shop/c")
        run.aws.services.complete("shop/c")
    quiet(run)
    assert {runs(run, title) for title in ("shop/a", "shop/b")} == {"web:1"}
    assert [each.guard for each in attempt(run).rollouts if not each.canary] == ["canary", "canary"]


def test_services_alone_are_corrected_canaries_first_and_a_few_at_a_time(sessions: Sessions) -> None:
    standard = DEPLOY.replace("minutes: 0", "minutes: 0, at_once: 1, canary: ['shop/c']")
    run = deploying(sessions, lambda run: alone(run, "shop/a", "shop/b", "shop/c"), still, standard)
    steps(run, 3)
    assert updates(run) == ["c LATEST"]

    def plays(aws: Aws) -> bool:
        states = [each["deployments"][0]["rolloutState"] for each in aws.services.services.values()]
        assert states.count("IN_PROGRESS") <= 1
        return deployments(aws)

    run.scenario = replace(run.scenario, plays=plays)
    quiet(run)
    assert sorted(updates(run)) == ["a LATEST", "b LATEST", "c LATEST"]
    assert {each.state for each in attempts_of(run)} == {AttemptState.DEPLOYED}


# --- what cannot be read ----------------------------------------------------------------------------------------------


def test_a_service_that_may_not_be_read_any_more_holds_up_no_other(sessions: Sessions) -> None:
    run = steps(deploying(sessions, asked("shop/a", "shop/b"), still), 1)
    unreadable(run, "a")
    run.aws.services.complete("shop/b", dead="adot-collector")
    steps(run, 6)
    assert runs(run, "shop/b") == "web:1", "it was set back"
    run.aws.services.complete("shop/b")
    quiet(run)
    assert (attempt(run).state, stages(run)) == (
        AttemptState.FAILED,
        {"shop/a": Stage.NOT_ROLLED_BACK, "shop/b": Stage.BACK},
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


def test_a_family_that_is_fought_for_is_told_of_once_in_a_window_and_again_in_the_next(sessions: Sessions) -> None:
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
