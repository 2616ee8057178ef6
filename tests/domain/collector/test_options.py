"""Options of releases as data, and values of any form in any place of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.collector import (
    CollectorConfiguration,
    Problem,
    component_permissions,
    destination_problems,
    fargate_problems,
    option_problems,
    options_are_known,
    scraped_hosts,
    structural_problems,
    unset_variables,
    variable_problems,
    variables_read,
    without_variables,
    written_paths,
)
from domain.collector.options import Option, OptionKind, options_of
from domain.collector.problems import ProblemCode
from domain.collector.releases import ComponentKind, Release, component_status, newest_known
from rules.config._wording import SENTENCES, sentence
from tools import collector_options

NEW = Release(0, 49, 0)
CANARY = "s3cr3t c4n4ry!"


@pytest.mark.parametrize(
    ("release", "judged_by"),
    [
        ("v0.49.0", ["v0.49.0"]),
        ("v0.48.0", ["v0.47.0", "v0.49.0"]),
        ("v0.47.0", ["v0.47.0"]),
        ("v0.46.0", []),
        ("v0.50.0", []),
        (None, []),
    ],
)
def test_a_release_is_evaluated_by_its_own_options_or_by_those_nearest_to_it(
    release: str | None, judged_by: list[str]
) -> None:
    wanted = None if release is None else Release.parse(release)
    assert [str(options.release) for options in options_of(wanted)] == judged_by
    assert options_are_known(wanted) is bool(judged_by)


def test_a_release_between_two_that_are_known_refuses_what_both_refuse() -> None:
    """The two want different lists: what is wanted is what both take."""
    policies = "processors: {tail_sampling: {policies: [{name: a, type: latancy}]}}\n"
    pipelines = "service: {pipelines: {traces: {receivers: [otlp], processors: [tail_sampling], exporters: [debug]}}}"
    text = f"receivers: {{otlp: {{protocols: {{grpc: }}}}}}\nexporters: {{debug: }}\n{policies}{pipelines}"
    earlier, between, later = (
        option_problems(CollectorConfiguration.parse(text), Release.parse(tag))
        for tag in ("v0.47.0", "v0.48.0", "v0.49.0")
    )
    assert [(each.code, each.where) for each in between] == [("choice", "processors/tail_sampling/policies[0]/type")]
    assert set(earlier[0].wanted) != set(later[0].wanted)
    assert set(between[0].wanted) == set(earlier[0].wanted) & set(later[0].wanted)


@pytest.mark.parametrize(
    ("parts", "refusing"),
    [
        ("receivers: {statsd: {ignore_host: true}}\nexporters: {debug: }\n", "v0.47.0"),
        ("receivers: {statsd: }\nexporters: {debug: , kafka: {topic: metrics}}\n", "v0.49.0"),
    ],
    ids=["the earlier", "the later"],
)
def test_a_release_between_two_that_are_known_may_take_what_one_refuses(parts: str, refusing: str) -> None:
    exporters = "debug, kafka" if "kafka" in parts else "debug"
    pipelines = f"service: {{pipelines: {{metrics: {{receivers: [statsd], exporters: [{exporters}]}}}}}}"
    configuration = CollectorConfiguration.parse(parts + pipelines)
    tags = ("v0.47.0", "v0.48.0", "v0.49.0")
    assert [tag for tag in tags if option_problems(configuration, Release.parse(tag))] == [refusing]


def test_the_newest_release_is_known() -> None:
    assert options_are_known(newest_known())


@pytest.mark.parametrize("release", ["v0.47.0", "v0.49.0"])
def test_components_and_options_name_the_same_components(release: str) -> None:
    """`releases.toml` and `options.json` come from different places."""
    (options,) = options_of(Release.parse(release))
    for kind, name in options.components:
        assert component_status(kind, name, options.release).standing == "known", (kind, name)


def test_an_option_has_its_kind_its_default_and_what_is_below_it() -> None:
    (options,) = options_of(NEW)
    batch = options.components[ComponentKind.PROCESSOR, "batch"]
    assert batch.signals == {"traces", "metrics", "logs"}
    assert batch.option.keys is not None
    assert batch.option.keys["send_batch_size"] == Option(OptionKind.UINT, default=8192)
    assert batch.option.keys["timeout"] == Option(OptionKind.DURATION, default="200ms")


def test_the_packed_file_is_what_the_tool_makes_of_it() -> None:
    text = collector_options.PACKED.read_text(encoding="utf-8")
    assert collector_options.render(collector_options.pack(collector_options.unpack(json.loads(text)))) == text


def test_a_release_is_added_and_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = tmp_path / "options.json"
    packed.write_text(collector_options.PACKED.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(collector_options, "PACKED", packed)
    string = {"kind": "string"}
    tree = {section: {} for section in collector_options.SECTIONS} | {
        "receivers": {
            "new": {"kind": "struct", "keys": {"a": string}, "signals": {"logs": "Beta", "traces": "Undefined"}}
        },
        "service": {"kind": "struct", "keys": {}},
    }
    published = tmp_path / "tree.json"
    published.write_text(json.dumps(tree), encoding="utf-8")
    assert collector_options.main(["--add", f"v0.50.0={published}", "--drop", "v0.47.0"]) == 0
    found = collector_options.unpack(json.loads(packed.read_text(encoding="utf-8")))
    assert set(found) == {"v0.49.0", "v0.50.0"}
    assert found["v0.50.0"]["receivers"]["new"]["signals"] == {"logs": "Stable"}
    assert collector_options.main(["--add", "v0.50.0"]) == 1


def test_every_code_has_a_sentence() -> None:
    assert set(SENTENCES) == set(ProblemCode)


# --- any value in any place ------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats()
    | st.sampled_from(["", "x", "1s", "-1s", "1d", "10", "${env:X}", "$X", "a/b", "[", "(", "localhost:1", CANARY]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "type", CANARY]), inner, max_size=3)
    ),
    max_leaves=5,
)


def paths(option: Option, path: tuple[str, ...], deepest: int) -> Iterator[tuple[str, ...]]:
    """Every place below an option; a number stands for an entry of a list."""
    yield path
    if deepest == 0:
        return
    for name, below in (option.keys or {}).items():
        yield from paths(below, (*path, name), deepest - 1)
    if option.element is not None:
        yield from paths(option.element, (*path, "[]" if option.kind is OptionKind.LIST else "key"), deepest - 1)


def places() -> list[tuple[str, ...]]:
    (options,) = options_of(NEW)
    found = [
        place
        for (kind, name), known in options.components.items()
        for place in paths(known.option, (kind.value, name), deepest=5)
    ]
    return [*found, *paths(options.service, ("service",), deepest=5)]


def nested(path: tuple[str, ...], value: Any) -> Any:
    for name in reversed(path):
        value = [value] if name == "[]" else {name: value}
    return value


def everything(text: str, release: Release) -> tuple[object, ...]:
    configuration = CollectorConfiguration.parse(text)
    unset = unset_variables(variables_read(configuration), frozenset())
    problems: tuple[Problem, ...] = (
        *structural_problems(configuration),
        *option_problems(configuration, release),
        *option_problems(without_variables(configuration, {problem.found for problem in unset}), release),
        *variable_problems(configuration, release),
        *destination_problems(configuration, release),
        *fargate_problems(configuration),
        *unset,
    )
    return (
        *problems,
        *map(sentence, problems),
        *written_paths(configuration, release),
        *scraped_hosts(configuration, release),
        *component_permissions(configuration, release),
    )


PLACES = places()


@settings(max_examples=400)
@given(st.sampled_from(PLACES), VALUES, st.sampled_from(["v0.47.0", "v0.48.0", "v0.49.0"]))
def test_any_value_in_any_place_is_evaluated_alike_and_never_shown(path: tuple[str, ...], value: Any, tag: str) -> None:
    document: dict[str, Any] = {
        "receivers": {"otlp": {"protocols": {"grpc": None}}},
        "exporters": {"debug": None},
        "service": {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["debug"]}}},
    }
    kind, *rest = path
    section = document.setdefault(kind, {})
    section.update(nested(tuple(rest), value) if rest else {})
    if kind in {"receivers", "processors", "exporters"}:
        for signal in ("traces", "metrics", "logs"):
            document["service"]["pipelines"].setdefault(signal, {}).setdefault(kind, []).append(rest[0])
    text = json.dumps(document)
    release = Release.parse(tag)
    found = everything(text, release)
    assert found == everything(text, release)
    shown = [str(each) for each in found if isinstance(each, str | Problem)]
    assert not [each for each in shown if CANARY in each]
