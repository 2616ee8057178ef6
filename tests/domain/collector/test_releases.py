"""What is known of ADOT releases, and the tool that adds the next one."""

import json
from datetime import date
from pathlib import Path

import pytest

from domain.collector.releases import (
    NEEDS_EC2,
    ComponentKind,
    Release,
    ReleaseStanding,
    canonical_type,
    component_status,
    newest_known,
    release_facts,
    support_ended,
)
from tools import adot_releases

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT.parent / "shared/reference/adot_components_by_version.json"
NEWEST = Release.parse("v0.49.0")


def modules_of(release: Release) -> set[str]:
    return {facts.module for facts in release_facts().components.values() if facts.exists_in(release)}


@pytest.mark.parametrize(
    ("tag", "release"),
    [
        ("v0.47.0", Release(0, 47, 0)),
        ("0.47.0", Release(0, 47, 0)),
        ("v1.0.10", Release(1, 0, 10)),
        ("latest", None),
        ("v0.47", None),
        ("v0.47.0-arm64", None),
        ("v0.47.00", None),
        ("v0.٤٧.0", None),
        ("v0.47.0\n", None),
        ("", None),
        ("v" + "9" * 5000 + ".0.0", None),
    ],
)
def test_a_release_tag_is_read_and_any_other_is_none(tag: str, release: Release | None) -> None:
    assert Release.of_tag(tag) == release


def test_releases_order_by_number_not_by_text() -> None:
    assert Release(0, 9, 0) < Release(0, 17, 0) < Release(0, 41, 2) < Release(0, 42, 0) < NEWEST
    assert str(Release(0, 41, 2)) == "v0.41.2"


def test_what_is_no_release_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"'latest' is not a release: write it as v0\.47\.0\."):
        Release.parse("latest")


def test_the_known_range_is_that_of_the_facts() -> None:
    assert release_facts().releases[0] == Release(0, 17, 0)
    assert newest_known() >= NEWEST


@pytest.mark.skipif(not REFERENCE.exists(), reason="needs the reference material next to the project")
def test_every_component_of_every_release_is_as_the_collector_registers_it() -> None:
    listed = json.loads(REFERENCE.read_text())
    facts = release_facts()
    assert [str(release) for release in facts.releases] == [row["tag"] for row in listed]
    for row in listed:
        assert modules_of(Release.parse(row["tag"])) == set(row["components"]) - {"otelconftelemetry"}, row["tag"]


