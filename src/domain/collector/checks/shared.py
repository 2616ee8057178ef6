"""Values of structs that many components have: retries, queues, TLS, HTTP clients, Kafka; and texts with a set form."""

import re
from collections.abc import Iterator
from typing import Final

from domain.collector.checks.building import (
    Check,
    Checks,
    at_least,
    at_most,
    choice,
    if_on,
    most_not_below_least,
    no_duplicates,
    not_both,
    not_negative,
    positive,
    required,
    shown_number,
    shown_time,
    unpaired,
    well_formed,
    when_started,
)
from domain.collector.problems import Problem, ProblemCode
from domain.collector.settings import NOT_KNOWN, Settings

_COMPRESSIONS: Final = ("gzip", "zlib", "deflate", "snappy", "x-snappy-framed", "zstd", "lz4", "none")
_PAIR: Final = (("cert_file", "cert_pem"), ("key_file", "key_pem"))
_ADDRESS: Final = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*):(?P<port>[^:]*)")
_DIGITS: Final = re.compile(r"[0-9]+")
_HIGHEST_PORT: Final = 65_535
_LONGEST_PORT: Final = 5  # digits
_WITHOUT_LEVELS: Final = frozenset({"snappy", "x-snappy-framed", "lz4"})
_TRANSPORTS: Final = (
    *("tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "ip", "ip4", "ip6"),
    *("unix", "unixgram", "unixpacket"),
)
_LEVELS: Final = ("none", "basic", "normal", "detailed")
_MECHANISMS: Final = (
    *("PLAIN", "AWS_MSK_IAM_OAUTHBEARER", "SCRAM-SHA-256", "SCRAM-SHA-512"),
    *("OAUTHBEARER", "OIDCFILE"),
)
_KAFKA_VERSION: Final = re.compile(r"\d+\.\d+\.\d+(\.\d+)?", re.ASCII)
_TLS: Final = ("1.0", "1.1", "1.2", "1.3")

TEXTS: Final[dict[str, tuple[tuple[str, ...], bool]]] = {
    # By type: what a text may be, and whether it may be empty. In any case.
    "configcompression.Type": (_COMPRESSIONS, True),
    "confignet.TransportType": (_TRANSPORTS, True),
    "configtelemetry.Level": (_LEVELS, False),
    "zapcore.Level": (("debug", "info", "warn", "error", "dpanic", "panic", "fatal"), True),
    "request.SizerType": (("requests", "items", "bytes"), False),
    "condition.ContextID": (
        ("resource", "scope", "span", "spanevent", "metric", "datapoint", "log", "profile"),
        True,
    ),
    "ottl.ErrorMode": (("ignore", "silent", "propagate"), False),
    "otlphttpexporter.EncodingType": (("proto", "json"), False),
    "config.HostnameSource": (("config_or_system", "first_resource"), False),
    "config.HistogramMode": (("nobuckets", "counters", "distributions"), False),
    "config.SummaryMode": (("noquantiles", "gauges"), False),
    "config.CumulativeMonotonicSumMode": (("to_delta", "raw_value"), False),
    "config.InitialValueMode": (("auto", "drop", "keep"), False),
    "tracking.InitialValue": (("auto", "keep", "drop"), False),
    "probabilisticsamplerprocessor.SamplerMode": (("hash_seed", "equalizing", "proportional"), True),
    "relabel.Action": (
        (
            *("replace", "keep", "drop", "keepequal", "dropequal", "hashmod"),
            *("labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"),
        ),
        False,
    ),
}
"""Texts that the collector takes only from a set; their types are read wherever they stand."""

_BYTES: Final = re.compile(r"\d+(?:\.\d+)?\s*(?:[kKmMgGtTpP]?i?[bB])?", re.ASCII)
_BASE2: Final = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:[KMGTPE]?i?B))+|0|", re.ASCII)

FORMS: Final[dict[str, tuple[re.Pattern[str], str]]] = {
    "helper.ByteSize": (_BYTES, "a size such as 16kib"),
    "units.Base2Bytes": (_BASE2, "a size such as 10MB"),
}


def _elapsed_after_intervals(settings: Settings) -> Iterator[Problem]:
    elapsed = settings.duration("max_elapsed_time")
    for key in ("initial_interval", "max_interval"):
        interval = settings.duration(key)
        if elapsed is not None and interval is not None and 0 < elapsed < interval:
            found = shown_time(settings, "max_elapsed_time")
            yield settings.problem(ProblemCode.NOT_BELOW, "max_elapsed_time", found=found, limit=key)
            return


