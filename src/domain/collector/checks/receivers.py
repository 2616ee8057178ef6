"""What receivers refuse of their values."""

import re
from collections.abc import Iterator
from typing import Final

from domain.collector.checks.building import (
    Checks,
    at_least,
    choice,
    not_both,
    not_supported,
    pattern,
    positive,
    required,
    well_formed,
    when_created,
    when_started,
)
from domain.collector.checks.shared import KAFKA_CLIENT, listens
from domain.collector.problems import Problem, ProblemCode
from domain.collector.references import has_reference
from domain.collector.scalars import nearest, pattern_fault
from domain.collector.settings import Settings, is_empty

_HIGHEST_PORT: Final = 65_535
_ADDRESS: Final = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*):(?P<port>[^:/]*)")
_ENCODING: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*", re.ASCII)
_LEAST_FINGERPRINT: Final = 16
_STATSD_TYPES: Final = ("timing", "timer", "histogram", "distribution")
_OBSERVERS: Final = ("gauge", "summary", "histogram", "disabled")
_OFFSETS: Final = ("latest", "earliest")
_REBALANCE: Final = ("range", "roundrobin", "sticky", "cooperative-sticky")
_KAFKA_SIGNALS: Final = ("logs", "metrics", "traces", "profiles")
_NAMED_GROUP: Final = re.compile(r"\(\?P?<\w+>")
_OPERATORS: Final = (
    *("container", "csv_parser", "json_parser", "json_array_parser", "key_value_parser", "regex_parser"),
    *("scope_name_parser", "severity_parser", "syslog_parser", "time_parser", "trace_parser", "uri_parser"),
    *("add", "assign_keys", "copy", "filter", "flatten", "move", "noop", "recombine", "regex_replace", "remove"),
    *("retain", "router", "sanitize_utf8", "unquote", "file_input", "file_output", "stdout"),
)
"""Steps of a filelog receiver. There may be more: only what is nearly one of these is refused."""
_PROTOCOLS: Final = {
    "otlpreceiver.Config": ("grpc", "http"),
    "jaegerreceiver.Config": ("grpc", "thrift_http", "thrift_binary", "thrift_compact"),
}


def _any_protocol(settings: Settings) -> Iterator[Problem]:
    protocols, known = settings.below("protocols"), _PROTOCOLS[settings.option.type]
    if "protocols" not in settings.broken and not any(name in protocols.given for name in known):
        yield settings.problem(ProblemCode.REQUIRED, "protocols", wanted=known)


def _port(text: str) -> int | None:
    """Give the port of an address: 0 where it is left out, None where there is none to be read."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return None
    digits = found["port"]
    return int(digits) if digits.isascii() and digits.isdigit() else 0 if not digits else None


def _jaeger_ports(settings: Settings) -> Iterator[Problem]:
    protocols = settings.below("protocols")
    for name in _PROTOCOLS["jaegerreceiver.Config"]:
        listener = protocols.below(name)
        text = listener.text("endpoint")
        if name in protocols.given and text is not None and not 1 <= (_port(text) or 0) <= _HIGHEST_PORT:
            yield listener.problem(
                ProblemCode.BAD_FORM, "endpoint", wanted=("a host and a port, such as localhost:14250",)
            )


def _xray_address(settings: Settings) -> Iterator[Problem]:
    check = well_formed("endpoint", _is_address, "a host and a port, such as localhost:2000", empty=True)
    for where in (settings, settings.below("proxy_server")):
        yield from check(where)


def _is_address(text: str) -> bool:
    port = _port(text)
    return port is not None and port <= _HIGHEST_PORT


def _otlp_addresses(settings: Settings) -> Iterator[Problem]:
    for name in _PROTOCOLS["otlpreceiver.Config"]:
        yield from listens(settings.below("protocols").below(name))


def _only_udp(settings: Settings) -> Iterator[Problem]:
    if settings.text("transport") not in {"udp", None}:
        yield settings.problem(ProblemCode.CHOICE, "transport", wanted=("udp",))


def _timer_mapping(settings: Settings) -> Iterator[Problem]:
    """A mapping's own kind of aggregation alone has settings."""
    observer = settings.text("observer_type")
    for kind in ("histogram", "summary"):
        if observer not in {kind, None} and settings.below(kind).given:
            yield settings.problem(ProblemCode.NOT_BOTH, kind, limit="observer_type")


