"""What has not its own form is not shown."""

import pytest

from domain.ecs.images import Image
from domain.masking import HIDDEN, log_group, path, word
from domain.remediation.plan import changes_between, quotable
from domain.workload import Workload
from tests.rules.examples import Case, Example

KEY = "AKIAC4NARYSECRET7777"
ODD = "c4nary {s3cret} = 'p4ss; word'"


@pytest.mark.parametrize("value", [KEY, ODD, "Bearer x.y", "token=abc", "https://c4nary {x}", "a.b c:1"])
def test_an_endpoint_or_protocol_that_is_none_is_not_quoted(value: str) -> None:
    assert quotable("OTEL_EXPORTER_OTLP_ENDPOINT", value) is None
    assert quotable("OTEL_EXPORTER_OTLP_PROTOCOL", value) is None


@pytest.mark.parametrize(
    "value",
    [
        "http://localhost:4318", "localhost:4317", "collector:4317", "127.0.0.1:4317", "[::1]:4317", "http://[::1]:4318",
        "https://otel.example.com", "otel.example.com", "localhost", "grpc://collector", ":4317", "http://",
    ],
)  # fmt: skip
def test_an_endpoint_is_quoted(value: str) -> None:
    assert quotable("OTEL_EXPORTER_OTLP_ENDPOINT", value) == value


@pytest.mark.parametrize("value", ["grpc", "http/protobuf", "http/json", "HTTP", "grpc "])
def test_a_protocol_is_quoted(value: str) -> None:
    assert quotable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", value) == value


@pytest.mark.parametrize("image", ["user:pw@example.com/x:1", "https://user:pw@example.com/x", "token@example.com"])
def test_the_user_of_an_image_is_not_shown(image: str) -> None:
    found = Image.parse(image)
    assert found.hidden
    assert "pw" not in str(found)
    assert "token" not in str(found)


@pytest.mark.parametrize("image", ["example.com:5000/x:1", f"x@sha256:{'0' * 64}", "x:1@sha256:abc", "x"])
def test_an_image_without_a_user_is_shown_whole(image: str) -> None:
    assert not Image.parse(image).hidden
    assert str(Image.parse(image)) == image


def test_names_of_another_form_are_hidden() -> None:
    assert [log_group(ODD), word(ODD), path(ODD), word(KEY)] == [HIDDEN] * 4
    assert [log_group("/ecs/web"), word("us-east-1"), path("/bin/sh")] == ["/ecs/web", "us-east-1", "/bin/sh"]


def test_a_wildcard_stands_for_a_placeholder() -> None:
    found = [word("${var.region}"), word("eu-${AREA}-1"), word("{{ region }}"), word(f"${{x}} {KEY}")]
    assert found == ["*", "eu-*-1", "*", HIDDEN]


def test_a_diff_hides_the_user_of_an_image_and_a_log_group_that_is_none() -> None:
    before = Example("a.b", Case(name="diff", verdict="none")).before
    container = before.task.containers[0]
    logging = {"logDriver": "awslogs", "options": {"awslogs-group": ODD}}
    after = before.with_container(container.with_(image=f"user:{KEY}@example.com/x:1", logConfiguration=logging))
    shown = _shown(before, after)
    assert KEY not in shown
    assert "c4nary" not in shown
    assert HIDDEN in shown


def _shown(before: Workload, after: Workload) -> str:
    return repr(changes_between(before, after))
