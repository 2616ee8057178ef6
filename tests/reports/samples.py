"""Findings, plans and alerts as the use cases make them, and hostile ones."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import engine
from domain.coverage import Certificate, Coverage, CoverageRow, Covered, Gap, Proof, Seen, StoredReport, rows_of
from domain.drift import Drift, Grant
from domain.ecs.task_definition import TaskDefinition
from domain.findings.address import Address
from domain.findings.alert import Alert
from domain.findings.finding import Finding, FindingState, Transition, TransitionKind
from domain.findings.thread import Thread
from domain.findings.users import NOBODY, User, Users
from domain.health.facts import SweepRun
from domain.places import Place, Revision
from domain.remediation.attempt import Attempt, AttemptState, ProposedPlan, Quarantine
from domain.remediation.guard import Guard
from domain.remediation.plan import Plan
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Rollout, Stage, Target
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Mode, Standard, default_standard
from domain.status import PlanWaiting, Standing, Status
from domain.subject import Subject, SubjectId
from domain.sweeping import Listing, PlaceSweep
from domain.triggers.actor import Actor
from domain.workload import Workload
from reports.advice import StackAction
from reports.alerts import AlertContext, alert_of
from reports.digest import burst_of, daily_of, digest_of, weekly_of
from reports.message import Message, of_digest, of_thread
from reports.outcomes import outcome_of
from reports.source import fragments
from rules import CATALOGUE

PLACE = Place("123456789012", "eu-west-1")
BANK = Place("222222222222", "eu-west-1")
REPORT = StoredReport(PLACE, "outrider-certificates", "reports/2026/11/23/run.html")
DOCS = "https://docs.example/v0.1.0"
THEN = datetime(2026, 11, 23, 9, 14, 2, 345678, tzinfo=UTC)
CANARY = "c4nary-s3cret-p4ss"
PINNED: Rule = next(rule for rule in CATALOGUE if rule.id == "sidecar.image-pinned")
ACTOR = Actor(f"arn:aws:sts::{PLACE.account}:assumed-role/deployer/ci-4711", "HashiCorp Terraform/1.13.4")

HOSTILE = (
    "<!channel> <@U012AB3CD> <https://evil.example|click> @here *bold* _it_ ~no~ `code` ```fence``` :fire: &lt;\n"
    "\u202egpj.exe\u2066\u200b\x1b[31m\x00\r" + "x" * 5000
)


HOSTILE_LINES = [
    {"text": HOSTILE[:90], "link": link}
    for link in (
        "https://console.example/x",
        "https://evil.example/|x> <!channel>",
        "https://evil.example/<!here>",
        "javascript:alert(1)",
        "",
    )
] * 5
IMAGE = "public.ecr.aws/aws-observability/aws-otel-collector"
MIRROR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/aws-otel-collector"


def plan(image: str = IMAGE, number: int = 7) -> Plan:
    """The plan that pins an image; REVIEW for one of a repository that the standard does not approve."""
    logs = {"awslogs-group": "/ecs/web", "awslogs-region": PLACE.region, "awslogs-stream-prefix": "ecs"}
    common: dict[str, Any] = {"logConfiguration": {"logDriver": "awslogs", "options": logs}}
    app = {"name": "app", "image": "web:1", "essential": True, "environment": [{"name": "TOKEN", "value": CANARY}]}
    collector = {
        "name": "adot-collector", "image": f"{image}:latest", "essential": False, "cpu": 256, "memoryReservation": 512,
        "secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/fargate/otel-collector-config"}],
        "command": ["--config=env:AOT_CONFIG_CONTENT"],
    }  # fmt: skip
    task = TaskDefinition(
        {
            "taskDefinitionArn": Revision(PLACE, "web", number).arn,
            "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "1024",
            "memory": "2048", "executionRoleArn": "arn:aws:iam::123456789012:role/web-execution",
            "taskRoleArn": "arn:aws:iam::123456789012:role/web-task",
            "containerDefinitions": [app | common, collector | common],
        }
    )  # fmt: skip
    workload = Workload(PLACE, task, read_at=THEN)
    settled = engine.settle(workload, default_standard(), [PINNED])
    return engine.plan(settled, settled.after, default_standard(), [PINNED])


def finding(
    state: FindingState = FindingState.OPEN, *, drifts: tuple[Drift, ...] | None = None, name: str = "web"
) -> Finding:
    wanted = f"{IMAGE}:v0.49.0"
    floating = f"The image {IMAGE} has the floating tag latest. The standard's image is {wanted}."
    image = "containers/adot-collector/image"
    return Finding(
        subject=SubjectId(PLACE, Subject.FAMILY, name),
        rule=PINNED.id,
        state=state,
        severity=Severity.MEDIUM,
        drifts=drifts or (Drift("image-floating", image, floating, "latest", wanted, Severity.MEDIUM),),
        resource=Revision(PLACE, name, 7 if state is FindingState.OPEN else 8).arn,
        created=THEN,
        updated=THEN if state is FindingState.OPEN else THEN + timedelta(minutes=2),
        version=1 if state is FindingState.OPEN else 2,
        users=Users((User(name, f"shop/{name}", 7 if state is FindingState.OPEN else 8, 3),)),
    )


def opened(given: Finding | None = None) -> Alert:
    transition = Transition(given or finding(), TransitionKind.OPENED)
    itself = StackAction(Mode.REGISTER, Mode.REGISTER)
    return alert_of(transition, PINNED, plan(), AlertContext(ACTOR, THEN, DOCS, itself))


def closed() -> Alert:
    transition = Transition(finding(FindingState.CLOSED), TransitionKind.CLOSED)
    return alert_of(transition, PINNED, None, AlertContext(ACTOR, THEN, DOCS))


def attempt(state: AttemptState, *reasons: Reason, **members: Any) -> Attempt:
    made = Attempt(Revision(PLACE, "web", 7), "", state, THEN, reasons=reasons).drawn(plan())
    return replace(made, **members)


def registered() -> Alert:
    return outcome(AttemptState.REGISTERED, registered=8)


def outcome(state: str, *reasons: Reason, **members: Any) -> Alert:
    made = attempt(AttemptState(state), *reasons, **members)
    return outcome_of(made, made.state, occurred=THEN)


def superseded() -> Alert:
    return outcome(AttemptState.SUPERSEDED, Reason(Code.NEWER_REVISION, "web:8"))


def rule(id_: str) -> Rule:
    return next(each for each in CATALOGUE if each.id == id_)


RUNNING = Users((User("web", "shop/web", 7, 3), User("web", "shop/worker", 6, 1)))
LEANING = Users((User("api", "shop/api", 4, 2), User("cron"), User("web", "shop/web", 7, 3)), more=12)


def told(  # noqa: PLR0913 - the parts of a transition
    rule_id: str,
    name: str,
    resource: str,
    *drifts: Drift,
    change: TransitionKind = TransitionKind.OPENED,
    after: timedelta = timedelta(0),
    actor: Actor = ACTOR,
    by: Plan | None = None,
    users: Users = RUNNING,
    severity: Severity | None = None,
) -> Alert:
    """The alert about a finding of this rule, `after` it was first seen."""
    about = rule(rule_id)
    severity = severity or max((drift.severity or about.severity for drift in drifts), default=about.severity)
    one = Finding(
        SubjectId(PLACE, about.subject, name), rule_id, FindingState.OPEN, severity, drifts, resource, THEN,
        THEN + after, 2, users,
    )  # fmt: skip
    asking = StackAction(cap=Mode.DEPLOY)
    return alert_of(Transition(one, change), about, by, AlertContext(actor, THEN + after, DOCS, asking))


LOG_GROUP = f"arn:aws:logs:{PLACE.region}:{PLACE.account}:log-group:"
LOG_ACTIONS = ("logs:PutLogEvents", "logs:CreateLogStream", "logs:CreateLogGroup")
STATEMENT = json.dumps(
    {
        "Effect": "Allow",
        "Action": sorted(LOG_ACTIONS),
        "Resource": [f"{LOG_GROUP}/{group}/web:*" for group in ("logs", "metrics")],
    },
    separators=(",", ":"),
)
TASK_ROLE = (
    Drift(
        "not-allowed",
        "taskRoleArn/exporters/awsemf",
        "The collector writes metrics as log events, which needs logs:PutLogEvents, logs:CreateLogStream and"
        f" logs:CreateLogGroup on {LOG_GROUP}/metrics/web:*. The policies of web-task do not allow this.",
        grants=tuple(Grant("web-task", action, f"{LOG_GROUP}/metrics/web:*") for action in LOG_ACTIONS),
    ),
    Drift(
        "not-allowed",
        "taskRoleArn/exporters/awscloudwatchlogs",
        "The collector writes logs, which needs logs:PutLogEvents, logs:CreateLogStream and logs:CreateLogGroup on"
        f" {LOG_GROUP}/logs/web:*. The policies of web-task do not allow this.",
        grants=tuple(Grant("web-task", action, f"{LOG_GROUP}/logs/web:*") for action in LOG_ACTIONS),
    ),
)
PERSON = Actor(
    f"arn:aws:sts::{PLACE.account}:assumed-role/AWSReservedSSO_Developer_0123456789abcdef/ann@example.com",
    "AWS Internal console.amazonaws.com",
)
PARAMETER = "/fargate/otel-collector-config"
WEB = Revision(PLACE, "web", 7).arn
FLOATING = finding().drifts[0]


def rollout(service: str, stage: Stage, *reasons: Reason) -> Rollout:
    before, after = (Target(Revision(PLACE, "web", number).arn) for number in (7, 8))
    return Rollout(service, before, after, THEN, stage, reasons=reasons)


def of_corrections() -> dict[str, Alert]:
    """The alerts about corrections that are rolled out, fail, are undone or drift again."""
    stage, dead = Stage, Reason(Code.COLLECTORS_DOWN, names=("STOPPED",), number=2, limit=2)
    several = (rollout("shop/web", stage.DEPLOYING), rollout("shop/worker", stage.PENDING))
    failed = (rollout("shop/web", stage.BACK, dead), rollout("shop/worker", stage.SKIPPED))
    back = Reason(Code.OF_SERVICE, "shop/web", because=(dead, Reason(Code.BACK_ON, "web:7")))
    left = Reason(Code.OF_SERVICE, "shop/batch", guard=Guard.CIRCUIT_BREAKER, because=(Reason(Code.NO_ROLLBACK),))
    person = f"arn:aws:sts::{PLACE.account}:assumed-role/platform/jo"
    again = Reason(Code.CORRECTED_BEFORE, number=2, limit=24)
    written = tuple((each.form, each.text) for each in fragments(plan(), "Terraform"))
    return {
        "approved": outcome("registered", registered=8, rollouts=several, approved=True, approved_by=person),
        "deployed": outcome("deployed", left, registered=8, rollouts=(rollout("shop/web", stage.VERIFIED),)),
        "failed": outcome("failed", back, registered=8, rollouts=failed),
        "not-back": outcome(
            "failed",
            Reason(Code.OF_SERVICE, "shop/web", because=(dead, Reason(Code.NOT_SET_BACK, "web:7"))),
            registered=8,
            rollouts=(rollout("shop/web", stage.NOT_ROLLED_BACK, dead),),
        ),
        "undone": outcome("undone", registered=8, rollouts=(rollout("shop/web", stage.BACK),), undone=True),
        "fought": outcome("refused", again, guard=Guard.ATTEMPTS, actor=ACTOR, fragments=written),
    }


def burst() -> Alert:
    """The threads of one batch, beyond those whose messages were sent one by one."""
    names = [f"shop-{number:02}" for number in range(34)]
    opened_ = [opened(finding(name=name)) for name in names]
    role = f"arn:aws:iam::{PLACE.account}:role/shop/web-task"
    worse = [
        told("identity.trust", role, role, Drift("code", "trust policy", "No."), actor=PERSON),
        told(
            "sidecar.resources",
            "web",
            WEB,
            Drift("code", "cpu", "Much.", severity=Severity.HIGH),
            change=TransitionKind.RAISED,
        ),
    ]
    closing = [
        closed().model_copy(
            update={"name": name, "thread": f"{PLACE}/family/{name}", "resource": Revision(PLACE, name, 3).arn}
        )
        for name in ("cart", "cron")
    ]
    some = [*opened_, *worse, *closing, outcome("refused", Reason(Code.NO_CHANGE), guard=Guard.IMAGE)]
    threads = {alert.thread: Thread().after([alert]) for alert in some}
    return burst_of(threads, id_="burst/0123456789abcdef0123456789abcdef", most=10, occurred=THEN)


EXEMPT = """\
version: 1
name: shop
exemptions:
  - rules: [sidecar.image-pinned, sidecar.resources]
    where: {family: [legacy-*], account: "123456789012"}
    reason: is switched off in December
    expires: 2026-11-30
  - rules: sidecar.*
    where: {tags: {team: research}}
    reason: has its own collector for now
    expires: 2026-12-07
  - {rules: "*", where: {family: sandbox}, reason: nobody leans on it, expires: 2026-12-08}
  - {rules: "*", where: {family: past}, reason: was over long ago, expires: 2026-11-22}
  - {rules: "*", where: {family: forever}, reason: is never judged}
