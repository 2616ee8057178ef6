"""What an undo goes back to, and what it leaves."""

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState, of_single_services, to_undo
from domain.remediation.reason import Code
from tests.operations.playing import Run, arn_of, ask, deploying, fleet, quiet, request, serve
from tests.operations.saying import why
from tests.operations.steering import WEB, alone, attempt, attempts_of, others_deploy, runs, updates


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
        fleet(run, "shop/a", "shop/b", platformVersion="1.3.0")
        ask(run, request())

    run = quiet(deploying(sessions, begin))
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
    assert platforms == {"shop/a": "1.3.0", "shop/b": "1.3.0", "shop/c": "LATEST"}
    assert (attempt(run).state, run.aws.definitions.active()) == (AttemptState.UNDONE, [1])


def test_an_undo_of_a_family_names_the_services_that_were_corrected_alone(sessions: Sessions) -> None:
    run = quiet(deploying(sessions, lambda run: alone(run, "shop/a", "shop/b")))
    with run.line.answering():
        ask(run, request("undo"))
    quiet(run)
    [reason] = run.outcomes[-1].reasons
    assert (reason.code, reason.names) == (Code.NOTHING_TO_UNDO, ("shop/a", "shop/b"))
    assert [each.state for each in attempts_of(run)] == [AttemptState.DEPLOYED] * 2
