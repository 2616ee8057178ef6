"""remediate: requests of the FIFO queue `remediations` → corrected revisions, one family at a time."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.calls import CallFailed
from aws.ledger import LedgerConflict
from domain.remediation.request import RequestUnreadable
from domain.standard import StandardInvalid
from handlers import metrics
from operations.remediation.outcome import NotRead
from operations.unexpected import described
from operations.wiring.remediate import remediator
from reports.reasons import joined, sentences

logger = Logger(service="remediate")
recorder = metrics.Recorder("remediate")


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Handle an SQS FIFO batch; messages that must be retried are its batchItemFailures.

    The failure of one family delays only that family: its later messages keep their order.
    """
    failed = dict[str, str]()
    for record in event["Records"]:
        message, family = record["messageId"], record["attributes"]["MessageGroupId"]
        if family in failed.values() or not _remediated(
            message, record["body"], record["attributes"].get("SenderId", "")
        ):
            failed[message] = family
    recorder.count(metrics.MESSAGES, len(event["Records"]))
    recorder.count(metrics.FAILED_MESSAGES, len(failed))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _remediated(message: str, body: str, sender: str) -> bool:
    """Whether the message need not be retried. SQS records the sender; nobody else can set it."""
    try:
        outcome = remediator().remediate(body, sender)
    except (CallFailed, LedgerConflict, NotRead, RequestUnreadable, StandardInvalid) as error:
        logger.error("The message is retried", message_id=message, reason=str(error))  # noqa: TRY400 - the sentence says all; a traceback would not
        return False
    except Exception as error:  # noqa: BLE001 - an unexpected error in one message must not stop the others
        logger.error("The message is retried", message_id=message, reason=described(error))  # noqa: TRY400 - a traceback ends in what the error holds
        return False
    registered = str(outcome.registered) if outcome.registered else None
    logger.info(
        "Remediated",
        sender=sender,
        source=str(outcome.source),
        state=outcome.state,
        registered=registered,
        guard=outcome.guard,
        reasons=list(sentences(outcome.reasons)),
        services={each.service: f"{each.stage}{f' ({each.guard})' if each.guard else ''}" for each in outcome.rollouts},
        waits=[
            f"{each.service}: {joined(each.reasons)}"
            for each in outcome.rollouts
            if each.reasons and not each.stage.ended
        ],
    )
    recorder.count(metrics.CORRECTIONS, of=outcome.state.value)
    for guard in sorted(outcome.guards):
        recorder.count(metrics.CORRECTIONS_REFUSED, of=guard)
    return True