"""


def seen() -> Seen:
    """What a sweep covered that could not read two accounts."""
    denied = Gap(coverage=Coverage.DENIED, call="sts:AssumeRole", code="AccessDenied", subjects=0)
    late = Gap(coverage=Coverage.THROTTLED, call="ecs:DescribeServices", code="ThrottlingException", subjects=3)
    rows = [
        CoverageRow(account=each.account, region=each.region, kind=kind, counts={}, gaps=(gap,), since=THEN - ago)
        for each, kind, gap, ago in (
            (BANK, Subject.FAMILY, denied, timedelta(days=2)),
            (BANK, Subject.SERVICE, denied, timedelta(days=2)),
            (Place("333333333333", "us-east-1"), Subject.SERVICE, late, timedelta()),
        )
    ]
    certificate = Certificate(run="run", began=THEN, ended=THEN, release="0.1.0", standard="s", rows=tuple(rows))
    return Seen(Proof.INTACT, certificate, report=REPORT)


def daily() -> Alert:
    """A day's digest of two accounts: nine open, two closed, two exemptions about to expire, and what waits."""
    still = [
        replace(finding(name=f"shop-{n}"), created=THEN - timedelta(days=3 * n), severity=severity)
        for n, severity in enumerate([Severity.MEDIUM] * 5 + [Severity.HIGH, Severity.LOW, Severity.HIGH])
    ]
    done = [finding(FindingState.CLOSED), finding(FindingState.CLOSED, name="cart")]
    waiting = ProposedPlan("7047ef13b6521ab1", THEN, (PINNED.id,), "safe", until=THEN + timedelta(days=7))
    off = Reason(Code.SWITCH_OFF, "/outrider/corrections/outrider")
    standing = Standing(
        plans=(PlanWaiting(SubjectId(PLACE, Subject.FAMILY, "web"), "web:7", waiting, Severity.HIGH),),
        under_way=(attempt(AttemptState.WAITING, off, guard=Guard.KILL_SWITCH),),
        failed=(attempt(AttemptState.REFUSED, Reason(Code.IMAGE_NOT_ALLOWED, MIRROR), guard=Guard.IMAGE),),
        quarantines=((SubjectId(BANK, Subject.FAMILY, "cart"), Quarantine((Reason(Code.UNDONE, "jo"),), THEN)),),
    )
    there = SubjectId(BANK, Subject.FAMILY, "vault")
    still.append(replace(finding(), subject=there, resource=Revision(BANK, "vault", 2).arn, created=THEN))
    status = Status(PLACE, tuple(still), (finding(name="cron"),), standing, SweepRun(THEN, THEN), seen())
    made = daily_of(status, done, Standard.parse(EXEMPT, "The standard"), at=THEN)
    assert made is not None
    return made


