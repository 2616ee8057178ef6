"""inspect: messages of the queue `changes` → findings, alerts and requests for correction. Cannot write to ECS."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from operations.inspect import Done, Failed
from operations.wiring import inspector

logger = Logger(service="inspect")
metrics = Metrics(namespace="Outrider", service="inspect")


@logger.inject_lambda_context
@metrics.log_metrics
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
                metrics.add_metric("FailedMessages", MetricUnit.Count, 1)
    metrics.add_metric("Messages", MetricUnit.Count, len(messages))
    failed = [message for message, outcome in outcomes.items() if isinstance(outcome, Failed)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _tell(message: str, done: Done) -> None:
    seconds = (
        (done.transitions[0].finding.updated - done.called_at).total_seconds()
        if done.called_at and done.transitions
        else None
    )
    logger.info(
        "Judged",
        message_id=message,
        looked_at=done.looked_at,
        verdicts=dict(done.verdicts),
        transitions=[f"{t.change.value} {t.finding.id}" for t in done.transitions],
        unknown=list(done.unknown),
        seconds=seconds,
    )
    for kind, count in done.verdicts.items():
        metrics.add_metric(f"{kind}Verdicts", MetricUnit.Count, count)
    metrics.add_metric("Transitions", MetricUnit.Count, len(done.transitions))
    if seconds is not None:
        metrics.add_metric("SecondsToFinding", MetricUnit.Seconds, max(seconds, 0.0))
