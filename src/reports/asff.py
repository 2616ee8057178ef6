"""Findings in the AWS Security Finding Format.

Facts: the ASFF pages of the Security Hub user guide. Severity and types go through FindingProviderFields. Workflow
belongs to the customer and is never written.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from domain.drift import Safety
from domain.findings.finding import Finding, FindingState, shortened
from domain.findings.users import MOST_USERS
from domain.places import Place, Revision, role_name
from domain.remediation.plan import Plan
from domain.rule import Rule
from domain.severity import Severity
from domain.subject import Subject
from domain.verdict import Exempt, ExemptedBy
from reports.advice import next_step, statements
from reports.source import at_source
from reports.text import clean, cut, line, stamp
from reports.use import use_of, where_it_runs
from reports.words import plan_command

TITLE, DESCRIPTION, RECOMMENDATION = 256, 1024, 512  # characters, as all lengths here
# What a person reads of an ordinary finding, title included, is at most 900; the rest is in the resource's details.
_PLACES, _ADVICE = 520, 250
_FIELDS, _FIELD_NAME, _FIELD = 50, 128, 2048
# https://docs.aws.amazon.com/securityhub/latest/userguide/asff-resourcedetails-other.html: fewer than 128 and 1,024.
_DETAILS, _DETAIL_NAME, _DETAIL = 50, 127, 1023
_BYTES = 230_000  # of the 240 KB that a finding may have, as it is sent: twelve for an emoji
_DRIFTS, _STATEMENTS, _CHANGES = 20, 8, 15  # of the fifty details; the rest name the resource
NOTHING_TO_DO = "No action is needed."


def asff(
    finding: Finding, rule: Rule | None, *, docs: str, facts: Mapping[str, str], plan: Plan | None = None
) -> dict[str, Any]:
    """Return one finding for BatchImportFindings.

    `docs` is the address of the documentation's site, `facts` more ProductFields; the stack among them is named in
    commands. `rule` is None if it is no longer in the catalogue: then the finding is GONE, and has only the rule's id.
    """
    place = finding.subject.place
    compliance, record = _status(finding.state)
    fixing = plan if plan is not None and finding.state is FindingState.OPEN and finding.rule in plan.fixes else None
    fields = {"rule": finding.rule, "plan": fixing.digest if fixing else "", **facts}
    title = rule.title if rule is not None else finding.rule
    advice = recommendation(finding, rule, plan) if rule is not None else NOTHING_TO_DO
    page = rule_url(docs, rule) if rule is not None else docs
    details = _fitting(_details(finding, fixing, facts.get("stack", "")), _DETAILS, _DETAIL_NAME, _DETAIL)
    seen = (finding.created, finding.updated)
    made = envelope(place, finding.id, f"outrider/{finding.rule}", finding.severity, seen) | {
        "Title": line(f"{title} ({finding.subject.name})", TITLE),
        "Description": line(description(finding), DESCRIPTION) or title,
        "Remediation": {"Recommendation": {"Text": line(advice, RECOMMENDATION)} | ({"Url": page} if page else {})},
        "ProductFields": _fitting(
            ((f"outrider/{key}", value) for key, value in fields.items()), _FIELDS, _FIELD_NAME, _FIELD
        ),
        "Resources": [
            {
                "Type": _resource_type(finding.subject.kind),
                "Id": shortened(finding.resource),
                "Partition": place.partition,
                "Region": place.region,
                "Details": {"Other": details},
            }
        ],
        "Compliance": {"Status": compliance},
        "RecordState": record,
    }
    while details and len(json.dumps(made)) > _BYTES:
        details.popitem()  # the last ones matter least
    return made


def envelope(
    place: Place, name: str, generator: str, severity: Severity, seen: tuple[datetime, datetime]
) -> dict[str, Any]:
    """Return the members that each finding of Outrider has: its Id is `name`, and it was `seen` first and last."""
    (first, last), types = map(stamp, seen), ["Software and Configuration Checks/AWS Security Best Practices"]
    graded = {"Label": severity.value, "Original": severity.value}
    return {
        "SchemaVersion": "2018-10-08",
        "Id": name,
        "ProductArn": place.arn("securityhub", f"product/{place.account}/default"),
        "ProductName": "Outrider",
        "GeneratorId": generator,
        "AwsAccountId": place.account,
        "Region": place.region,
        "CreatedAt": first,
        "FirstObservedAt": first,
        "LastObservedAt": last,
        "UpdatedAt": last,
        "Types": types,
        "Severity": graded,
        "FindingProviderFields": {"Severity": graded, "Types": types},
    }


def _resource_type(subject: Subject) -> str:
    match subject:
        case Subject.FAMILY:
            return "AwsEcsTaskDefinition"
        case Subject.SERVICE:
            return "AwsEcsService"
        case Subject.PARAMETER:
            return "Other"
        case Subject.ROLE:
            return "AwsIamRole"


def _status(state: FindingState) -> tuple[str, str]:
    """Return the compliance status and the record state."""
    match state:
        case FindingState.OPEN:
            return "FAILED", "ACTIVE"
        case FindingState.CLOSED:
            return "PASSED", "ARCHIVED"
        case FindingState.EXEMPT | FindingState.GONE:
            return "NOT_AVAILABLE", "ARCHIVED"


def description(finding: Finding) -> str:
    """Return what is wrong, place by place; or why nothing is wrong now."""
    match finding.state:
        case FindingState.OPEN:
            return _listed([f"{drift.where}: {drift.why}" for drift in finding.drifts], " ", _PLACES)
        case FindingState.CLOSED:
            where = where_it_runs(finding)
            return f"{finding.resource} is compliant again." + (f" It runs in {where}." if where else "")
        case FindingState.EXEMPT:
            return _exempt(finding.exempt)
        case FindingState.GONE:
            return "It no longer exists, or is no longer in scope."


def _exempting(by: ExemptedBy) -> str:
    match by:
        case ExemptedBy.STANDARD:
            return "The standard exempts it"
        case ExemptedBy.TAG:
            return "A tag of the task definition exempts it"
        case ExemptedBy.OWNER:
            return "An owner of the account exempts it"


def _exempt(verdict: Exempt | None) -> str:
    who = _exempting(verdict.by if verdict is not None else ExemptedBy.STANDARD)
    if verdict is None:
        return f"{who}."
    until = f" until {verdict.expires}" if verdict.expires is not None else ""
    return f"{who}{until}: {verdict.reason}" if verdict.reason else f"{who}{until}."


def recommendation(finding: Finding, rule: Rule, plan: Plan | None) -> str:
    """Return what to do: the plan in a line, the statement to add to a role, or the next step."""
    if finding.state is not FindingState.OPEN:
        return NOTHING_TO_DO
    if plan is not None and rule.id in plan.fixes:
        lines = [f"{c.where}: {c.before or 'unset'} → {c.after or 'removed'}" for c in plan.changes]
        approval = "" if plan.safety is Safety.SAFE else " (needs approval)"
        return f"Proposed fix{approval}, plan {plan.digest}: {_listed(lines, '; ', _ADVICE)}"
    if missing := statements(finding):
        whole = " ".join(f"Add to {each.to}: {each.statement}" for each in missing)
        if len(clean(whole)) <= _ADVICE:
            return whole
        roles = " and ".join(each.to for each in missing)
        return f"Add to {roles} the policy statement in the resource's details, under Other."
    return next_step(finding, rule, plan)


def _listed(parts: Sequence[str], separator: str, room: int) -> str:
    """Join the first parts, whole, as far as they fit, and say how many more there are; the first is never left out."""
    kept = list[str]()
    for part in parts:
        if kept and len(separator.join([*kept, part])) > room:
            break
        kept.append(part)
    more = len(parts) - len(kept)
    text = separator.join(kept)
    return f"{text}{separator}{more} more in the resource's details, under Other." if more else text


def _details(finding: Finding, plan: Plan | None, stack: str) -> Iterator[tuple[str, str]]:
    """Yield each drift by place, the statements to add, who uses it, the planned changes, and its names."""
    drifts = finding.drifts if finding.state is FindingState.OPEN else ()
    for drift in drifts[:_DRIFTS]:
        yield drift.where, line(drift.why, _DETAIL)
    yield from islice(_statements(finding), _STATEMENTS)
    yield "command", plan_command("correct", plan, stack) if plan else ""
    yield "use", use_of(finding, MOST_USERS)
    yield "left out of the plan, because suppressed", ", ".join(plan.left_out) if plan else ""
    for change in plan.changes[:_CHANGES] if plan else ():
        yield f"change {change.where}", f"{change.before or 'unset'} → {change.after or 'removed'}"
    owner, written = at_source(plan)
    yield "source", owner
    yield from _parts(f"change in {written.form}", written.text) if written else ()
    yield from _names(finding)


def _statements(finding: Finding) -> Iterator[tuple[str, str]]:
    for each in statements(finding):
        yield from _parts(f"add to {each.to}", each.statement)


def _parts(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield a long text in parts, each short enough for a detail."""
    parts = [text[at : at + _DETAIL] for at in range(0, len(text), _DETAIL)]
    for number, part in enumerate(parts, 1):
        yield name + (f", part {number} of {len(parts)}" if len(parts) > 1 else ""), part