def weekly() -> Alert:
    """A team's digest: three open findings."""
    still = [replace(finding(name=f"shop-{n}"), created=THEN - timedelta(days=3 * n)) for n in range(3)]
    return weekly_of(still, Address("shop", "shop", "C0123456789"), PLACE, seen(), at=THEN)


def messages() -> dict[str, Alert]:
    """One of each kind that Slack receives."""
    day = timedelta(days=1)
    ours = f"The image {MIRROR} has the floating tag latest. The standard's image is {IMAGE}:v0.49.0."
    crowded = "The containers reserve 1280 CPU units, and the task has 1024."
    trust = (
        f"The trust policy of web-task does not let ecs-tasks.amazonaws.com assume it for tasks of {PLACE.account} in"
        f" {PLACE.region}, so none can start."
    )
    undefined = "It names awsxray/audit, which exporters does not define."
    down = (
        "In 2 of 3 running tasks the collector is STOPPED (1f0c9d2e, 77ab01cd). It should be RUNNING. Its log shows why"
        " it stopped."
    )
    bare = Drift(
        "collector-absent", "containers", "The task has web and no collector, so nothing receives their telemetry."
    )
    role = f"arn:aws:iam::{PLACE.account}:role/shop/web-task"
    return {
        "opened": opened(),
        "opened-review": told(
            PINNED.id,
            "web",
            WEB,
            Drift("image-floating", FLOATING.where, ours, "latest"),
            actor=PERSON,
            by=plan(MIRROR),
        ),
        "opened-service": told(
            "service.collector-running",
            "shop/web",
            PLACE.arn("ecs", "service/shop/web"),
            Drift("collector-not-running", "service/tasks/adot-collector", down, "STOPPED", "RUNNING"),
            actor=Actor(),
        ),
        "opened-parameter": told(
            "config.references",
            PARAMETER,
            PLACE.arn("ssm", f"parameter{PARAMETER}"),
            Drift("not-defined", "service/pipelines/traces/exporters", undefined),
            actor=PERSON,
            users=LEANING,
        ),
        "opened-role": told(
            "identity.trust", role, role, Drift("ecs-not-trusted", "trust policy", trust), users=LEANING
        ),
        "opened-unused": told("sidecar.present", "web", WEB, bare, users=NOBODY, severity=Severity.LOW),
        "opened-statement": told("identity.task-role", "web", WEB, *TASK_ROLE),
        "raised": told(
            "sidecar.resources",
            "web",
            WEB,
            Drift("cpu-overcommitted", "cpu", crowded, severity=Severity.HIGH),
            change=TransitionKind.RAISED,
            after=9 * day,
        ),
        "reopened": told(
            PINNED.id,
            "web",
            Revision(PLACE, "web", 9).arn,
            FLOATING,
            change=TransitionKind.REOPENED,
            after=3 * day,
            by=plan(number=9),
            users=Users((User("web", "shop/web", 8, 3),)),
            severity=Severity.LOW,
        ),
        "closed": closed(),
        "registered": registered(),
        "refused": outcome(
            AttemptState.REFUSED,
            Reason(Code.IMAGE_NOT_ALLOWED, "registry.example.com/aws-otel-collector"),
            guard=Guard.IMAGE,
        ),
        "refused-approval": outcome(
            AttemptState.REFUSED,
            Reason(Code.PLAN_CHANGED, "5be3fa6021c94d07", "0123456789abcdef"),
            guard=Guard.APPROVAL,
            approved=True,
        ),
        "refused-service": outcome(
            AttemptState.REFUSED,
            Reason(Code.OTHER_CONTROLLER, "CODE_DEPLOY"),
            guard=Guard.DEPLOYMENT_CONTROLLER,
            service="shop/web",
        ),
        **of_corrections(),
        "burst": burst(),
        "daily": daily(),
        "weekly": weekly(),
        "digest": digest_of(
            [
                finding(),
                finding(name="cart"),
                replace(finding(name="cron"), severity=Severity.LOW, rule="sidecar.resources"),
            ],
            [PLACE],
            Seen(Proof.INTACT, certificate(), report=REPORT),
            swept=THEN,
            occurred=THEN,
        ),
        "digest-in-part": digest_of(
            [finding(), finding(name="cart")],
            [PLACE],
            Seen(Proof.INTACT, certificate(sent=1250)),
            swept=THEN,
            occurred=THEN,
        ),
    }


