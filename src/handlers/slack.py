"""slack: alerts of the topic `alerts`, through a queue → Slack, those of one thread as one message."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.calls import CallFailed
from handlers import metrics
from operations.notification.notifier import (
    AlertUnreadable,
    NotSent,
    Outcome,
    Received,
    Recorded,
    Sent,
    SentBefore,
    Waiting,
    read_alert,
)
from operations.wiring.slack import notifier, slack_queue

logger = Logger(service="slack")
recorder = metrics.Recorder("slack")

_MORE_EACH_TIME = 30  # seconds
_CLAIMED = 5  # seconds, more each time: another function has usually sent the thread's message after one or two
_BEFORE = 3  # receives until Slack can have refused twice: on arrival, when the thread is due, and the first retry


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS batch; messages that wait or must be retried are its batchItemFailures."""
    records = {record["messageId"]: record for record in event["Records"]}
    received, again = dict[str, Received](), dict[str, NotSent | Waiting]()
    for message, record in records.items():
        try:
            received[message] = Received(read_alert(record["body"]), _sent(record))
        except AlertUnreadable as unreadable:
            again[message] = NotSent(str(unreadable))
    outcomes = notifier().notify(received.values(), lambda: context.get_remaining_time_in_millis() / 1000)
    _report(outcomes)
    for message, each in received.items():
        outcome = outcomes[each.alert.id]
        if isinstance(outcome, NotSent | Waiting):
            again[message] = outcome
    for message, outcome in again.items():
        _later(records[message], outcome)
    recorder.count(metrics.MESSAGES, len(records))
    recorder.count(metrics.FAILED_MESSAGES, sum(isinstance(each, NotSent) for each in again.values()))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in again]}


def _receives(record: dict[str, Any]) -> int:
    return int(record["attributes"].get("ApproximateReceiveCount", "1"))


def _sent(record: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC)


def _report(outcomes: Mapping[str, Outcome]) -> None:
    """Log and count what was sent."""
    for alert, outcome in outcomes.items():
        match outcome:
            case Sent(in_digest=in_digest, unrecorded=""):
                logger.info("Sent in a digest" if in_digest else "Sent", alert=alert)
            case Sent(unrecorded=failed):
                # Slack has it. If the message were retried, Slack would have it twice.
                logger.warning("Sent, and not recorded", alert=alert, reason=failed)
            case Recorded():
                logger.info("Recorded for the next message", alert=alert)
            case SentBefore():
                logger.debug("Sent before", alert=alert)
            case Waiting() | NotSent():
                pass  # logged with its message
    sent = [outcome for outcome in outcomes.values() if isinstance(outcome, Sent)]
    recorder.count(metrics.SLACK_MESSAGES, len({outcome.message for outcome in sent}))
    recorder.count(metrics.ALERTS_IN_DIGESTS, sum(outcome.in_digest for outcome in sent))


def _later(record: dict[str, Any], outcome: NotSent | Waiting) -> None:
    """Have the queue deliver a message again: after the requested time, or else after its own.

    What Slack does not accept waits longer each time, so that the tries last for more than an hour.
    """
    message, after = record["messageId"], outcome.after
    if isinstance(outcome, Waiting):
        if outcome.claimed:
            after = min(outcome.after, _CLAIMED * _receives(record))
        logger.debug("The message waits", message_id=message, after=after)
    elif after is not None:
        after += _MORE_EACH_TIME * max(0, _receives(record) - _BEFORE)
        logger.warning("The message is retried", message_id=message, reason=outcome.reason, after=after)
    else:
        logger.error("The message is retried", message_id=message, reason=outcome.reason)
    if after is None:
        return
    try:
        slack_queue().hide(record["receiptHandle"], after)
    except CallFailed as failed:
        logger.error("The message is retried", message_id=message, reason=str(failed))  # noqa: TRY400 - the sentence says all