RECEIVER, PROCESSOR, EXPORTER, EXTENSION, CONNECTOR = ComponentKind
STATUS = [
    (RECEIVER, "otlp", "v0.47.0", ReleaseStanding.KNOWN, None),
    (EXTENSION, "health_check", "v0.17.0", ReleaseStanding.KNOWN, None),
    (EXTENSION, "ecs_observer", "v0.49.0", ReleaseStanding.KNOWN, None),
    (EXTENSION, "file_storage", "v0.34.0", ReleaseStanding.KNOWN, None),
    (PROCESSOR, "memory_limiter", "v0.49.0", ReleaseStanding.KNOWN, None),
    (PROCESSOR, "probabilistic_sampler", "v0.49.0", ReleaseStanding.KNOWN, None),
    (RECEIVER, "awscontainerinsightreceiver", "v0.49.0", ReleaseStanding.KNOWN, None),
    (EXTENSION, "awsproxy", "v0.49.0", ReleaseStanding.KNOWN, None),
    (EXPORTER, "logging", "v0.41.2", ReleaseStanding.KNOWN, None),
    (EXPORTER, "logging", "v0.42.0", ReleaseStanding.REMOVED, "debug"),
    (EXPORTER, "debug", "v0.41.0", ReleaseStanding.KNOWN, None),
    (EXPORTER, "debug", "v0.40.2", ReleaseStanding.NOT_YET, None),
    (EXPORTER, "sapm", "v0.48.0", ReleaseStanding.REMOVED, "otlphttp"),
    (EXPORTER, "dynatrace", "v0.36.0", ReleaseStanding.KNOWN, None),
    (EXPORTER, "dynatrace", "v0.37.0", ReleaseStanding.REMOVED, "otlphttp"),
    (EXTENSION, "memory_ballast", "v0.42.0", ReleaseStanding.REMOVED, None),
    (EXPORTER, "awsprometheusremotewrite", "v0.21.0", ReleaseStanding.REMOVED, None),
    (EXPORTER, "awsprometheusremotewrite", "v0.20.1", ReleaseStanding.KNOWN, None),
    (RECEIVER, "file_log", "v0.47.0", ReleaseStanding.ALIAS_NOT_YET, "filelog"),
    (RECEIVER, "file_log", "v0.48.0", ReleaseStanding.KNOWN, None),
    (EXPORTER, "otlp_http", "v0.47.0", ReleaseStanding.ALIAS_NOT_YET, "otlphttp"),
    (EXPORTER, "otlp_grpc", "v0.48.0", ReleaseStanding.KNOWN, None),
    (PROCESSOR, "k8s_attributes", "v0.48.0", ReleaseStanding.KNOWN, None),
    (PROCESSOR, "metrics_transform", "v0.48.0", ReleaseStanding.ALIAS_NOT_YET, "metricstransform"),
    (PROCESSOR, "resource_detection", "v0.49.0", ReleaseStanding.KNOWN, None),
    (EXPORTER, "load_balancing", "v0.49.0", ReleaseStanding.KNOWN, None),
    (EXPORTER, "prometheus_remote_write", "v0.48.0", ReleaseStanding.ALIAS_NOT_YET, "prometheusremotewrite"),
    (PROCESSOR, "transform", "v0.49.0", ReleaseStanding.UNKNOWN_NAME, None),
    (EXPORTER, "splunk_hec", "v0.30.0", ReleaseStanding.UNKNOWN_NAME, None),
    (EXPORTER, "newrelic", "v0.17.0", ReleaseStanding.UNKNOWN_NAME, None),
    (EXTENSION, "otelconftelemetry", "v0.49.0", ReleaseStanding.UNKNOWN_NAME, None),
    (EXTENSION, "healthcheck", "v0.49.0", ReleaseStanding.UNKNOWN_NAME, "health_check"),
    (RECEIVER, "otlpreceiver", "v0.49.0", ReleaseStanding.UNKNOWN_NAME, "otlp"),
    (CONNECTOR, "spanmetrics", "v0.49.0", ReleaseStanding.UNKNOWN_NAME, None),
    (RECEIVER, "otlp", "v0.16.1", ReleaseStanding.UNDECIDABLE, None),
    (RECEIVER, "otlp", "v99.0.0", ReleaseStanding.UNDECIDABLE, None),
]


@pytest.mark.parametrize(("kind", "name", "tag", "standing", "instead"), STATUS)
def test_a_component_has_the_same_name_in_a_release_as_in_the_image(
    kind: ComponentKind, name: str, tag: str, standing: ReleaseStanding, instead: str | None
) -> None:
    status = component_status(kind, name, Release.parse(tag))
    assert status.standing is standing
    if instead:
        assert status.instead == instead
        assert instead in status.sentence


def test_the_sentence_names_what_to_use_instead() -> None:
    status = component_status(EXPORTER, "logging", Release.parse("v0.47.0"))
    assert status.sentence == "The exporter logging was removed in v0.42.0: use debug."
    wrong_place = component_status(EXPORTER, "batch", NEWEST)
    assert wrong_place.sentence == "No ADOT release has an exporter named batch: it has a processor of this name."
    signalfx = component_status(ComponentKind.RECEIVER, "signalfx", NEWEST)
    assert signalfx.sentence == "No ADOT release has a receiver named signalfx: it has an exporter of this name."
    jaeger = component_status(ComponentKind.EXPORTER, "jaeger", NEWEST)
    assert (
        jaeger.sentence == "No ADOT release has an exporter named jaeger: use otlp or otlphttp, for Jaeger takes OTLP."
    )


def test_an_alias_reads_as_its_older_name() -> None:
    assert canonical_type(EXPORTER, "otlp_http") == "otlphttp"
    assert canonical_type(RECEIVER, "otlp_http") == "otlp_http"
    assert canonical_type(EXPORTER, "awsemf") == "awsemf"


def test_what_needs_ec2_is_a_component_that_exists() -> None:
    assert set(release_facts().components) >= NEEDS_EC2


