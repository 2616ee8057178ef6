"""Whether what a fix assumes is known to hold. This is the one place that decides it.

Each assumption is checked on the documents before and after all fixes, with the facts that these name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.assumptions import (
    Assumption,
    EndpointServed,
    FactKnown,
    ImageHeld,
    Kept,
    MembersWritten,
    NewestNoWorse,
    OnFargate,
    SameConfiguration,
    XrayAnswered,
)
from domain.collector import CollectorConfiguration, ConfigurationUnreadable
from domain.collector.distributions import distribution_of
from domain.collector.releases import Release, release_facts
from domain.drift import Code, Remark
from domain.ecs.container import Container
from domain.ecs.fargate import amount
from domain.ecs.images import Image
from domain.ecs.placeholders import placeholder, texts_within
from domain.ecs.values import Json, truth_of
from domain.facts import NOT_READ, Absent, Fact, FactKind, Known, Unavailable
from domain.otlp import Destination, Endpoint, Protocol, destinations, name_of, routes
from domain.otlp_receivers import OtlpReceivers, otlp_receivers
from domain.verdict import Drifted, Unknown, Verdict
from domain.workload import ParameterReference, Workload
from domain.xray import xray_listeners

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Uncertainty(Code):
    """Why a change needs approval: something that it depends on is not known."""

    FACT = "fact-not-known", "Approval: a fact that the change depends on is not known."
    RECEIVER = "receiver-not-verified", "Approval: whether a collector takes OTLP on the endpoint's port is not known."
    CERTIFICATE = "certificate-not-verified", "Approval: the application has to trust the receiver's certificate."
    XRAY = "listener-not-verified", "Approval: whether something answers X-Ray's SDK at the new address is not known."
    PORT_IN_USE = "port-in-use", "Approval: another container may listen on the port that the endpoint names now."
    PORT_SERVED = "port-served", "Approval: a collector takes OTLP where the endpoint leads now."
    PORT_GUESSED = "port-guessed", "Approval: neither port nor protocol is set, so the default of HTTP is used."
    IMAGE = "release-not-verified", "Approval: whether the repository has the release is not known."
    MEMBER = "value-not-known", "Approval: a value that the change depends on is a placeholder, or no value."
    CONTENT = "content-unknown", "Approval: the parameter may hold another configuration."
    NEWEST = "newest-worse", "Approval: the newest revision breaks rules that the running one keeps, or may break them."
    START = "start-not-verified", "Approval: the collector may not start, and its end would end the task."
    LAUNCH_TYPE = "launch-type-unknown", "Approval: whether the service runs on Fargate is not known."


@dataclass(frozen=True, slots=True)
class Change:
    """A workload before and after all fixes, with the facts that each names, and the verdicts after them."""

    before: Workload
    after: Workload
    verdicts: tuple[Verdict, ...] = ()


def uncertain(assumed: Assumption, change: Change) -> Iterator[Remark]:
    """Yield why an assumption is not known to hold; nothing where it is."""
    match assumed:
        case FactKnown(kind):
            yield from _fact(kind, change.after)
        case EndpointServed():
            yield from _endpoint(assumed, change)
        case XrayAnswered():
            yield from _xray(assumed, change.after)
        case ImageHeld(image, wanted):
            yield from _image(Image.parse(image), Image.parse(wanted))
        case MembersWritten(members):
            yield from _written(members, change.before)
        case SameConfiguration():
            yield from _content(assumed, change.before)
        case NewestNoWorse():
            yield from _newest(change.before)
        case Kept():
            yield from _kept(assumed, change.verdicts)
        case OnFargate():
            yield from _launch_type(change.before)


def _asks(code: Uncertainty, why: str) -> Remark:
    return Remark(code, why, needs_approval=True)


def _fact(kind: FactKind, workload: Workload) -> Iterator[Remark]:
    if why := _unread(kind, workload):
        yield _asks(Uncertainty.FACT, why)


def _unread(kind: FactKind, workload: Workload) -> str | None:
    """Why a fact is not known, as a sentence; None where it is."""
    facts = workload.facts
    match kind:
        case FactKind.CONFIGURATION:
            return _of_configuration(workload)
        case FactKind.EXECUTION_ROLE:
            return _missing("What the execution role allows", facts.execution_role)
        case FactKind.TASK_ROLE:
            return _missing("What the task role allows", facts.task_role)
        case FactKind.LOG_GROUPS:
            return _of_log_group(workload)
        case FactKind.RUNNING:
            return _missing("Which tasks run", facts.running)
        case FactKind.NEWEST:
            return _missing("The family's newest revision", facts.newest)


def _of_configuration(workload: Workload) -> str | None:
    what = "The collector's configuration"
    match workload.configuration:
        case Known(ConfigurationUnreadable()):
            return f"{what} is not known: it cannot be parsed."
        case Known(CollectorConfiguration(open_at=place)) if place:
            return f"{what} is not known: a variable gives {place}."
        case fact:
            return _missing(what, fact)


def _of_log_group(workload: Workload) -> str | None:
    """Why the group of the collector's own log is not known. That it does not exist is known, too."""
    options = workload.collector.log_options if workload.collector else {}
    group = options.get("awslogs-group")
    if not group or truth_of(options.get("awslogs-create-group")):
        return None
    fact = workload.facts.log_groups.get(group, NOT_READ)
    return None if isinstance(fact, Absent) else _missing(f"Whether the log group {group} exists", fact)


