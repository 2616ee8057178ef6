"""dispatch: messages of the queue `changes` → one message for each subject that they concern. Reads no workload."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers import metrics
from operations.inspection.dispatching import Dispatched, Undispatched
from operations.wiring.dispatch import dispatcher

logger = Logger(service="dispatch")
recorder = metrics.Recorder("dispatch")


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Handle an SQS batch; messages that must be retried are its batchItemFailures."""
    messages = {record["messageId"]: record["body"] for record in event["Records"]}
    sent = {record["messageId"]: record["attributes"].get("SentTimestamp") for record in event["Records"]}
    outcomes = dispatcher().dispatch(messages)
    for message, outcome in outcomes.items():
        match outcome:
            case Dispatched(ignored=reason) if reason:
                logger.debug("Nothing to do", message_id=message, reason=reason)
            case Dispatched(refused=reason) if reason:
                logger.warning("Refused", message_id=message, reason=reason)
            case Dispatched(subjects=number, changed=changed):
                if changed is not None and (at := sent[message]) is not None:
                    # From the call to the queue. An event's time has no parts of a second.
                    recorder.seconds(metrics.EVENT_LAG, max(int(at) / 1000 - changed.timestamp(), 0.0))
                logger.info("Dispatched", message_id=message, subjects=number)
            case Undispatched(reason=reason, unreadable=unreadable):
                said = "The message is unreadable" if unreadable else "The message is retried"
                logger.error(said, message_id=message, reason=reason)
    failed = [message for message, outcome in outcomes.items() if isinstance(outcome, Undispatched)]
    recorder.count(metrics.MESSAGES, len(messages))
    recorder.count(metrics.FAILED_MESSAGES, len(failed))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}
