"""The health of a stack in words: a sentence and a command for each row, findings and notices about Outrider itself."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from domain.health.facts import StackFacts
from domain.health.own_findings import OwnFinding
from domain.health.row import Check, Code, Row
from domain.severity import Severity
from reports.asff import DESCRIPTION, NOTHING_TO_DO, RECOMMENDATION, TITLE, envelope
from reports.health_fixes import fix
from reports.text import line
from reports.words import Notice

_TITLES = {
    Check.TRAIL: "A trail logs changes of ECS",
    Check.TRAIL_OF_IAM: "A trail logs changes of roles",
    Check.SECURITY_HUB: "Security Hub is enabled",
    Check.EVENT_RULES: "The event rules are enabled",
    Check.QUEUES: "No message waits for long",
    Check.DLQS: "The DLQs are empty",
    Check.SWITCH: "The kill switch is on",
    Check.STANDARD: "The standard is valid, and in use",
    Check.ROLES: "Lambda may assume the functions' roles",
    Check.SLACK: "Alerts reach Slack",
    Check.OPERATIONS: "Somebody receives alarms and notices",
    Check.SWEEP: "The last sweep ended",
    Check.UNREAD_FACTS: "The functions can read all facts",
    Check.EVENT_LAG: "Events arrive in time",
}

_SENTENCES = {
    Code.UNREADABLE: "Not known: {because}.",
    Code.TRAIL_LOGS: "{names} logs them in {detail}.",
    Code.NO_TRAIL: "There is no trail in {detail}, so no such event arrives.",
    Code.TRAIL_STOPPED: "{names} does not log now in {detail}, so no such event arrives.",
    Code.TRAIL_WITHOUT_WRITES: "{names} logs no write calls in {detail}. The command makes another trail.",
    Code.HUB_ENABLED: "Security Hub CSPM is enabled in {detail}.",
    Code.HUB_NOT_ENABLED: "Security Hub CSPM is not enabled in {detail}, so no finding can be imported.",
    Code.RULES_ENABLED: "Event rules that are enabled: {number}.",
    Code.RULE_DISABLED: "Disabled: {names}. Such events are lost until the next sweep.",
    Code.RULE_MISSING: "Missing: {names}. Such events are lost until the next sweep.",
    Code.QUEUES_EMPTY: "No message waits.",
    Code.MESSAGES_WAIT: "Messages that wait: {number}, in {names}; none of them for long.",
    Code.MESSAGES_OLD: "The oldest message in {names} has waited for {minutes} minutes.",
    Code.QUEUE_MISSING: "Missing: {names}.",
    Code.DLQS_EMPTY: "All DLQs are empty.",
    Code.DLQ_NOT_EMPTY: "Messages that failed permanently: {number}, in {names}.",
    Code.REPORT_ONLY: "The stack only reports, so it needs no switch.",
    Code.SWITCH_ON: "{names} is on: corrections are allowed.",
    Code.SWITCH_OFF: "{names} is not on: nothing is corrected.",
    Code.SWITCH_ABSENT: "{names} does not exist: nothing is corrected.",
    Code.NO_PASSABLE_ROLES: "{names} is on, but the stack's PassableRoles is empty: no task with a role is corrected.",
    Code.STANDARD_PACKAGED: "The packaged standard is used.",
    Code.STANDARD_CURRENT: "{names} is valid (digest {detail}).",
    Code.STANDARD_NOT_SWEPT: "{names} is valid (digest {detail}), but no complete sweep has used it yet.",
    Code.STANDARD_INVALID: "{names} cannot be used, so nothing is evaluated by it. {detail}",
    Code.STANDARD_ABSENT: "{names} does not exist, so nothing is evaluated by it.",
    Code.ROLES_ASSUMABLE: "Roles of functions that exist, and that Lambda may assume: {number}.",
    Code.ROLE_MISSING: "Missing: {names}. The function cannot run.",
    Code.ROLE_NOT_ASSUMABLE: "Lambda may not assume {names}. The function cannot run.",
    Code.SLACK_READY: "{names} exists; nothing was posted.",
    Code.TOKEN_ACCEPTED: "Slack accepts the token in {names}; nothing was posted.",
    Code.TOKEN_REFUSED: "Slack refuses the token in {names}: {detail}.",
    Code.SECRET_ABSENT: "{names} does not exist, so the {detail} sends no message.",
    Code.NO_SLACK: "The stack has no channel to Slack. Other subscriptions of {names}: {number}.",
    Code.SUBSCRIBED: "Confirmed subscriptions of {names}: {number}.",
    Code.SUBSCRIPTION_PENDING: "{names} has no confirmed subscription. Not confirmed yet: {number}.",
    Code.NOT_SUBSCRIBED: "{names} has no subscription, so nobody receives its messages.",
    Code.SWEEP_ENDED: "It ended on {at}.",
    Code.SWEEP_RUNS: "It began on {at}.",
    Code.SWEEP_OLD: "It ended on {at}, more than two days ago.",
    Code.SWEEP_NOT_ENDED: "It began on {at}, and has not ended.",
    Code.NO_SWEEP: "There was no sweep yet, so what existed before the deployment is not evaluated.",
    Code.FACTS_READ: "Every fact could be read within the last day.",
    Code.FACTS_UNREAD: "Facts that could not be read within the last day: {number}. Calls that failed: {names}.",
    Code.NO_EVENTS: "No event came within the last day.",
    Code.LAG_SHORT: "Nine of ten events of the last day came within {number} seconds.",
    Code.LAG_LONG: "One of ten events of the last day needed more than {minutes} minutes.",
}
_NOT_NAMED = "not known"


def sentence(row: Row) -> str:
    """Return what is so."""
    return _SENTENCES[row.code].format(
        names=", ".join(map(_short, row.names)) or _NOT_NAMED,
        number=row.number,
        minutes=row.number // 60,
        detail=row.detail,
        at=_time(row.at),
        because=row.because.reason if row.because else _NOT_NAMED,
    )


def finding_of(finding: OwnFinding, row: Row, facts: StackFacts) -> dict[str, Any]:
    """Return a finding about Outrider itself for BatchImportFindings. No custom action approves it: it has no plan."""
    place = facts.place
    advice = fix(row, facts) if finding.open else NOTHING_TO_DO
    if not advice or len(advice) > RECOMMENDATION:  # a command is never cut
        advice = f"`outrider doctor --stack {facts.stack} --region {place.region}` shows what to do."
    stack = place.arn("cloudformation", f"stack/{facts.stack}")
    name, generator = f"outrider-health/{place}/{facts.stack}/{finding.check}", f"outrider-health/{finding.check}"
    return envelope(place, name, generator, Severity.HIGH, (finding.created, finding.updated)) | {
        "Title": line(f"{_TITLES[finding.check]} (stack {facts.stack})", TITLE),
        "Description": line(sentence(row), DESCRIPTION),
        "Remediation": {"Recommendation": {"Text": advice}},
        "ProductFields": {"outrider/check": finding.check.value, "outrider/code": row.code.value},
        "Resources": [
            {"Type": "AwsCloudFormationStack", "Id": stack, "Partition": place.partition, "Region": place.region}
        ],
        "Compliance": {"Status": "FAILED" if finding.open else "PASSED"},
        "RecordState": "ACTIVE" if finding.open else "ARCHIVED",
    }


def notice_of(changed: Iterable[tuple[OwnFinding, Row]], facts: StackFacts) -> Notice:
    """Return one notice for all checks that began to fail, or hold again."""
    each = list(changed)
    failing = any(finding.open for finding, _ in each)
    title = "Outrider: health checks fail" if failing else "Outrider: health checks hold again"
    lines = [f"Outrider in {facts.place}, stack {facts.stack}. `outrider doctor` shows all checks."]
    for finding, row in each:
        lines.append(f"The check {row.check} {'fails' if finding.open else 'holds again'}: {sentence(row)}")
        if finding.open and (command := fix(row, facts)):
            lines.append(f"  {command}")
    return Notice(title, "\n".join(lines))


def _short(name: str) -> str:
    """Return the last part of an ARN; any other name as it is."""
    return name.rpartition(":")[2] if name.startswith("arn:") else name


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d at %H:%M} UTC" if moment else ""