def certificate(sent: int = 50) -> Certificate:
    """Of a place where 50 families of those that were sent were evaluated, and its role could not be read."""
    families = [Covered(SubjectId(PLACE, Subject.FAMILY, f"family-{n}"), Coverage.EVALUATED) for n in range(50)]
    role = SubjectId(PLACE, Subject.ROLE, "arn:aws:iam::123456789012:role/web-task")
    denied = Covered(role, Coverage.DENIED, "iam:GetRole", "AccessDenied")
    listings = {Subject.FAMILY: Listing(sent=sent, complete=True), Subject.SERVICE: Listing(complete=True)}
    swept = PlaceSweep(PLACE, THEN, THEN, baseline=True, listings=listings)
    return Certificate(
        run="daily", began=THEN, ended=THEN, release="1.0.0", standard="0123456789abcdef",
        rows=rows_of([swept], [*families, denied] if sent > 50 else families),
    )  # fmt: skip


def shown(*alerts: Alert) -> Message:
    """The message of a digest, or of the thread of these alerts."""
    if alerts[0].kind == "digest":
        return of_digest(alerts[0])
    return of_thread(alerts[0].thread, Thread().after(alerts))


def hostile() -> Alert:
    """Every text of it from outside, and as much of each as will come."""
    text = HOSTILE
    return Alert.model_validate(
        {
            **dict.fromkeys(
                ("id", "transition", "account", "region", "subject", "name", "resource", "rule", "title", "safety",
                 "digest", "actor", "tool", "finding"), text,
            ),
            "thread": f"{PLACE}/family/web",
            "kind": "finding",
            "severity": "HIGH",
            "drifts": [{"code": text, "where": text, "why": text, "found": text, "wanted": text}] * 60,
            "command": text,
            "next_step": text,
            "rules": [text] * 60,
            "changes": [{"where": text, "before": text, "after": text}] * 60,
            "reasons": [text] * 60,
            "sections": [{"title": text, "lines": HOSTILE_LINES, "omitted": 3}] * 12,
            "since": THEN,
            "occurred": THEN,
            "links": {"resource": "https://console.example/x", "rule": "javascript:alert(1)"},
        }
    )  # fmt: skip
