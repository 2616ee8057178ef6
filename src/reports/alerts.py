"""Alerts from transitions and outcomes."""

from datetime import datetime

from domain.alert import Alert, AlertChange, AlertDrift
from domain.finding import State, Transition
from domain.places import Arn, Revision
from domain.plan import Plan
from domain.rule import Rule, Severity, Subject
from domain.trigger import Actor
from reports.asff import rule_url
from reports.text import cut

_DRIFTS, _CHANGES = 10, 20


def alert_of(  # noqa: PLR0913 - the parts of an alert
    transition: Transition, rule: Rule, *, actor: Actor, occurred: datetime, plan: Plan | None, docs: str
) -> Alert:
    """What is told of a finding's transition."""
    finding = transition.finding
    place = finding.subject.place
    shown = plan if plan is not None and finding.state is State.OPEN and rule.id in plan.fixes else None
    return Alert(
        id=transition.id,
        kind="finding",
        transition=transition.change.value,
        account=place.account,
        region=place.region,
        subject=finding.subject.kind.value,
        name=finding.subject.name,
        resource=finding.resource,
        rule=rule.id,
        title=rule.title,
        severity=finding.severity,
        drifts=tuple(AlertDrift(where=d.where, why=cut(d.why, 600)) for d in finding.drifts[:_DRIFTS])
        if finding.state is State.OPEN
        else (),
        changes=_changes(shown) if shown else (),
        safety=shown.safety.value if shown else "",
        reasons=shown.reasons if shown else (),
        digest=shown.digest if shown else "",
        actor=actor.name if actor != Actor() else "",
        tool=actor.tool,
        since=finding.created,
        occurred=occurred,
        finding=finding.id,
        links={"rule": rule_url(docs, rule)} | console_links(finding.resource),
    )


def outcome_of(  # noqa: PLR0913 - the parts of an outcome
    plan: Plan | None,
    source: Revision,
    *,
    state: str,
    reasons: tuple[str, ...],
    registered: Revision | None,
    occurred: datetime,
    id_: str,
) -> Alert:
    """What is told of a correction."""
    title = {
        "registered": f"Corrected revision {registered} registered",
        "superseded": f"Correction of {source} dropped: a newer revision came first",
        "refused": f"{source} was not corrected",
    }[state]
    resource = (registered or source).arn
    return Alert(
        id=id_,
        kind="outcome",
        transition=state,
        account=source.place.account,
        region=source.place.region,
        subject=Subject.FAMILY.value,
        name=source.family,
        resource=resource,
        title=title,
        severity=Severity.INFORMATIONAL if state != "refused" else Severity.MEDIUM,
        changes=_changes(plan) if plan else (),
        safety=plan.safety.value if plan else "",
        reasons=reasons,
        digest=plan.digest if plan else "",
        since=occurred,
        occurred=occurred,
        links=console_links(resource),
    )


def _changes(plan: Plan) -> tuple[AlertChange, ...]:
    return tuple(AlertChange(where=c.where, before=c.before, after=c.after) for c in plan.changes[:_CHANGES])


def console_links(resource: str) -> dict[str, str]:
    """Where the console shows a task definition or service; nothing for what has no page of its own."""
    arn = Arn.parse(resource)
    if arn is None or arn.partition != "aws":
        return {}
    console = f"https://{arn.region}.console.aws.amazon.com/ecs/v2"
    if (revision := Revision.parse(resource)) is not None:
        return {"resource": f"{console}/task-definitions/{revision.family}/{revision.number}?region={arn.region}"}
    if arn.resource.startswith("service/") and arn.resource.count("/") == 2:  # noqa: PLR2004 - service/cluster/name
        _, cluster, name = arn.resource.split("/")
        return {"resource": f"{console}/clusters/{cluster}/services/{name}?region={arn.region}"}
    return {}
