"""Reading a collector configuration: what is understood, what is refused, and that nothing of it leaks."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.collector import (
    CollectorConfiguration,
    ConfigurationUnreadable,
    structural_problems,
    yaml_reading,
)
from domain.collector.reading import MAX_BYTES, Value
from tests.profiles import examples

CORPUS = Path(__file__).parents[4] / "shared/corpus/collector-configs"
CANARY = "s3cr3tc4n4ry"


def document(text: str) -> object:
    return CollectorConfiguration.parse(text).document


def refusal(text: str) -> ConfigurationUnreadable:
    with pytest.raises(ConfigurationUnreadable) as caught:
        CollectorConfiguration.parse(text)
    return caught.value


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def _either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The C parser where it is there, the Python one where it is not: both must read alike."""
    monkeypatch.setattr(yaml_reading, "_LOADER", getattr(yaml, request.param))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("NO", "NO"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("010", 8),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b101", 5),
        ("-012", -10),
        ("089", 89.0),
        ("1_000", 1000),
        ("+12", 12),
        ("12:30:45", "12:30:45"),
        ("2024-01-31", "2024-01-31"),
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00Z"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("=", "="),
        ("20s", "20s"),
        ("0.0.0.0:4317", "0.0.0.0:4317"),
        (":1888", ":1888"),
        ("${env:X}", "${env:X}"),
        ("'10'", "10"),
        ('"true"', "true"),
        ("!!str 10", "10"),
        ("!!int '10'", 10),
        ("!Ref Thing", "Thing"),
        ("99999999999999999999", 1e20),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_scalars_mean_what_they_mean_to_the_collector(written: str, meant: Value) -> None:
    assert document(f"a: {written}\n") == {"a": meant}


def test_a_number_that_is_none() -> None:
    assert str(CollectorConfiguration.parse("a: .nan").document["a"]) == "nan"


def test_words_that_other_readers_take_for_booleans_are_names_as_keys() -> None:
    assert document("on: 1\nyes: 2\ny: 3\n2024-01-31: 4\n") == {"on": 1, "yes": 2, "y": 3, "2024-01-31": 4}


def test_json_is_read() -> None:
    assert document('{"receivers": {"otlp": {"protocols": {"grpc": null}}},\n"a": [1, "\\u00e9", {}]}') == {
        "receivers": {"otlp": {"protocols": {"grpc": None}}},
        "a": (1, "é", {}),
    }


def test_a_long_configuration_is_read() -> None:
    """The collector has no limit; only values that aliases multiply are bounded."""
    lines = "".join(f"  otlp/{number}: {{endpoint: 'backend-{number}:4317', timeout: 5s}}\n" for number in range(9_000))
    assert len(CollectorConfiguration.parse(f"exporters:\n{lines}").exporters) == 9_000


def test_a_byte_order_mark_is_skipped() -> None:
    assert document("\ufeffa: 1") == {"a": 1}


def test_anchors_aliases_and_merge_keys_are_ordinary() -> None:
    text = """
defaults: &defaults {timeout: 1s, size: 50}
more: &more {size: 7, extra: yes}
name: &name otlp
batch: {<<: *defaults, size: 60}
both: {<<: [*defaults, *more]}
late: {size: 1, <<: *defaults}
list: [*name, *defaults]
"""
    found = CollectorConfiguration.parse(text).document
    assert found["batch"] == {"timeout": "1s", "size": 60}
    assert found["both"] == {"timeout": "1s", "size": 50, "extra": "yes"}
    assert found["late"] == {"size": 1, "timeout": "1s"}
    assert found["list"] == ("otlp", {"timeout": "1s", "size": 50})


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)

# Each line is thirty deep; with the aliases written out they would be thirty deep a line.
DEEP = "a: &a " + "[" * 30 + "]" * 30 + "\n" + "b: " + "[" * 30 + "*a" + "]" * 30 + "\n"

