"""What others do at the same time, and what nobody expects: two workers, clocks, services that change meanwhile."""

import json
from datetime import timedelta
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.ledger import LedgerConflict
from aws.sessions import Sessions
from domain.places import Place
from domain.remediation.attempt import AttemptState
from domain.remediation.request import RequestUnreadable
from domain.remediation.rollout import Stage
from operations.remediation.outcome import NotRead
from rules import BY_ID
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import Calls, Trouble
from tests.operations.playing import (
    DRIFTED,
    FAMILY,
    REGISTER,
    Run,
    Scenario,
    account,
    arn_of,
    ask,
    asked,
    deploying,
    deployments,
    fleet,
    quiet,
    request,
    steps,
)
from tests.operations.saying import said, why
from tests.operations.steering import updates
from tests.operations.world import (
    ACCOUNT,
    CANARY,
    FLOATING,
    PLACE,
    REGION,
    RULES,
    definition,
    registered,
    service_changed,
)

TITLE = "shop/web"


def stages(run: Run) -> dict[str, Stage]:
    return {each.service: each.stage for each in run.outcomes[-1].rollouts}


def ends_as(run: Run) -> tuple[AttemptState, dict[str, Stage], str]:
    """State and stages of the last outcome, and what shop/web runs."""
    runs = run.aws.services.services[TITLE]["taskDefinition"].rpartition("/")[2]
    assert (run.stuck, run.end()["due"]) == ([], [])
    return run.outcomes[-1].state, stages(run), runs


# --- two workers ------------------------------------------------------------------------------------------------------


def _counted(sessions: Sessions) -> tuple[int, dict[str, Any]]:
    run = quiet(deploying(sessions))
    return len(run.line.made), run.end()


def test_a_second_worker_at_any_moment_of_the_first_does_nothing_twice(sessions: Sessions) -> None:
    """A message is delivered again while the first worker of its family still runs: its visibility timeout is over."""
    count, wanted = _counted(sessions)
    wrong = dict[int, Any]()
    for number in range(count):
        run = deploying(sessions)

        def second(run: Run = run) -> None:
            try:
                run.remediator().remediate(request())
            except (CallFailed, LedgerConflict, NotRead):
                ask(run, request())  # it is delivered again

        run.line.interludes[number] = second
        found = quiet(run).end()
        if found != wanted:
            wrong[number] = {key: (found[key], wanted[key]) for key in found if found[key] != wanted[key]}
    assert not wrong, "\n".join(f"{number}: {differing}" for number, differing in wrong.items())


def test_a_clock_that_goes_back_changes_nothing(sessions: Sessions) -> None:
    _, wanted = _counted(sessions)
    for after in range(1, 8):
        run = steps(deploying(sessions), after)
        run.aws.clock.pass_(minutes=-7)
        assert quiet(run).end() == wanted


# --- services that change under a rollout -----------------------------------------------------------------------------


def test_another_who_deploys_at_the_same_moment_decides(sessions: Sessions) -> None:
    run = deploying(sessions)

    def deploy_at_once() -> None:
        arn = run.aws.definitions.register(definition(cpu="2048", memory="4096"))
        run.aws.services.update(TITLE, taskDefinition=arn)

    run.line.meanwhile["UpdateService"] = deploy_at_once
    assert ends_as(quiet(run)) == (AttemptState.REGISTERED, {TITLE: Stage.SKIPPED}, "web:3")
    assert "Somebody else deployed web:3 at the same moment" in why(run.outcomes[-1])


def under_way(sessions: Sessions, *, settles: bool) -> Run:
    """A service of which the deployment is in progress, or complete."""
    run = steps(deploying(sessions, plays=lambda _: False), 1)
    if settles:
        run.aws.services.complete(TITLE)
        steps(run, 2)
    return run


@pytest.mark.parametrize("settles", [False, True])
def test_another_who_goes_back_meanwhile_decides_and_nothing_failed(sessions: Sessions, *, settles: bool) -> None:
    run = under_way(sessions, settles=settles)
    run.aws.services.update(TITLE, taskDefinition=arn_of(1))
    run.aws.services.complete(TITLE)
    assert ends_as(quiet(run)) == (AttemptState.REGISTERED, {TITLE: Stage.SKIPPED}, "web:1")
    assert said(run.outcomes[-1]) == (f"{TITLE}: Somebody else deployed it in the meantime.",)
    assert (run.end()["quarantine"], run.aws.definitions.active()) == (None, [1, 2])