def _queue_holds_a_batch(settings: Settings) -> Iterator[Problem]:
    """The queue is counted as its batches are, unless they have a sizer of their own."""
    batch = settings.below("batch")
    sizers = (settings.value("sizer"), batch.value("sizer"))
    if not batch.given or batch.given.get("enabled") is False or NOT_KNOWN in sizers:
        return
    sizer = settings.text("sizer") or "requests"
    own = batch.text("sizer") or (sizer if settings.has("sizer") else "items")
    least, size = batch.number("min_size"), settings.number("queue_size")
    if sizer == own and least is not None and size is not None and least > size:
        yield batch.problem(ProblemCode.TOO_LARGE, "min_size", found=shown_number(least), limit="queue_size")


def _batch_is_counted(settings: Settings) -> Iterator[Problem]:
    if settings.text("sizer") == "requests":
        yield settings.problem(ProblemCode.CHOICE, "sizer", wanted=("items", "bytes"))


def _tls_versions(settings: Settings) -> Iterator[Problem]:
    least, most = settings.text("min_version"), settings.text("max_version")
    if least in _TLS and most in _TLS and most != "1.3" and most < least:
        yield settings.problem(ProblemCode.NOT_BELOW, "max_version", found=most, limit="min_version")


def _certificate_and_key(settings: Settings) -> Iterator[Problem]:
    """A certificate and its key go together, unless nothing is encrypted."""
    if settings.has("insecure") and settings.switch("insecure") is not False:
        return
    for missing in unpaired(settings, *_PAIR):
        yield settings.problem(ProblemCode.REQUIRED, missing[0], wanted=missing)


def _is_address(text: str) -> bool:
    found = _ADDRESS.fullmatch(text)
    if found is None or "/" in found["port"]:
        return False
    digits = found["port"].lstrip("0")
    return not _DIGITS.fullmatch(digits) or (len(digits) <= _LONGEST_PORT and int(digits) <= _HIGHEST_PORT)


def listens(settings: Settings) -> Iterator[Problem]:
    """Refuse an address that no port can be bound at: without a port, or with a scheme."""
    transport = settings.text("transport")
    if transport is not None and not transport.startswith("unix"):
        yield from well_formed("endpoint", _is_address, "an address and a port", empty=True)(settings)


def compression_level(settings: Settings) -> Iterator[Problem]:
    """Refuse a level that Go's compression does not have, or any of a compression without levels."""
    compression = settings.text("compression")
    level = settings.below("compression_params").number("level")
    if compression in _WITHOUT_LEVELS and level:
        yield settings.below("compression_params").problem(ProblemCode.NOT_BOTH, "level", limit="compression")
    if compression in {"gzip", "zlib", "deflate"} and level is not None and not -2 <= level <= 9:  # noqa: PLR2004 - Go's own bounds
        yield settings.below("compression_params").problem(
            ProblemCode.TOO_LARGE, "level", found=shown_number(level), limit="9"
        )


def _sasl_user(settings: Settings) -> Iterator[Problem]:
    if settings.text("mechanism") in {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}:
        yield from required("username", "password")(settings)


_TLS_CHECKS: Final[tuple[Check, ...]] = (
    choice("min_version", *_TLS),
    choice("max_version", *_TLS),
    _tls_versions,
    not_both("ca_file", "ca_pem"),
    when_started(_certificate_and_key),
)

SHARED: Final[Checks] = {
    "configretry.BackOffConfig": (
        if_on(not_negative("initial_interval", "max_interval", "max_elapsed_time")),
        if_on(at_least("randomization_factor", 0)),
        if_on(at_most("randomization_factor", 1)),
        if_on(at_least("multiplier", 0)),
        if_on(_elapsed_after_intervals),
    ),
    "queuebatch.Config": (
        at_least("num_consumers", 1),
        at_least("queue_size", 1),
        not_both("storage", "wait_for_result"),
        _queue_holds_a_batch,
    ),
    "queuebatch.BatchConfig": (
        _batch_is_counted,
        positive("flush_timeout"),
        at_least("min_size", 0),
        at_least("max_size", 0),
        most_not_below_least("min_size", "max_size"),
    ),
    "queuebatch.PartitionConfig": (no_duplicates("metadata_keys"),),
    "configtls.ClientConfig": _TLS_CHECKS,
    "configtls.ServerConfig": _TLS_CHECKS,
    "configkafka.SASLConfig": (
        choice("mechanism", *_MECHANISMS, empty=False),
        _sasl_user,
        at_least("version", 0),
        at_most("version", 1),
    ),
    "configkafka.ProducerConfig": (
        choice("compression", "none", "gzip", "snappy", "lz4", "zstd", empty=False),
        at_least("required_acks", -1),
        at_most("required_acks", 1),
    ),
}


KAFKA_CLIENT: Final[tuple[Check, ...]] = (
    required("brokers"),
    well_formed("protocol_version", _KAFKA_VERSION.fullmatch, "a version such as 2.8.0", empty=True),
)
