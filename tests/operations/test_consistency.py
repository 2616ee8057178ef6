"""What AWS shows late, refuses for a moment, or shows no more: nothing is given up for that, and nothing done twice."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from aws.calls import CallFailed
from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState
from domain.remediation.rollout import Stage
from domain.subject import Subject, SubjectId
from tests.aws_fake.calls import Crash
from tests.aws_fake.clock import START
from tests.operations.playing import Run, arn_of, ask, asked, deploying, quiet, request, steps
from tests.operations.steering import (
    WEB,
    Answer,
    answering,
    attempt,
    denied,
    outcomes,
    runs,
    stages,
    updates,
)
from tests.operations.world import FLOATING, PLACE, World, definition, registered, service_changed

# --- what was registered a moment ago ---------------------------------------------------------------------------------


def late(seed: int) -> Callable[[Run], None]:
    """From here on, a new revision is shown after a drawn time."""

    def begin(run: Run) -> None:
        asked(WEB)(run)
        run.aws.definitions.late = Random(seed)  # noqa: S311 - a test's draw

    return begin


@pytest.mark.parametrize("seed", range(10))
def test_a_revision_that_is_not_shown_yet_is_deployed(sessions: Sessions, seed: int) -> None:
    run = quiet(deploying(sessions, late(seed)))
    assert (attempt(run).state, stages(run), run.stuck) == (AttemptState.DEPLOYED, {WEB: Stage.VERIFIED}, [])
    assert (updates(run), run.aws.definitions.active()) == (["web web:2"], [1, 2])
    assert outcomes(run) == ["registered", "deployed"]


@pytest.mark.parametrize("seed", range(10))
def test_a_registration_whose_answer_is_lost_is_not_made_again(sessions: Sessions, seed: int) -> None:
    run = deploying(sessions, late(seed))
    lost = [True]

    def dying(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            found = real(operation, given)
            if operation == "RegisterTaskDefinition" and lost.pop():
                raise Crash
            return found

        return answer

    answering(run, dying)
    quiet(run)
    assert (attempt(run).state, runs(run), run.stuck) == (AttemptState.DEPLOYED, "web:2", [])
    assert run.aws.definitions.active() == [1, 2]


def test_a_revision_that_is_gone_permanently_is_not_waited_for(sessions: Sessions) -> None:
    run = deploying(sessions)

    def gone(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "UpdateService":
                run.aws.definitions.shown[arn_of(2)] = START + timedelta(days=1)
            return real(operation, given)

        return answer

    answering(run, gone)
    quiet(run)
    assert (attempt(run).state, stages(run), run.stuck) == (AttemptState.REGISTERED, {WEB: Stage.SKIPPED}, [])


def test_a_revision_of_others_that_is_not_shown_yet_supersedes_outriders(sessions: Sessions) -> None:
    run = deploying(sessions)
    others = [definition(cpu="2048", memory="4096")]

    def between(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "RegisterTaskDefinition" and others:
                theirs = run.aws.definitions.register(others.pop())
                run.aws.definitions.shown[theirs] = run.aws.clock.now() + timedelta(seconds=60)
            return real(operation, given)

        return answer

    answering(run, between)
    quiet(run)
    assert (attempt(run).state, updates(run), run.stuck) == (AttemptState.SUPERSEDED, [], [])
    assert run.aws.definitions.active() == [1, 2]


def test_a_revision_that_is_not_shown_yet_is_withdrawn_when_its_correction_is_undone(sessions: Sessions) -> None:
    run = deploying(sessions, asked())
    steps(run, 1)
    assert attempt(run).state is AttemptState.REGISTERED
    run.aws.definitions.shown[arn_of(2)] = run.aws.clock.now() + timedelta(seconds=90)
    ask(run, request("undo", at=START.isoformat()))
    quiet(run)
    assert (attempt(run).state, run.aws.definitions.active(), run.stuck) == (AttemptState.UNDONE, [1], [])


def test_a_new_family_that_is_not_shown_yet_is_evaluated_once_it_is(world: World) -> None:
    arn = world.register(definition(collector=FLOATING))
    world.aws.definitions.shown[arn] = START + timedelta(seconds=60)
    [outcome] = world.look(registered(arn))
    assert outcome.failures
    assert world.rows() == {}
    world.pass_(minutes=1)
    assert not [each for each in world.inspector().evaluate() if hasattr(each, "reason")]
    assert world.open() >= {"sidecar.image-pinned"}


def test_a_new_revision_that_is_not_shown_yet_is_not_taken_for_the_one_before(world: World) -> None:
    world.sees(registered(world.register()))
    arn = world.register(definition(collector=FLOATING))
    world.aws.definitions.shown[arn] = START + timedelta(seconds=90)
    [outcome] = world.look(registered(arn))
    assert outcome.failures
    world.pass_(minutes=2)
    world.inspector().evaluate()
    assert world.open() >= {"sidecar.image-pinned"}


def test_findings_of_a_service_do_not_go_as_its_revision_is_not_shown(world: World) -> None:
    service = world.run(world.register(), platform="1.3.0")
    world.sees(service_changed(service))
    on = SubjectId(PLACE, Subject.SERVICE, WEB)
    assert world.open(on) == {"service.platform-version"}
    new = world.register(definition(cpu="2048", memory="4096"))
    world.services.update(WEB, taskDefinition=new)
    world.aws.definitions.shown[new] = world.aws.clock.now() + timedelta(seconds=60)
    [outcome] = world.look(service_changed(service))
    assert outcome.failures
    assert world.open(on) == {"service.platform-version"}


# --- what each error means --------------------------------------------------------------------------------------------


def test_a_registration_that_meets_others_of_its_family_is_tried_again(sessions: Sessions) -> None:
    run = deploying(sessions)
    run.aws.definitions.rivals = 2
    quiet(run)
    assert (attempt(run).state, outcomes(run), run.stuck) == (AttemptState.DEPLOYED, ["registered", "deployed"], [])


def test_a_registration_that_aws_refused_for_a_moment_is_made_again_at_once(world: World) -> None:
    """Only where the answer is lost it is not certain that nothing was registered."""
    world.register(definition(collector=FLOATING))
    remediator = world.remediator("version: 1\nmode: register\nremediation: {settling_minutes: 0}\n")
    world.fail("RegisterTaskDefinition", "ThrottlingException", times=1)
    with pytest.raises(CallFailed):
        remediator.remediate(request())
    assert remediator.remediate(request()).state is AttemptState.REGISTERED


def failing_with(run: Run, operation: str, code: str) -> None:
    def answers(real: Answer) -> Answer:
        def answer(called: str, given: dict[str, Any]) -> Any:
            if called == operation:
                raise denied(called, code)
            return real(called, given)

        return answer

    answering(run, answers)


@pytest.mark.parametrize("operation", ["RegisterTaskDefinition", "UpdateService"])
def test_an_error_that_nobody_knows_is_retried_until_the_dlq_and_refuses_nothing(
    sessions: Sessions, operation: str
) -> None:
    run = deploying(sessions)
    failing_with(run, operation, "SomethingNewException")
    steps(run, 1)
    assert run.stuck
    assert not attempt(run).state.ended
    assert "refused" not in outcomes(run)


@pytest.mark.parametrize("code", ["ClientException", "AccessDeniedException"])
def test_what_aws_would_refuse_again_ends_refused_and_people_are_notified(sessions: Sessions, code: str) -> None:
    run = deploying(sessions)
    failing_with(run, "RegisterTaskDefinition", code)
    quiet(run)
    assert (attempt(run).state, outcomes(run), run.stuck) == (AttemptState.REFUSED, ["refused"], [])
