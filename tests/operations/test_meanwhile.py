"""What others do between two deliveries, and guards that come to forbid a correction."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState
from domain.remediation.rollout import Stage
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import Crash, Fault
from tests.operations.playing import (
    DEPLOY,
    FAMILY,
    Run,
    arn_of,
    ask,
    asked,
    deploying,
    deployments,
    fleet,
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
    updates,
)
from tests.operations.world import FLOATING, SWITCH, definition

# --- what others do between two deliveries ----------------------------------------------------------------------------


def test_a_failed_deployment_that_a_pipeline_has_replaced_already_is_left_to_it(sessions: Sessions) -> None:
    run = steps(deploying(sessions, plays=still), 1)
    run.aws.services.fail(WEB)
    others_deploy(run.aws)
    quiet(run)
    assert (runs(run), updates(run)) == ("web:3", ["web web:2", "web web:3"])
    assert stages(run) == {WEB: Stage.SKIPPED}


@pytest.mark.parametrize("when", ["before the answer", "while it is deployed", "while it settles", "it is deleted"])
def test_a_service_alone_that_somebody_deploys_meanwhile_is_left_to_them(sessions: Sessions, when: str) -> None:
    run = deploying(sessions, lambda run: alone(run, WEB), still)

    def overtaken(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "UpdateService" and len(run.aws.services.updates) == 0:
                others_deploy(run.aws)
            return real(operation, given)

        return answer

    if when == "before the answer":
        answering(run, overtaken)
    steps(run, 1)
    match when:
        case "while it is deployed":
            others_deploy(run.aws)
        case "while it settles":
            run.aws.services.complete(WEB)
            steps(run, 1)
            others_deploy(run.aws)
        case "it is deleted":
            del run.aws.services.services[WEB]
        case _:
            pass
    quiet(run)
    [found] = attempts_of(run)
    assert (found.state, outcomes(run)) == (AttemptState.SUPERSEDED, ["superseded"])
    assert run.alerts[-1]["title"] == "The correction of shop/web was dropped"
    assert (run.alerts[-1]["severity"], len(run.alerts[-1]["reasons"])) == ("INFORMATIONAL", 1)


def test_a_rollback_that_ecs_rolls_back_is_published_as_what_it_is(sessions: Sessions) -> None:
    def plays(aws: Aws) -> bool:
        """web:2 completes with dead collectors, and the way back to web:1 fails: ECS restores web:2."""
        return deployments(aws, lambda _, revision: "badly" if revision == "web:1" else "dead")

    run = quiet(deploying(sessions, plays=plays))
    assert (attempt(run).state, stages(run), runs(run)) == (AttemptState.FAILED, {WEB: Stage.NOT_ROLLED_BACK}, "web:2")
    [published] = [alert for alert in run.alerts if alert["transition"] == "failed"]
    assert (published["severity"], run.aws.definitions.active()) == ("CRITICAL", [1, 2])
    assert "It is back on" not in json.dumps(published)


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


def test_what_cannot_be_rolled_back_is_published_at_once(sessions: Sessions) -> None:
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


def test_a_revision_that_copies_outriders_tags_is_not_outriders(sessions: Sessions) -> None:
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
    [published] = [each for each in run.alerts if each["name"] == "shop/b"]
    assert (published["transition"], published["guard"]) == ("refused", "quarantine")


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


def test_a_canary_without_tasks_shows_nothing_and_no_other_is_begun(sessions: Sessions) -> None:
    def begin(run: Run) -> None:
        fleet(run, "shop/a")
        serve(run, "shop/c", desiredCount=0)
        ask(run, request())

    run = quiet(deploying(sessions, begin, standard=CANARY))
    assert (attempt(run).state, updates(run)) == (AttemptState.UPDATED, ["c web:2"])
    assert stages(run) == {"shop/c": Stage.UPDATED, "shop/a": Stage.SKIPPED}
    assert attempt(run).rollouts[1].guard == "canary"
    assert "shop/c was chosen to test the correction first, and cannot: Its desired count is 0" in why(attempt(run))


def test_of_several_canaries_those_with_tasks_test_the_correction(sessions: Sessions) -> None:
    def begin(run: Run) -> None:
        fleet(run, "shop/a", "shop/c")
        serve(run, "shop/c2", desiredCount=0)
        ask(run, request())

    run = quiet(deploying(sessions, begin, standard=CANARY.replace("shop/c", "shop/c*")))
    assert updates(run)[0] == "c web:2"
    assert stages(run) == {"shop/a": Stage.VERIFIED, "shop/c": Stage.VERIFIED, "shop/c2": Stage.UPDATED}
    assert run.alerts[-1]["title"] == (
        "web:2 runs on shop/c, shop/a, and its collectors run; the desired count of shop/c2 is 0"
    )


def test_services_alone_wait_for_a_canary_with_tasks_also_after_it_was_corrected(sessions: Sessions) -> None:
    standard = CANARY.replace("minutes: 0", "minutes: 0, window_hours: 1")
    run = deploying(sessions, lambda run: alone(run, "shop/a", "shop/c"), standard=standard)
    run.aws.services.update("shop/c", desiredCount=0)
    quiet(run)
    assert updates(run) == ["c LATEST"]
    found = {each.service: each for each in attempts_of(run)}
    assert (found["shop/c"].state, found["shop/a"].guard) == (AttemptState.UPDATED, "canary")
    assert "Its desired count is 0" in why(found["shop/a"])


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
