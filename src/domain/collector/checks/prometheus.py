"""What the prometheus receiver refuses of the scrape configuration that it hands to Prometheus' own reader."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from domain.collector.checks.building import (
    Check,
    Checks,
    choice,
    choices,
    pattern,
    required,
    shown_time,
    unpaired,
    well_formed,
)
from domain.collector.problems import Problem, ProblemCode, Topic
from domain.collector.reading import Value
from domain.collector.references import has_reference
from domain.collector.scalars import MINUTE, is_request_uri
from domain.collector.settings import Settings, is_empty

_WITHOUT_TARGET: Final = frozenset({"keep", "drop", "labelmap", "labeldrop", "labelkeep"})
_EXACT: Final = frozenset({"labeldrop", "labelkeep"})
_SCRAPE_PROTOCOLS: Final = (
    *("PrometheusProto", "PrometheusText0.0.4", "PrometheusText1.0.0"),
    *("OpenMetricsText0.0.1", "OpenMetricsText1.0.0"),
)
_NOT_OURS: Final = ("remote_write", "remote_read", "rule_files")
_FILE: Final = re.compile(r"[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml|JSON|YML|YAML)")
_CREDENTIALS: Final = (
    ("basic_auth", "authorization", "oauth2", "bearer_token"),
    ("basic_auth", "authorization", "oauth2", "bearer_token_file"),
    ("bearer_token", "bearer_token_file"),
)
_CERTIFICATE: Final = (("cert", "cert_file", "cert_ref"), ("key", "key_file", "key_ref"))


def _something_to_scrape(settings: Settings) -> Iterator[Problem]:
    if "config" in settings.broken or has_reference(settings.given.get("config"), settings.release):
        return
    config = settings.below("config")
    scraped = [config.value(key) for key in ("scrape_configs", "scrape_config_files")]
    allocated = settings.given.get("target_allocator") is not None
    if all(map(is_empty, scraped)) and not allocated:
        yield settings.problem(ProblemCode.REQUIRED, "config", wanted=("scrape_configs",))


def _only_scraping(settings: Settings) -> Iterator[Problem]:
    alerting = settings.below("alerting")
    for where, key in (
        *((settings, key) for key in _NOT_OURS),
        *((alerting, key) for key in ("alert_relabel_configs", "alertmanagers")),
    ):
        if where.entries(key):
            yield where.problem(ProblemCode.NOT_SUPPORTED, key)


def _jobs(settings: Settings) -> Iterator[Problem]:
    """Names are there and differ, and no scrape may take longer than the time between two."""
    overall = settings.below("global")
    if too_long := tuple(_timeout(overall, MINUTE)):
        yield from too_long
        return
    interval = overall.duration("scrape_interval") or MINUTE
    seen = set[str]()
    for job in settings.each("scrape_configs"):
        name = job.text("job_name")
        if name and name in seen:
            yield job.problem(ProblemCode.DUPLICATE, "job_name")
        seen.add(name or "")
        yield from _timeout(job, interval)


def _timeout(job: Settings, interval: int) -> Iterator[Problem]:
    own = job.duration("scrape_interval") or interval
    timeout = job.duration("scrape_timeout") or 0
    if timeout > own:
        found = shown_time(job, "scrape_timeout")
        yield job.problem(ProblemCode.TOO_LARGE, "scrape_timeout", found=found, limit="scrape_interval")


def _one_of(*keys: str) -> Check:
    """Refuse more than one of these."""

    def checked(settings: Settings) -> Iterator[Problem]:
        named = [key for key in keys if settings.is_set(key)]
        if len(named) > 1:
            yield settings.problem(ProblemCode.NOT_BOTH, named[1], limit=named[0])

    return checked


def _one_credential(settings: Settings) -> Iterator[Problem]:
    found = (problem for keys in _CREDENTIALS for problem in _one_of(*keys)(settings))
    yield from islice(found, 1)


def _no_basic(settings: Settings) -> Iterator[Problem]:
    """A user and a password are written as basic_auth."""
    if (settings.text("type") or "").strip().lower() == "basic":
        yield settings.problem(ProblemCode.NOT_SUPPORTED, "type")


def _certificate_and_key(settings: Settings) -> Iterator[Problem]:
    """A client's certificate and its key go together."""
    for missing in unpaired(settings, *_CERTIFICATE):
        yield settings.problem(ProblemCode.REQUIRED, missing[1], wanted=missing[:2])