@pytest.mark.parametrize("settles", [False, True])
def test_a_rollback_that_is_complete_is_ecs_own_where_its_events_say_so(sessions: Sessions, *, settles: bool) -> None:
    """It was a deployment of its own, and the one that failed is not listed any more."""
    run = under_way(sessions, settles=settles)
    run.aws.services.fail(TITLE)
    run.aws.services.update(TITLE, taskDefinition=arn_of(1), forceNewDeployment=True)
    run.aws.services.complete(TITLE)
    assert ends_as(quiet(run)) == (AttemptState.FAILED, {TITLE: Stage.ROLLED_BACK}, "web:1")


def test_a_service_that_is_deleted_is_left(sessions: Sessions) -> None:
    run = steps(deploying(sessions), 1)
    del run.aws.services.services[TITLE]
    assert stages(quiet(run)) == {TITLE: Stage.SKIPPED}
    assert said(run.outcomes[-1]) == (f"{TITLE}: The service no longer exists.",)


def test_a_service_that_is_created_again_is_another_service(sessions: Sessions) -> None:
    run = steps(deploying(sessions), 1)
    other = run.aws.definitions.register(definition("api"))
    run.aws.services.add(TITLE, other)
    assert ends_as(quiet(run)) == (AttemptState.REGISTERED, {TITLE: Stage.SKIPPED}, "api:1")


def test_a_service_that_was_moved_to_another_family_is_left(sessions: Sessions) -> None:
    def begin(run: Run) -> None:
        asked(TITLE)(run)
        run.aws.services.services[TITLE]["taskDefinition"] = run.aws.definitions.register(definition("api"))

    run = quiet(deploying(sessions, begin))
    assert run.aws.services.services[TITLE]["taskDefinition"].endswith("/api:1")
    assert (run.outcomes[-1].state, run.outcomes[-1].rollouts) == (AttemptState.REGISTERED, ())


def test_a_service_with_a_desired_count_of_zero_is_updated_and_not_verified(sessions: Sessions) -> None:
    def begin(run: Run) -> None:
        fleet(run, TITLE, desiredCount=0)
        ask(run, request())

    run = quiet(deploying(sessions, begin))
    assert ends_as(run) == (AttemptState.UPDATED, {TITLE: Stage.UPDATED}, "web:2")
    [_, updated] = [alert for alert in run.alerts if alert["kind"] == "outcome"]
    assert updated["title"] == (
        "web:2 is deployed to shop/web; the desired count is 0, so no task shows yet whether it works"
    )


def test_a_service_that_is_scaled_to_zero_while_it_deploys_is_not_verified(sessions: Sessions) -> None:
    run = steps(deploying(sessions, plays=lambda _: False), 1)
    run.aws.services.update(TITLE, desiredCount=0)
    run.aws.services.complete(TITLE)
    assert ends_as(quiet(run)) == (AttemptState.UPDATED, {TITLE: Stage.UPDATED}, "web:2")


@pytest.mark.parametrize("provider", ["FARGATE", "FARGATE_SPOT"])
def test_a_service_by_capacity_provider_is_updated(sessions: Sessions, provider: str) -> None:
    def begin(run: Run) -> None:
        strategy = [{"capacityProvider": provider, "weight": 1}]
        fleet(run, TITLE, launchType=None, capacityProviderStrategy=strategy)
        ask(run, request())

    assert ends_as(quiet(deploying(sessions, begin)))[:2] == (AttemptState.DEPLOYED, {TITLE: Stage.VERIFIED})


def test_a_collector_of_another_name_is_watched(sessions: Sessions) -> None:
    def begin(run: Run) -> None:
        fleet(run, TITLE, drifted=definition(collector=FLOATING | {"name": "telemetry"}))
        ask(run, request())

    def plays(aws: Aws) -> bool:
        service = aws.services.services[TITLE]
        if service["deployments"][0]["rolloutState"] != "IN_PROGRESS":
            return False
        dead = "telemetry" if service["taskDefinition"].endswith(":2") else ""
        aws.services.complete(TITLE, dead=dead, sidecars=("telemetry",))
        return True

    assert ends_as(quiet(deploying(sessions, begin, plays))) == (
        AttemptState.FAILED,
        {TITLE: Stage.ROLLED_BACK},
        "web:1",
    )