def _excluded_topics(settings: Settings) -> Iterator[Problem]:
    for signal in _KAFKA_SIGNALS:
        part = settings.below(signal)
        excluded, topics = part.texts("exclude_topics"), part.texts("topics")
        if not excluded or topics is None:
            continue
        if not any(topic.startswith("^") for topic in topics):
            yield part.problem(ProblemCode.NOT_BOTH, "exclude_topics", limit="topics")
        elif any(not topic or pattern_fault(topic) for topic in excluded):
            yield part.problem(ProblemCode.BAD_FORM, "exclude_topics", wanted=("regular expressions",))


def _file_operators(settings: Settings) -> Iterator[Problem]:
    for operator in settings.each("operators"):
        kind = operator.given.get("type")
        if is_empty(kind):
            yield operator.problem(ProblemCode.REQUIRED, "type")
        elif isinstance(kind, str) and kind not in _OPERATORS and (near := nearest(kind, _OPERATORS)):
            yield operator.problem(ProblemCode.CHOICE, "type", wanted=(near,))


def _parsed_patterns(settings: Settings) -> Iterator[Problem]:
    """A regex_parser has an expression, and a name for what it takes of it."""
    for operator in settings.each("operators"):
        if operator.given.get("type") != "regex_parser":
            continue
        regex = operator.given.get("regex")
        if is_empty(regex):
            yield operator.problem(ProblemCode.REQUIRED, "regex")
        elif isinstance(regex, str) and not has_reference(regex, settings.release):
            plain = regex.replace("$$", "$")
            if why := pattern_fault(plain) or ("" if _NAMED_GROUP.search(plain) else "no group of it has a name"):
                yield operator.problem(ProblemCode.BAD_FORM, "regex", wanted=("a regular expression",), limit=why)


RECEIVERS: Final[Checks] = {
    "awsxrayreceiver.Config": (when_created(_only_udp), when_created(_xray_address)),
    "filelogreceiver.FileLogConfig": (
        when_created(required("include")),
        when_created(choice("start_at", "beginning", "end", empty=False)),
        when_created(choice("compression", "gzip", "auto")),
        when_created(well_formed("encoding", _ENCODING.fullmatch, "the name of an encoding, such as utf-8")),
        when_created(at_least("max_concurrent_files", 1)),
        when_created(at_least("fingerprint_size", _LEAST_FINGERPRINT)),
        when_created(at_least("max_log_size", 1)),
        when_created(not_supported("delete_after_read")),
        when_created(at_least("max_batches", 0)),
        _file_operators,
        when_created(_parsed_patterns),
    ),
    "split.Config": (
        when_created(not_both("line_start_pattern", "line_end_pattern")),
        when_created(pattern("line_start_pattern")),
        when_created(pattern("line_end_pattern")),
    ),
    "jaegerreceiver.Config": (_any_protocol, _jaeger_ports),
    "kafkareceiver.Config": (
        *KAFKA_CLIENT,
        choice("initial_offset", *_OFFSETS, empty=False),
        choice("group_rebalance_strategy", *_REBALANCE),
        _excluded_topics,
    ),
    "otlpreceiver.Config": (_any_protocol, when_started(_otlp_addresses)),
    "statsdreceiver.Config": (positive("aggregation_interval"), when_started(listens)),
    "zipkinreceiver.Config": (when_started(listens),),
    "protocol.TimerHistogramMapping": (
        required("statsd_type", "observer_type"),
        choice("statsd_type", *_STATSD_TYPES),
        choice("observer_type", *_OBSERVERS),
        _timer_mapping,
    ),
}
