"""What happens between two deliveries of a correction, and what the later one does about it."""

import copy
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState
from domain.remediation.rollout import Stage
from domain.standard import Mode
from rules import BY_ID
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import Crash
from tests.operations.playing import (
    DEPLOY,
    FAMILY,
    REPORT,
    Run,
    ask,
    asked,
    deploying,
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
    others_deploy,
    runs,
    stages,
    still,
    unreadable,
    updates,
)
from tests.operations.world import RULES, STANDARD, definition

ONE_BY_ONE = DEPLOY.replace("minutes: 0", "minutes: 0, at_once: 1")
EXEMPT = "exemptions: [{rules: ['*'], where: {family: web}, reason: leave this one alone}]\n"


def busy(run: Run, title: str = WEB) -> dict[str, Any]:
    """The service's own deployment is in progress; what to end it by."""
    deployment: dict[str, Any] = run.aws.services.services[title]["deployments"][0]
    deployment["rolloutState"] = "IN_PROGRESS"
    return deployment


def waiting(sessions: Sessions, *titles: str) -> tuple[Run, dict[str, Any]]:
    """A correction of which the last service waits."""
    run = deploying(sessions, asked(*(titles or (WEB,))), still)
    deployment = busy(run, titles[-1] if titles else WEB)
    return steps(run, 1), deployment


