"""What an undo goes back to, and what it leaves."""

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState, of_single_services, to_undo
from domain.remediation.reason import Code
from rules import BY_ID
from tests.aws_fake.calls import Calls
from tests.operations.playing import (
    DEPLOY,
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
    serve,
)
from tests.operations.saying import why
from tests.operations.steering import WEB, alone, attempt, attempts_of, others_deploy, runs, updates
from tests.operations.world import RULES


def test_what_somebody_went_back_from_is_not_deployed_again(sessions: Sessions) -> None:
    """A pipeline's web:3 still drains when the service is undone: it was not deployed at the same moment."""
    run = quiet(deploying(sessions))
    others_deploy(run.aws)
    run.aws.services.update(WEB, taskDefinition=arn_of(2))
    with run.line.answering():
        ask(run, request("undo", service=WEB))
    quiet(run)
    assert updates(run) == ["web web:2", "web web:3", "web web:2", "web web:1"]
    assert (attempt(run).state, runs(run)) == (AttemptState.UNDONE, "web:1")
    assert "at the same moment" not in why(attempt(run))


def test_what_somebody_deploys_at_the_moment_of_an_undo_runs_again(sessions: Sessions) -> None:
    run = quiet(deploying(sessions))
    run.line.meanwhile["UpdateService"] = lambda: others_deploy(run.aws)
    with run.line.answering():
        ask(run, request("undo", service=WEB))
    quiet(run)
    assert (attempt(run).state, runs(run)) == (AttemptState.UNDONE, "web:3")
    assert "Somebody else deployed web:3 at the same moment" in why(attempt(run))


# --- a family with corrections of single services ---------------------------------------------------------------------


def corrected_alone(run: Run, title: str, revision: int = 2) -> None:
    """Its platform version is corrected after the revision that it runs."""
    [deployment] = run.aws.services.services[title]["deployments"]
    with run.line.answering():
        ask(run, request("correct-service", revision=revision, service=title, deployment=deployment["id"]))
    quiet(run)


def test_an_undo_of_a_family_is_of_its_revision_and_of_all_services(sessions: Sessions) -> None:
    """shop/a was corrected once more alone; shop/c runs a revision that Outrider did not deploy there."""

    def begin(run: Run) -> None:
        fleet(run, "shop/a", "shop/b", platformVersion="1.4.0")
        ask(run, request())

    run = quiet(deploying(sessions, begin))
    run.aws.services.update("shop/a", platformVersion="1.3.0")
    run.aws.services.complete("shop/a")
    with run.line.answering():
        serve(run, "shop/c", 1, platformVersion="1.3.0")
    corrected_alone(run, "shop/a")
    corrected_alone(run, "shop/c", revision=1)
    attempts = attempts_of(run)
    undoable = to_undo(attempts)
    assert undoable is not None
    assert {each.service for each in of_single_services(attempts, undoable)} == {"shop/a", "shop/c"}
    with run.line.answering():
        ask(run, request("undo"))
    quiet(run)
    assert [runs(run, title) for title in ("shop/a", "shop/b", "shop/c")] == ["web:1"] * 3
    platforms = {title: each["platformVersion"] for title, each in run.aws.services.services.items()}
    assert platforms == {"shop/a": "1.4.0", "shop/b": "1.4.0", "shop/c": "LATEST"}
    assert (attempt(run).state, run.aws.definitions.active()) == (AttemptState.UNDONE, [1])


def test_an_undo_of_a_family_names_the_services_that_were_corrected_alone(sessions: Sessions) -> None:
    run = quiet(deploying(sessions, lambda run: alone(run, "shop/a", "shop/b")))
    with run.line.answering():
        ask(run, request("undo"))
    quiet(run)
    [reason] = run.outcomes[-1].reasons
    assert (reason.code, reason.names) == (Code.NOTHING_TO_UNDO, ("shop/a", "shop/b"))
    assert [each.state for each in attempts_of(run)] == [AttemptState.DEPLOYED] * 2


def registered_only(sessions: Sessions) -> Run:
    """web:2 was registered when no service ran the family; shop/a runs web:1 since."""
    rules = (*RULES, BY_ID["service.revision"])
    run = Run(Scenario(None, asked(), DEPLOY, plays=deployments, rules=rules), sessions, Calls(account(DEPLOY)))
    with run.line.answering():
        fleet(run)
        ask(run, request())
    quiet(run)
    with run.line.answering():
        serve(run, "shop/a")
    return run


def test_a_revision_that_a_service_was_given_alone_is_undone_after_it(sessions: Sessions) -> None:
    run = registered_only(sessions)
    corrected_alone(run, "shop/a", revision=1)
    assert runs(run, "shop/a") == "web:2"
    with run.line.answering():
        ask(run, request("undo"))
    quiet(run)
    [reason] = run.outcomes[-1].reasons
    assert (reason.code, reason.what) == (Code.DEPLOYED_ALONE, "shop/a")
    for body in (request("undo", service="shop/a"), request("undo", at="2026-11-23T12:30:00Z")):
        with run.line.answering():
            ask(run, body)
        quiet(run)
    assert (runs(run, "shop/a"), run.aws.definitions.active()) == ("web:1", [1])


def test_a_revision_that_somebody_deployed_is_not_withdrawn(sessions: Sessions) -> None:
    run = registered_only(sessions)
    with run.line.answering():
        run.aws.services.update("shop/a", taskDefinition=arn_of(2))
        ask(run, request("undo"))
    quiet(run)
    [reason] = run.outcomes[-1].reasons
    assert reason.code is Code.RUN_BY_OTHERS
    assert (runs(run, "shop/a"), run.aws.definitions.active()) == ("web:2", [1, 2])
