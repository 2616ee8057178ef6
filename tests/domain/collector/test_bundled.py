"""The configurations that are in the image."""

from pathlib import Path

import pytest

from domain.collector import (
    ConfigurationUnreadable,
    bound_ports,
    bundled,
    bundled_paths,
    exporter_regions,
    metric_names_in_filters,
    metrics_exported_from,
    signals_taken_by,
    structural_problems,
)
from domain.collector.permissions import component_permissions
from domain.collector.releases import ComponentKind, Release
from tests.domain.collector.configurations import NEW, parse

CORPUS = Path(__file__).parents[4] / "shared/corpus/collector-configs"
# Which file of the corpus is that bundled one, in which releases. A file without a release in its name is the newest.
EDITIONS = [
    ("/etc/otel-config.yaml", "_config.yaml", ["v0.49.0"]),
    ("/etc/ecs/ecs-default-config.yaml", "__v0.8.0_config_ecs_ecs-default-config.yaml", ["v0.8.0", "v0.17.0"]),
    ("/etc/ecs/ecs-default-config.yaml", "_config_ecs_ecs-default-config.yaml", ["v0.49.0"]),
    *(
        (
            "/etc/ecs/container-insights/otel-task-metrics-config.yaml",
            f"_{prefix}config_ecs_container-insights_otel-task-metrics-config.yaml",
            tags,
        )
        for prefix, tags in (("_v0.8.0_", ["v0.8.0"]), ("_v0.19.0_", ["v0.19.0"]), ("", ["v0.49.0"]))
    ),
    *(
        (f"/etc/ecs/{name}.yaml", f"_{prefix}config_ecs_{name}.yaml", tags)
        for name in ("ecs-amp", "ecs-amp-xray", "ecs-amp-prometheus", "ecs-amp-xray-prometheus")
        for prefix, tags in (
            ("_v0.14.0_", ["v0.14.0"]),
            ("_v0.14.1_", ["v0.14.1", "v0.20.1"]),
            ("_v0.21.0_", ["v0.21.0", "v0.41.0"]),
            ("", ["v0.42.0", "v0.49.0"]),
        )
    ),
    ("/etc/ecs/ecs-cloudwatch.yaml", "__v0.14.0_config_ecs_ecs-cloudwatch.yaml", ["v0.14.0"]),
    ("/etc/ecs/ecs-cloudwatch-xray.yaml", "__v0.14.0_config_ecs_ecs-cloudwatch-xray.yaml", ["v0.14.0"]),
    *(
        ("/etc/ecs/otel-instance-metrics-config.yaml", f"_{prefix}config_ecs_otel-instance-metrics-config.yaml", tags)
        for prefix, tags in (("_v0.12.0_", ["v0.12.0"]), ("_v0.23.0_", ["v0.23.0"]), ("", ["v0.49.0"]))
    ),
]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the corpus next to the project")
@pytest.mark.parametrize(
    ("path", "file", "tag"), [(path, file, tag) for path, file, tags in EDITIONS for tag in tags], ids=str
)
def test_bundled_facts_are_those_of_the_file_in_the_image(path: str, file: str, tag: str) -> None:
    release = Release.parse(tag)
    (source,) = CORPUS.glob(f"aws-observability+aws-otel-collector_{file}")
    theirs, ours = parse(source.read_text()), bundled(path, release)
    assert ours is not None
    for kind in ComponentKind:
        assert set(ours.defined(kind)) == set(theirs.defined(kind)), kind
    assert ours.pipelines == theirs.pipelines
    assert ours.started_extensions == theirs.started_extensions
    assert set(bound_ports(ours, release)) == set(bound_ports(theirs, release))
    assert set(component_permissions(ours, release)) == set(component_permissions(theirs, release))
    assert set(exporter_regions(ours, release)) == set(exporter_regions(theirs, release))
    assert set(metric_names_in_filters(ours)) == set(metric_names_in_filters(theirs))


@pytest.mark.parametrize("path", ["/etc/ecs/ecs-amp-prometheus.yaml", "/etc/ecs/ecs-amp-xray-prometheus.yaml"])
def test_a_file_that_a_release_ships_broken_is_unreadable(path: str) -> None:
    with pytest.raises(ConfigurationUnreadable, match=r"v0\.41\.1 carries is not valid YAML"):
        bundled(path, Release.parse("v0.41.1"))
    assert bundled(path, Release.parse("v0.41.2")) is None


def test_a_file_or_release_that_is_not_known_has_no_facts() -> None:
    assert bundled("/etc/ecs/other.yaml", NEW) is None
    assert bundled("/etc/ecs/ecs-cloudwatch.yaml", Release(0, 17, 0)) is None
    assert bundled("/etc/ecs/ecs-amp.yaml", Release(0, 1, 0)) is None
    assert bundled("file:/etc/ecs/ecs-xray.yaml", NEW) is not None


@pytest.mark.parametrize(("path", "signals"), [("", {"metrics"}), ("-xray", {"metrics", "traces"})])
def test_later_files_for_cloudwatch_export_what_applications_send_alone(path: str, signals: set[str]) -> None:
    found = bundled(f"/etc/ecs/ecs-cloudwatch{path}.yaml", NEW)
    assert found is not None
    assert signals_taken_by(found, "otlp") == signals
    assert metrics_exported_from(found, "otlp") == ("awsemf/application",)
    assert metrics_exported_from(found, "awsecscontainermetrics") == ()


@pytest.mark.parametrize("path", sorted(bundled_paths()))
def test_no_bundled_configuration_has_a_structural_problem(path: str) -> None:
    for tag in ("v0.14.0", "v0.23.0", "v0.49.0"):
        found = bundled(path, Release.parse(tag))
        assert found is None or not list(structural_problems(found))
