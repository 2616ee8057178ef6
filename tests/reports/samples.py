"""Findings, plans and alerts as the use cases make them, and hostile ones."""

from datetime import UTC, datetime, timedelta
from typing import Any

import engine
from domain.alert import Alert
from domain.documents import TaskDefinition
from domain.finding import Change, Finding, State, Transition
from domain.places import Place, Revision
from domain.plan import Plan
from domain.rule import Drift, Rule, Severity, Subject
from domain.standard import default_standard
from domain.trigger import Actor
from domain.verdict import SubjectId
from domain.workload import Workload
from reports.alerts import alert_of, outcome_of
from rules import CATALOGUE

PLACE = Place("123456789012", "eu-west-1")
DOCS = "https://docs.example/rules"
THEN = datetime(2026, 11, 23, 9, 14, 2, 345678, tzinfo=UTC)
CANARY = "c4nary-s3cret-p4ss"
PINNED: Rule = next(rule for rule in CATALOGUE if rule.id == "sidecar.image-pinned")
ACTOR = Actor(f"arn:aws:sts::{PLACE.account}:assumed-role/deployer/ci-4711", "HashiCorp Terraform/1.13.4")

HOSTILE = (
    "<!channel> <@U012AB3CD> <https://evil.example|click> @here *bold* _it_ ~no~ `code` ```fence``` &lt;\n"
    "\u202egpj.exe\u2066\u200b\x1b[31m\x00\r" + "x" * 5000
)


def plan() -> Plan:
    """The plan that pins an image."""
    image = "public.ecr.aws/aws-observability/aws-otel-collector"
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
            "taskDefinitionArn": Revision(PLACE, "web", 7).arn,
            "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "1024",
            "memory": "2048", "executionRoleArn": "arn:aws:iam::123456789012:role/web-execution",
            "taskRoleArn": "arn:aws:iam::123456789012:role/web-task",
            "containerDefinitions": [app | common, collector | common],
        }
    )  # fmt: skip
    workload = Workload(PLACE, task, read_at=THEN)
    settled = engine.settle(workload, default_standard(), [PINNED])
    return engine.plan(settled, settled.after, default_standard(), [PINNED])


def finding(state: State = State.OPEN, *, drifts: tuple[Drift, ...] | None = None, name: str = "web") -> Finding:
    tag = "The tag latest changes without notice; pin v0.49.0."
    return Finding(
        subject=SubjectId(PLACE, Subject.FAMILY, name),
        rule=PINNED.id,
        state=state,
        severity=Severity.MEDIUM,
        drifts=drifts or (Drift("containers/adot-collector/image", tag, Severity.MEDIUM),),
        resource=Revision(PLACE, name, 7 if state is State.OPEN else 8).arn,
        created=THEN,
        updated=THEN if state is State.OPEN else THEN + timedelta(minutes=2),
        version=1 if state is State.OPEN else 2,
    )


def opened(given: Finding | None = None) -> Alert:
    transition = Transition(given or finding(), Change.OPENED)
    return alert_of(transition, PINNED, actor=ACTOR, occurred=THEN, plan=plan(), docs=DOCS)


def closed() -> Alert:
    transition = Transition(finding(State.CLOSED), Change.CLOSED)
    return alert_of(transition, PINNED, actor=ACTOR, occurred=THEN, plan=None, docs=DOCS)


def registered() -> Alert:
    source = Revision(PLACE, "web", 7)
    return outcome_of(
        plan(), source, state="registered", reasons=(), registered=Revision(PLACE, "web", 8), occurred=THEN, id_="one"
    )


def hostile() -> Alert:
    """Every text of it from outside, and as much of each as will come."""
    text = HOSTILE
    return Alert.model_validate(
        {
            **dict.fromkeys(
                ("id", "transition", "account", "region", "subject", "name", "resource", "rule", "title", "safety",
                 "digest", "actor", "tool", "finding"), text,
            ),
            "kind": "finding",
            "severity": "HIGH",
            "drifts": [{"where": text, "why": text}] * 60,
            "changes": [{"where": text, "before": text, "after": text}] * 60,
            "reasons": [text] * 60,
            "since": THEN,
            "occurred": THEN,
            "links": {"resource": "https://console.example/x", "rule": "javascript:alert(1)"},
        }
    )  # fmt: skip
