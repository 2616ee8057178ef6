"""Every guard, when it alone forbids: nothing is registered or updated, and outcome, log, metric and alert name it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from aws.ledger.standards import GoodStandard
from aws.sessions import Sessions
from domain.drift import Drift
from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState, Quarantine
from domain.remediation.guard import Guard
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Rollout, Stage, Target
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Mode, Standard
from domain.subject import Subject
from domain.workload import Workload
from operations.remediation.outcome import Outcome
from tests.aws_fake.calls import Calls, Trouble
from tests.operations.playing import (
    REPORT,
    Run,
    Scenario,
    account,
    arn_of,
    ask,
    asked,
    fleet,
    proposed_digest,
    request,
    serve,
)
from tests.operations.saying import said
from tests.operations.world import (
    ACCOUNT,
    CONFIG,
    FLOATING,
    PLACE,
    RULES,
    STANDARD,
    SWITCH,
    TASK,
    definition,
    policy,
    role_arn,
    trusting,
)

SOURCE = Path(__file__).parents[2] / "src"
SHORTLY = "remediation: {settling_minutes: 0, window_hours: 1}\n"  # what waits ends after an hour
SOON = f"version: 1\nmode: deploy\n{SHORTLY}"
LEFT_TO = SOON.replace("window_hours: 1", "window_hours: 1, leave_to: ['Terraform*']")
CANARY_FIRST = SOON.replace("window_hours: 1", "window_hours: 1, canary: ['shop/canary']")
ONE_AT_A_TIME = SOON.replace("window_hours: 1", "window_hours: 1, at_once: 1")
OLD, NEW = (Target(Revision(PLACE, "web", 1).arn, platform) for platform in ("1.3.0", "LATEST"))


@dataclass(frozen=True)
class Row:
    """How one guard is brought about, and nothing else; what waits is held until its time is over."""

    guard: str
    begin: Callable[[Run], None]
    standard: str = SOON
    cap: Mode = Mode.DEPLOY
    rules: tuple[Rule, ...] = RULES
    repositories: tuple[str, ...] | None = None
    holds: Callable[[Run], None] = lambda _: None
    registers: bool = False
    """It keeps a service from being updated, and not the revision from being registered."""
    state: AttemptState = AttemptState.REFUSED


# --- how each comes about ---------------------------------------------------------------------------------------------


def fleet_and(then: Callable[[Run], object], asks: str = "") -> Callable[[Run], None]:
    """web:1 is drifted and shop/web runs it; then this; and it is asked for."""

    def begin(run: Run) -> None:
        fleet(run, "shop/web")
        then(run)
        ask(run, asks or request())

    return begin


def running(**members: Any) -> Callable[[Run], None]:
    def begin(run: Run) -> None:
        fleet(run, "shop/web", **members)
        ask(run, request())

    return begin


def drifted(**members: Any) -> Callable[[Run], None]:
    def begin(run: Run) -> None:
        fleet(run, "shop/web", drifted=definition(collector=FLOATING, **members))
        ask(run, request())

    return begin


def approving(then: Callable[[Run], object]) -> Callable[[Run], None]:
    """A plan that a person saw is approved, and then this."""

    def begin(run: Run) -> None:
        digest, at = proposed_digest(run), run.aws.clock.now().isoformat()
        then(run)
        ask(run, request("apply", digest=digest, at=at, caller="jo"))

    return begin


def switch(run: Run) -> None:
    run.aws.ssm.put(SWITCH, "off")


def broken_standard(run: Run) -> None:
    """The function inspect kept the one before it."""
    run.ledger.standards.keep(GoodStandard(SOON, "good", run.aws.clock.now()))
    run.aws.ssm.put(STANDARD, "version: 1\nmode: deplyo\n")


def no_switch(run: Run) -> None:
    run.aws.ssm.parameters.pop(SWITCH, None)


def newer(run: Run) -> None:
    run.aws.definitions.register(definition(collector=FLOATING, cpu="2048"))


def silence(run: Run) -> None:
    run.aws.hub.silent = set(run.aws.hub.findings)


def of_a_service(then: Callable[[Run], object] = lambda _: None, **members: Any) -> Callable[[Run], None]:
    """shop/web alone is moved to another platform version, and then this."""

    def begin(run: Run) -> None:
        fleet(run, "shop/web", **({"drifted": definition(), "platformVersion": "1.3.0"} | members))
        then(run)
        [deployment] = run.aws.services.services["shop/web"]["deployments"]
        ask(run, request("correct-service", revision=1, service="shop/web", deployment=deployment["id"]))

    return begin


def another_goes_first(run: Run) -> None:
    """The canary of the family drifts by the same rule."""
    serve(run, "shop/canary", platformVersion="1.3.0")


def another_is_under_way(run: Run) -> None:
    rollout = Rollout("shop/other", OLD, NEW, run.aws.clock.now(), Stage.DEPLOYING)
    other = Attempt(Revision(PLACE, "web", 1), "", AttemptState.ROLLING, run.aws.clock.now(), service="shop/other")
    run.ledger.attempts.write(replace(other, rollouts=(rollout,), due=run.aws.clock.now() + timedelta(days=9)))


def corrected_before_alone(run: Run) -> None:
    rollout = Rollout("shop/web", OLD, NEW, run.aws.clock.now(), Stage.VERIFIED, was="ecs-svc/1")
    for number in (7, 8):
        made = Attempt(
            Revision(PLACE, "web", number), "", AttemptState.DEPLOYED, run.aws.clock.now(), service="shop/web"
        )
        run.ledger.attempts.write(replace(made, rollouts=(rollout,)))


def corrected_before(run: Run) -> None:
    for number in (7, 8):
        made = Attempt(
            Revision(PLACE, "web", number), "digest", AttemptState.REGISTERED, run.aws.clock.now(), number + 10
        )
        run.ledger.attempts.write(made)


def quarantined(run: Run) -> None:
    failed = Attempt(Revision(PLACE, "web", 7), "digest", AttemptState.FAILED, run.aws.clock.now())
    run.ledger.attempts.write(failed, Quarantine((Reason(Code.ECS_FAILED),), run.aws.clock.now()))


def just_registered(run: Run) -> None:
    run.aws.definitions.families["web"][0]["registeredAt"] = run.aws.clock.now()


def just_deployed(run: Run) -> None:
    [deployment] = run.aws.services.services["shop/web"]["deployments"]
    deployment["createdAt"] = run.aws.clock.now()


def hour_taken(what: str) -> Callable[[Run], None]:
    def hold(run: Run) -> None:
        for number in range(20):
            run.ledger.limits.claim(str(PLACE), what, f"other:{number}", 20, run.aws.clock.now())

    return hold


def redeployed(run: Run) -> None:
    [deployment] = run.aws.services.services["shop/web"]["deployments"]
    deployment["rolloutState"] = "IN_PROGRESS"


def registration_refused(run: Run) -> None:
    run.line.troubles["RegisterTaskDefinition"] = Trouble("AccessDeniedException")


def _rule(id_: str, fix: Callable[[Workload, Standard], Workload], drifts: Callable[[Workload], bool]) -> Rule:
    def check(workload: Workload, _: Standard) -> Iterator[Drift]:
        if drifts(workload):
            yield Drift("code", "task", "It is not as this rule wants it.")

    return Rule(id_, Subject.FAMILY, Severity.LOW, check, "It is as this rule wants it.\n\nWhy: a test.", "", fix=fix)


def _to(**members: Any) -> Callable[[Workload, Standard], Workload]:
    return lambda workload, _: workload.with_task(workload.task.with_(**members))


FOREIGN = role_arn("administrator")
FOREIGN_ROLE = _rule("task.foreign", _to(taskRoleArn=FOREIGN), lambda each: each.task.task_role != FOREIGN)
SAME = _rule("task.same", _to(inferenceAccelerators=[]), lambda each: "inferenceAccelerators" not in each.task.json)
ONE_CPU = _rule("task.one", _to(cpu="1024"), lambda each: each.task.json["cpu"] != "1024")
OTHER_CPU = _rule("task.other", _to(cpu="2048"), lambda each: each.task.json["cpu"] != "2048")


def mine(run: Run) -> None:
    run.aws.ssm.put("/mine", CONFIG.replace("awsxray", "debug"))
    fleet(run, drifted=definition(collector={"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/mine"}]}))
    ask(run, request())


def administrator(run: Run) -> None:
    run.aws.iam.add("administrator", trusting("ecs-tasks.amazonaws.com"), policy(*TASK))


def other_controller(kind: str) -> Callable[[Run], None]:
    return running(deploymentController={"type": kind})


def _later(run: Run, **time: float) -> None:
    run.aws.clock.pass_(**time)


def compliant(run: Run) -> None:
    fleet(run, drifted=definition())
    ask(run, request())


ROWS = [
    Row("kill switch", asked("shop/web"), holds=switch),
    Row("kill switch", asked("shop/web"), holds=no_switch),
    Row("standard", asked("shop/web"), holds=broken_standard),
    Row("standard", of_a_service(), holds=broken_standard),
    Row("stack", approving(lambda _: None), REPORT, cap=Mode.REPORT),
    Row("quarantine", fleet_and(quarantined)),
    Row("quarantine", approving(quarantined), REPORT),
    Row("own revision", fleet_and(lambda run: run.ledger.attempts.registered(Revision(PLACE, "web", 1)))),
    Row("suppressed", approving(silence), REPORT),
    Row("approval", approving(newer), REPORT),
    Row("approval", approving(lambda run: _later(run, hours=169)), REPORT),
    Row("review", mine, SOON + "collector: {parameters_allowed: ['/fargate/*']}\n"),
    Row("disagreement", asked("shop/web"), rules=(*RULES, ONE_CPU, OTHER_CPU)),
    Row("attempts", fleet_and(corrected_before)),
    Row(
        "owner",
        fleet_and(lambda _: None, request(agent="Terraform/1.9")),
        LEFT_TO,
    ),
    Row("image", asked("shop/web"), repositories=(f"{ACCOUNT}.dkr.ecr.*",)),
    Row("image", asked("shop/web"), repositories=()),
    Row("role", fleet_and(administrator), rules=(*RULES, FOREIGN_ROLE)),
    Row("no-op", compliant, rules=(*RULES, SAME)),
    Row("registration", fleet_and(registration_refused)),
    Row("settling", asked("shop/web"), SOON.replace("minutes: 0", "minutes: 5"), holds=just_registered),
    Row("deployment in progress", asked("shop/web"), holds=redeployed, registers=True),
    Row("managed by ecs", running(resourceManagementType="ECS"), registers=True),
    Row("managed by ecs", of_a_service(resourceManagementType="ECS")),
    Row("launch type", running(launchType="EC2"), registers=True),
    Row("launch type", running(launchType="EXTERNAL"), registers=True),
    Row("deployment controller", other_controller("CODE_DEPLOY"), registers=True),
    Row("deployment controller", other_controller("EXTERNAL"), registers=True),
    Row("deployment controller", of_a_service(deploymentController={"type": "CODE_DEPLOY"})),
    Row("circuit breaker", of_a_service(deploymentConfiguration={})),
    Row("kill switch", of_a_service(), holds=switch),
    Row("quarantine", of_a_service(quarantined)),
    Row("attempts", of_a_service(corrected_before_alone)),
    Row("owner", of_a_service(drifted=definition(tags=[{"key": "managed-by", "value": "terraform"}])), LEFT_TO),
    Row("canary", of_a_service(another_goes_first), CANARY_FIRST),
    Row("at once", of_a_service(another_is_under_way), ONE_AT_A_TIME),
    Row("settling", of_a_service(), SOON.replace("minutes: 0", "minutes: 5"), holds=just_deployed),
    Row("deployment in progress", of_a_service(), holds=redeployed),
    Row("deployment strategy", running(deploymentConfiguration={"strategy": "BLUE_GREEN"}), registers=True),
    Row("circuit breaker", running(deploymentConfiguration={}), registers=True),
    Row(
        "mode",
        asked("shop/web"),
        SOON + "rules: [{rules: ['*'], where: {service: web}, mode: register}]\n",
        registers=True,
    ),
]  # fmt: skip


# --- the test ---------------------------------------------------------------------------------------------------------


def played(row: Row, sessions: Sessions) -> Run:
    scenario = Scenario(row.state, row.begin, row.standard, plays=lambda _: False, cap=row.cap, rules=row.rules)
    if row.repositories is not None:
        scenario = replace(scenario, repositories=row.repositories)
    run = Run(scenario, sessions, Calls(account(row.standard)))
    with run.line.answering():
        row.begin(run)
        run.aws.sns.topic("alerts").published.clear()
        row.holds(run)
        while run.step():
            row.holds(run)
            assert len(run.outcomes) < 200, "It never came to rest."
    return run


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.guard)
def test_a_guard_that_alone_forbids_stops_it_and_names_itself(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    run = played(row, sessions)
    assert run.stuck == []
    assert run.aws.services.updates == []
    before = len(run.aws.definitions.families["web"]) - row.registers
    assert before == sum("outrider:source" not in _tags(run, number) for number in run.aws.definitions.active())
    first, *_, last = [run.outcomes[0], *(each for each in run.outcomes if each.attempt == run.outcomes[0].attempt)]
    assert first.guards == last.guards == {row.guard}
    *before_it, alert = told_once(run)
    if row.registers:
        assert all("updated next" in each["title"] for each in before_it)
        assert (alert["transition"], last.state) == ("registered", AttemptState.REGISTERED)
        [reason] = alert["reasons"]
        assert reason.startswith(f"shop/web: {row.guard}: ")
    else:
        assert not before_it
        assert (alert["transition"], last.state, alert["guard"]) == ("refused", row.state, row.guard)
        assert alert["reasons"]
        assert all(alert["reasons"])
    assert named_by_the_function(first, monkeypatch) == {row.guard}
    assert run.end()["due"] == []


def told_once(run: Run) -> list[Any]:
    """The outcomes as people receive them: of each id the first body, and there is no other."""
    told = dict[str, Any]()
    for alert in (each for each in run.alerts if each["kind"] == "outcome" and each["name"] != "shop/other"):
        assert told.setdefault(alert["id"], alert) == alert
    return list(told.values())


def _tags(run: Run, number: int) -> set[str]:
    return {tag["key"] for tag in run.aws.definitions.tags[arn_of(number)]}


def named_by_the_function(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The guards that the metric counts; each is in the line of the log, too."""
    from handlers import metrics, remediate  # noqa: PLC0415 - its logger takes the standard output of now

    class Remediator:
        def remediate(self, *_: str) -> Outcome:
            return outcome

    lines = list[Any]()
    monkeypatch.setattr(remediate, "remediator", Remediator)
    monkeypatch.setattr(remediate.logger, "info", lambda *_, **given: lines.append(given))
    recorder = metrics.Recorder("remediate")
    monkeypatch.setattr(remediate, "recorder", recorder)
    remediate.record_handler(SQSRecord({"messageId": "m0", "body": ""}))
    [line] = lines
    named = {of for metric, of in recorder._counts if metric is metrics.CORRECTIONS_REFUSED}
    assert all(guard in json.dumps(line, default=str) for guard in named)
    return named