def _targets(settings: Settings) -> Iterator[Problem]:
    """A target is a host and a port; a URL may only be made one by relabelling."""
    if settings.entries("relabel_configs") != ():
        return
    for group in settings.each("static_configs"):
        for index, target in enumerate(group.texts("targets") or ()):
            if "/" in target:
                yield group.problem(
                    ProblemCode.BAD_FORM, f"targets[{index}]", wanted=("a host and a port without a path",)
                )


def _files(settings: Settings) -> Iterator[Problem]:
    value = settings.given.get("file_sd_configs")
    for index, entry in enumerate(value if isinstance(value, tuple) else ()):
        where = f"{settings.at('file_sd_configs')}[{index}]"
        files: Value = entry.get("files") if isinstance(entry, Mapping) else None
        if not isinstance(files, tuple) or not files:
            yield Problem(Topic.VALUES, ProblemCode.REQUIRED, f"{where}/files")
            continue
        for number, file in enumerate(files):
            if isinstance(file, str) and not has_reference(file, settings.release) and not _FILE.fullmatch(file):
                wanted = ("a path that ends with .json, .yml or .yaml",)
                yield Problem(Topic.VALUES, ProblemCode.BAD_FORM, f"{where}/files[{number}]", wanted=wanted)


def _relabelling(settings: Settings) -> Iterator[Problem]:
    action = (settings.text("action") or "replace").lower() if settings.text("action") is not None else None
    if action is None:
        return
    target = settings.text("target_label")
    if target == "" and action not in _WITHOUT_TARGET:
        yield settings.problem(ProblemCode.REQUIRED, "target_label")
    for index, label in enumerate(settings.texts("source_labels") or ()):
        if not label:
            yield settings.problem(ProblemCode.BAD_FORM, f"source_labels[{index}]", wanted=("the name of a label",))
    if action == "hashmod" and settings.number("modulus") == 0:
        yield settings.problem(ProblemCode.REQUIRED, "modulus")
    if action in _EXACT:
        for unused in ("source_labels", "target_label", "modulus", "separator", "replacement"):
            if settings.has(unused):
                yield settings.problem(ProblemCode.NOT_BOTH, unused, limit="action")


def _labels(settings: Settings) -> Iterator[Problem]:
    labels = settings.below("labels").given
    for name in labels:
        if not name:
            yield settings.problem(ProblemCode.BAD_FORM, "labels", wanted=("names of labels",))


PROMETHEUS: Final[Checks] = {
    "prometheusreceiver.Config": (_something_to_scrape,),
    "prometheusreceiver.PromConfig": (_only_scraping, _jobs),
    "config.ScrapeConfig": (
        required("job_name"),
        choice("scheme", "http", "https"),
        choices("scrape_protocols", *_SCRAPE_PROTOCOLS),
        choice("fallback_scrape_protocol", *_SCRAPE_PROTOCOLS),
        _one_credential,
        _targets,
        _files,
    ),
    "config.BasicAuth": (
        _one_of("username", "username_file", "username_ref"),
        _one_of("password", "password_file", "password_ref"),
    ),
    "config.Authorization": (_one_of("credentials", "credentials_file", "credentials_ref"), _no_basic),
    "config.TLSConfig": (*(_one_of(*keys) for keys in _CERTIFICATE), _certificate_and_key),
    "config.GlobalConfig": (choices("scrape_protocols", *_SCRAPE_PROTOCOLS),),
    "relabel.Config": (_relabelling, pattern("regex")),
    "targetgroup.Group": (_labels,),
    "targetallocator.Config": (well_formed("endpoint", is_request_uri, "a URL"), required("collector_id")),
}
