"""What is hard to correct is handled, or refused with a reason: not on Fargate, too many containers, large, RunTask."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState
from tests.aws_fake.calls import Calls
from tests.operations.playing import DEPLOY, FAMILY, Run, Scenario, account, ask, asked, deployments
from tests.operations.world import (
    FLOATING,
    application,
    definition,
    registered,
    service_changed,
    tasks_run,
    without_collector,
)

TITLE = "shop/web"


def seen(
    sessions: Sessions,
    document: Mapping[str, Any],
    *titles: str,
    ran: bool = False,
    other: Mapping[str, Any] | None = None,
    **members: Any,
) -> Run:
    """A definition is registered, services run it, and everything goes its way until it is quiet."""
    run = Run(Scenario(None, asked(), DEPLOY, plays=deployments, inspects=True), sessions, Calls(account(DEPLOY)))
    with run.line.answering():
        arn = run.aws.definitions.register(document)
        by_title = dict.fromkeys(titles, members) | ({"shop/other": dict(other)} if other is not None else {})
        for title, made in by_title.items():
            service = run.aws.services.add(title, arn, **made)
            ask(run, service_changed(service), queue="changes")
        ask(run, *([tasks_run("web", "LATEST")] if ran else []), registered(arn), queue="changes")
        run.until_quiet()
    assert run.stuck == []
    return run


def alerts(run: Run, transition: str) -> list[dict[str, Any]]:
    return [alert for alert in run.alerts if alert["transition"] == transition]


def more(count: int) -> list[dict[str, Any]]:
    return [{"name": f"helper-{number}", "image": "helper:1", "essential": False} for number in range(count)]


EC2_ONLY: dict[str, Any] = {"requiresCompatibilities": ["EC2"], "networkMode": "bridge"}


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"launchType": "EC2"}, "launch type: It runs on EC2; Outrider updates only services on Fargate."),
        ({"launchType": "EXTERNAL"}, "launch type: It runs on EXTERNAL; Outrider updates only services on Fargate."),
        (
            {"deploymentController": {"type": "EXTERNAL"}},
            "deployment controller: EXTERNAL controls its deployments, so UpdateService may not update it.",
        ),
        (
            {"deploymentController": {"type": "CODE_DEPLOY"}},
            "deployment controller: CODE_DEPLOY controls its deployments, so UpdateService may not update it.",
        ),
    ],
    ids=["ec2", "external", "external controller", "codedeploy"],
)
def test_a_service_that_outrider_must_not_update_is_named_with_its_reason(
    sessions: Sessions, members: dict[str, Any], why: str
) -> None:
    run = seen(sessions, definition(collector=FLOATING), TITLE, other=members)
    assert [each["service"] for each in run.aws.services.updates] == ["web"]
    [alert] = alerts(run, "deployed")
    assert alert["reasons"] == [f"shop/other: {why}"]
    assert run.outcomes[-1].guards == {why.partition(":")[0]}


def test_a_definition_that_fargate_cannot_run_is_none_of_outriders(sessions: Sessions) -> None:
    run = seen(sessions, without_collector(**EC2_ONLY), TITLE, launchType="EC2", platformVersion=None)
    assert (run.aws.definitions.active(), run.alerts, run.outcomes) == ([1], [], [])


def test_an_eleventh_container_is_not_put_in_and_the_alert_says_why(sessions: Sessions) -> None:
    run = seen(sessions, without_collector(containerDefinitions=[application(), *more(9)]), TITLE)
    assert (run.aws.definitions.active(), run.aws.services.updates) == ([1], [])
    [alert] = alerts(run, "opened")
    assert alert["rule"] == "sidecar.present"
    assert "Outrider does not, because: " in alert["next_step"]
    assert "10 containers" in alert["next_step"]
    with run.line.answering():
        assert run.ledger.history(FAMILY).proposed is None, "there is nothing to approve"


def test_ten_containers_the_collector_among_them_are_corrected(sessions: Sessions) -> None:
    document = definition(collector=FLOATING)
    document["containerDefinitions"] += more(8)
    run = seen(sessions, document, TITLE)
    assert run.outcomes[-1].state is AttemptState.DEPLOYED
    assert len(run.aws.definitions.families["web"][1]["containerDefinitions"]) == 10


def large(kilobytes: float, **members: Any) -> dict[str, Any]:
    document = without_collector(**members)
    room = int(kilobytes * 1024) - len(json.dumps(document))
    document["containerDefinitions"][0]["dockerLabels"] = {"large": "x" * room}
    return document


def test_one_of_60_kb_is_corrected_and_one_that_would_be_too_large_is_not_and_says_why(sessions: Sessions) -> None:
    run = seen(sessions, large(60), TITLE)
    assert run.outcomes[-1].state is AttemptState.DEPLOYED
    assert (
        run.aws.definitions.families["web"][1]["containerDefinitions"][0]
        == run.aws.definitions.families["web"][0]["containerDefinitions"][0]
    ), "nothing of it is lost"
    run = seen(sessions, large(63.9), TITLE)
    assert (run.aws.definitions.active(), run.aws.services.updates) == ([1], [])
    assert [alert["guard"] for alert in alerts(run, "refused")] == ["registration"]


def test_one_that_only_runtask_uses_is_registered_and_its_alert_says_who_gets_it(sessions: Sessions) -> None:
    run = seen(sessions, definition(collector=FLOATING), ran=True)
    assert (run.outcomes[-1].state, run.outcomes[-1].rollouts, run.aws.definitions.active()) == (
        AttemptState.REGISTERED,
        (),
        [1, 2],
    )
    [alert] = alerts(run, "registered")
    assert "Tasks that are started by the family's name alone use web:2 at once" in alert["next_step"]
