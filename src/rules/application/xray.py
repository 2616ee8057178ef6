"""Rule application.xray."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from domain.assumptions import XrayAnswered
from domain.collector.listeners import Transport
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.placeholders import placeholder
from domain.ecs.task_definition import DAEMON_ADDRESS
from domain.otlp import Endpoint, OtlpDoubt, name_of, place_of, silent, unread_secret, value_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from domain.xray import (
    PORT,
    SAMPLER,
    SAMPLER_ARGUMENT,
    Address,
    SamplerEndpoint,
    XrayListeners,
    daemon_addresses,
    sampler_endpoint,
    samples_by_xray,
    xray_listeners,
)

_LOOPBACK = "127.0.0.1"
_NOT_FOUND = "names a container, and no name leads to it in a Fargate task"
_BARE_NAME = "is a host name without a domain, which nothing resolves in a Fargate task unless the VPC's DNS does"

_ADD_A_PROXY = "Add the awsproxy extension, or an awsxray receiver, to the collector's configuration."


class Kind(Code):
    """What this rule reports."""

    CONTAINER_NAME = "address-container-name", "The address names a container, which Fargate does not resolve."
    HOST_NAME = "address-host-name", "The address is a bare host name, which a Fargate task rarely resolves."
    NO_DAEMON = "receiver-absent", "Nothing in the task receives X-Ray segments at the address."
    NO_PROXY = "proxy-absent", "Nothing in the task answers the X-Ray sampler at its endpoint."
    NO_SCHEME = "sampler-endpoint-scheme", "The sampler's endpoint has no scheme."
    LISTENER_UNKNOWN = "listener-unknown", "Unknown: whether a container answers there is not known."
    PLACEHOLDER = "address-placeholder", "Unknown: the address is a template's placeholder."
    HOST_MAY_EXIST = "host-may-exist", "Approval: the VPC's DNS may know the host that the address names."
    BY_HAND = "no-listener", "No fix: the collector's configuration has to listen first."


@dataclass(frozen=True, slots=True)
class _Use:
    """One address that an application uses: the variable, what is wrong of its text, and who answers there.

    `span` is where the text would be replaced by `right`. `absent` is the sentence where nothing answers.
    """

    variable: str
    port: int
    transport: Transport
    listens: bool | None
    fault: tuple[Kind, str] | None
    span: tuple[int, int]
    right: str
    absent: tuple[Kind, str]
    severity: Severity


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield each address of X-Ray that leads into the task and to nothing."""
    for container in workload.applications:
        for variable in (DAEMON_ADDRESS, SAMPLER):
            if variable in container.secrets and variable not in container.otel_properties:
                yield unread_secret(container, variable)
        for variable in _written(container):
            if placeholder(value_of(container, variable) or ""):
                why = f"{name_of(container, variable)} has a template's placeholder, so where it leads is not known."
                yield Doubt(Kind.PLACEHOLDER, place_of(container, variable), why)
        for use in _uses(workload, container):
            yield from _judge(container, use)


def _written(container: Container) -> tuple[str, ...]:
    """The variables that say where it sends."""
    sampled = samples_by_xray(container) and not silent(container)
    return (DAEMON_ADDRESS, SAMPLER_ARGUMENT) if sampled else (DAEMON_ADDRESS,)


def _judge(container: Container, use: _Use) -> Iterator[Drift | Doubt]:
    where, name = place_of(container, use.variable), name_of(container, use.variable)
    if use.fault is not None:
        code, fault = use.fault
        why = f"{name} {fault}. Set it to {use.right}."
        yield Drift(code, where, why, wanted=use.right, severity=use.severity)
    if use.listens is False:
        code, why = use.absent
        severity = Severity.MEDIUM if code is Kind.NO_PROXY else use.severity
        yield Drift(code, where, why, wanted=str(use.port), severity=severity)
    elif use.listens is None and use.fault is None:
        why = f"Whether a container answers X-Ray on port {use.port} of the task is not known."
        yield Doubt(Kind.LISTENER_UNKNOWN, where, why)


def _uses(workload: Workload, container: Container) -> Iterator[_Use]:
    """Yield the addresses in the task: of the daemon, and of the sampler where the SDK uses it."""
    address = container.environment.get(DAEMON_ADDRESS, "")
    sampled = SAMPLER_ARGUMENT in _written(container)
    if not address and not sampled:  # as with most containers
        return
    listeners = xray_listeners(workload, container)
    for each in () if placeholder(address) else daemon_addresses(address):
        if each.in_task or workload.task.container(each.host) is not None:
            yield _of_daemon(each, listeners)
        elif each.is_bare_name:
            bare = (Kind.HOST_NAME, _BARE_NAME)
            yield replace(_of_daemon(each, listeners), listens=None, fault=bare, severity=Severity.MEDIUM)
    if sampled:
        found = sampler_endpoint(container)
        endpoint = found.leads_to
        if endpoint is not None and (endpoint.in_task or workload.task.container(endpoint.host) is not None):
            yield _of_sampler(container, found, endpoint, listeners)


