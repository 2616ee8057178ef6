import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Arn, Place, Revision, partition_of, role_name

HERE = Place("123456789012", "eu-west-1")


@pytest.mark.parametrize("partition", botocore.session.get_session().get_available_partitions())
def test_every_region_that_botocore_knows_is_in_its_partition(partition: str) -> None:
    regions = botocore.session.get_session().get_available_regions("ecs", partition_name=partition)
    assert {partition_of(region) for region in regions} <= {partition}


def test_a_region_that_tells_nothing_is_in_the_ordinary_partition() -> None:
    assert partition_of("") == "aws"


@pytest.mark.parametrize(
    ("region", "arn"),
    [
        ("eu-west-1", "arn:aws:ssm:eu-west-1:123456789012:parameter/a"),
        ("cn-north-1", "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/a"),
    ],
)
def test_an_arn_is_made_in_the_regions_partition(region: str, arn: str) -> None:
    assert Place("123456789012", region).arn("ssm", "parameter/a") == arn


@pytest.mark.parametrize("text", ["", "web", "arn", "arn:aws:ecs", "aws:arn:ecs:eu-west-1:123456789012:cluster/x"])
def test_what_is_no_arn_is_none(text: str) -> None:
    assert Arn.parse(text) is None


def test_colons_beyond_the_fifth_belong_to_the_resource() -> None:
    secret = Arn.parse("arn:aws:secretsmanager:eu-west-1:123456789012:secret:name-AbCdEf:key::")
    assert secret is not None
    assert secret.resource == "secret:name-AbCdEf:key::"
    assert secret.place == HERE


@given(st.text())
def test_an_arn_is_written_as_it_was_read(text: str) -> None:
    for candidate in (text, f"arn:aws:ecs:eu-west-1:123456789012:{text}"):
        arn = Arn.parse(candidate)
        assert arn is None or str(arn) == candidate


@pytest.mark.parametrize(
    ("arn", "family", "number"),
    [
        ("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7", "web", 7),
        ("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1234", "web", 1234),
        ("arn:aws:ecs:eu-west-1:123456789012:task-definition/a_b-C:10", "a_b-C", 10),
    ],
)
def test_a_revision_is_read_from_its_arn(arn: str, family: str, number: int) -> None:
    revision = Revision.parse(arn)
    assert revision == Revision(HERE, family, number)
    assert revision is not None
    assert (revision.arn, str(revision)) == (arn, f"{family}:{number}")


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "web:7",
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/web",
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/:7",
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:",
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:latest",
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:-1",
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:٧",  # noqa: RUF001 - a digit, but not of a revision
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:" + "9" * 5000,
        "arn:aws:ecs:eu-west-1:123456789012:service/prod/web:7",
        "arn:aws:s3:eu-west-1:123456789012:task-definition/web:7",
    ],
)
def test_anything_else_is_no_revision(arn: str) -> None:
    assert Revision.parse(arn) is None


@given(st.text())
def test_any_text_is_a_revision_or_none(text: str) -> None:
    found = Revision.parse(f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{text}")
    assert found is None or found.family


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:iam::123456789012:role/web", "web"),
        ("arn:aws:iam::123456789012:role/path/of/web", "web"),
        ("web", "web"),
    ],
)
def test_a_roles_name_is_without_its_path(arn: str, name: str) -> None:
    assert role_name(arn) == name
