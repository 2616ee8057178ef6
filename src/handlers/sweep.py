"""sweep: on a schedule, everything to the queue `changes`."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from operations.wiring import sweeper
from settings import settings

logger = Logger(service="sweep")
metrics = Metrics(namespace="Outrider", service="sweep")


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """What it raises makes the schedule try again, and at last goes to the DLQ."""
    swept = sweeper().sweep(settings().place)
    logger.info("Swept", families=swept.families, services=swept.services)
    metrics.add_metric("SweptFamilies", MetricUnit.Count, swept.families)
    metrics.add_metric("SweptServices", MetricUnit.Count, swept.services)
    return {"families": swept.families, "services": swept.services}