def _of_daemon(address: Address, listeners: XrayListeners) -> _Use:
    leads = f"{DAEMON_ADDRESS} leads to port {address.port} of the task, where nothing"
    if address.transport == "udp":
        why = f"{leads} takes X-Ray segments by UDP. Add an awsxray receiver to the collector's configuration."
        absent = (Kind.NO_DAEMON, why)
    else:
        why = f"{leads} gives X-Ray's sampling rules by TCP, so the SDK samples by its default. {_ADD_A_PROXY}"
        absent = (Kind.NO_PROXY, why)
    return _Use(
        DAEMON_ADDRESS,
        address.port,
        address.transport,
        _listens(listeners, address.port, address.transport),
        None if address.in_task else (Kind.CONTAINER_NAME, _NOT_FOUND),
        (address.start, address.end),
        f"{_LOOPBACK}:{address.port}",
        absent,
        Severity.HIGH,
    )


def _of_sampler(container: Container, found: SamplerEndpoint, endpoint: Endpoint, listeners: XrayListeners) -> _Use:
    port = endpoint.port or PORT
    right = replace(endpoint, scheme="http", host=endpoint.host if endpoint.in_task else "localhost", port=port)
    fault = None
    if not endpoint.in_task:
        fault = (Kind.CONTAINER_NAME, _NOT_FOUND)
    elif endpoint.scheme is None:
        fault = (Kind.NO_SCHEME, "has an endpoint without a scheme, which the sampler cannot use")
    absent = (
        f"The sampler xray of {container.name} asks port {port} of the task, where nothing gives it X-Ray's sampling"
        f" rules, so it samples by its default. {_ADD_A_PROXY}"
    )
    return _Use(
        SAMPLER_ARGUMENT if found.end else SAMPLER,
        port,
        "tcp",
        _listens(listeners, port, "tcp"),
        fault,
        (found.start, found.end),
        f"http://{right.host}:{port}",
        (Kind.NO_PROXY, absent),
        Severity.MEDIUM,
    )


def _listens(listeners: XrayListeners, port: int, transport: Transport) -> bool | None:
    """Whether something answers there; None where that is not known."""
    if (port, transport) in listeners.ports:
        return True
    return None if listeners.elsewhere else False


def fix(workload: Workload, standard: Standard) -> Workload:
    """Write the addresses that name a container, or lack their scheme, as they lead to the task itself."""
    before = workload
    for application in workload.applications:
        container = application
        # From the end, so that what is still to be replaced stays where it is.
        for use in sorted(_uses(before, application), key=lambda use: use.span, reverse=True):
            if use.fault is None:
                continue
            text = value_of(container, use.variable) or ""
            start, end = use.span
            new = _LOOPBACK if use.variable == DAEMON_ADDRESS else use.right
            container = container.with_otel(use.variable, text[:start] + new + text[end:])
            if use.fault[0] is Kind.HOST_NAME:
                why = f"The VPC's DNS may know the host that {use.variable} names. Check that it does not."
                workload = workload.needing_approval(Kind.HOST_MAY_EXIST, why)
            workload = workload.assuming(XrayAnswered(application.name, use.port, use.transport))
        if container is not application:
            workload = workload.with_container(container)
    if workload is before:
        why = "Nothing in the task answers there. Change the collector's configuration."
        raise Refusal(Kind.BY_HAND, why)
    return workload


RULE = Rule(
    id="application.xray",
    title="X-Ray daemon addresses and sampler endpoints should lead to something in the task that answers",
    why="""
        An X-Ray SDK sends its segments by UDP, so nobody sees that they are lost where nothing listens. The sampler
        `xray` asks http://localhost:2000 for X-Ray's sampling rules; where nothing answers it samples by its default,
        without an error. No container of a Fargate task is found by its name. Addresses outside the task are not
        evaluated, but for bare names. A sampler that gets no rules is MEDIUM.
    """,
    remedy="""
        Writes 127.0.0.1 instead of a container's name, and adds a scheme that is missing. SAFE where the collector's
        configuration is known to answer there, else REVIEW. REVIEW for another bare name, which a VPC's DNS may know.
        Refused where only a change of the collector's configuration helps.
    """,
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=(*Kind, OtlpDoubt.SECRET),
    of_collector=False,
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/xray/latest/devguide/xray-daemon.html",
)
