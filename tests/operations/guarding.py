"""How each guard is brought about, alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aws.ledger.standards import GoodStandard
from aws.sessions import Sessions
from domain.drift import Drift
from domain.places import Revision
from domain.remediation.attempt import Attempt, AttemptState, Quarantine
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Rollout, Stage, Target
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Mode, Standard
from domain.subject import Subject
from domain.workload import Workload
from tests.aws_fake.calls import Calls, Trouble
from tests.aws_fake.services import BREAKER
from tests.operations.playing import REPORT, Run, Scenario, account, ask, asked, fleet, proposed_digest, request, serve
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


def rule_with(id_: str, fix: Callable[[Workload, Standard], Workload], drifts: Callable[[Workload], bool]) -> Rule:
    def check(workload: Workload, _: Standard) -> Iterator[Drift]:
        if drifts(workload):
            yield Drift("code", "task", "It is not as this rule wants it.")

    return Rule(id_, Subject.FAMILY, Severity.LOW, check, "It is as this rule wants it.\n\nWhy: a test.", "", fix=fix)


def changing(**members: Any) -> Callable[[Workload, Standard], Workload]:
    return lambda workload, _: workload.with_task(workload.task.with_(**members))


FOREIGN = role_arn("administrator")
FOREIGN_ROLE = rule_with("task.foreign", changing(taskRoleArn=FOREIGN), lambda each: each.task.task_role != FOREIGN)
SAME = rule_with(
    "task.same", changing(inferenceAccelerators=[]), lambda each: "inferenceAccelerators" not in each.task.json
)
ONE_CPU = rule_with("task.one", changing(cpu="1024"), lambda each: each.task.json["cpu"] != "1024")
OTHER_CPU = rule_with("task.other", changing(cpu="2048"), lambda each: each.task.json["cpu"] != "2048")


def mine(run: Run) -> None:
    run.aws.ssm.put("/mine", CONFIG.replace("awsxray", "debug"))
    fleet(run, drifted=definition(collector={"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/mine"}]}))
    ask(run, request())


def administrator(run: Run) -> None:
    run.aws.iam.add("administrator", trusting("ecs-tasks.amazonaws.com"), policy(*TASK))


def other_controller(kind: str) -> Callable[[Run], None]:
    return running(deploymentController={"type": kind})


def pass_time(run: Run, **time: float) -> None:
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
    Row("approval", approving(lambda run: pass_time(run, hours=169)), REPORT),
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
    Row("minimum healthy", running(deploymentConfiguration=BREAKER | {"minimumHealthyPercent": 0}), registers=True),
    Row("launch type", running(launchType="EC2"), registers=True),
    Row("launch type", running(launchType="EXTERNAL"), registers=True),
    Row(
        "platform version",
        running(platformVersion="1.3.0"),
        SOON + "rules: [{rules: [service.platform-version], mode: report}]\n",
        registers=True,
    ),
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