def _missing(what: str, fact: Fact[object]) -> str | None:
    match fact:
        case Known():
            return None
        case Absent():
            return f"{what} is not known: it does not exist."
        case Unavailable(reason=reason):
            return f"{what} is not known: {reason}."


def _endpoint(assumed: EndpointServed, change: Change) -> Iterator[Remark]:
    before, after = (each.task.container(assumed.container) for each in (change.before, change.after))
    if before is None or after is None:
        return
    receivers = otlp_receivers(change.after, after)
    name = name_of(after, assumed.variable)
    for destination in destinations(after):
        if destination.variable != assumed.variable:
            continue
        endpoint = _used(destination)
        if endpoint is None or endpoint.port is None or not endpoint.in_task:
            yield _asks(Uncertainty.RECEIVER, f"What takes OTLP where {name} leads is not known.")
            continue
        earlier = _earlier(before, destination)
        yield from _of_port_before(receivers, name, earlier, endpoint)
        if not _by_property(before, destination):
            yield from _of_receiver_before(receivers, name, earlier, endpoint)
        meant = destination.port_meant(earlier or endpoint)
        if meant is None and (earlier is None or earlier.port != endpoint.port):
            why = (
                f"{name} names no port of OTLP, and no protocol is set. It gets {endpoint.port}, for HTTP. An SDK that"
                " uses gRPC needs another port."
            )
            yield _asks(Uncertainty.PORT_GUESSED, why)
        if endpoint.scheme == "https" and (earlier is None or earlier.scheme != "https"):
            why = f"{name} would use TLS. Make sure that the application trusts the certificate."
            yield _asks(Uncertainty.CERTIFICATE, why)
        yield from _of_receiver(receivers, destination, endpoint, endpoint.port)


def _used(destination: Destination) -> Endpoint | None:
    """Where a destination leads; where it is not set, an SDK's own default for its protocol."""
    if destination.value is None and destination.protocol_set is not None:
        return Endpoint("http", "", "localhost", destination.protocol_set.port, "", "")
    return destination.leads_to


def _earlier(container: Container, destination: Destination) -> Endpoint | None:
    """Where the signals went before the change."""
    return next((each.leads_to for each in routes(container) if each.signal in destination.signals), None)


def _of_port_before(
    receivers: OtlpReceivers, name: str, earlier: Endpoint | None, endpoint: Endpoint
) -> Iterator[Remark]:
    """Yield that another container may listen where the application sends today; without a port on HTTP's own."""
    port = None if earlier is None or not earlier.in_task else earlier.port or _DEFAULT_PORTS.get(earlier.scheme or "")
    if port is not None and port != endpoint.port and (names := " or ".join(receivers.who_may_listen(port))):
        yield _asks(Uncertainty.PORT_IN_USE, f"{names} may listen on port {port}, which {name} names now.")


def _by_property(container: Container, destination: Destination) -> bool:
    """Whether a system property of Java sets the protocol: its agent has all protocols, other SDKs may have one."""
    return any(
        route.protocol_variable in container.otel_properties
        for route in routes(container)
        if route.signal in destination.signals
    )


def _of_receiver_before(
    receivers: OtlpReceivers, name: str, earlier: Endpoint | None, endpoint: Endpoint
) -> Iterator[Remark]:
    """Yield that what is sent may arrive today, by the protocol of the port and not by the one that is set."""
    there = receivers.at(earlier.port) if earlier is not None and earlier.in_task else None
    if there is None or not there.known or there.port == endpoint.port:
        return
    if not receivers.who_may_listen(there.port):  # else that is reported
        why = (
            f"{there.container} takes OTLP on port {there.port}, which {name} names now. An SDK with an exporter of its"
            " own for that protocol works today. Check which one the application has."
        )
        yield _asks(Uncertainty.PORT_SERVED, why)


