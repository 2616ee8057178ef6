"""Findings, plans and alerts as the use cases make them, and hostile ones."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache

from domain.coverage import Certificate, Coverage, CoverageRow, Covered, Gap, Proof, Seen, rows_of
from domain.drift import Drift
from domain.findings.address import Address
from domain.findings.alert import Alert
from domain.findings.finding import FindingState, TransitionKind
from domain.findings.thread import Thread
from domain.findings.users import NOBODY, User, Users
from domain.health.facts import SweepRun
from domain.places import Place, Revision
from domain.remediation.attempt import AttemptState, ProposedPlan, Quarantine
from domain.remediation.guard import Guard
from domain.remediation.reason import Code, Reason
from domain.remediation.rollout import Stage
from domain.severity import Severity
from domain.standard import Standard
from domain.status import PlanWaiting, Standing, Status
from domain.subject import Subject, SubjectId
from domain.sweeping import Listing, PlaceSweep
from domain.triggers.actor import Actor
from reports.digest import burst_of, daily_of, digest_of, weekly_of
from reports.message import Message, of_digest, of_thread
from reports.source import fragments
from tests.reports.parts import (
    ACTOR,
    BANK,
    CANARY,
    DOCS,
    FLOATING,
    HOSTILE,
    HOSTILE_LINES,
    IMAGE,
    LEANING,
    LOG_ACTIONS,
    LOG_GROUP,
    MIRROR,
    PARAMETER,
    PERSON,
    PINNED,
    PLACE,
    REPORT,
    RUNNING,
    STATEMENT,
    TASK_ROLE,
    THEN,
    WEB,
    attempt,
    closed,
    finding,
    finding_alert,
    opened,
    outcome,
    plan,
    registered,
    rollout,
    rule,
    superseded,
)

__all__ = [
    "ACTOR",
    "BANK",
    "CANARY",
    "DOCS",
    "EXEMPT",
    "FLOATING",
    "HOSTILE",
    "HOSTILE_LINES",
    "IMAGE",
    "LEANING",
    "LOG_ACTIONS",
    "LOG_GROUP",
    "MIRROR",
    "PARAMETER",
    "PERSON",
    "PINNED",
    "PLACE",
    "REPORT",
    "RUNNING",
    "STATEMENT",
    "TASK_ROLE",
    "THEN",
    "WEB",
    "attempt",
    "burst",
    "certificate",
    "closed",
    "daily",
    "finding",
    "finding_alert",
    "hostile",
    "messages",
    "of_corrections",
    "opened",
    "outcome",
    "plan",
    "registered",
    "rollout",
    "rule",
    "seen",
    "shown",
    "superseded",
    "weekly",
]


def of_corrections() -> dict[str, Alert]:
    """The alerts about corrections that are rolled out, fail, are undone or drift again."""
    stage, dead = Stage, Reason(Code.COLLECTORS_DOWN, names=("STOPPED",), number=2, limit=2)
    several = (rollout("shop/web", stage.DEPLOYING), rollout("shop/worker", stage.PENDING))
    failed = (rollout("shop/web", stage.ROLLED_BACK, dead), rollout("shop/worker", stage.SKIPPED))
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
        "undone": outcome("undone", registered=8, rollouts=(rollout("shop/web", stage.ROLLED_BACK),), undone=True),
        "fought": outcome("refused", again, guard=Guard.ATTEMPTS, actor=ACTOR, fragments=written),
    }


def burst() -> Alert:
    """The threads of one batch, beyond those whose messages were sent one by one."""
    names = [f"shop-{number:02}" for number in range(34)]
    opened_ = [opened(finding(name=name)) for name in names]
    role = f"arn:aws:iam::{PLACE.account}:role/shop/web-task"
    worse = [
        finding_alert("identity.trust", role, role, Drift("code", "trust policy", "No."), actor=PERSON),
        finding_alert(
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
    return burst_of(threads, id_="burst/0123456789abcdef0123456789abcdef", most=5, occurred=THEN)


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


@cache
def messages() -> Mapping[str, Alert]:
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
    bare = Drift("collector-absent", "containers", "The task has web and no collector, so nothing in it receives OTLP.")
    role = f"arn:aws:iam::{PLACE.account}:role/shop/web-task"
    return {
        "opened": opened(),
        "opened-review": finding_alert(
            PINNED.id,
            "web",
            WEB,
            Drift("image-floating", FLOATING.where, ours, "latest"),
            actor=PERSON,
            by=plan(MIRROR),
        ),
        "opened-service": finding_alert(
            "service.collector-running",
            "shop/web",
            PLACE.arn("ecs", "service/shop/web"),
            Drift("collector-not-running", "service/tasks/adot-collector", down, "STOPPED", "RUNNING"),
            actor=Actor(),
        ),
        "opened-parameter": finding_alert(
            "config.references",
            PARAMETER,
            PLACE.arn("ssm", f"parameter{PARAMETER}"),
            Drift("not-defined", "service/pipelines/traces/exporters", undefined),
            actor=Actor(),
            users=LEANING,
        ),
        "opened-role": finding_alert(
            "identity.trust", role, role, Drift("ecs-not-trusted", "trust policy", trust), users=LEANING
        ),
        "opened-unused": finding_alert("sidecar.present", "web", WEB, bare, users=NOBODY, severity=Severity.LOW),
        "opened-statement": finding_alert("identity.task-role", "web", WEB, *TASK_ROLE),
        "raised": finding_alert(
            "sidecar.resources",
            "web",
            WEB,
            Drift("cpu-overcommitted", "cpu", crowded, severity=Severity.HIGH),
            change=TransitionKind.RAISED,
            after=9 * day,
        ),
        "reopened": finding_alert(
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
