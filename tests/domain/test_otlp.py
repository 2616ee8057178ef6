from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.ecs.container import Container, Hidden
from domain.otlp import (
    ENDPOINT,
    PORTS,
    PROTOCOL,
    Destination,
    Endpoint,
    Protocol,
    Signal,
    destinations,
    instrumented,
    routes,
    silent,
)
from domain.resource_attributes import Attributes

URLISH = st.text(alphabet=st.sampled_from("ahtps:/[]@?#.-0123456789localhost$ %"), max_size=40)


def container(secrets: dict[str, str] | None = None, **environment: str) -> Container:
    return Container(
        {
            "name": "app",
            "environment": [{"name": name, "value": value} for name, value in environment.items()],
            "secrets": [{"name": name, "valueFrom": value} for name, value in (secrets or {}).items()],
        }
    )


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "path"),
    [
        ("http://localhost:4318", "http", "localhost", 4318, ""),
        ("HTTPS://Example.com/v1/traces?x=1#y", "https", "Example.com", None, "/v1/traces"),
        ("localhost:4317", None, "localhost", 4317, ""),
        ("//localhost:4317/", None, "localhost", 4317, "/"),
        ("localhost", None, "localhost", None, ""),
        (":4318", None, "", 4318, ""),
        ("http://[::1]:4318/v1/logs", "http", "::1", 4318, "/v1/logs"),
        ("http://::1", "http", "::1", None, ""),
        ("http://user:pass@localhost:4318", "http", "localhost", 4318, ""),
        ("http://localhost:", "http", "localhost", None, ""),
        ("http://localhost:http", "http", "localhost", None, ""),
        ("http://localhost:0", "http", "localhost", None, ""),
        ("http://localhost:65536", "http", "localhost", None, ""),
        ("http://localhost:٤٣١٧", "http", "localhost", None, ""),
        ("http://localhost:" + "9" * 5000, "http", "localhost", None, ""),
        ("", None, "", None, ""),
        ("  http://localhost:4318\n", "http", "localhost", 4318, ""),
    ],
)
def test_an_endpoint_is_read_in_its_parts(
    text: str, scheme: str | None, host: str, port: int | None, path: str
) -> None:
    endpoint = Endpoint.parse(text)
    assert endpoint is not None
    assert (endpoint.scheme, endpoint.host, endpoint.port, endpoint.path) == (scheme, host, port, path)


@pytest.mark.parametrize(
    "text", ["http://${HOST}:4317", "{{endpoint}}", "<collector>:4318", "unix:///var/run/otel.sock"]
)
def test_what_leads_nowhere_that_is_known_is_no_endpoint(text: str) -> None:
    assert Endpoint.parse(text) is None


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.1.2.3", "[::1]", "0.0.0.0", ""],  # noqa: S104 - an address to send to
)
def test_these_hosts_are_the_task_itself(host: str) -> None:
    endpoint = Endpoint.parse(f"http://{host}:4318")
    assert endpoint is not None
    assert endpoint.in_task


@pytest.mark.parametrize(
    "host",
    ["localhost.example.com", "127.example.com", "127.0.0.evil", "1270.0.0.1", "10.0.0.1", "collector", "[fd00::1]"],
)
def test_these_hosts_are_elsewhere(host: str) -> None:
    endpoint = Endpoint.parse(f"http://{host}:4318")
    assert endpoint is not None
    assert not endpoint.in_task


@example("::]")
@given(st.text() | URLISH)
def test_any_text_is_read_and_what_is_read_is_written_so_that_it_reads_the_same(text: str) -> None:
    endpoint = Endpoint.parse(text)
    if endpoint is not None:
        again = Endpoint.parse(str(endpoint))
        assert again is None or (again.in_task, again.port) == (endpoint.in_task, endpoint.port) or not endpoint.host


@given(st.text() | URLISH, st.sampled_from([None, *Signal]), st.sampled_from([None, *Protocol]))
def test_what_is_corrected_needs_no_second_correction(text: str, own: Signal | None, protocol: Protocol | None) -> None:
    endpoint = Endpoint.parse(text)
    if endpoint is None or not endpoint.in_task:
        return
    signals = (own,) if own else tuple(Signal)
    destination = Destination(own.endpoint_variable if own else ENDPOINT, text, signals, protocol)
    port = protocol.port if protocol else 4318
    corrected = destination.within_task(endpoint, port, tls=False, http=None)
    assert corrected.scheme == "http"
    assert corrected.port in PORTS
    assert corrected.in_task
    assert destination.within_task(corrected, port, tls=False, http=None) == corrected
    assert Endpoint.parse(str(corrected)) == corrected


