"""Rule config.otlp."""

from collections.abc import Iterator

from domain.collector import CollectorConfiguration, Listener, otlp_listeners, signals_taken_by
from domain.collector.releases import ComponentKind
from domain.drift import Code, Doubt, Drift
from domain.ecs.container import Container
from domain.identical import once
from domain.otlp import ENDPOINT, PORTS, Protocol, Route, Signal, instrumented, routes
from domain.otlp_receivers import otlp_receivers
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from rules._wording import joined
from rules.config._configuration import DEFINED, dangling, undefined, well_formed_configuration_of

_OTLP = "otlp"
_WHERE = f"receivers/{_OTLP}"
_OF_THE_TASK = frozenset({_OTLP, "awsecscontainermetrics", "awscontainerinsightreceiver"})
"""Receivers that take nothing from applications, but for OTLP."""


type _Senders = tuple[tuple[Container, tuple[Route, ...]], ...]


class Kind(Code):
    """What this rule reports."""

    NO_RECEIVER = "receiver-missing", "No otlp receiver runs."
    PORT_CLOSED = "port-closed", "Applications send to a port on which no otlp receiver listens."
    TLS_UNEXPECTED = "tls-unexpected", "An SDK that is left to its default endpoint sends without TLS."
    PORT_UNREACHABLE = "port-unreachable", "The receiver listens on an address that the task's containers cannot reach."
    SIGNAL_DROPPED = "signal-dropped", "No pipeline receives a signal by OTLP."
    PORT_UNCLEAR = "port-unclear", "Unknown: the receiver's port depends on the environment."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield what keeps the applications' telemetry from being received: ports first, then signals."""
    configuration, doubts = well_formed_configuration_of(workload)
    yield from doubts
    if configuration is None or configuration.open_at:
        return
    senders = tuple((app, sent) for app in workload.applications if instrumented(app) and (sent := _sent(app)))
    listeners, taken = _listeners(configuration, workload.release), _taken(configuration, _OTLP)
    if _OTLP in undefined(configuration, ComponentKind.RECEIVER):
        yield dangling("a receiver otlp")
        if listeners:
            yield from _ports(senders, listeners)
        return
    if not listeners or not taken:
        if senders or not _receives_otherwise(configuration):
            yield _no_receiver(senders)
        return
    yield from _ports(senders, listeners)
    yield from _without_tls(workload, senders)
    for signal in Signal:
        if signal not in taken:
            yield _untaken(signal, senders)


def _receives_otherwise(configuration: CollectorConfiguration) -> bool:
    """Whether a receiver takes telemetry of the applications in another way: scrapes them, for example."""
    return any(
        part.kind is ComponentKind.RECEIVER and part.canonical not in _OF_THE_TASK for part in configuration.used
    )


_listeners = once(otlp_listeners)
_taken = once(signals_taken_by)


def _sent(app: Container) -> tuple[Route, ...]:
    """What it sends to the task itself, as far as that is known, and not to another host."""
    return tuple(
        route
        for route in routes(app)
        if route.endpoint is None or ((endpoint := route.leads_to) is not None and endpoint.in_task)
    )


def _no_receiver(senders: _Senders) -> Drift:
    names = joined(app.name for app, _ in senders)
    if not names:
        why = "No otlp receiver runs, so no application can send to the collector."
        return Drift(Kind.NO_RECEIVER, _WHERE, why, severity=Severity.LOW)
    return Drift(Kind.NO_RECEIVER, _WHERE, f"No otlp receiver runs, so the telemetry of {names} is lost.")


