"""Findings in the AWS Security Finding Format.

Facts: the ASFF pages of the Security Hub user guide. Severity and types go through FindingProviderFields; Workflow is
the customer's and is never written.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.finding import Finding, State
from domain.plan import Plan
from domain.rule import Rule, Safety, Subject
from reports.text import cut

_DRIFTS = 20
_TITLE, _DESCRIPTION, _RECOMMENDATION, _FIELD = 256, 1024, 512, 2048  # characters
ADVICE = "Add to "
"""What a drift's last sentence begins with where it gives the policy statement to add."""
_TYPES = ["Software and Configuration Checks/AWS Security Best Practices"]
_RESOURCE_TYPE = {
    Subject.FAMILY: "AwsEcsTaskDefinition",
    Subject.SERVICE: "AwsEcsService",
    Subject.PARAMETER: "Other",
    Subject.ROLE: "AwsIamRole",
}
_STATES = {
    State.OPEN: ("FAILED", "ACTIVE"),
    State.CLOSED: ("PASSED", "ARCHIVED"),
    State.EXEMPT: ("NOT_AVAILABLE", "ARCHIVED"),
    State.GONE: ("NOT_AVAILABLE", "ARCHIVED"),
}


def asff(
    finding: Finding, rule: Rule, *, docs: str, facts: Mapping[str, str], plan: Plan | None = None
) -> dict[str, Any]:
    """One finding for BatchImportFindings. `docs` is the address of the rules' page, `facts` what ProductFields add."""
    place = finding.subject.place
    compliance, record = _STATES[finding.state]
    severity = {"Label": finding.severity.value, "Original": finding.severity.value}
    fields = {f"outrider/{key}": cut(value, _FIELD) for key, value in facts.items() if value}
    fields["outrider/rule"] = rule.id
    if plan is not None:
        fields["outrider/plan"] = plan.digest
    advice = recommendation(finding, rule, plan)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": finding.id,
        "ProductArn": place.arn("securityhub", f"product/{place.account}/default"),
        "ProductName": "Outrider",
        "GeneratorId": f"outrider/{rule.id}",
        "AwsAccountId": place.account,
        "Region": place.region,
        "CreatedAt": _time(finding.created),
        "FirstObservedAt": _time(finding.created),
        "LastObservedAt": _time(finding.updated),
        "UpdatedAt": _time(finding.updated),
        "Types": _TYPES,
        "Severity": severity,
        "FindingProviderFields": {"Severity": severity, "Types": _TYPES},
        "Title": cut(f"{rule.title} ({finding.subject.name})", _TITLE),
        "Description": cut(description(finding), _DESCRIPTION),
        "Remediation": {"Recommendation": {"Text": cut(advice, _RECOMMENDATION), "Url": rule_url(docs, rule)}},
        "ProductFields": fields,
        "Resources": [
            {
                "Type": _RESOURCE_TYPE[finding.subject.kind],
                "Id": finding.resource,
                "Partition": place.partition,
                "Region": place.region,
            }
            | _details(finding)
        ],
        "Compliance": {"Status": compliance},
        "RecordState": record,
    }


def _details(finding: Finding) -> dict[str, Any]:
    """The drifts of the resource as it is now: one that keeps the rule again has none."""
    drifts = finding.drifts[:_DRIFTS] if finding.state is State.OPEN else ()
    return {"Details": {"Other": {cut(d.where, 128): cut(d.why, 1024) for d in drifts}}} if drifts else {}


def description(finding: Finding) -> str:
    """What is wrong, place by place; or that nothing is any more."""
    match finding.state:
        case State.OPEN:
            return " ".join(f"{drift.where}: {drift.why}" for drift in finding.drifts)
        case State.CLOSED:
            return f"{finding.resource} keeps the rule again."
        case State.EXEMPT:
            return "The standard exempts it."
        case State.GONE:
            return "It is gone, or no longer in scope."


def recommendation(finding: Finding, rule: Rule, plan: Plan | None) -> str:
    """What to do about it: the plan in a line, the statement to add to a role, or where to begin."""
    if finding.state is not State.OPEN:
        return "Nothing is to be done."
    if plan is not None and rule.id in plan.fixes:
        lines = "; ".join(f"{c.where}: {c.before or 'unset'} → {c.after or 'removed'}" for c in plan.changes)
        safe = plan.safety is Safety.SAFE
        word = "A corrected revision can be registered" if safe else "A correction is known and wants a person"
        return f"{word} (plan {plan.digest}): {lines}"
    statements = [found for drift in finding.drifts if (found := drift.why.rpartition(ADVICE)[2]) != drift.why]
    if statements:
        return f"{ADVICE}{statements[-1]}"
    refused = next((repair.reasons for repair in plan.repairs if repair.rule == rule.id), ()) if plan else ()
    return " ".join(["Correct it at its source.", *refused[:1], "See the rule's page."])


def rule_url(docs: str, rule: Rule) -> str:
    """The rule's page, where the stack was told of one; else the page that the rule rests on."""
    return f"{docs}#{rule.id.replace('.', '')}" if docs else rule.reference


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