def test_tasks_that_start_and_end_again_and_again_are_not_verified(sessions: Sessions) -> None:
    """They are there, and their collectors run, each time for a moment."""

    def plays(aws: Aws) -> bool:
        any_ = deployments(aws)
        for task in aws.services.tasks.values():
            if task["taskDefinitionArn"] == arn_of(2):
                task["startedAt"] = aws.clock.now() + timedelta(minutes=5)
        return any_

    run = quiet(deploying(sessions, plays=plays))
    assert ends_as(run) == (AttemptState.FAILED, {TITLE: Stage.ROLLED_BACK}, "web:1")
    assert "None of its tasks has run for 5 minutes" in why(run.outcomes[-1])


def test_a_deployment_that_completes_with_fewer_tasks_is_rolled_back(sessions: Sessions) -> None:
    def plays(aws: Aws) -> bool:
        any_ = deployments(aws)
        ours = [arn for arn, task in aws.services.tasks.items() if task["taskDefinitionArn"] == arn_of(2)]
        for arn in ours[1:]:
            del aws.services.tasks[arn]
        return any_

    run = quiet(deploying(sessions, plays=plays))
    assert ends_as(run) == (AttemptState.FAILED, {TITLE: Stage.ROLLED_BACK}, "web:1")
    assert "1 of 2 tasks run the new revision." in why(run.outcomes[-1])


def test_tasks_of_older_deployments_that_are_still_there_do_not_count(sessions: Sessions) -> None:
    def plays(aws: Aws) -> bool:
        older = {arn: each for arn, each in aws.services.tasks.items() if each["taskDefinitionArn"] == arn_of(1)}
        any_ = deployments(aws)
        for task in older.values():
            task["containers"][1]["lastStatus"] = "STOPPED"
        aws.services.tasks |= older
        return any_

    assert ends_as(quiet(deploying(sessions, plays=plays)))[:2] == (AttemptState.DEPLOYED, {TITLE: Stage.VERIFIED})


# --- calls that are refused permanently -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidParameterException", "ServiceNotActiveException"])
def test_an_update_that_is_refused_leaves_the_service_and_says_so(sessions: Sessions, code: str) -> None:
    run = deploying(sessions)
    run.line.troubles["UpdateService"] = Trouble(code)
    assert ends_as(quiet(run)) == (AttemptState.REGISTERED, {TITLE: Stage.SKIPPED}, "web:1")
    assert said(run.outcomes[-1]) == (f"{TITLE}: ecs:UpdateService on {TITLE} failed: {code}.",)


def test_what_failed_is_published_though_the_revision_cannot_be_deregistered(sessions: Sessions) -> None:
    run = deploying(sessions, plays=lambda aws: deployments(aws, lambda *_: "dead"))
    run.line.troubles["DeregisterTaskDefinition"] = Trouble("AccessDeniedException")
    with run.line.answering():
        run.until_quiet()
    assert run.outcomes[-1].state is AttemptState.FAILED
    reason = "web:2 remains the newest revision: ecs:DeregisterTaskDefinition on web:2 failed: AccessDeniedException."
    assert said(run.outcomes[-1])[-1] == reason
    assert run.end()["quarantine"]


def test_why_the_registration_is_refused_is_published_once_and_not_tried_for_ever(sessions: Sessions) -> None:
    run = deploying(sessions)
    run.line.troubles["RegisterTaskDefinition"] = Trouble("ClientException")
    quiet(run)
    assert (run.outcomes[-1].state, run.outcomes[-1].guard) == (AttemptState.REFUSED, "registration")
    assert sum(call.operation == "RegisterTaskDefinition" for call in run.line.made) == 1
    assert run.end()["due"] == []


# --- revisions --------------------------------------------------------------------------------------------------------


def test_a_revision_that_was_overtaken_and_is_the_newest_again_is_corrected(sessions: Sessions) -> None:
    """Superseded by a revision that is then deregistered: inspect requests it again, the old message does not."""
    run = deploying(sessions, asked(), standard=REGISTER)
    with run.line.answering():
        other = run.aws.definitions.register(definition())
        run.step()
        assert run.outcomes[-1].state is AttemptState.SUPERSEDED
        [held] = run.ledger.history(FAMILY).attempts
        run.aws.definitions.families["web"][1]["status"] = "INACTIVE"
        ask(run, request())
        run.step()
        assert run.outcomes[-1].state is AttemptState.SUPERSEDED
        ask(run, request(after=held.time.isoformat()))
        run.until_quiet()
    assert other.endswith(":2")
    assert (run.outcomes[-1].state, run.aws.definitions.active()) == (AttemptState.REGISTERED, [1, 3])


