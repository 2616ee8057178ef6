"""sweep: on a schedule, everything to the queue `changes`."""

from time import sleep
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from operations.wiring import sweeper
from settings import settings

logger = Logger(service="sweep")
metrics = Metrics(namespace="Outrider", service="sweep")


_MARGIN = 30_000  # milliseconds that are kept for the digest itself
_PAUSE = 5.0  # seconds


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """What it raises makes the schedule try again, and at last goes to the DLQ.

    `{"quiet": true}` asks for a baseline, `{"delay": 200}` for looks that begin after so many seconds.
    """

    def wait() -> bool:
        sleep(_PAUSE)
        return context.get_remaining_time_in_millis() > _MARGIN

    swept = sweeper().sweep(settings().place, quiet=event.get("quiet") is True, delay=int(event.get("delay", 0)))
    logger.info("Swept", families=swept.families, services=swept.services, baseline=swept.baseline)
    metrics.add_metric("SweptFamilies", MetricUnit.Count, swept.families)
    metrics.add_metric("SweptServices", MetricUnit.Count, swept.services)
    if swept.baseline:
        digest = sweeper().digest(settings().place, "Everything was looked at", wait)
        logger.info("Digest", reasons=list(digest.reasons))
    return {"families": swept.families, "services": swept.services}
