"""inspect: messages of the queue `subjects` → findings, alerts and requests for correction. Cannot write to ECS."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from domain.verdict import Unknown
from handlers import metrics
from operations.inspection.inspector import Done, Failed, SentBack
from operations.wiring.inspect import inspector

logger = Logger(service="inspect")
recorder = metrics.Recorder("inspect")

_VERDICTS = {
    "Compliant": metrics.COMPLIANT_VERDICTS,
    "Drifted": metrics.DRIFTED_VERDICTS,
    "Unknown": metrics.UNKNOWN_VERDICTS,
    "Exempt": metrics.EXEMPT_VERDICTS,
}
_NO_CALL = "evidence"
"""The cause of an Unknown verdict for which no call failed."""


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS FIFO batch; messages that must be retried are its batchItemFailures."""
    messages = {record["messageId"]: record["body"] for record in event["Records"]}
    failed = list[str]()
    for outcome in inspector().inspect(messages, lambda: context.get_remaining_time_in_millis() / 1000):
        match outcome:
            case Done(skipped=reason) if reason:
                logger.debug("Skipped", message_ids=outcome.messages, subject=outcome.subject.key, reason=reason)
            case Done():
                _log(outcome)
                _count(outcome)
            case SentBack():
                logger.info("Handed back: no time was left", message_ids=outcome.messages)
            case Failed(reason=reason, unreadable=unreadable):
                said = "The message is unreadable" if unreadable else "The messages are retried"
                logger.error(said, message_ids=outcome.messages, reason=reason)
                failed += outcome.messages
    recorder.count(metrics.MESSAGES, len(messages))
    recorder.count(metrics.FAILED_MESSAGES, len(failed))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _log(done: Done) -> None:
    seconds = None
    if done.called_at and done.transitions:
        # By now the findings are in Security Hub. The event's time has no parts of a second.
        seconds = max((datetime.now(UTC) - done.called_at).total_seconds(), 0.0)
        recorder.seconds(metrics.SECONDS_TO_FINDING, seconds)
    logger.info(
        "Evaluated",
        message_ids=done.messages,
        subject=done.subject.key,
        verdicts=dict(done.verdicts),
        transitions=[f"{t.change.value} {t.finding.id}" for t in done.transitions],
        unknown=[f"{verdict.rule}: {reason}" for verdict in done.unknown for reason in verdict.reasons],
        seconds=seconds,
    )


def _count(done: Done) -> None:
    for kind, number in done.verdicts.items():
        recorder.count(_VERDICTS[kind], number)
    recorder.count(metrics.MISSED_CHANGES, int(done.missed))
    for rule in done.drifted:
        recorder.count(metrics.DRIFTED_BY_RULE, of=rule)
    for verdict in done.unknown:
        for cause in _causes(verdict):
            recorder.count(metrics.UNKNOWN_BY_CAUSE, of=cause)
    facts = {fact for verdict in done.unknown for _, fact in verdict.facts}
    recorder.count(metrics.UNREAD_FACTS, sum(1 for fact in facts if fact.call))
    for transition in done.transitions:
        recorder.count(metrics.TRANSITIONS, of=transition.change.value)


def _causes(verdict: Unknown) -> list[str]:
    """Return the calls that failed, by the name that IAM gives them."""
    return [fact.call or _NO_CALL for _, fact in verdict.facts] + [_NO_CALL for _ in verdict.doubts]