@pytest.mark.parametrize("looks", [1, 2])
def test_an_update_that_took_effect_is_watched_though_the_next_reads_show_it_late(
    sessions: Sessions, looks: int
) -> None:
    run = deploying(sessions)
    late, done = list[Any](), list[int]()

    def dying(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "UpdateService" and not done:
                done.append(1)
                late.extend([copy.deepcopy(run.aws.services.services[WEB])] * looks)
                real(operation, given)
                raise Crash
            return (
                {"services": [late.pop()], "failures": []}
                if operation == "DescribeServices" and late
                else real(operation, given)
            )

        return answer

    answering(run, dying)
    quiet(run)
    assert (attempt(run).state, updates(run)) == (AttemptState.DEPLOYED, ["web web:2"])


def test_what_waits_is_not_updated_once_the_stack_or_the_standard_forbid_it(sessions: Sessions) -> None:
    run, deployment = waiting(sessions)
    run.aws.ssm.put(STANDARD, DEPLOY + EXEMPT)
    deployment["rolloutState"] = "COMPLETED"
    quiet(run)
    assert (updates(run), attempt(run).rollouts[0].guard) == ([], "mode")

    def approve(run: Run) -> None:
        digest, at = proposed_digest(run), run.aws.clock.now().isoformat()
        run.aws.sqs.purge()
        ask(run, request("apply", digest=digest, at=at))

    run = deploying(sessions, approve, still, REPORT)
    deployment = busy(run)
    steps(run, 1)
    run.scenario = replace(run.scenario, cap=Mode.REPORT)
    deployment["rolloutState"] = "COMPLETED"
    quiet(run)
    assert (updates(run), attempt(run).rollouts[0].guard) == ([], "stack")


def test_a_rule_that_this_release_no_longer_has_is_not_rolled_out(sessions: Sessions) -> None:
    run, deployment = waiting(sessions, "shop/a", "shop/b")
    run.scenario = replace(run.scenario, rules=tuple(rule for rule in RULES if rule.id != "sidecar.image-pinned"))
    deployment["rolloutState"] = "COMPLETED"
    quiet(run)
    assert (run.stuck, stages(run)["shop/b"]) == ([], Stage.SKIPPED)


def test_a_service_is_not_started_again_after_another_has_failed(sessions: Sessions) -> None:
    run = deploying(sessions, asked("shop/a", "shop/b"), still)
    throttled = list[int]()

    def once(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "UpdateService" and given["service"] == "b" and not throttled:
                throttled.append(1)
                run.aws.clock.pass_(minutes=10)
                run.aws.services.fail("shop/a")
                raise denied(operation, "ThrottlingException")
            return real(operation, given)

        return answer

    answering(run, once)
    quiet(run)
    assert throttled
    assert "b web:2" not in updates(run)
    assert attempt(run).state is AttemptState.FAILED


def test_a_correction_that_failed_has_failed_even_if_others_deploy_during_its_rollback(sessions: Sessions) -> None:
    run = deploying(sessions, plays=still)
    calls = list[int]()

    def overtaken(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "UpdateService":
                calls.append(1)
                if len(calls) == 2:
                    others_deploy(run.aws)
            return real(operation, given)

        return answer

    answering(run, overtaken)
    steps(run, 1)
    run.aws.services.complete(WEB, dead="adot-collector")
    quiet(run)
    assert (attempt(run).state, runs(run)) == (AttemptState.FAILED, "web:3")
    assert "In 2 of 2 new tasks the collector is STOPPED" in said(attempt(run))[0]


def test_an_undo_waits_until_ecs_shows_what_it_is_to_undo(sessions: Sessions) -> None:
    run = deploying(sessions, plays=still)
    before = copy.deepcopy(run.aws.services.services[WEB])
    steps(run, 1)
    late = [before]

    def shown_late(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "DescribeServices" and late:
                return {"services": [copy.deepcopy(late.pop())], "failures": []}
            return real(operation, given)

        return answer

    answering(run, shown_late)
    with run.line.answering():
        ask(run, request("undo", caller="jo"))
    steps(run, 1)
    run.aws.services.complete(WEB)
    quiet(run)
    assert (attempt(run).state, runs(run), run.aws.definitions.active()) == (AttemptState.UNDONE, "web:1", [1])


def test_an_undo_goes_on_past_a_service_that_may_not_be_read(sessions: Sessions) -> None:
    run = quiet(deploying(sessions, asked("shop/a", "shop/b")))
    unreadable(run, "a")
    with run.line.answering():
        ask(run, request("undo", caller="jo"))
    quiet(run)
    assert (runs(run, "shop/b"), run.stuck) == ("web:1", [])
    assert stages(run)["shop/a"] is Stage.NOT_ROLLED_BACK


def test_after_an_undo_of_one_service_it_is_said_why_the_others_were_not_begun(sessions: Sessions) -> None:
    run = steps(deploying(sessions, asked("shop/a", "shop/b"), still, ONE_BY_ONE), 1)
    with run.line.answering():
        ask(run, request("undo", caller="jo", service="shop/a"))
    steps(run, 1)
    run.aws.services.complete("shop/a")
    quiet(run)
    assert why(attempt(run).rollouts[1]) == "Its update was not started, because the correction was undone."


def test_an_unreadable_canary_holds_the_others(sessions: Sessions) -> None:
    run = deploying(sessions, asked("shop/a", "shop/c"), standard=CANARY)
    unreadable(run, "c")
    quiet(run)
    assert updates(run) == []


@pytest.mark.parametrize("published", [True, False], ids=["it was asked for", "nobody asked"])
def test_a_canary_that_will_not_be_corrected_is_not_waited_for(sessions: Sessions, *, published: bool) -> None:
    def begin(run: Run) -> None:
        alone(run, "shop/a")
        serve(run, "shop/c", platformVersion="1.3.0", deploymentConfiguration={})
        [deployment] = run.aws.services.services["shop/c"]["deployments"]
        if published:
            ask(run, request("correct-service", revision=1, service="shop/c", deployment=deployment["id"]))

    run = quiet(deploying(sessions, begin, standard=CANARY))
    [alert] = [each for each in run.alerts if each["name"] == "shop/a"]
    assert alert["guard"] == "canary"
    assert "circuit breaker" in alert["reasons"][0]
    assert alert["rules"]
    assert len(run.outcomes) < 10


def test_a_canary_moves_to_the_correction_first(sessions: Sessions) -> None:
    moves = "mode: register\nrules: [{rules: [service.revision], where: {family: '*'}, mode: deploy}]"
    standard = CANARY.replace("mode: deploy", moves)
    run = deploying(sessions, asked("shop/a", "shop/c"), still, standard)
    run.scenario = replace(run.scenario, rules=(*RULES, BY_ID["service.revision"]))
    quiet(run)
    with run.line.answering():
        for title in ("shop/a", "shop/c"):
            [deployment] = run.aws.services.services[title]["deployments"]
            ask(run, request("correct-service", revision=1, service=title, deployment=deployment["id"]))
    steps(run, 2)
    assert updates(run) == ["c web:2"]


def test_services_that_wait_hold_up_no_other(sessions: Sessions) -> None:
    run = deploying(sessions, asked("shop/a", "shop/b", "shop/d"), still)
    for title in ("shop/a", "shop/b"):
        busy(run, title)
    steps(run, 1)
    assert updates(run) == ["d web:2"]


def test_a_queue_that_moves_is_waited_for_longer_than_the_window(sessions: Sessions) -> None:
    standard = DEPLOY.replace("minutes: 0", "minutes: 0, at_once: 1, window_hours: 1")
    titles = [f"shop/{name}" for name in "abcdefgh"]

    def slowly(aws: Aws) -> bool:
        for title, service in aws.services.services.items():
            [deployment, *_] = service["deployments"]
            over = aws.clock.now() > deployment["createdAt"] + timedelta(minutes=10)
            if deployment["rolloutState"] == "IN_PROGRESS" and over:
                aws.services.complete(title)
                return True
        return False

    run = deploying(sessions, lambda run: alone(run, *titles), slowly, standard)
    with run.line.answering():
        run.until_quiet(3000)
    assert {each.state for each in attempts_of(run)} == {AttemptState.DEPLOYED}


def test_a_service_that_was_never_updated_was_not_corrected_and_nothing_is_published(sessions: Sessions) -> None:
    """A pipeline that deploys every three minutes, and each time something else that must settle for five."""
    run = deploying(sessions, lambda _: None, still, DEPLOY.replace("minutes: 0", "minutes: 5"))
    services = run.aws.services
    with run.line.answering():
        fleet(run, WEB, drifted=definition(), platformVersion="1.3.0")
        for number in range(1, 5):
            [deployment] = services.services[WEB]["deployments"]
            ask(run, request("correct-service", revision=number, service=WEB, deployment=deployment["id"]))
            run.step()
            run.aws.clock.pass_(minutes=3)
            others_deploy(run.aws)
            services.complete(WEB)
            for each in run.ledger.history(FAMILY).attempts:
                if not each.state.ended:
                    ask(run, request("resume", attempt=each.key))
                    run.step()
    assert {each.state for each in attempts_of(run)} == {AttemptState.SUPERSEDED}
    assert run.alerts == []


def test_a_rollback_of_a_platform_version_that_ecs_rolls_back_is_published_as_what_it_is(sessions: Sessions) -> None:
    run = steps(deploying(sessions, lambda run: alone(run, WEB), still), 1)
    services = run.aws.services
    services.complete(WEB, dead="adot-collector")
    while len(updates(run)) < 2:
        steps(run, 1)
    services.fail(WEB)
    services.services[WEB]["platformVersion"] = "LATEST"
    services.complete(WEB)
    quiet(run)
    [published] = [alert for alert in run.alerts if alert["transition"] == "failed"]
    assert (published["severity"], "It is back on" in json.dumps(published)) == ("CRITICAL", False)


def test_a_revision_that_cannot_be_deregistered_is_published_and_not_tried_for_ever(sessions: Sessions) -> None:
    run = deploying(sessions, plays=still)

    def refused(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "RegisterTaskDefinition" and len(run.aws.definitions.families["web"]) == 1:
                run.aws.definitions.register(definition())
            if operation == "DeregisterTaskDefinition":
                raise denied(operation)
            return real(operation, given)

        return answer

    answering(run, refused)
    quiet(run)
    assert (attempt(run).state, run.stuck) == (AttemptState.SUPERSEDED, [])
    assert "web:3 remains the newest revision" in said(attempt(run))[-1]


def test_it_is_not_said_that_no_service_was_updated_where_one_was(sessions: Sessions) -> None:
    run = steps(deploying(sessions, plays=still), 1)
    others_deploy(run.aws)
    quiet(run)
    assert run.alerts[-1]["title"].endswith("no service runs it")


def test_an_undo_of_what_only_waits_needs_no_right_to_update(sessions: Sessions) -> None:
    run, _ = waiting(sessions)
    run.scenario = replace(run.scenario, cap=Mode.REGISTER)
    with run.line.answering():
        ask(run, request("undo", caller="jo"))
    quiet(run)
    assert (attempt(run).state, run.aws.definitions.active()) == (AttemptState.UNDONE, [1])