def _of_receiver(receivers: OtlpReceivers, destination: Destination, endpoint: Endpoint, port: int) -> Iterator[Remark]:
    there = receivers.at(port)
    if there is None or not there.known:
        who = there.container if there is not None else "a collector"
        why = f"Whether {who} takes OTLP on port {port} is not known. Its configuration is not known."
        yield _asks(Uncertainty.RECEIVER, why)
        return
    given = destination.protocol_set
    spoken = None if given is None else "grpc" if given is Protocol.GRPC else "http"
    if there.tls is not (endpoint.scheme == "https") or (spoken and there.protocol not in {"", spoken}):
        why = f"{there.container} takes OTLP on port {port} by another scheme or protocol than the application uses."
        yield _asks(Uncertainty.RECEIVER, why)


def _xray(assumed: XrayAnswered, workload: Workload) -> Iterator[Remark]:
    sender = workload.task.container(assumed.container)
    if sender is None or (assumed.port, assumed.transport) not in xray_listeners(workload, sender).ports:
        why = f"It is not known that a container answers X-Ray on port {assumed.port} of the task."
        yield _asks(Uncertainty.XRAY, why)


def _launch_type(workload: Workload) -> Iterator[Remark]:
    if workload.service is None or workload.service.fargate is None:
        yield _asks(Uncertainty.LAUNCH_TYPE, "The service names neither a launch type nor a capacity provider.")


def _image(image: Image, wanted: Image) -> Iterator[Remark]:
    if not _held(image, wanted):
        why = f"Whether {image.repository} has {image.tag or image.digest} is not known. Check before you use it."
        yield _asks(Uncertainty.IMAGE, why)


def _held(image: Image, wanted: Image) -> bool:
    """Whether a repository is known to hold a tag: the standard's own, or one where each release is published.

    A mirror may hold any part of them, under tags of its own.
    """
    known = distribution_of(image.repository)
    if image == wanted:
        return True
    if known is None or image.repository not in known.published or not image.tag:
        return False
    return Release.of_tag(image.tag) in release_facts().releases or (
        wanted.repository in known.published and image.tag == wanted.tag
    )


def _written(members: tuple[str, ...], workload: Workload) -> Iterator[Remark]:
    containers = workload.task.containers
    documents = [("", workload.task.json), *((f"containers/{each.name}/", each.json) for each in containers)]
    for member in members:
        for within, document in documents:
            if not _is_written(document, member):
                yield _asks(Uncertainty.MEMBER, f"The value of {within}{member} is not known.")


def _is_written(document: Json, member: str) -> bool:
    value = document.get(member)
    if value is None or any(placeholder(text) for text in texts_within(value)):
        return value is None
    match member:
        case "cpu" | "memory" | "memoryReservation":
            return amount(value) is not None
        case "essential":
            return truth_of(value) is not None
        case _:
            return True


def _newest(workload: Workload) -> Iterator[Remark]:
    match workload.facts.newest:
        case Known(newest) if newest.worse:
            why = f"The running revision keeps {', '.join(newest.worse)}. That the newest does is not known."
            yield _asks(Uncertainty.NEWEST, why)
        case _:
            pass


def _kept(assumed: Kept, verdicts: Iterable[Verdict]) -> Iterator[Remark]:
    for verdict in verdicts:
        if verdict.rule not in assumed.rules:
            continue
        match verdict:
            case Drifted(drifts=found) if not assumed.codes or any(each.code in assumed.codes for each in found):
                how = "drifts"
            case Unknown():
                how = "is unknown"
            case _:
                continue
        yield _asks(Uncertainty.START, f"The collector may not start, and would end the task: {verdict.rule} {how}.")


def _content(assumed: SameConfiguration, workload: Workload) -> Iterator[Remark]:
    if not _same(assumed, workload):
        why = f"Whether {assumed.parameter} holds the configuration that the collector uses today is not known."
        yield _asks(Uncertainty.CONTENT, f"{why} Compare them.")


def _same(assumed: SameConfiguration, workload: Workload) -> bool:
    """Whether the parameter is known to hold the configuration that the collector uses now."""
    container = workload.task.container(assumed.container)
    reference = ParameterReference.parse(assumed.parameter, workload.place)
    match workload.facts.approved_parameter:
        case Known(approved) if container is not None and reference is not None and approved.arn == reference.arn:
            value = None if assumed.variable in container.secrets else container.environment.get(assumed.variable)
            if value is not None:
                return approved.text.strip() == value.strip()
            match workload.facts.parameter:
                case Known(used) if assumed.variable == workload.config_variable:
                    return workload.parameter_reference is not None and approved.text.strip() == used.text.strip()
    return False
