"""What an undo goes back to, and what it leaves."""

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState
from tests.operations.playing import arn_of, ask, deploying, quiet, request
from tests.operations.saying import why
from tests.operations.steering import WEB, attempt, others_deploy, runs, updates


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
