"""What exporters refuse of their values."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from domain.collector.checks.building import (
    Check,
    Checks,
    at_least,
    choice,
    not_both,
    not_negative,
    patterns,
    required,
    required_one,
    shown_number,
    shown_time,
    well_formed,
    when_created,
)
from domain.collector.checks.shared import KAFKA_CLIENT, compression_level
from domain.collector.problems import Problem, ProblemCode
from domain.collector.scalars import MINUTE, is_request_uri, is_url
from domain.collector.settings import Settings, is_empty

RETENTION_DAYS: Final = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What CloudWatch accepts; with zero, log events never expire."""
_MOST_TAGS: Final = 50
_TAG: Final = re.compile(r"[\w\s.:/=+@-]*")
_LONGEST_TAG_KEY, _LONGEST_TAG_VALUE = 128, 256
_TRANSLATIONS: Final = (
    *("UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes"),
    *("NoUTF8EscapingWithSuffixes", "NoTranslation"),
)
_BALANCERS: Final = (
    *("round_robin", "pick_first", "pick_first_leaf", "grpclb", "weighted_target_experimental"),
    *("ring_hash_experimental", "weighted_round_robin", "least_request_experimental"),
)
_LONGEST_HOST: Final = 255
_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_ROUTING: Final = ("service", "traceID", "metric", "resource", "streamID", "attributes")
_RESOLVERS: Final = ("static", "dns", "k8s", "aws_cloud_map")


def _retention(settings: Settings) -> Iterator[Problem]:
    days = settings.number("log_retention")
    if days is not None and days not in RETENTION_DAYS:
        wanted = tuple(str(allowed) for allowed in sorted(RETENTION_DAYS))
        yield settings.problem(ProblemCode.CHOICE, "log_retention", found=shown_number(days), wanted=wanted)


def _tags(settings: Settings) -> Iterator[Problem]:
    tags = settings.value("tags")
    if not isinstance(tags, Mapping):
        return
    for key, value in tags.items():
        text = value if isinstance(value, str) else ""
        if "$" in text:
            continue
        good = 0 < len(key) <= _LONGEST_TAG_KEY and 0 < len(text) <= _LONGEST_TAG_VALUE
        if not (good and _TAG.fullmatch(key) and _TAG.fullmatch(text)):
            yield settings.problem(ProblemCode.BAD_FORM, "tags", wanted=("tags as CloudWatch takes them",))
            return
    if len(tags) > _MOST_TAGS:
        yield settings.problem(ProblemCode.TOO_LARGE, "tags", found=str(len(tags)), limit=str(_MOST_TAGS))


_LOGS: Final[tuple[Check, ...]] = (_retention, _tags)


def _grpc_address(settings: Settings) -> Iterator[Problem]:
    """Refuse an endpoint without a host and a number for its port; sockets have none."""
    text = settings.text("endpoint")
    if text is None or text.startswith("unix:"):
        return
    plain = re.sub(r"^(?:https?://|dns:///?)", "", text)
    if not plain:
        yield settings.problem(ProblemCode.REQUIRED, "endpoint")
    elif not re.fullmatch(r"(?:\[[^\[\]]*\]|[^:\[\]]*):[-+]?\d+", plain, re.ASCII):
        yield settings.problem(
            ProblemCode.BAD_FORM, "endpoint", wanted=("a host and a port, such as example.com:4317",)
        )


def _remote_write_queue(settings: Settings) -> Iterator[Problem]:
    yield from at_least("queue_size", 1 if settings.switch("enabled") else 0)(settings)
    yield from at_least("num_consumers", 0)(settings)


def _external_labels(settings: Settings) -> Iterator[Problem]:
    labels = settings.value("external_labels")
    if isinstance(labels, Mapping) and any(not key or is_empty(value) for key, value in labels.items()):
        yield settings.problem(ProblemCode.REQUIRED, "external_labels")


def _datadog_key(settings: Settings) -> Iterator[Problem]:
    yield from required("key")(settings.below("api"))


