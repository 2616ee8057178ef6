"""Alerts from transitions and outcomes."""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from domain.coverage import StoredReport
from domain.drift import Drift
from domain.findings.address import NOWHERE, Address
from domain.findings.alert import Alert, AlertChange, AlertDrift, AlertFragment, AlertUser
from domain.findings.finding import Finding, FindingState, Transition
from domain.places import Arn, Revision
from domain.remediation.plan import Plan
from domain.rule import Rule
from domain.triggers.actor import Actor
from reports.advice import NO_ACTION, StackAction, next_step, statements
from reports.asff import rule_url
from reports.mrkdwn import ROOM
from reports.source import at_source
from reports.text import cut
from reports.use import use_of, where_it_runs

_DRIFTS, _CHANGES = 10, 20
_USERS = 3  # in the phrase
_WHY = 1000  # characters


@dataclass(frozen=True, slots=True)
class AlertContext:
    """Who caused a transition and when, where the docs are, and what the stack does about the plan.

    `thread` is the alert's thread, by default the subject's own; `open` the rules of all its open findings; `own` says
    that Outrider's own call led to the transition. It goes to `address`, and not before the quiet hours end.
    """

    actor: Actor
    occurred: datetime
    docs: str
    help: StackAction = NO_ACTION
    thread: str = ""
    open: tuple[str, ...] = ()
    own: bool = False
    address: Address = NOWHERE
    not_before: datetime | None = None


def alert_of(transition: Transition, rule: Rule, plan: Plan | None, context: AlertContext) -> Alert:
    """Return the alert about a finding's transition."""
    actor, help_ = context.actor, replace(context.help, next_to_it=True)
    finding = transition.finding
    place = finding.subject.place
    drifts = finding.drifts if finding.state is FindingState.OPEN else ()
    shown = plan if plan is not None and drifts and rule.id in plan.fixes else None
    return Alert(
        id=transition.id,
        thread=context.thread or finding.subject.key,
        sequence=finding.version,
        kind="finding",
        transition=transition.change.value,
        account=place.account,
        region=place.region,
        subject=finding.subject.kind.value,
        name=finding.subject.name,
        resource=finding.resource,
        rule=rule.id,
        title=rule.title,
        own=context.own,
        automatic=shown is not None and help_.automatic(shown),
        open=context.open,
        severity=finding.severity,
        drifts=tuple(_drift(drift) for drift in drifts[:_DRIFTS]),
        omitted=max(len(drifts) - _DRIFTS, 0),
        changes=_changes(shown),
        omitted_changes=max(len(shown.changes) - _CHANGES, 0) if shown else 0,
        statements=statements(finding),
        use=use_of(finding, _USERS) if finding.state is FindingState.OPEN else _runs_in(finding),
        users=tuple(
            AlertUser(family=u.family, title=u.title, revision=u.revision, tasks=u.tasks) for u in finding.users.known
        ),
        omitted_users=finding.users.more,
        command=help_.command(shown) if shown and not help_.automatic(shown) else "",
        next_step=next_step(finding, rule, plan, help_),
        fragments=_fragments(shown),
        safety=shown.safety.value if shown else "",
        reasons=shown.reasons if shown else (),
        digest=shown.digest if shown else "",
        actor=actor.name if actor != Actor() else "",
        tool=actor.tool,
        since=finding.created,
        occurred=context.occurred,
        team=context.address.team,
        route=context.address.route,
        channel=context.address.channel,
        not_before=context.not_before,
        finding=finding.id,
        links={"rule": rule_url(context.docs, rule)} | console_links(finding.resource) | finding_link(finding),
    )


def _runs_in(finding: Finding) -> str:
    where = where_it_runs(finding)
    return f"runs in {where}" if where else ""


def _drift(drift: Drift) -> AlertDrift:
    texts = {name: cut(getattr(drift, name), _WHY) for name in ("code", "where", "why", "found", "wanted")}
    return AlertDrift(**texts)


def _changes(plan: Plan | None) -> tuple[AlertChange, ...]:
    changes = plan.changes[:_CHANGES] if plan else ()
    return tuple(AlertChange(where=c.where, before=c.before, after=c.after) for c in changes)


def _fragments(plan: Plan | None) -> tuple[AlertFragment, ...]:
    """Return the change in the form of what owns it, if that is known and the change is short."""
    _, written = at_source(plan)
    if written is None or len(written.text) > ROOM:
        return ()
    return (AlertFragment(form=written.form, text=written.text),)


def console_links(resource: str) -> dict[str, str]:
    """Return the console's page of a task definition, service, parameter or role; empty if there is none."""
    arn = Arn.parse(resource)
    if arn is None or arn.partition != "aws":
        return {}
    ecs = f"https://{arn.region}.console.aws.amazon.com/ecs/v2"
    if (revision := Revision.parse(resource)) is not None:
        family = quote(revision.family, safe="")
        return {"resource": f"{ecs}/task-definitions/{family}/{revision.number}?region={arn.region}"}
    kind, _, name = arn.resource.partition("/")
    match arn.service, kind, name.split("/"):
        case "ecs", "service", [cluster, service]:
            path = f"clusters/{quote(cluster, safe='')}/services/{quote(service, safe='')}"
            return {"resource": f"{ecs}/{path}?region={arn.region}"}
        case "ssm", "parameter", _:
            page = f"https://{arn.region}.console.aws.amazon.com/systems-manager/parameters"
            return {"resource": f"{page}/{quote(name)}/description?region={arn.region}"}
        case "iam", "role", [*_, role]:
            page = "https://console.aws.amazon.com/iam/home#/roles/details"  # IAM is global
            return {"resource": f"{page}/{quote(role, safe='')}"}
        case _:
            return {}


def report_link(report: StoredReport | None) -> dict[str, str]:
    """Return the console's page of a sweep's report. IAM decides who may open it, so the address is no secret."""
    if report is None or report.home.partition != "aws":
        return {}
    region, key = report.home.region, quote(report.key, safe="")
    return {"report": f"https://{region}.console.aws.amazon.com/s3/object/{report.bucket}?region={region}&prefix={key}"}


def finding_link(finding: Finding) -> dict[str, str]:
    """Return the page of Security Hub CSPM that shows a finding: a search by its Id, which is quoted twice."""
    place = finding.subject.place
    if place.partition != "aws":
        return {}
    console = f"https://{place.region}.console.aws.amazon.com/securityhub/home?region={place.region}"
    wanted = quote(quote(finding.id, safe=""), safe="")
    return {"finding": f"{console}#/findings?search=Id%3D%255Coperator%255C%253AEQUALS%255C%253A{wanted}"}