def test_what_may_be_secret_is_in_no_repr() -> None:
    secret = "s3cret"  # noqa: S105 - a canary
    endpoint = Endpoint.parse(f"http://user:{secret}@localhost:4318/?token={secret}")
    app = container(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{secret}@localhost", OTEL_RESOURCE_ATTRIBUTES=f"key={secret}")
    attributes = Attributes.parse(f"key={secret}")
    assert secret not in f"{endpoint!r}{list(routes(app))!r}{destinations(app)!r}{attributes!r}"


@pytest.mark.parametrize(
    ("text", "protocol"),
    [
        ("grpc", Protocol.GRPC),
        (" HTTP/Protobuf ", Protocol.HTTP_PROTOBUF),
        ("http/json", Protocol.HTTP_JSON),
        ("http", None),
        ("", None),
    ],
)
def test_a_protocol_is_one_of_three_words_in_any_case(text: str, protocol: Protocol | None) -> None:
    assert Protocol.read(text) is protocol


class TestRoutes:
    """Where each signal goes."""

    def test_without_variables_every_signal_goes_by_the_unset_generic_one(self) -> None:
        assert [(r.signal, r.endpoint_variable, r.endpoint, r.protocol) for r in routes(container())] == [
            (signal, ENDPOINT, None, None) for signal in Signal
        ]

    def test_a_signals_own_variables_beat_the_generic_ones(self) -> None:
        app = container(
            OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4318",
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://localhost:4317",
            OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="grpc",
        )
        traces, metrics, logs = routes(app)
        assert (traces.endpoint, traces.protocol_set) == ("http://localhost:4317", Protocol.GRPC)
        assert metrics.endpoint == logs.endpoint == "http://localhost:4318"
        assert metrics.protocol_variable == logs.protocol_variable == PROTOCOL

    def test_an_empty_value_is_none(self) -> None:
        app = container(OTEL_EXPORTER_OTLP_ENDPOINT=" ", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="")
        assert [route.endpoint for route in routes(app)] == [None, None, None]

    def test_a_secret_is_hidden_and_beats_the_generic_one(self) -> None:
        app = container(
            {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "/logs"}, OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4318"
        )
        assert [route.endpoint for route in routes(app)][-1] == Hidden("secrets")

    @pytest.mark.parametrize(
        ("exporters", "sent"),
        [
            ("otlp", True),
            ("", True),
            ("console, OTLP", True),
            ("otlp_proto_grpc", True),
            ("none", False),
            ("xray", False),
        ],
    )
    def test_a_signal_that_is_exported_otherwise_goes_nowhere(self, exporters: str, *, sent: bool) -> None:
        found = {route.signal for route in routes(container(OTEL_TRACES_EXPORTER=exporters))}
        assert (Signal.TRACES in found) is sent
        assert Signal.METRICS in found

    def test_an_sdk_that_is_switched_off_sends_nothing(self) -> None:
        app = container(OTEL_SDK_DISABLED="TRUE", OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4318")
        assert silent(app)
        assert list(routes(app)) == []

    def test_only_true_switches_an_sdk_off(self) -> None:
        assert not silent(container(OTEL_SDK_DISABLED="1"))


def test_destinations_name_each_variable_in_use_once() -> None:
    app = container(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4318",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_EXPORTER_OTLP_LOGS_PROTOCOL="grpc",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://localhost:4317",
    )
    own, generic = destinations(app)
    assert (own.own, own.signals, own.protocol_set) == (Signal.TRACES, (Signal.TRACES,), Protocol.HTTP_PROTOBUF)
    assert (generic.own, generic.signals) == (None, (Signal.METRICS, Signal.LOGS))
    assert generic.protocol_set is None, "its two signals speak differently"


def test_any_otel_variable_makes_an_application_instrumented() -> None:
    assert instrumented(container(OTEL_PROPAGATORS="xray"))
    assert instrumented(container({"OTEL_EXPORTER_OTLP_HEADERS": "/headers"}))
    assert not instrumented(container({"DATABASE": "/db"}, PORT="8080", NOT_OTEL_="x"))


class TestAttributes:
    """OTEL_RESOURCE_ATTRIBUTES."""

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("", set()),
            ("service.name=web,deployment.environment=prod", {"service.name", "deployment.environment"}),
            (" service.name = web ,", {"service.name"}),
            ("service.name=", set()),
            ("service.name", set()),
            ("a=b=c", {"a"}),
        ],
    )
    def test_names_are_those_that_have_a_value(self, text: str, names: set[str]) -> None:
        assert Attributes.parse(text).names == names

    def test_the_place_of_an_empty_one_is_taken(self) -> None:
        changed = Attributes.parse("a=1,service.name=,b=2,service.name").setting("service.name", "web")
        assert str(changed) == "a=1,service.name=web,b=2"

    @given(st.text(min_size=1).filter(lambda text: text.strip() == text))
    def test_any_value_comes_back_from_its_encoding(self, value: str) -> None:
        written = str(Attributes.parse("a=1").setting("b", value))
        assert [item.partition("=")[0] for item in written.split(",")] == ["a", "b"]
        assert unquote(written.split(",")[1].partition("=")[2]) == value

    @given(st.text(), st.text(min_size=1).filter(str.strip))
    def test_what_stands_is_kept_and_setting_twice_changes_nothing(self, text: str, value: str) -> None:
        before = Attributes.parse(text)
        after = before.setting("service.name", value)
        others = [item for item in before.items if item.partition("=")[0].strip() != "service.name"]
        assert [item for item in after.items if item.partition("=")[0].strip() != "service.name"] == others
        assert "service.name" in after.names
        assert Attributes.parse(str(after)).setting("service.name", value) == after