def test_the_file_is_as_the_tool_writes_it() -> None:
    """So that adding a release changes nothing but its own lines."""
    text = adot_releases.FACTS.read_text()
    assert adot_releases.render(*adot_releases.load(text)) == text


def test_a_release_without_changes_is_one_line_more() -> None:
    before = adot_releases.FACTS.read_text()
    after = adot_releases.add(before, "v0.99.0", ("2027-01-31", "v0.200.0"))
    assert set(after.splitlines()) - set(before.splitlines()) == {'"v0.99.0" = ["2027-01-31", "v0.200.0"]'}
    assert len(after.splitlines()) == len(before.splitlines()) + 1


def test_what_came_and_went_is_worked_out_from_the_modules() -> None:
    before = adot_releases.FACTS.read_text()
    modules = modules_of(newest_known()) - {"logzioexporter"} | {
        "routingconnector",
        "redactionprocessor",
        "foobarexporter",
        "otelconftelemetry",
    }
    after = adot_releases.add(before, "v0.99.0", ("2027-01-31", "v0.200.0"), modules, {"foo_bar": "foobarexporter"})
    assert set(after.splitlines()) - set(before.splitlines()) == {
        '"v0.99.0" = ["2027-01-31", "v0.200.0"]',
        'logzio = { removed = "v0.99.0" }',
        'redaction = { since = "v0.99.0" }',
        'foo_bar = { since = "v0.99.0" }',
        "[connectors]",
        'routing = { since = "v0.99.0" }',
    }


@pytest.mark.parametrize(
    ("tag", "day", "modules", "sentence"),
    [
        ("v0.49.0", "2026-07-13", None, "already there"),
        ("v0.99.0", "yesterday", None, "isoformat"),
        ("v0.99.0", "2027-01-31", {"loggingexporter"}, "is back"),
        ("v0.99.0", "2027-01-31", {"somethingelse"}, "no kind of component"),
        ("v0.41.3", "2027-01-31", set(), "not the newest"),
        ("newest", "2027-01-31", None, "invalid literal"),
    ],
)
def test_a_release_that_does_not_fit_is_refused(tag: str, day: str, modules: set[str] | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        adot_releases.add(adot_releases.FACTS.read_text(), tag, (day, "v0.200.0"), modules)


def test_the_command_writes_the_file_or_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = tmp_path / "facts.toml"
    facts.write_text(adot_releases.FACTS.read_text())
    monkeypatch.setattr(adot_releases, "FACTS", facts)
    arguments = ["--add", "v0.99.0", "--date", "2027-01-31", "--otel", "v0.200.0"]
    assert adot_releases.main(arguments) == 0
    assert "v0.99.0" in facts.read_text()
    assert adot_releases.main(arguments) == 1
    assert capsys.readouterr().err == "v0.99.0 is already there.\n"


@pytest.mark.parametrize(
    ("release", "today", "days", "since"),
    [
        ("v0.49.0", "2026-07-13", 0, None),
        ("v0.49.0", "2030-01-01", 0, None),
        ("v0.50.0", "2026-08-01", 0, None),
        ("v0.48.0", "2026-07-12", 0, None),
        ("v0.48.0", "2026-07-13", 0, None),
        ("v0.48.0", "2026-07-14", 0, "2026-07-13"),
        ("v0.48.0", "2026-09-11", 60, None),
        ("v0.48.0", "2026-09-12", 60, "2026-09-11"),
        ("v0.47.0", "2026-07-12", 60, None),
        ("v0.47.0", "2026-07-13", 60, "2026-07-13"),
        ("v0.47.0", "2026-08-01", 3650, "2026-07-13"),
        ("v0.47.0", "2026-08-01", 30, "2026-06-19"),
        ("v0.43.3", "2025-05-20", 30, None),
        ("v0.16.0", "2026-08-01", 60, "2022-04-22"),
    ],
)
def test_support_ends_with_the_next_minor_release_and_the_days_that_are_granted(
    release: str, today: str, days: int, since: str | None
) -> None:
    found = support_ended(Release.parse(release), date.fromisoformat(today), days)
    assert (found.since.isoformat() if found else None) == since


def test_what_was_published_later_does_not_count() -> None:
    found = support_ended(Release.parse("v0.46.0"), date(2026, 6, 1), 0)
    assert found is not None
    assert str(found.newest) == "v0.48.0"
