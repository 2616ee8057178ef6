"""A rule's finding, its plan, alerts and corrections: what samples are made of."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import engine
from domain.coverage import StoredReport
from domain.drift import Drift, Grant
from domain.ecs.task_definition import TaskDefinition
from domain.findings.alert import Alert
from domain.findings.finding import Finding, FindingState, Transition, TransitionKind
from domain.findings.users import User, Users
from domain.places import Place, Revision
from domain.remediation.attempt import Attempt, AttemptState
from domain.remediation.plan import Plan
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Rollout, Stage, Target
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Mode, default_standard
from domain.subject import Subject, SubjectId
from domain.triggers.actor import Actor
from domain.workload import Workload
from reports.advice import StackAction
from reports.alerts import AlertContext, alert_of
from reports.outcomes import outcome_of
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


def finding_alert(  # noqa: PLR0913 - the parts of a transition
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