def _names(finding: Finding) -> Iterator[tuple[str, str]]:
    name = finding.subject.name
    match finding.subject.kind:
        case Subject.FAMILY:
            yield "family", name
            revision = Revision.parse(finding.resource)
            yield "revision", str(revision.number) if revision else ""
        case Subject.SERVICE:
            cluster, _, service = name.rpartition("/")
            yield "cluster", cluster
            yield "service", service
        case Subject.PARAMETER:
            yield "parameter", name
        case Subject.ROLE:
            yield "role", role_name(name)


def _fitting(pairs: Iterable[tuple[str, str]], most: int, key_length: int, length: int) -> dict[str, str]:
    """Return at most `most` pairs, none blank, cut to their lengths. Repeated names get a number."""
    fitting = dict[str, str]()
    for key, value in pairs:
        shown = cut(value, length)
        name = line(key, key_length) or "where"
        if not shown.strip() or shown == fitting.get(name):
            continue
        number = 2
        while name in fitting:
            name = f"{line(key, key_length - 5)} ({number})"
            number += 1
        if len(fitting) < most:
            fitting[name] = shown
    return fitting


def rule_url(docs: str, rule: Rule) -> str:
    """Return the rule's page on the documentation's site; without one, AWS's or OpenTelemetry's page."""
    return f"{docs}/docs/rules/{rule.id}.html" if docs else rule.reference
