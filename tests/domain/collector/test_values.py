"""Values that components refuse, and those next to them that they take."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from domain.collector import CollectorConfiguration, Effect, Problem, ProblemCode, Topic, option_problems
from domain.collector.releases import Release
from tests.domain.collector.values import AT_START, REFUSED, TAKEN

NEW = Release(0, 49, 0)
SIGNALS = ("traces", "metrics", "logs")


def problems(kind: str, name: str, settings: Any, *, used: bool = True, release: Release = NEW) -> list[Problem]:
    """The problems with one component's options and values; places are below the component."""
    document: dict[str, Any] = {
        "receivers": {"otlp": {"protocols": {"grpc": None}}},
        "exporters": {"debug": None},
        "service": {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["debug"]}}},
    }
    document.setdefault(kind, {})[name] = settings
    if used:
        names = document["service"] if kind == "extensions" else document["service"]["pipelines"]["traces"]
        names.setdefault(kind, []).append(name)
    configuration = CollectorConfiguration.parse(yaml.safe_dump(document))
    return [
        replace(problem, where=problem.where.removeprefix(f"{kind}/{name}").removeprefix("/"))
        for problem in option_problems(configuration, release)
        if problem.topic is not Topic.SIGNALS
    ]


def found(kind: str, name: str, settings: Any, *, used: bool = True, release: Release = NEW) -> list[tuple[str, str]]:
    """The problems with one component's values: code, and place below the component."""
    all_of_it = problems(kind, name, settings, used=used, release=release)
    return [(problem.code.value, problem.where) for problem in all_of_it if problem.topic is Topic.VALUES]


@pytest.mark.parametrize(("kind", "name", "settings", "expected"), REFUSED)
def test_what_a_component_refuses_is_reported_with_its_place(
    kind: str, name: str, settings: Any, expected: tuple[str, str]
) -> None:
    assert expected in found(kind, name, settings)


@pytest.mark.parametrize(("kind", "name", "settings", "expected"), AT_START)
def test_what_stops_a_starting_collector_is_not_what_its_dry_run_refuses(
    kind: str, name: str, settings: Any, expected: tuple[str, str]
) -> None:
    reported = problems(kind, name, settings)
    assert [(each.code.value, each.where.removeprefix("protocols/"), each.effect) for each in reported] == [
        (*expected, Effect.AT_START)
    ]
    assert problems(kind, name, settings, used=False) == []


@pytest.mark.parametrize(("kind", "name", "settings"), TAKEN)
def test_what_a_component_accepts_is_not_reported(kind: str, name: str, settings: Any) -> None:
    assert problems(kind, name, settings) == []


@pytest.mark.parametrize(("kind", "name", "settings", "expected"), REFUSED)
def test_what_the_environment_decides_is_not_reported(
    kind: str, name: str, settings: Any, expected: tuple[str, str]
) -> None:
    def unknown(value: Any) -> Any:
        match value:
            case dict():
                return {key: unknown(entry) for key, entry in value.items()}
            case list() if value:
                return [unknown(entry) for entry in value]
            case str() | int() | float():
                return "${env:X}"
            case _:
                return value

    hidden = unknown(settings)
    if hidden != settings:
        assert expected[0] in {"required", "not-both"} or expected not in found(kind, name, hidden)


def test_what_is_checked_only_when_a_component_is_created_is_not_required_of_an_unused_one() -> None:
    settings = {"actions": [{"key": "a", "action": "remove"}]}
    assert found("processors", "attributes", settings) == [("choice", "actions[0]/action")]
    assert found("processors", "attributes", settings, used=False) == []


def test_a_proxy_of_prometheus_is_a_text() -> None:
    settings = {"config": {"scrape_configs": [{"job_name": "a", "proxy_url": {"host": "proxy.example.com"}}]}}
    assert [(problem.code, problem.where) for problem in problems("receivers", "prometheus", settings)] == [
        (ProblemCode.WRONG_TYPE, "config/scrape_configs[0]/proxy_url")
    ]


def test_conditions_of_a_filter_are_written_in_one_style() -> None:
    grouped = {"context": "span", "conditions": ['name == "b"']}
    settings = {"trace_conditions": ['span.name == "a"', grouped]}
    assert [(problem.code, problem.where) for problem in problems("processors", "filter", settings)] == [
        (ProblemCode.WRONG_TYPE, "trace_conditions[1]")
    ]
    assert problems("processors", "filter", {"trace_conditions": ["${env:CONDITION}"]}) == []


def test_an_otlphttp_exporter_has_an_endpoint_for_each_signal_that_it_is_given() -> None:
    settings = {"metrics_endpoint": "https://example.com/v1/metrics"}
    assert found("exporters", "otlphttp", settings) == [("required", "traces_endpoint")]
    assert found("exporters", "otlphttp", {**settings, "endpoint": "https://example.com"}) == []


def test_a_release_whose_options_are_not_known_is_not_evaluated() -> None:
    assert found("processors", "memory_limiter", None, release=Release(0, 40, 0)) == []
