"""A finding's Id: stable, nobody else's, and within what ASFF takes."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.findings.finding import Finding, FindingState
from domain.places import Place
from domain.severity import Severity
from domain.subject import Subject, SubjectId

NOW = datetime(2026, 8, 1, tzinfo=UTC)


def id_of(name: str) -> str:
    subject = SubjectId(Place("123456789012", "eu-west-1"), Subject.PARAMETER, name)
    return Finding(subject, "config.exists", FindingState.OPEN, Severity.CRITICAL, (), "arn", NOW, NOW).id


@given(st.text("abc/", max_size=1100), st.text("abc/", max_size=1100))
def test_an_id_fits_and_is_one_subjects_alone(one: str, other: str) -> None:
    assert len(id_of(one)) <= 512
    assert (id_of(one) == id_of(other)) == (one == other)


def test_long_names_that_begin_alike_are_distinguished() -> None:
    assert id_of("/a" * 500 + "/x") != id_of("/a" * 500 + "/y")


def test_an_ordinary_id_is_readable() -> None:
    assert id_of("/fargate/otel") == "outrider/123456789012/eu-west-1/parameter//fargate/otel/config.exists"