REFUSED = [
    ("", "is empty", None),
    (" \n\t\n", "is empty", None),
    ("\ufeff", "is empty", None),
    ("a: 1\nb: x\0y", "NUL", (2, 5)),
    ("a: \x07", "control", (1, 4)),
    ("a: \ud800", "surrogate", (1, 4)),
    ("# " + "x" * MAX_BYTES, "longer than 1024 KiB", None),
    ("# " + "é" * (MAX_BYTES // 2), "longer than 1024 KiB", None),
    ("- a\n- b\n", "not a mapping", (1, 1)),
    ("/a/parameter/name", "not a mapping", (1, 1)),
    ("# nothing here", "not a mapping", (1, 1)),
    ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "This mapping already has the same key, at line 3", (5, 3)),
    ('{"a": 1, "a": 2}', "This mapping already has the same key", (1, 10)),
    ("1: a\n", "A key is a number", (1, 1)),
    ("true: a\n", "true/false", (1, 1)),
    ("~: a\n", "A key is empty", (1, 1)),
    ("? [a, b]\n: c\n", "where a key must be", (1, 3)),
    ("region: {{region}}\n", "placeholders such as {{name}}", (1, 10)),
    ("a: &a x\n*a : 1\n", "where a key must be", (2, 1)),
    ("a: *b\n", "names an anchor", (1, 4)),
    ("a: &a [*a]\n", "names an anchor", (1, 8)),
    ("a: &a {b: *a}\n", "names an anchor", (1, 11)),
    (BOMB, "more than 20,000 values", None),
    ("a: " + "[" * 50 + "]" * 50, "more than 40 deep", (1, 43)),
    ("a: " + "[" * 30_000, "more than 40 deep", (1, 43)),
    ("a: " + "{b: " * 10_000, "more than 40 deep", None),
    (DEEP, "more than 40 deep", (2, 4 + 30)),
    ("a: [" + "x," * 20_001 + "]", "more than 20,000 values", None),
    ("a: {<<: 3}\n", "merge key", None),
    ("a: {<<: {b: 1}, <<: {c: 1}}\n", "two merge keys", None),
    ("a: !!python/name:os.system x\n", "take the tag out", (1, 4)),
    ("a: !!python/object/apply:os.system [x]\n", "tag", (1, 4)),
    ("a:\n\tb: 1\n", "tab", (2, 1)),
    ("a: b: c\n", "colon", None),
    ("a: [1, 2\nb: 3\n", "YAML|brackets", None),
    ("a: 'open\n", "never closed", None),
    ("a: @b\n", "cannot begin with @", (1, 4)),
    ("targets: [${env:X}]\n", "brackets", None),
    ('a: "\\q"\n', "escape", None),
    ("a: 1\n b: 2\n", "colon|indentation", None),
]


@pytest.mark.parametrize(("text", "sentence", "place"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_read_is_refused_with_a_sentence_and_its_place(
    text: str, sentence: str, place: tuple[int, int] | None
) -> None:
    error = refusal(text)
    assert re.search(sentence, error.sentence)
    if place:
        assert (error.line, error.column) == place
        assert str(error).startswith(f"Line {place[0]}, column {place[1]}: ")


# Places in which a secret may be, most of them broken. Keys are names and may be reported, so none is in a key here.
LEAKS = [
    "a: {0}\na: {0}\n",
    "a: [{0}\n",
    "a: '{0}\n",
    'a: "\\q{0}"\n',
    "a: {0}: {0}\n",
    "a: *{0}\n",
    "a: &{0} [*{0}]\n",
    "a: !{0}!x {0}\n",
    "a: !!python/{0} x\n",
    "%{0} x\n---\na: 1\n",
    "{0}",
    "- {0}\n",
    "a: {0}\n---\n{0}\n",
    "a: @{0}\n",
    "a: {0}\n\tb: {0}\n",
    "a: {{ {0}, {0} }}\n",
    "{0}: 1\n{0}: 2\n",
    "? [{0}]\n: 1\n",
    "a: {0}\x07\n",
]


@pytest.mark.parametrize("template", LEAKS)
def test_a_refusal_never_quotes_the_text(template: str) -> None:
    error = None
    try:
        CollectorConfiguration.parse(template.format(CANARY))
    except ConfigurationUnreadable as caught:
        error = caught
    shown = f"{error!s} {error!r} {error.sentence if error else ''} {error.__cause__ if error else ''}"
    assert CANARY not in shown
    assert error is None or error.__suppress_context__ or error.__context__ is None


YAMLISH = st.text(st.sampled_from("ab:-&*!|>%@'\"{}[],#?~<$ \n\t\\0é\0\ufeff"), max_size=80)


@examples(300)
@given(st.one_of(st.text(max_size=200), YAMLISH))
def test_any_text_is_read_or_refused_and_always_alike(text: str) -> None:
    def read() -> object:
        try:
            configuration = CollectorConfiguration.parse(text)
        except ConfigurationUnreadable as error:
            return (error.sentence, error.line, error.column)
        list(structural_problems(configuration))
        return (repr(configuration), repr(configuration.document))

    assert read() == read()


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(codec="utf-8"), max_size=20)
TREES = st.dictionaries(
    st.text("abc/_", min_size=1, max_size=6),
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text("abc_", min_size=1, max_size=4), inner, max_size=4)
        ),
        max_leaves=20,
    ),
    min_size=1,
    max_size=5,
)


def thawed(value: object) -> object:
    if isinstance(value, tuple):
        return [thawed(item) for item in value]
    return {key: thawed(item) for key, item in value.items()} if hasattr(value, "items") else value


@examples(200)
@given(TREES)
def test_what_is_written_as_yaml_is_read_back(tree: dict[str, object]) -> None:
    # All quoted and tagged: PyYAML leaves text bare that is a number to the collector (0E0).
    found = CollectorConfiguration.parse(yaml.safe_dump(tree, default_style='"', width=10_000))
    assert thawed(found.document) == tree


def corpus() -> list[Path]:
    return sorted(CORPUS.iterdir()) if CORPUS.is_dir() else []


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the corpus next to the project")
def test_every_configuration_of_the_corpus_is_read_or_refused_with_a_sentence() -> None:
    refused = {}
    for path in corpus():
        try:
            list(structural_problems(CollectorConfiguration.parse(path.read_text())))
        except ConfigurationUnreadable as error:
            refused[path.name.partition("__")[2]] = (error.line, error.sentence.endswith("."))
    assert refused == {
        "_v0.41.1_config_ecs_ecs-amp-prometheus.yaml": (16, True),
        "_v0.41.1_config_ecs_ecs-amp-xray-prometheus.yaml": (22, True),
        "examples_ecs_aws-prometheus_ecs-ec2-adot-config.yaml": (31, True),
        "examples_ecs_aws-prometheus_ecs-fargate-adot-config.yaml": (31, True),
    }
