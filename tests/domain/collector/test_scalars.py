"""The forms of single values: durations, ids, addresses, patterns and conditions."""

import pytest

from domain.collector.checks.conditions import condition_fault
from domain.collector.scalars import (
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    go_duration,
    is_component_id,
    is_request_uri,
    is_url,
    nearest,
    pattern_fault,
    prometheus_duration,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1m30s", MINUTE + 30 * SECOND),
        ("-1s", -SECOND),
        ("0", 0),
        (".5h", HOUR // 2),
        ("1ms", MILLISECOND),
        ("1d", None),
        ("10", None),
        ("", None),
        ("10 seconds", None),
        ("10sec", None),
        ("9999999h", None),
        (f"{'9' * 5000}s", None),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, expected: int | None) -> None:
    assert go_duration(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1d", 24 * HOUR),
        ("1m30s", MINUTE + 30 * SECOND),
        ("0", 0),
        ("10", None),
        ("-1s", None),
        ("", None),
        ("1.5s", None),
        ("999y", None),
        (f"{'9' * 5000}s", None),
    ],
)
def test_a_scrape_interval_is_read_as_prometheus_reads_it(text: str, expected: int | None) -> None:
    assert prometheus_duration(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("otlp", True),
        ("otlp/2", True),
        ("otlp/a/b", True),
        ("otlp/ü", True),
        (" otlp/x ", True),
        ("otlp/", False),
        ("1otlp", False),
        ("otlp-x", False),
        ("otlp x", False),
        ("otlp/a b", False),
        ("otlp/a$", False),
        ("", False),
        ("otlp/" + "n" * 1025, False),
    ],
)
def test_a_component_id_is_a_type_and_a_name(text: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_component_id(text) is expected


@pytest.mark.parametrize(
    ("text", "url", "uri"),
    [
        ("https://example.com/a", True, True),
        ("localhost:4318", True, True),
        ("/a", True, True),
        ("localhost", True, False),
        (":4318", False, False),
        ("0.0.0.0:4318", False, False),
        ("[::1]:4318", False, False),
        ("http://a b", False, False),
        ("http://a:b", False, False),
        ("http://[::1]:1/", True, True),
        ("", True, False),
        ("unix:///a", True, True),
    ],
)
def test_a_url_is_what_go_takes_for_one(text: str, url: bool, uri: bool) -> None:  # noqa: FBT001 - columns of the table
    assert (is_url(text), is_request_uri(text)) == (url, uri)


@pytest.mark.parametrize(
    ("pattern", "good"),
    [
        ("^a(b|c)*$", True),
        (r"\d+\.(x)", True),
        ("[]a]", True),
        ("[^)(]", True),
        ("(?i)a", True),
        ("(?P<n>a)", True),
        (r"[[:alpha:]]+", True),
        ("^*", True),
        (8000 * "[", True),  # too long to be judged in time
        ("(a", False),
        ("a)", False),
        ("[a", False),
        ("a\\", False),
        ("*a", False),
        ("(?=a)", False),
        ("(?<!a)", False),
        ("a|+b", False),
    ],
)
def test_a_pattern_that_go_cannot_read_is_seen(pattern: str, good: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (pattern_fault(pattern) == "") is good


@pytest.mark.parametrize(
    ("condition", "good"),
    [
        ('name == "a"', True),
        ('IsMatch(name, "a")', True),
        ("not (a.b > 1 and true)", True),
        ('attributes["a"] != nil or false', True),
        ("metric.type == METRIC_DATA_TYPE_SUM", True),
        ('(a == 1) and HasAttrKeyOnDatapoint("b")', True),
        ("1 + 2 * x >= 0x0F", True),
        ('IsMatch(target=name, pattern="a")', True),
        ("", False),
        ("name", False),
        ("!!nonsense", False),
        ('name == "a', False),
        ("(a == 1", False),
        ("a == 1 and", False),
        ("name ==", False),
        ("isMatch(name)", False),
        ("a = 1", False),
    ],
)
def test_a_condition_has_the_form_of_one(condition: str, good: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (condition_fault(condition) == "") is good


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("send_batch_sise", "send_batch_size"),
        ("SendBatchSize", "send_batch_size"),
        ("send-batch-size", "send_batch_size"),
        ("colour", ""),
    ],
)
def test_the_nearest_name_is_the_one_that_was_probably_meant(name: str, expected: str) -> None:
    assert nearest(name, ["timeout", "send_batch_size", "send_batch_max_size"]) == expected
