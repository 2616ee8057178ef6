"""remediate: requests of the FIFO queue `remediations` → corrected revisions, one family at a time."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
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
# The failure of one family delays only that family.
processor = SqsFifoPartialProcessor(skip_group_on_error=True)
# A batch in which all failed is no error of the function: the messages are retried and then go to the DLQ.
processor.raise_on_entire_batch_failure = False


def record_handler(record: SQSRecord) -> None:
    """Handle one request; if it raises, the message is retried."""
    sender = record.raw_event.get("attributes", {}).get("SenderId", "")  # recorded by SQS; nobody else can set it
    try:
        outcome = remediator().remediate(record.body, sender)
    except (CallFailed, LedgerConflict, NotRead, RequestUnreadable, StandardInvalid) as error:
        logger.error("The message is retried", message_id=record.message_id, reason=str(error))  # noqa: TRY400 - the sentence says all; a traceback would not
        raise
    except Exception as error:
        # Powertools does not log it, and the message would be retried without a visible reason.
        logger.error("The message is retried", message_id=record.message_id, reason=described(error))  # noqa: TRY400 - a traceback ends in what the error holds
        raise
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


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an SQS FIFO batch; messages that must be retried are its batchItemFailures."""
    recorder.count(metrics.MESSAGES, len(event["Records"]))
    answer = process_partial_response(event=event, record_handler=record_handler, processor=processor, context=context)
    recorder.count(metrics.FAILED_MESSAGES, len(answer["batchItemFailures"]))
    return dict(answer)
