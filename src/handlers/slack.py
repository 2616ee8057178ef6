"""slack: alerts of the topic `alerts`, through a queue → Slack. Each alert once, even if SNS repeats it."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.calls import CallFailed
from domain.findings.alert import Alert
from handlers import metrics
from operations.notification.notifier import AlertUnreadable, NotSent, Outcome, Sent, SentBefore, read_alert
from operations.wiring.slack import notifier, slack_queue

logger = Logger(service="slack")
recorder = metrics.Recorder("slack")


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS batch; messages that must be retried are its batchItemFailures."""
    records = {record["messageId"]: record for record in event["Records"]}
    alerts, failures = dict[str, Alert](), dict[str, NotSent]()
    for message, record in records.items():
        try:
            alerts[message] = read_alert(record["body"])
        except AlertUnreadable as unreadable:
            failures[message] = NotSent(str(unreadable))
    outcomes = notifier().notify(alerts.values(), lambda: context.get_remaining_time_in_millis() / 1000)
    _report(outcomes)
    for message, alert in alerts.items():
        outcome = outcomes[alert.id]
        if isinstance(outcome, NotSent):
            failures[message] = outcome
    for message, failure in failures.items():
        _retry(message, records[message]["receiptHandle"], failure)
    recorder.count(metrics.MESSAGES, len(records))
    recorder.count(metrics.FAILED_MESSAGES, len(failures))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failures]}


def _report(outcomes: dict[str, Outcome]) -> None:
    """Log and count what was sent."""
    for alert, outcome in outcomes.items():
        match outcome:
            case Sent(in_digest=in_digest, unrecorded=None):
                logger.info("Sent in a digest" if in_digest else "Sent", alert=alert)
            case Sent(unrecorded=failed):
                # Slack has it. If the message were retried, Slack would have it twice.
                logger.warning("Sent, and not recorded", alert=alert, reason=str(failed))
            case SentBefore():
                logger.debug("Sent before", alert=alert)
            case NotSent():
                pass  # logged with its message
    sent = [outcome for outcome in outcomes.values() if isinstance(outcome, Sent)]
    together = sum(outcome.in_digest for outcome in sent)
    recorder.count(metrics.SLACK_MESSAGES, len(sent) - together + bool(together))
    recorder.count(metrics.ALERTS_IN_DIGESTS, together)


def _retry(message: str, receipt: str, failure: NotSent) -> None:
    """Have the queue deliver a message again: after the requested time, or else after its own."""
    if failure.after is None:
        logger.error("The message is retried", message_id=message, reason=failure.reason)
        return
    logger.warning("The message is retried", message_id=message, reason=failure.reason, after=failure.after)
    try:
        slack_queue().hide(receipt, failure.after)
    except CallFailed as failed:
        logger.error("The message is retried", message_id=message, reason=str(failed))  # noqa: TRY400 - the sentence says all
