"""sweep: on a schedule, every family and service → the queue `changes`; the daily digest; corrections that are due."""

from datetime import UTC, datetime
from time import sleep
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.calls import CallFailed
from domain.health.row import State
from handlers import metrics
from operations.wiring.sweep import resumer, self_check, sweeper
from settings import settings

logger = Logger(service="sweep")
recorder = metrics.Recorder("sweep")

_MARGIN = 30_000  # milliseconds that are kept for the digest itself
_PAUSE = 5.0  # seconds


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Sweep, publish a digest or resume corrections. Lambda retries an exception, and at last sends it to the DLQ.

    `{"quiet": true}` requests a baseline. `at` is the scheduled time: a retry publishes the same digest.
    `{"digest": true, "at": "2026-08-01T08:00:00Z"}` requests only the digest of the day that ended then, or now;
    `{"weekly": true}` only a digest for each team; `{"resume": true}` only resumes the corrections that are due.
    """
    if event.get("digest") is True:
        daily = sweeper().daily(settings().place, _moment(event.get("at")))
        logger.info("Daily digest", title=daily.title if daily else "nothing to report")
        return {"published": 0 if daily is None else 1}
    if event.get("weekly") is True:
        weekly = sweeper().weekly(settings().place, _moment(event.get("at")))
        logger.info("Weekly digests", teams=[alert.team for alert in weekly])
        return {"published": len(weekly)}
    if event.get("resume") is True:
        resumed = resumer().resume(settings().place)
        logger.debug("Resumed", corrections=resumed)
        return {"corrections": resumed}

    def wait() -> bool:
        sleep(_PAUSE)
        return context.get_remaining_time_in_millis() > _MARGIN

    run = self_check().began()
    quiet, at = event.get("quiet") is True, _moment(event.get("at"))
    swept = sweeper().sweep(settings().place, quiet=quiet, at=at)
    logger.info("Swept", families=swept.families, services=swept.services, baseline=swept.baseline)
    if swept.baseline:
        digest = sweeper().digest(settings().place, swept, wait)
        logger.info("Digest", title=digest.title, reasons=list(digest.reasons))
    sweeper().ended(settings().place, swept)
    self_check().ended(run)
    # An alarm counts these, so a sweep that failed before this line must not emit them.
    recorder.count(metrics.SWEPT_FAMILIES, swept.families)
    recorder.count(metrics.SWEPT_SERVICES, swept.services)
    _count_open()
    if context.get_remaining_time_in_millis() > _MARGIN:
        _check_itself()
    return {"families": swept.families, "services": swept.services}


def _moment(value: object) -> datetime | None:
    """Return the scheduled time; None if the scheduler did not fill it in."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _count_open() -> None:
    """Count the open findings, once in each sweep. If that fails, the sweep is not repeated."""
    try:
        found = sweeper().open_findings(settings().place)
    except CallFailed as failed:
        logger.warning("The open findings were not counted", reason=str(failed))
        return
    for severity, number in found.items():
        recorder.count(metrics.OPEN_FINDINGS, number, of=severity.value)


def _check_itself() -> None:
    """Check the stack, and open or close findings about it. If that fails, the sweep is not repeated."""
    try:
        rows = self_check().check(settings().stack)
    except CallFailed as failed:
        logger.warning("The stack was not checked", reason=str(failed))
        return
    states = {row.check.value: f"{row.state} ({row.code})" for row in rows if row.state is not State.OK}
    logger.info("Checked", checks=len(rows), not_ok=states)
