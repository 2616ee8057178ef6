"""What destinations refuse: unsigned requests, signatures of another region or service, names that AWS lacks."""

import re
from collections.abc import Iterator
from typing import Final

from domain.collector.configuration import CollectorConfiguration, Component
from domain.collector.listeners import otlp_listeners
from domain.collector.problems import Effect, Problem, ProblemCode, Topic
from domain.collector.references import has_reference, literal
from domain.collector.releases import ComponentKind, Release
from domain.collector.scalars import shown
from domain.collector.signing import (
    LOG_HEADERS,
    SERVICE_INFERRED_SINCE,
    SIGNER,
    SignedEndpoint,
    SignedService,
    authenticator_of,
    headers_of,
    signed_endpoints,
    signer_of,
)

_LOG_GROUP: Final = re.compile(r"[\w./#-]{1,512}", re.ASCII)
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,24}", re.ASCII)
_PLACEHOLDER: Final = re.compile(r"\{+[^{}]*\}+")
_RESERVED: Final = "aws/"
_OWN_ADDRESS: Final = re.compile(
    r"(?:https?://)?(?:localhost|127\.0\.0\.1|\[::1\]):(?P<port>\d{1,5})(?:/.*)?", re.ASCII
)
_OTLP_PROTOCOLS: Final = {"otlp": "grpc", "otlphttp": "http"}


def destination_problems(configuration: CollectorConfiguration, release: Release | None = None) -> tuple[Problem, ...]:
    """Give what keeps telemetry from arriving, though the collector runs."""
    return tuple(dict.fromkeys(_problems(configuration, release)))


def _problems(configuration: CollectorConfiguration, release: Release | None) -> Iterator[Problem]:
    for part in configuration.used:
        if part.kind is ComponentKind.EXPORTER:
            for endpoint in signed_endpoints(part, release):
                yield from _signature(configuration, part, endpoint, release)
            yield from _own_receiver(configuration, part, release)
            if part.canonical in {"awsemf", "awscloudwatchlogs"}:
                yield from _log_group(part, release)


def _lost(code: ProblemCode, where: str, found: str = "", wanted: tuple[str, ...] = (), limit: str = "") -> Problem:
    return Problem(Topic.DESTINATIONS, code, where, Effect.LOST, found=found, wanted=wanted, limit=limit)


def _name(text: str) -> str:
    """Give a region or service as it may be shown."""
    return text if _NAME.fullmatch(text) else "another"


def _signature(
    configuration: CollectorConfiguration, part: Component, endpoint: SignedEndpoint, release: Release | None
) -> Iterator[Problem]:
    if part.canonical == "otlp":
        yield _lost(ProblemCode.HTTP_ONLY, endpoint.where, wanted=("otlphttp",))
        return
    if endpoint.service is SignedService.LOGS:
        yield from _log_headers(part)
    named = authenticator_of(part)
    if named is None:
        yield _lost(ProblemCode.UNSIGNED, endpoint.where, wanted=(SIGNER,), limit=endpoint.service)
        return
    signer = signer_of(configuration, part)
    if signer is None:  # not started, or named by a reference: another topic, or not known
        return
    given = signer.settings.get("region")
    region = literal(given, release)
    if region and region != endpoint.region:
        yield _lost(ProblemCode.SIGNER_REGION, f"{signer.place}/region", _name(region), (endpoint.region,), part.place)
    yield from _signed_service(signer, endpoint, release)


def _signed_service(signer: Component, endpoint: SignedEndpoint, release: Release | None) -> Iterator[Problem]:
    given = signer.settings.get("service")
    where = f"{signer.place}/service"
    if has_reference(given, release):
        return
    if service := literal(given, release):
        if service != endpoint.service:
            yield _lost(ProblemCode.SIGNER_SERVICE, where, _name(service), (endpoint.service,), endpoint.where)
    elif endpoint.service is not SignedService.PROMETHEUS and release is not None and release < SERVICE_INFERRED_SINCE:
        yield _lost(ProblemCode.SIGNER_SERVICE, where, "missing", (endpoint.service,), endpoint.where)


def _log_headers(part: Component) -> Iterator[Problem]:
    headers = headers_of(part)
    if missing := tuple(name for name in LOG_HEADERS if name not in headers):
        yield _lost(ProblemCode.LOG_HEADERS, f"{part.place}/headers", wanted=missing)


def _own_receiver(configuration: CollectorConfiguration, part: Component, release: Release | None) -> Iterator[Problem]:
    protocol = _OTLP_PROTOCOLS.get(part.canonical)
    found = _OWN_ADDRESS.fullmatch(literal(part.settings.get("endpoint"), release) or "")
    if protocol is None or found is None:
        return
    for listener in otlp_listeners(configuration, release):
        if listener.port == int(found["port"]) and listener.protocol == protocol:
            yield _lost(
                ProblemCode.SENDS_TO_ITSELF, f"{part.place}/endpoint", found["port"], limit=shown(listener.part)
            )


def _log_group(part: Component, release: Release | None) -> Iterator[Problem]:
    name = literal(part.settings.get("log_group_name"), release)
    if not name:
        return
    plain = _PLACEHOLDER.sub("x", name) if part.canonical == "awsemf" else name
    if not _LOG_GROUP.fullmatch(plain) or plain.lower().startswith(_RESERVED):
        yield _lost(ProblemCode.LOG_GROUP_NAME, f"{part.place}/log_group_name")
