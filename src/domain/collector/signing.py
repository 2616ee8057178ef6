"""AWS endpoints that take only signed requests: which exporters send there, and what signs for them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.collector.configuration import CollectorConfiguration, Component, mapping, within
from domain.collector.reading import Value
from domain.collector.references import literal
from domain.collector.releases import ComponentKind, Release

SERVICE_INFERRED_SINCE: Final = Release(0, 49, 0)
"""From here on, sigv4auth tells the service of CloudWatch's OTLP endpoints by their host."""
SIGNER: Final = "sigv4auth"
LOG_HEADERS: Final = ("x-aws-log-group", "x-aws-log-stream")
"""What a request to CloudWatch's OTLP endpoint of logs must have in addition to its signature."""

_REGION: Final = r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)"
_PROMETHEUS: Final = re.compile(rf"https?://aps-workspaces(?:-fips)?\.{_REGION}\.[a-z.]+(?::\d+)?(?:/|$)", re.ASCII)
_CLOUDWATCH: Final = re.compile(
    rf"(?:https?://)?(?P<service>monitoring|xray|logs)\.{_REGION}\.amazonaws\.com(?:\.cn)?(?::\d+)?(?:/|$)", re.ASCII
)
_SIGNAL_ENDPOINTS: Final = ("endpoint", "metrics_endpoint", "traces_endpoint", "logs_endpoint")


class SignedService(StrEnum):
    """Services that take telemetry, by the name that requests are signed for."""

    PROMETHEUS = "aps"
    METRICS = "monitoring"
    TRACES = "xray"
    LOGS = "logs"


@dataclass(frozen=True, slots=True)
class SignedEndpoint:
    """One AWS endpoint that an exporter names at `where`."""

    where: str
    service: SignedService
    region: str


def signed_endpoints(part: Component, release: Release | None = None) -> tuple[SignedEndpoint, ...]:
    """Give the endpoints of one exporter that take only signed requests, as far as they are written out."""
    return tuple(_endpoints(part, release)) if part.kind is ComponentKind.EXPORTER else ()


def _endpoints(part: Component, release: Release | None) -> Iterator[SignedEndpoint]:
    match part.canonical:
        case "prometheusremotewrite":
            if found := _PROMETHEUS.match(literal(part.settings.get("endpoint"), release) or ""):
                yield SignedEndpoint(f"{part.place}/endpoint", SignedService.PROMETHEUS, found["region"])
        case "otlphttp" | "otlp":
            for key in _SIGNAL_ENDPOINTS:
                if found := _CLOUDWATCH.match(literal(part.settings.get(key), release) or ""):
                    yield SignedEndpoint(f"{part.place}/{key}", SignedService(found["service"]), found["region"])
        case _:
            pass


def headers_of(part: Component) -> Mapping[str, Value]:
    """Give the headers that an exporter sends, by their names in lower case; they may also be a list of pairs."""
    headers = part.settings.get("headers")
    if isinstance(headers, tuple):
        return {str(mapping(entry).get("name")).lower(): mapping(entry).get("value") for entry in headers}
    return {name.lower(): value for name, value in mapping(headers).items()}


def authenticator_of(part: Component) -> str | None:
    """Give the id of the extension that a component names for its requests."""
    name = within(part.settings, "auth", "authenticator")
    return name if isinstance(name, str) and name else None


def signer_of(configuration: CollectorConfiguration, part: Component) -> Component | None:
    """Give the sigv4auth extension that signs for a component, if it is one and runs."""
    name = authenticator_of(part)
    extension = configuration.extensions.get(name.strip()) if name else None
    if extension is None or extension.canonical != SIGNER or extension.id not in configuration.started_extensions:
        return None
    return extension
