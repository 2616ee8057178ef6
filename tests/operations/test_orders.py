"""Whatever comes first, a family's service ends on a revision that keeps the rules; and a plan is carried out once.

Over generated orders of requests, resumptions, ended deployments, and a pipeline that registers and deploys in between.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.sessions import Sessions
from domain.ecs.task_definition import DESCRIBED_ONLY, TaskDefinition
from domain.rule import Rule
from domain.workload import Workload
from rules import CATALOGUE
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import Calls
from tests.corpus import corpus
from tests.operations.playing import (
    DEPLOY,
    DRIFTED,
    FAMILY,
    REGISTER,
    Run,
    Scenario,
    account,
    ask,
    asked,
    deployments,
    request,
)
from tests.operations.world import IMAGE, registered, service_changed
from tests.profiles import examples
from tests.strategies import workloads

TITLE = "shop/web"
# A function's fixture is the same for all examples: it holds nothing but clients.
orderly = examples(60)


# --- two plans for one family -----------------------------------------------------------------------------------------


def pipeline(aws: Aws) -> None:
    """It knows nothing of corrections: it registers its own again, and deploys that."""
    if len(aws.definitions.families["web"]) < 6:
        arn = aws.definitions.register(DRIFTED)
        aws.services.update(TITLE, taskDefinition=arn)


def _events(run: Run) -> None:
    """What the event rules would pass on: it may come late, and it comes."""
    service = run.aws.services.services[TITLE]
    newest = run.aws.definitions.families["web"][-1]["taskDefinitionArn"]
    ask(run, registered(newest), service_changed(service["serviceArn"]), queue="changes")


STEPS: dict[str, Callable[[Run], object]] = {
    "the first is asked for": lambda run: ask(run, request(revision=1)),
    "the second is asked for": lambda run: ask(run, request(revision=2)),
    "the third is asked for": lambda run: ask(run, request(revision=3)),
    "a message": lambda run: run.step(),
    "another message": lambda run: run.step(),
    "the first is resumed": lambda run: ask(run, request("resume", attempt="1")),
    "the third is resumed": lambda run: ask(run, request("resume", attempt="3")),
    "deployments end": lambda run: deployments(run.aws),
    "the pipeline deploys": lambda run: pipeline(run.aws),
    "the pipeline deploys at the next registration": lambda run: run.line.meanwhile.update(
        RegisterTaskDefinition=partial(pipeline, run.aws)
    ),
    "the pipeline deploys at the next update": lambda run: run.line.meanwhile.update(
        UpdateService=partial(pipeline, run.aws)
    ),
    "events come": _events,
    "time passes": lambda run: run.aws.clock.pass_(minutes=6),
}
MANY = DEPLOY.replace("minutes: 0", "minutes: 0, attempts: 10")


@orderly
@given(order=st.lists(st.sampled_from(sorted(STEPS)), max_size=25))
def test_no_order_leaves_a_service_on_a_drifted_revision(sessions: Sessions, order: list[str]) -> None:
    run = Run(Scenario(None, asked(), MANY, plays=deployments, inspects=True), sessions, Calls(account(MANY)))
    with run.line.answering():
        arn = run.aws.definitions.register(DRIFTED)
        service = run.aws.services.add(TITLE, arn)
        ask(run, service_changed(service), registered(arn), queue="changes")
        for step in order:
            STEPS[step](run)
        run.line.meanwhile.clear()
        _events(run)
        run.until_quiet()
    assert run.stuck == []
    runs = run.aws.services.services[TITLE]["taskDefinition"]
    found = run.aws.definitions.families["web"][int(runs.rpartition(":")[2]) - 1]
    assert found["containerDefinitions"][1]["image"] == IMAGE, order
    published = [alert["id"] for alert in run.alerts if alert["kind"] == "outcome"]
    assert len(published) == len(set(published)), "without a fault each is published once"


# --- a plan is carried out once ---------------------------------------------------------------------------------------


def carried_out(sessions: Sessions, document: dict[str, Any], rules: tuple[Rule, ...] = CATALOGUE) -> int:
    """How many revisions come of asking and approving thrice each, and of asking for what came of it."""
    run = Run(Scenario(None, asked(), REGISTER, rules=rules), sessions, Calls(account(REGISTER)))
    document = {name: each for name, each in document.items() if name not in DESCRIBED_ONLY} | {"family": "web"}
    with run.line.answering():
        arn = run.aws.definitions.register(document)
        run.inspected(registered(arn))
        proposed = run.ledger.history(FAMILY).proposed
        at = run.aws.clock.now().isoformat()
        approvals = [request("apply", digest=proposed.digest, at=at, caller="jo")] if proposed else []
        for asks in (request(), *approvals):
            ask(run, asks, asks, asks)
            run.until_quiet()
        made = len(run.aws.definitions.families["web"]) - 1
        ask(run, request(revision=2), request(revision=1), *approvals)
        run.until_quiet()
    assert run.stuck == []
    assert len(run.aws.definitions.families["web"]) - 1 == made <= 1
    published = [alert["id"] for alert in run.alerts]
    assert len(published) == len(set(published))
    return made


@orderly
@given(workloads())
def test_a_plan_of_a_generated_definition_is_carried_out_once(sessions: Sessions, given_: Any) -> None:
    workload: Workload = given_[0]
    carried_out(sessions, json.loads(json.dumps(workload.task.to_aws())))


PUBLISHED = {name: found for name, found in corpus().items() if found.get("containerDefinitions")}


@pytest.mark.skipif(not PUBLISHED, reason="no corpus")
def test_plans_of_published_definitions_are_carried_out_once(sessions: Sessions) -> None:
    """Most need approval; some need more than that."""
    made = [carried_out(sessions, TaskDefinition(found).to_aws()) for found in PUBLISHED.values()]
    assert sum(made) > len(made) / 10
