"""sweep: the steps of a sweep, for its state machine; the daily and weekly digests; corrections that are due."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.calls import CallFailed
from domain.ecs.values import moment_of
from domain.health.row import State
from domain.places import Place
from domain.subject import Subject
from domain.sweeping import SweepRequest
from handlers import metrics
from operations.sweep.beginning import Begun
from operations.sweep.certifying import Certified, Waiting
from operations.wiring.sweep import beginner, certifier, digests, place_sweeper, resumer, self_check
from reports.coverage import summary
from settings import settings

logger = Logger(service="sweep")
recorder = metrics.Recorder("sweep")

_MARGIN = 30_000  # milliseconds that the stack's own checks need


@logger.inject_lambda_context
@recorder.written
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take a step of a sweep, publish a digest or resume corrections. After an exception the caller retries.

    A `step` of a sweep is `begin`, `place`, `wait` or `certify`; `run` names the sweep. Without one:
    `{"digest": true, "at": "2026-08-01T08:00:00Z"}` requests the digest of the day that ended then, or now;
    `{"weekly": true}` a digest for each team; `{"resume": true}` resumes the corrections that are due.
    """
    match event:
        case {"step": "begin", "run": str(run), "request": Mapping() as request}:
            return _begin(run, request)
        case {"step": "place", "run": str(run), "place": {"account": str(account), "region": str(region)}}:
            place = Place(account, region)
            more = place_sweeper().sweep(run, place, lambda: context.get_remaining_time_in_millis() / 1000)
            logger.info("Listed", place=str(place), more=more)
            return {"more": more}
        case {"step": "wait", "run": str(run)}:
            return _wait(run, event)
        case {"step": "certify", "run": str(run)}:
            return _certify(run, context)
        case {"digest": True}:
            daily = digests().daily(settings().place, moment_of(event.get("at")))
            logger.info("Daily digest", title=daily.title if daily else "nothing to report")
            return {"published": 0 if daily is None else 1}
        case {"weekly": True}:
            weekly = digests().weekly(settings().place, moment_of(event.get("at")))
            logger.info("Weekly digests", teams=[alert.team for alert in weekly])
            return {"published": len(weekly)}
        case {"resume": True}:
            resumed = resumer().resume()
            logger.debug("Resumed", corrections=resumed)
            return {"corrections": resumed}
        case _:
            raise ValueError("The event is none that the function knows: see the handler.")


def _begin(run: str, request: Mapping[str, Any]) -> dict[str, Any]:
    at = moment_of(request.get("at"))  # None if the scheduler did not fill it in
    asked = SweepRequest.model_validate({**request, "at": at})
    begun: Begun = beginner().begin(run, asked)
    if begun.started and asked.scope.everything:
        self_check().began()
    logger.info("Begun" if begun.started else "Another sweep runs", run=run, scope=asked.scope.model_dump())
    return {
        "run": run,
        "started": begun.started,
        "bucket": begun.bucket,
        "places": begun.places,
        "wait": begun.wait,
        "waiting": {"left": -1, "since": datetime.now(UTC).isoformat()},  # nothing was counted yet
    }


def _wait(run: str, event: Mapping[str, Any]) -> dict[str, Any]:
    left, since = event.get("left"), moment_of(event.get("since"))
    before = Waiting(int(left), since) if left is not None and since is not None else None
    waiting = certifier().waiting(run, before)
    logger.debug("Waits", left=waiting.left)
    done = waiting.wait == 0
    return {"run": run, "left": waiting.left, "since": waiting.since.isoformat(), "wait": waiting.wait, "done": done}


def _certify(run: str, context: LambdaContext) -> dict[str, Any]:
    certified: Certified = certifier().certify(run)
    certificate = certified.certificate
    logger.info("Swept", run=run, coverage=summary(certificate), digest=certificate.digest)
    if certificate.scope.everything:
        self_check().ended()
        # An alarm counts these, so a sweep that failed before this line must not emit them.
        recorder.count(metrics.SWEPT_FAMILIES, certified.sent[Subject.FAMILY])
        recorder.count(metrics.SWEPT_SERVICES, certified.sent[Subject.SERVICE])
        recorder.count(metrics.COVERAGE_GAPS, len(certificate.gaps))
    _count_open()
    if context.get_remaining_time_in_millis() > _MARGIN:
        _check_itself()
    return {"again": certified.again, "run": _next(run), "complete": certificate.complete}


def _next(run: str) -> str:
    """Return the name of the sweep that follows in the same execution."""
    name, _, number = run.partition(".")
    return f"{name}.{int(number or 1) + 1}"


def _count_open() -> None:
    """Count the open findings, once in each sweep. If that fails, the sweep is not repeated."""
    try:
        found = digests().open_findings()
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