# --- what waits for its turn ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "guard"),
    [("registrations", Guard.REGISTRATIONS_PER_HOUR), ("rollouts", Guard.ROLLOUTS_PER_HOUR)],
)
def test_what_waits_for_its_turn_waits_for_longer_than_the_window_and_is_corrected_then(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, what: str, guard: Guard
) -> None:
    run = Run(Scenario(None, asked("shop/web"), SOON), sessions, Calls(account(SOON)))
    with run.line.answering():
        asked("shop/web")(run)
        for _ in range(10):  # each time an hour later: the window is one hour
            hour_taken(what)(run)
            run.step()
            assert run.outcomes[-1].guards == {guard}
        assert "refused" not in [alert["transition"] for alert in run.alerts]
        assert named_by_the_function(run.outcomes[-1], monkeypatch) == {guard}
        run.until_quiet()
    assert run.outcomes[-1].state is AttemptState.DEPLOYED


# --- what is no guard, and as final -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wording",
    [
        "mode: report\n",
        "mode: deploy\nrules: [{rules: sidecar.image-pinned, mode: report}]\n",
        "mode: deploy\nrules: [{rules: sidecar.image-pinned, approval: true}]\n",
        "mode: deploy\nexemptions: [{rules: ['*'], where: {family: web}, reason: It is tried out.}]\n",
    ],
    ids=["report", "report for the rule", "approval for the rule", "exempt"],
)
def test_what_the_standard_does_not_let_be_corrected_has_no_plan(sessions: Sessions, wording: str) -> None:
    run = played(Row("", asked("shop/web"), f"version: 1\n{wording}{SHORTLY}"), sessions)
    assert [(each.state, said(each)) for each in run.outcomes] == [
        (AttemptState.NOTHING, ("Nothing is left to correct.",))
    ]
    assert (run.aws.definitions.active(), run.alerts, run.end()["due"]) == ([1], [], [])


def test_what_is_suppressed_is_left_out_of_what_nobody_asked_for(sessions: Sessions) -> None:
    def begin(run: Run) -> None:
        proposed_digest(run)
        run.aws.sqs.purge()
        silence(run)
        ask(run, request())

    run = played(Row("", begin), sessions)
    assert [each.state for each in run.outcomes] == [AttemptState.NOTHING]
    assert run.aws.definitions.active() == [1]


# --- no guard without a row -------------------------------------------------------------------------------------------


def test_no_guard_is_without_a_row() -> None:
    """Those of turns end nothing; test_deployments.py and test_operating.py have the other two."""
    elsewhere = {guard for guard in Guard if guard.gives_turns} | {Guard.WAY_BACK, Guard.ACCOUNT}
    assert {row.guard for row in ROWS} == set(Guard) - elsewhere
