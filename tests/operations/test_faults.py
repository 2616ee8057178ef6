"""A fault at every call: before it, after it took effect, a throttle, and the end of the function before or after it.

Each scenario is played once without a fault, while every call is counted, and then once more for each call and fault
(by default for some of the faults at each call). Messages are delivered again until they are done, corrections resume
when they are due, and time passes until all is quiet. The end must be the same: one revision, one rollout for each
service, and one message of each. Calls are found by making them: a new one is covered without being named here.
"""

import json
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from aws.sessions import Sessions
from domain.remediation.attempt import AttemptState
from tests.aws_fake.aws import Aws
from tests.aws_fake.calls import ONCE, Calls, Fault, is_tried
from tests.aws_fake.clock import START
from tests.operations.playing import (
    DEPLOY,
    DRIFTED,
    REGISTER,
    REPORT,
    Run,
    Scenario,
    Step,
    account,
    ask,
    asked,
    deployments,
    fleet,
    proposed_digest,
    request,
)
from tests.operations.world import CANARY, FLOATING, SWITCH, definition, registered, service_changed

ONE_BY_ONE = DEPLOY.replace("minutes: 0", "minutes: 0, at_once: 1")
CANARIES = DEPLOY.replace("minutes: 0", "minutes: 0, canary: ['shop/a']")

# --- the scenarios ----------------------------------------------------------------------------------------------------


def badly(aws: Aws) -> bool:
    return deployments(aws, lambda _, revision: "badly" if revision == "web:2" else "well")


def dead(aws: Aws) -> bool:
    return deployments(aws, lambda _, revision: "dead" if revision == "web:2" else "well")


def one_bad(aws: Aws) -> bool:
    """The second of two is deployed badly."""
    return deployments(aws, lambda title, revision: "badly" if (title, revision) == ("shop/b", "web:2") else "well")


def switched_off(run: Run) -> None:
    asked("shop/web")(run)
    run.aws.ssm.put(SWITCH, "off")


def switched_on(aws: Aws) -> bool:
    if aws.clock.now() > START + timedelta(minutes=10):
        aws.ssm.put(SWITCH, "on")
    return deployments(aws)


def approved(run: Run) -> None:
    ask(run, request("apply", digest=proposed_digest(run), at=run.aws.clock.now().isoformat(), caller="jo"))


def approved_too_late(run: Run) -> None:
    asks = request("apply", digest=proposed_digest(run), at=run.aws.clock.now().isoformat(), caller="jo")
    run.aws.definitions.register(definition(collector=FLOATING, cpu="2048", memory="4096"))
    ask(run, asks)


def old_platform(run: Run) -> None:
    fleet(run, "shop/web", drifted=definition(), platformVersion="1.3.0")
    [deployment] = run.aws.services.services["shop/web"]["deployments"]
    ask(run, request("correct-service", revision=1, service="shop/web", deployment=deployment["id"]))


def deployed(run: Run) -> None:
    asked("shop/web")(run)
    run.until_quiet()
    run.aws.sqs.purge("changes")


def undoing(run: Run) -> None:
    deployed(run)
    ask(run, request("undo", caller="jo"))


def releasing(run: Run) -> None:
    undoing(run)
    run.until_quiet()
    run.aws.sqs.purge("changes")
    ask(run, request("release", caller="jo"))


def seen(run: Run) -> None:
    """Events come in; inspect asks for the correction itself, and looks again when it has ended."""
    arn = run.aws.definitions.register(DRIFTED)
    service = run.aws.services.add("shop/web", arn)
    ask(run, service_changed(service), registered(arn), queue="changes")


def others_register(aws: Aws) -> None:
    aws.definitions.register(definition(cpu="2048", memory="4096"))


