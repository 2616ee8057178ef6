"""slack: alerts of the topic `alerts`, by way of a queue → Slack. Each alert once, however often SNS repeats it."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.calls import CallFailed
from domain.findings.alert import Alert
from handlers import metrics
from operations.notification.notifier import AlertUnreadable, BurstDue, read_message
from operations.notification.posting import SlackRefused
from operations.unexpected import described
from operations.wiring.shared import sessions
from operations.wiring.slack import notifier, slack_queue
from settings import settings

logger = Logger(service="slack")
recorder = metrics.Recorder("slack")
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
store = DynamoDBPersistenceLayer(
    table_name=settings().table,
    key_attr="pk",
    sort_key_attr="sk",
    static_pk_value="told",
    expiry_attr="expires",
    boto3_client=sessions().own("dynamodb"),
)
_IN_HAND = 15  # seconds between tries. Powertools believes in a worker for a minute: four tries of the twenty
# Longer than SNS or a redrive could repeat a message.
config = IdempotencyConfig(
    event_key_jmespath="id", expires_after_seconds=15 * 24 * 3600, raise_on_no_idempotency_key=True
)


@idempotent_function(  # type: ignore[untyped-decorator] # Powertools leaves it untyped
    data_keyword_argument="alert", config=config, persistence_store=store
)
def tell(alert: dict[str, Any], done: list[bool]) -> None:
    """Tell Slack, or have it wait for a digest, once for each alert id. `done` then has whether Slack was told."""
    told = notifier().notify(Alert.model_validate(alert))
    done.append(told)
    recorder.count(metrics.SLACK_MESSAGES if told else metrics.ALERTS_IN_DIGESTS)


def tell_once(alert: Alert) -> None:
    """What it raises makes the message come again."""
    done = list[bool]()
    try:
        tell(alert=alert.model_dump(mode="json"), done=done)
    except IdempotencyPersistenceLayerError as error:
        if not done:
            raise
        # Slack has it. If the message came again, Slack would have it twice.
        logger.warning("Told, and not written down", alert=alert.id, reason=_failed_call(error.__cause__))
    logger.info("Told" if all(done) else "Waits for a digest", alert=alert.id)


def record_handler(record: SQSRecord) -> None:
    """One alert, or the digest of a burst; what it raises makes the message come again."""
    try:
        message = read_message(record.body)
        if isinstance(message, BurstDue):
            notifier().notify_burst(message.minute, tell_once)
        else:
            tell_once(message)
    except SlackRefused as refused:
        logger.warning("Slack", message_id=record.message_id, reason=str(refused), after=refused.after)
        if refused.after is not None:
            _hide(record, refused.after)
        raise
    except IdempotencyAlreadyInProgressError:
        # Another worker has it in hand, or died with it in hand: until that is past each try counts for the DLQ.
        logger.warning("Another worker has it in hand", message_id=record.message_id)
        _hide(record, _IN_HAND)
        raise
    except (AlertUnreadable, CallFailed) as error:
        logger.error("The message comes again", message_id=record.message_id, reason=str(error))  # noqa: TRY400 - the sentence says all
        raise
    except IdempotencyPersistenceLayerError as error:
        reason = _failed_call(error.__cause__)
        logger.error("The message comes again", message_id=record.message_id, reason=reason)  # noqa: TRY400 - its message may hold anything
        raise
    except Exception as error:
        # Powertools keeps it to itself, and the message would come again for no reason that anybody sees.
        logger.error("The message comes again", message_id=record.message_id, reason=described(error))  # noqa: TRY400 - a traceback ends in what the error holds
        raise


def _hide(record: SQSRecord, seconds: int) -> None:
    """Have the message come again after that time; where that fails, when the queue has it come."""
    try:
        slack_queue().hide(record.receipt_handle, seconds)
    except CallFailed as failed:
        logger.error("The message comes again", message_id=record.message_id, reason=str(failed))  # noqa: TRY400 - the sentence says all


def _failed_call(error: BaseException | None) -> str:
    """A failed call of Powertools' in the words of `aws.calls`: never with AWS's own message."""
    operation = getattr(error, "operation_name", "a call")
    code = getattr(error, "response", {}).get("Error", {}).get("Code") or type(error).__name__
    return f"dynamodb:{operation} on {settings().table}/told failed: {code}"


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An SQS batch; messages that have to come again are its batchItemFailures."""
    config.register_lambda_context(context)
    recorder.count(metrics.MESSAGES, len(event["Records"]))
    answer = process_partial_response(event=event, record_handler=record_handler, processor=processor, context=context)
    recorder.count(metrics.FAILED_MESSAGES, len(answer["batchItemFailures"]))
    return dict(answer)
