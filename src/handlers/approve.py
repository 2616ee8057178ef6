"""approve: messages of the queue `approvals`, which only the rule of the custom action sends to → remediate."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.calls import CallFailed
from domain.triggers.reading import Ignored, Refused, TriggerUnreadable
from handlers import metrics
from operations.unexpected import described
from operations.wiring.approve import approver

logger = Logger(service="approve")
recorder = metrics.Recorder("approve")


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Handle an SQS batch; messages that must be retried are its batchItemFailures."""
    failed = [record["messageId"] for record in event["Records"] if not _approved(record["messageId"], record["body"])]
    recorder.count(metrics.MESSAGES, len(event["Records"]))
    recorder.count(metrics.FAILED_MESSAGES, len(failed))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _approved(message: str, body: str) -> bool:
    """Whether the message need not be retried."""
    try:
        found = approver().approve(body)
    except (CallFailed, TriggerUnreadable) as error:
        logger.error("The message is retried", message_id=message, reason=str(error))  # noqa: TRY400 - the sentence says all; a traceback would not
        return False
    except Exception as error:  # noqa: BLE001 - an unexpected error in one message must not stop the others
        logger.error("The message is retried", message_id=message, reason=described(error))  # noqa: TRY400 - a traceback ends in what the error holds
        return False
    if isinstance(found, Refused):
        logger.warning("Refused", message_id=message, reason=found.reason)
    elif isinstance(found, Ignored):
        logger.warning("Nothing to do", message_id=message, reason=found.reason)
    else:
        logger.info("Requested", message_id=message, subject=found.key)
    return True
