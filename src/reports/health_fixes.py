"""The command that fixes what a health check found."""

from domain.health.facts import StackFacts
from domain.health.row import Code, Row
from domain.places import Arn
from reports.words import command

_LOGS = {
    "Changes": "DispatchLog",
    "Subjects": "InspectLog",
    "Remediations": "RemediateLog",
    "Approvals": "ApproveLog",
    "SlackMessages": "SlackLog",
}
"""The log of the function that reads a queue."""
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException"})


def fix(row: Row, facts: StackFacts) -> str:  # noqa: C901, PLR0912 - a case for each command
    """Return the command; empty if there is nothing to fix. Names in capitals are for people to fill in."""
    region, stack = f"--region {facts.place.region}", f"--stack-name {facts.stack}"
    ids = [facts.resources.get(name, name) for name in row.names]
    match row.code:
        case Code.UNREADABLE:
            denied = row.because is not None and row.because.code in _DENIED
            return f"outrider doctor{' --policy' if denied else ''} --stack {facts.stack} {region}"
        case Code.NO_TRAIL | Code.TRAIL_WITHOUT_WRITES:  # other selectors for a trail would replace what it logs now
            there, name = f"--region {row.detail}", "--name outrider"
            made = f"aws cloudtrail create-trail {name} --s3-bucket-name BUCKET --is-multi-region-trail {there}"
            return f"{made} && aws cloudtrail start-logging {name} {there}"
        case Code.TRAIL_STOPPED:
            return f"aws cloudtrail start-logging --name {row.names[0]} {_home(row)}"
        case Code.HUB_NOT_ENABLED:
            return f"aws securityhub enable-security-hub --no-enable-default-standards {region}"
        case Code.RULE_DISABLED:
            return " && ".join(f"aws events enable-rule {_rule(each)} {region}" for each in ids)
        case Code.RULE_MISSING | Code.QUEUE_MISSING | Code.ROLE_MISSING | Code.ROLE_NOT_ASSUMABLE:
            return f"aws cloudformation detect-stack-drift {stack} {region}"
        case Code.MESSAGES_OLD:
            return _log(facts, _LOGS.get(row.names[0], "DispatchLog"), "ERROR")
        case Code.DLQ_NOT_EMPTY:
            return " && ".join(_redrive(name, facts) for name in row.names)
        case Code.SWITCH_OFF | Code.SWITCH_ABSENT:
            return command("corrections", "on", facts.place, facts.stack)
        case Code.NO_PASSABLE_ROLES:
            return "make deploy ENV=ENVIRONMENT ARGS='--parameter-overrides PassableRoles=ROLE-ARNS'"
        case Code.STANDARD_INVALID | Code.STANDARD_ABSENT:
            return _store(row.names[0], "String", "standard.yaml", region)
        case Code.SECRET_ABSENT:
            return _store(row.names[0], "SecureString", "FILE", region, exists=False)
        case Code.TOKEN_REFUSED:
            return _store(row.names[0], "SecureString", "FILE", region)
        case Code.SUBSCRIPTION_PENDING | Code.NOT_SUBSCRIBED:
            topic = row.names[0] if row.names else "TOPIC"
            return f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint ADDRESS {region}"
        case Code.STANDARD_NOT_SWEPT | Code.SWEEP_OLD | Code.SWEEP_NOT_ENDED | Code.NO_SWEEP:
            machine = facts.resources.get("SweepMachine", "SWEEP-MACHINE")
            return f"aws stepfunctions start-execution --state-machine-arn {machine} {region}"
        case Code.FACTS_UNREAD:
            return _log(facts, "InspectLog", '"failed:"')
        case Code.LAG_LONG:
            return f"aws cloudtrail describe-trails {region}"
        case _:
            return ""


def _log(facts: StackFacts, log: str, pattern: str) -> str:
    group = facts.resources.get(log, log)
    return f"aws logs tail {group} --since 1d --filter-pattern '{pattern}' --region {facts.place.region}"


def _rule(physical_id: str) -> str:
    """Return the options that name a rule. The physical id of a rule on another bus than the default is BUS|RULE."""
    bus, _, name = physical_id.rpartition("|")
    return f"--name {name}{f' --event-bus-name {bus}' if bus else ''}"


def _redrive(dlq: str, facts: StackFacts) -> str:
    """Return the command that sends a DLQ's messages again, or the one that empties it.

    A sweep does again all that is in the DLQ of sweeps, and only its event rule may send to the queue of approvals.
    """
    source, url = dlq.removesuffix("Dlq"), facts.resources.get(dlq, dlq)
    region = f"--region {facts.place.region}"
    if source == "Approvals" or source not in facts.resources:
        return f"aws sqs purge-queue --queue-url {url} {region}"
    arns = [facts.place.arn("sqs", each.rpartition("/")[2]) for each in (url, facts.resources[source])]
    return f"aws sqs start-message-move-task --source-arn {arns[0]} --destination-arn {arns[1]} {region}"


def _store(location: str, kind: str, file: str, region: str, *, exists: bool = True) -> str:
    """Return the command that stores a file where the stack reads it."""
    if location.startswith("s3://"):
        return f"aws s3 cp {file} {location} {region}"
    where, _, name = location.partition(":")
    if where == "secretsmanager":
        call = f"put-secret-value --secret-id {name}" if exists else f"create-secret --name {name}"
        return f"aws secretsmanager {call} --secret-string file://{file} {region}"
    return f"aws ssm put-parameter --name {name} --type {kind} --value file://{file} --overwrite {region}"


def _home(row: Row) -> str:
    """Return the option of the trail's own region."""
    trail = Arn.parse(row.names[0])
    return f"--region {trail.region if trail else row.detail}"
