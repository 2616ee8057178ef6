"""Messages about threads of several alerts: a revision with its service, from the drift to the end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.drift import Drift
from domain.findings.alert import Alert
from domain.findings.finding import FindingState, Transition, TransitionKind
from domain.findings.thread import Thread
from domain.findings.users import User, Users
from domain.places import Revision
from domain.remediation.rollout import Stage
from domain.severity import Severity
from domain.triggers.actor import OUTRIDER
from reports.alerts import AlertContext, alert_of
from reports.message import of_thread, reply_of
from reports.slack import body, reply_body
from tests.reports import samples

KEY = f"{samples.PLACE}/family/web"
MINUTE = timedelta(minutes=1)


def _drift(code: str, where: str, why: str) -> Drift:
    return Drift(code, where, why)


DRIFTS = {
    "application.otlp-endpoint": _drift(
        "not-localhost",
        "containers/app/environment/OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT is collector:4317, which no container of the task listens on.",
    ),
    "sidecar.not-essential": _drift(
        "essential",
        "containers/adot-collector/essential",
        "The collector is essential, so the applications stop with it.",
    ),
    "sidecar.resources": _drift(
        "no-reservation", "containers/adot-collector/cpu", "The collector reserves neither CPU nor memory."
    ),
}
SERVICE = _drift(
    "too-old",
    "service/platformVersion",
    "The service runs on Fargate platform version 1.3.0, where the collector does not start.",
)


def opened() -> list[Alert]:
    """What one registration and the creation of its service bring about."""
    found = [samples.opened()]
    found += [samples.finding_alert(rule, "web", samples.WEB, drift) for rule, drift in DRIFTS.items()]
    arn = samples.PLACE.arn("ecs", "service/shop/web")
    service = samples.finding_alert("service.platform-version", "shop/web", arn, SERVICE)
    rules = tuple(alert.rule for alert in found)
    return [
        *(alert.model_copy(update={"open": rules}) for alert in found),
        service.model_copy(update={"thread": KEY, "open": (service.rule,)}),
    ]


def registered(**members: Any) -> Alert:
    return samples.outcome("registered", registered=8, **members)


def rolling() -> Alert:
    return registered(rollouts=(samples.rollout("shop/web", Stage.DEPLOYING),))


def deployed() -> Alert:
    return _later(samples.outcome("deployed", registered=8, rollouts=(samples.rollout("shop/web", Stage.VERIFIED),)))


def closed(alerts: list[Alert], *still: str) -> list[Alert]:
    """The same findings, closed by Outrider's revision; `still` are the rules of those that are open."""
    running = Users((User("web", "shop/web", 8, 3),))
    found = list[Alert]()
    for alert in alerts:
        rule = samples.rule(alert.rule)
        about = replace(
            samples.finding(FindingState.CLOSED),
            rule=rule.id,
            severity=alert.severity,
            resource=Revision(samples.PLACE, "web", 8).arn,
            version=9,
            users=running,
        )
        context = AlertContext(OUTRIDER, samples.THEN + 4 * MINUTE, samples.DOCS, open=still)
        made = alert_of(Transition(about, TransitionKind.CLOSED), rule, None, context)
        same = {name: getattr(alert, name) for name in ("thread", "subject", "name", "finding")}
        found.append(made.model_copy(update=same))
    return found


def _later(alert: Alert) -> Alert:
    return alert.model_copy(update={"occurred": samples.THEN + 3 * MINUTE})


def messages() -> dict[str, dict[str, Any]]:
    """A story from its first message to its last, by webhook and by bot; and one in which a person must deploy."""
    first = Thread().after([*opened(), rolling()])
    last = first.after([deployed(), *closed(opened())])
    partly = first.after([deployed(), *closed(opened()[1:], opened()[0].rule)])
    person = Thread().after([*opened(), registered()])
    assert first.severity is Severity.HIGH
    return {
        "thread-first": body(of_thread(KEY, first)),
        "thread-last": body(of_thread(KEY, last, notified=True)),
        "thread-reply": reply_body(reply_of([deployed(), *closed(opened())])),
        "thread-at-once": body(of_thread(KEY, last)),
        "thread-partly": body(of_thread(KEY, partly, notified=True)),
        "thread-registered": body(of_thread(KEY, person)),
    }
