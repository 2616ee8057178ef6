"""inspect: messages of the queue `changes` → findings, alerts and requests for correction. Cannot write to ECS."""

import re
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import metrics
from operations.inspection.inspector import Done, Failed
from operations.wiring.inspect import inspector

logger = Logger(service="inspect")
recorder = metrics.Recorder("inspect")

# A fact that could not be read is told as `KIND: SERVICE:CALL on RESOURCE failed: CODE`.
_CALL = re.compile(r"\b([a-z0-9-]+:[A-Z][A-Za-z]+) on .+ failed: ")
_VERDICTS = {
    "Compliant": metrics.COMPLIANT_VERDICTS,
    "Drifted": metrics.DRIFTED_VERDICTS,
    "Unknown": metrics.UNKNOWN_VERDICTS,
    "Exempt": metrics.EXEMPT_VERDICTS,
}


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """An SQS batch; messages that have to come again are its batchItemFailures."""
    messages = {record["messageId"]: record["body"] for record in event["Records"]}
    outcomes = inspector().inspect(messages)
    for message, outcome in outcomes.items():
        match outcome:
            case Done(ignored=reason) if reason:
                logger.debug("Nothing to do", message_id=message, looked_at=outcome.looked_at, reason=reason)
            case Done():
                _tell(message, outcome)
            case Failed(reason=reason, unreadable=unreadable):
                logger.error(
                    "The message comes again" if not unreadable else "The message is unreadable",
                    message_id=message,
                    reason=reason,
                )
                recorder.count(metrics.FAILED_MESSAGES)
    recorder.count(metrics.MESSAGES, len(messages))
    failed = [message for message, outcome in outcomes.items() if isinstance(outcome, Failed)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _tell(message: str, done: Done) -> None:
    seconds = None
    if done.called_at and done.transitions:
        # By now the findings are in Security Hub. The event's time has no parts of a second.
        seconds = max((datetime.now(UTC) - done.called_at).total_seconds(), 0.0)
        recorder.seconds(metrics.SECONDS_TO_FINDING, seconds)
    logger.info(
        "Judged",
        message_id=message,
        looked_at=done.looked_at,
        verdicts=dict(done.verdicts),
        transitions=[f"{t.change.value} {t.finding.id}" for t in done.transitions],
        unknown=list(done.unknown),
        seconds=seconds,
    )
    for kind, number in done.verdicts.items():
        recorder.count(_VERDICTS[kind], number)
    for rule in done.drifted:
        recorder.count(metrics.DRIFTED_BY_RULE, of=rule)
    unread = set[str]()
    for reason in done.unknown:
        call = _CALL.search(reason)
        recorder.count(metrics.UNKNOWN_BY_CAUSE, of=call[1] if call else "evidence")
        unread |= {call[0]} if call else set()
    recorder.count(metrics.UNREAD_FACTS, len(unread))
    for transition in done.transitions:
        recorder.count(metrics.TRANSITIONS, of=transition.change.value)