def test_a_registration_whose_answer_was_lost_and_that_was_sent_again_is_taken_back_once(sessions: Sessions) -> None:
    run = deploying(sessions)
    run.line.doubled = {"RegisterTaskDefinition"}
    assert ends_as(quiet(run)) == (AttemptState.DEPLOYED, {TITLE: Stage.VERIFIED}, "web:2")
    assert run.aws.definitions.active() == [1, 2]


# --- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        json.dumps({"kind": "correct", "account": ACCOUNT, "region": REGION, "family": {"a": [CANARY]}, "revision": 1}),
        json.dumps({"kind": "correct", "account": "other", "region": REGION, "family": CANARY, "revision": 1}),
        request(revision=0),
        request(revision=10**400),
        request("correct-service", revision=1, service=f"a/b/{CANARY}"),
        request("resume", attempt=""),
        request("resume"),
        request("drop"),
        request("undo", service=f"{CANARY}"),
        request("apply", at=CANARY),
    ],
    ids=range(11),
)
def test_what_is_no_request_is_refused_without_a_call(sessions: Sessions, body: str) -> None:
    run = deploying(sessions)
    run.line.made.clear()
    with run.line.answering(), pytest.raises(RequestUnreadable) as caught:
        run.remediator().remediate(body)
    assert CANARY not in repr((caught.value, caught.value.__cause__))
    assert run.line.made == []


@pytest.mark.parametrize(
    "asks",
    [
        {"kind": "correct", "revision": 1},
        {"kind": "correct-service", "revision": 1, "service": TITLE, "deployment": "ecs-svc/0000"},
        {"kind": "resume", "attempt": "1"},
        {"kind": "undo"},
        {"kind": "release"},
        {"kind": "apply", "at": "2026-11-23T12:00:00Z", "digest": "0" * 16},
    ],
    ids=lambda asks: asks["kind"],
)
def test_a_request_of_another_account_changes_nothing_here(sessions: Sessions, asks: dict[str, Any]) -> None:
    """What the session reads is this account, whatever a message says."""
    other = Place("999999999999", REGION)
    body = json.dumps({"account": other.account, "region": other.region, "family": "web"} | asks)
    run = deploying(sessions)
    run.aws.sqs.purge()
    ask(run, body)
    quiet(run)
    assert (run.aws.definitions.active(), run.aws.services.updates) == ([1], [])
    assert run.outcomes[0].state in {AttemptState.SUPERSEDED, AttemptState.NOTHING, AttemptState.REFUSED}


def test_a_service_that_somebody_took_back_is_not_moved_again(sessions: Sessions) -> None:
    """Its finding stays open. By itself, a service moves to a correction that it has not run yet."""
    rules = (*RULES, BY_ID["service.revision"])
    scenario = Scenario(None, asked(), "version: 1\nmode: deploy\n", plays=deployments, inspects=True, rules=rules)
    run = Run(scenario, sessions, Calls(account(scenario.standard)))
    with run.line.answering():
        run.aws.definitions.register(DRIFTED)
        run.aws.services.add(TITLE, arn_of(1), at=run.aws.clock.now() - timedelta(days=3))
        run.aws.clock.pass_(minutes=30)
        for body in (service_changed(PLACE.arn("ecs", f"service/{TITLE}")), registered(arn_of(1))):
            run.aws.sqs.put("changes", body)
    quiet(run)
    assert updates(run) == ["web web:2"]
    run.aws.clock.pass_(hours=1)
    with run.line.answering():
        run.aws.services.update(TITLE, taskDefinition=arn_of(1))
        run.aws.services.complete(TITLE)
        run.aws.sqs.put("changes", service_changed(PLACE.arn("ecs", f"service/{TITLE}")))
    quiet(run)
    assert updates(run) == ["web web:2", "web web:1"]
    assert run.aws.services.services[TITLE]["taskDefinition"] == arn_of(1)


def test_nothing_that_is_published_or_kept_shows_a_value(sessions: Sessions) -> None:
    run = quiet(deploying(sessions))
    shown = json.dumps([*run.items(), run.alerts], default=str)
    assert CANARY not in shown + repr(run.outcomes)
    assert CANARY in json.dumps(DRIFTED)
