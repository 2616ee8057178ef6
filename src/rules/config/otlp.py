"""An otlp receiver listens where the task's applications send, and takes their traces.

Why: an application that finds nobody on its port, or a receiver that no traces pipeline takes, loses its telemetry
without any sign but lines in its own log. Metrics or logs that an application says it sends and no pipeline takes
are LOW; where none says so, INFORMATIONAL.

Fix: none. Let an otlp receiver listen on localhost or 0.0.0.0 at the port named, and put it into a pipeline of each
signal.
"""

from collections.abc import Iterable, Iterator

from domain.collector import CollectorConfiguration, Listener, otlp_listeners, signals_taken_by
from domain.collector.releases import Release
from domain.drift import Doubt, Drift
from domain.ecs.container import Container
from domain.facts import FactKind
from domain.otlp import PORTS, Protocol, Route, Signal, instrumented, routes
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules.config._configuration import once, sound_configuration_of

_WHERE = "receivers/otlp"


type _Senders = tuple[tuple[Container, tuple[Route, ...]], ...]


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield what keeps the applications' telemetry from being taken: ports first, then signals."""
    configuration, doubts = sound_configuration_of(workload)
    yield from doubts
    if configuration is None:
        return
    senders = tuple((app, sent) for app in workload.applications if instrumented(app) and (sent := _sent(app)))
    listeners, taken = _listeners(configuration, workload.release), _taken(configuration, None)
    if not listeners or not taken:
        yield _nobody(senders)
        return
    yield from _ports(senders, listeners)
    for signal in Signal:
        if signal not in taken:
            yield _untaken(signal, senders)


_listeners = once(otlp_listeners)


@once
def _taken(configuration: CollectorConfiguration, _: Release | None) -> frozenset[str]:
    return signals_taken_by(configuration, "otlp")


def _sent(app: Container) -> tuple[Route, ...]:
    """What it sends to the task itself, as far as that can be told, and not to another host."""
    return tuple(
        route
        for route in routes(app)
        if route.endpoint is None or ((endpoint := route.leads_to) is not None and endpoint.in_task)
    )


def _nobody(senders: _Senders) -> Drift:
    names = _listed(app.name for app, _ in senders)
    if not names:
        return Drift(_WHERE, "No otlp receiver runs, so no application can send to the collector.", Severity.LOW)
    return Drift(_WHERE, f"No otlp receiver runs, so the telemetry of {names} is lost.")


def _ports(senders: _Senders, listeners: tuple[Listener, ...]) -> Iterator[Drift | Doubt]:
    heard = {listener.port for listener in listeners if listener.serves_the_task is not False}
    elsewhere = {listener.port for listener in listeners} - heard
    wanted: dict[int | None, list[str]] = {}
    for app, sent in senders:
        for port in dict.fromkeys(_port(route) for route in sent):
            wanted.setdefault(port, []).append(app.name)
    for port, apps in wanted.items():
        asked = PORTS if port is None else {port}
        if asked & heard:
            continue
        part = "" if port is None else f"/protocols/{'grpc' if port == Protocol.GRPC.port else 'http'}"
        to = " or ".join(map(str, sorted(asked)))
        if None in heard | elsewhere:
            yield Doubt(_WHERE + part, f"Whether an otlp receiver listens on port {to} depends on the environment.")
            continue
        if asked & elsewhere:
            why = "but the otlp receiver there listens on neither localhost nor 0.0.0.0"
        else:
            ports = sorted(number for number in heard | elsewhere if number is not None)
            why = f"where no otlp receiver listens (there is one on {_listed(map(str, ports))})"
        yield Drift(_WHERE + part, f"Telemetry of {_listed(apps)} goes to port {to} of the task, {why}.")


def _port(route: Route) -> int | None:
    """The port that it sends to; None where its SDK decides, or application.otlp-endpoint speaks of it."""
    endpoint = route.leads_to
    if endpoint is not None:
        return endpoint.port if endpoint.port in PORTS else None
    return route.speaks.port if route.speaks else None


def _untaken(signal: Signal, senders: _Senders) -> Drift:
    """What is lost: traces, which every instrumented application is taken to send, or what one says that it sends."""
    where, traces = f"service/pipelines/{signal}", signal is Signal.TRACES
    sending = (app for app, sent in senders if any(route.signal is signal for route in sent))
    names = _listed(app.name for app in sending if traces or _says(app, signal))
    why = f"No {signal} pipeline takes what comes by OTLP"
    if names:
        return Drift(where, f"{why}, so the {signal} of {names} are lost.", None if traces else Severity.LOW)
    severity = Severity.LOW if traces else Severity.INFORMATIONAL
    return Drift(where, f"{why}, so applications can send no {signal}.", severity)


def _says(app: Container, signal: Signal) -> bool:
    """Whether it says itself that it sends this signal, rather than that its SDK may."""
    named = (signal.exporter_variable, signal.endpoint_variable)
    return any(name in app.environment or name in app.secrets for name in named)


def _listed(words: Iterable[str]) -> str:
    *first, last = dict.fromkeys(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


RULE = Rule(
    id="config.otlp",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    needs=frozenset({FactKind.CONFIGURATION}),
    check=check,
    reference="https://aws-otel.github.io/docs/components/otlp-exporter",
    doc=__doc__,
)