def _reporter_period(settings: Settings) -> Iterator[Problem]:
    period = settings.duration("reporter_period")
    if period is not None and period < 5 * MINUTE:
        found = shown_time(settings, "reporter_period")
        yield settings.problem(ProblemCode.TOO_SMALL, "reporter_period", found=found, limit="5m")


def _one_resolver(settings: Settings) -> Iterator[Problem]:
    resolver = settings.below("resolver")
    named = [key for key in _RESOLVERS if resolver.given.get(key) is not None]
    if not named:
        yield resolver.problem(ProblemCode.REQUIRED, wanted=_RESOLVERS)
    if len(named) > 1:
        yield resolver.problem(ProblemCode.NOT_BOTH, named[1], limit=named[0])


def _signalfx_urls(settings: Settings) -> Iterator[Problem]:
    if not settings.text("ingest_url") or not settings.text("api_url"):
        yield from required("realm")(settings)


def _file_groups(settings: Settings) -> Iterator[Problem]:
    group = settings.below("group_by")
    if group.switch("enabled"):
        yield from required("resource_attribute")(group)
        path = settings.text("path")
        if path is not None and path.count("*") != 1:
            yield settings.problem(ProblemCode.BAD_FORM, "path", wanted=("a path with one *",))


def _is_hostname(text: str) -> bool:
    return len(text) <= _LONGEST_HOST and _HOST.fullmatch(text) is not None


EXPORTERS: Final[Checks] = {
    "awsemfexporter.Config": _LOGS,
    "awsemfexporter.MetricDeclaration": (patterns("metric_name_selectors"),),
    "awscloudwatchlogsexporter.Config": (*_LOGS, required("log_group_name", "log_stream_name")),
    "config.Config": (
        _datadog_key,
        well_formed("hostname", _is_hostname, "a host name", empty=True),
        compression_level,
    ),
    "config.HostMetadataConfig": (_reporter_period,),
    "debugexporter.Config": (choice("verbosity", "basic", "normal", "detailed", any_case=True),),
    "fileexporter.Config": (
        required("path"),
        choice("format", "json", "proto", empty=False),
        choice("compression", "zstd"),
        not_both("append", "compression"),
        not_both("append", "rotation"),
        not_negative("flush_interval"),
        _file_groups,
    ),
    "kafkaexporter.Config": (
        *KAFKA_CLIENT,
        not_both("partition_logs_by_resource_attributes", "partition_logs_by_trace_id"),
    ),
    "loadbalancingexporter.Config": (
        when_created(_one_resolver),
        when_created(choice("routing_key", *_ROUTING)),
    ),
    "loadbalancingexporter.StaticResolver": (when_created(required("hostnames")),),
    "loadbalancingexporter.DNSResolver": (when_created(required("hostname")),),
    "loadbalancingexporter.AWSCloudMapResolver": (when_created(required("namespace", "service_name")),),
    "logzioexporter.Config": (
        required("account_token"),
        required_one("region", "endpoint", "custom_endpoint"),
        compression_level,
    ),
    "otlpexporter.Config": (_grpc_address, choice("balancer_name", *_BALANCERS)),
    "otlphttpexporter.Config": (
        required_one("endpoint", "traces_endpoint", "metrics_endpoint", "logs_endpoint", "profiles_endpoint"),
        *(
            when_created(well_formed(key, is_url, "a URL, such as https://example.com:4318", empty=True))
            for key in ("endpoint", "traces_endpoint", "metrics_endpoint", "logs_endpoint")
        ),
        compression_level,
    ),
    "prometheusexporter.Config": (required("endpoint"), choice("translation_strategy", *_TRANSLATIONS)),
    "prometheusremotewriteexporter.Config": (
        when_created(well_formed("endpoint", is_request_uri, "a URL, such as https://example.com/api/v1/write")),
        at_least("max_batch_size_bytes", 0),
        choice("translation_strategy", *_TRANSLATIONS),
        choice("protobuf_message", "prometheus.WriteRequest", "io.prometheus.write.v2.Request", empty=False),
        when_created(_external_labels),
        compression_level,
    ),
    "prometheusremotewriteexporter.RemoteWriteQueue": (_remote_write_queue,),
    "signalfxexporter.Config": (required("access_token"), _signalfx_urls, not_negative("timeout")),
}