SCENARIOS = {
    "registered": Scenario(AttemptState.REGISTERED, asked(), REGISTER, published=("registered",)),
    "deployed": Scenario(
        AttemptState.DEPLOYED, asked("shop/a", "shop/b"), CANARIES, updates=2, published=("deployed", "registered")
    ),
    "rolled back": Scenario(
        AttemptState.FAILED, asked("shop/web"), plays=badly, updates=1, published=("failed", "registered")
    ),
    "dead": Scenario(AttemptState.FAILED, asked("shop/web"), plays=dead, updates=2, published=("failed", "registered")),
    "one failed": Scenario(
        AttemptState.FAILED,
        asked("shop/a", "shop/b"),
        ONE_BY_ONE,
        plays=one_bad,
        updates=2,
        published=("failed", "registered"),
    ),
    "superseded": Scenario(
        AttemptState.SUPERSEDED,
        asked("shop/web"),
        meanwhile={"RegisterTaskDefinition": others_register},
        published=("superseded",),
        exactly=False,
    ),
    "refused": Scenario(AttemptState.REFUSED, asked("shop/web"), repositories=(), published=("refused",)),
    "waiting": Scenario(
        AttemptState.DEPLOYED, switched_off, plays=switched_on, updates=1, published=("deployed", "registered")
    ),
    "approved": Scenario(
        AttemptState.DEPLOYED, approved, REPORT, updates=1, published=("deployed", "opened", "registered")
    ),
    "not approved": Scenario(None, approved_too_late, REPORT, published=("opened", "refused")),
    "service": Scenario(AttemptState.DEPLOYED, old_platform, updates=1, published=("deployed",)),
    "undone": Scenario(AttemptState.UNDONE, undoing, updates=2, published=("deployed", "registered", "undone")),
    "released": Scenario(AttemptState.UNDONE, releasing, updates=2, published=("deployed", "registered", "undone")),
    "seen": Scenario(
        AttemptState.DEPLOYED, seen, inspects=True, updates=1, published=("closed", "deployed", "opened", "registered")
    ),
}  # fmt: skip


@cache
def _begun(name: str, sessions: Sessions) -> Aws:
    """The moment before the messages are delivered, led up to once for all runs."""
    run = Run(SCENARIOS[name], sessions, Calls(account(SCENARIOS[name].standard)))
    with run.line.answering():
        run.scenario.begin(run)
    return run.aws.copy()


@cache
def calm(name: str, sessions: Sessions) -> tuple[Run, list[Step]]:
    """The scenario as it goes when nothing goes wrong."""
    run = Run(SCENARIOS[name], sessions, Calls(_begun(name, sessions).copy(), watches=True))
    run.begin()
    with run.line.answering():
        steps = run.until_quiet()
    return run, steps


def troubled(name: str, sessions: Sessions, number: int, fault: Fault) -> Run:
    """The same with a fault at one call, from the message on that makes it."""
    _, steps = calm(name, sessions)
    step = max((each for each in steps if each.calls <= number), key=lambda each: each.calls)
    run = Run(SCENARIOS[name], sessions, Calls(step.aws.copy(), faults={number - step.calls: fault}, checks=False))
    run.begin()
    with run.line.answering():
        run.until_quiet()
    return run


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_a_fault(sessions: Sessions, name: str) -> None:
    scenario, (run, _) = SCENARIOS[name], calm(name, sessions)
    end = run.end()
    assert {made[0] for made in end["attempts"].values()} == ({scenario.state.value} if scenario.state else set())
    assert sorted({alert["id"]: alert["transition"] for alert in run.alerts}.values()) == [*scenario.published]
    assert len(end["updates"]) == scenario.updates
    assert end["ours"] == {number for number, tags in end["tags"].items() if "outrider:plan" in json.dumps(tags)}
    assert (end["stuck"], end["due"], end["unpublished"]) == ([], [], [])
    assert CANARY not in json.dumps([*run.items(), run.alerts], default=str)


@pytest.mark.parametrize("fault", ONCE)
@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_goes_wrong_once_ends_as_if_it_never_had(sessions: Sessions, name: str, fault: Fault) -> None:
    run, _ = calm(name, sessions)
    wanted, wrong = run.end(), dict[str, Any]()
    for number, call in enumerate(run.line.made):
        if (fault.after and not call.wrote) or not is_tried(fault, number):
            continue  # a read has no effect after which something could happen
        found = troubled(name, sessions, number, fault).end()
        if found != wanted:
            differing = {key: (found[key], wanted[key]) for key in found if found[key] != wanted[key]}
            wrong[f"{number} {call.operation}"] = differing
    assert not wrong, "\n".join(f"{where}: {what}" for where, what in wrong.items())