def _ports(senders: _Senders, listeners: tuple[Listener, ...]) -> Iterator[Drift | Doubt]:
    served = {listener.port for listener in listeners if listener.serves_the_task is not False}
    elsewhere = {listener.port for listener in listeners} - served
    wanted: dict[int | None, list[str]] = {}
    for app, sent in senders:
        for port in dict.fromkeys(_port(route) for route in sent):
            wanted.setdefault(port, []).append(app.name)
    for port, apps in wanted.items():
        if port is not None and port not in PORTS:
            continue  # agreed with the receiver, else reported by application.otlp-endpoint
        asked = PORTS if port is None else {port}
        if asked & served:
            continue
        part = "" if port is None else f"/protocols/{'grpc' if port == Protocol.GRPC.port else 'http'}"
        to = " or ".join(map(str, sorted(asked)))
        if None in served | elsewhere:
            why = f"Whether an otlp receiver listens on port {to} depends on the environment."
            yield Doubt(Kind.PORT_UNCLEAR, _WHERE + part, why)
            continue
        ports = joined(map(str, sorted(number for number in served | elsewhere if number is not None)))
        if asked & elsewhere:
            code, fault = Kind.PORT_UNREACHABLE, "but the otlp receiver there listens on neither localhost nor 0.0.0.0"
        else:
            code, fault = Kind.PORT_CLOSED, f"where no otlp receiver listens (one listens on {ports})"
        why = f"Telemetry of {joined(apps)} goes to port {to} of the task, {fault}."
        yield Drift(code, _WHERE + part, why, ports, to)


def _without_tls(workload: Workload, senders: _Senders) -> Iterator[Drift]:
    """Yield each application whose default endpoint, which is plain, finds only receivers that serve TLS."""
    for app, sent in senders:
        left = [route for route in sent if route.endpoint is None]
        if not left or app.may_have_more_variables:
            continue
        receivers = otlp_receivers(workload, app)
        ports = sorted(
            {port for route in left for port in ((route.protocol_set.port,) if route.protocol_set else PORTS)}
        )
        found = [there for port in ports if (there := receivers.at(port)) is not None]
        if found and all(there.tls for there in found):
            why = f"{app.name} sets no endpoint, so its SDK sends to http://localhost, and the receiver serves TLS."
            yield Drift(Kind.TLS_UNEXPECTED, f"{_WHERE}/protocols", why, wanted=f"https://localhost:{found[0].port}")


def _port(route: Route) -> int | None:
    """The port that it sends to; None where its SDK decides."""
    endpoint = route.leads_to
    if endpoint is not None:
        return endpoint.port
    return route.protocol_set.port if route.protocol_set else None


def _untaken(signal: Signal, senders: _Senders) -> Drift:
    """The signal that is lost: traces, which every instrumented application sends, or one that is declared."""
    where, traces = f"service/pipelines/{signal}", signal is Signal.TRACES
    sending = (app for app, sent in senders if any(route.signal is signal for route in sent))
    names = joined(app.name for app in sending if _declares(app, signal) or (traces and not _names_others(app)))
    why = f"No {signal} pipeline receives OTLP"
    if names:
        severity = None if traces else Severity.LOW
        return Drift(Kind.SIGNAL_DROPPED, where, f"{why}, so the {signal} of {names} are lost.", severity=severity)
    severity = Severity.LOW if traces else Severity.INFORMATIONAL
    return Drift(Kind.SIGNAL_DROPPED, where, f"{why}, so applications can send no {signal}.", severity=severity)


def _declares(app: Container, signal: Signal) -> bool:
    """Whether its own variables name this signal, rather than that its SDK may send it."""
    named = (signal.exporter_variable, signal.endpoint_variable)
    return any(name in app.environment or name in app.secrets for name in named)


def _names_others(app: Container) -> bool:
    """Whether it says where other signals than traces go, and of traces nothing: it may send none."""
    every = ENDPOINT in app.environment or ENDPOINT in app.secrets
    return not every and any(_declares(app, signal) for signal in Signal if signal is not Signal.TRACES)


RULE = Rule(
    id="config.otlp",
    title="An otlp receiver should listen where the task's applications send, and receive their traces",
    why="""
        An application that finds nothing on its port, or a receiver that no traces pipeline names, loses telemetry.
        Only the application's own log shows it. A collector that scrapes its applications, or takes what they send in
        another way, needs no otlp receiver. Metrics or logs that an application declares and no pipeline receives
        are LOW; where no application declares them, INFORMATIONAL.
    """,
    by_hand="""
        Let an otlp receiver listen on localhost or 0.0.0.0 at the port that the finding names, and add it to a pipeline
        of each signal.
    """,
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, *DEFINED),
    of_configuration=True,
    check=check,
    reference="https://aws-otel.github.io/docs/components/otlp-exporter",
)
