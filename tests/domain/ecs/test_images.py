import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ecs.images import Image, repository_matches
from domain.places import Place

MIRROR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ecr-public/aws-observability/aws-otel-collector"


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest", "name"),
    [
        ("nginx", "nginx", None, None, "nginx"),
        ("nginx:1.27", "nginx", "1.27", None, "nginx"),
        ("amazon/aws-otel-collector:v0.49.0", "amazon/aws-otel-collector", "v0.49.0", None, "aws-otel-collector"),
        ("localhost:5000/web", "localhost:5000/web", None, None, "web"),
        ("localhost:5000/web:1.0.0", "localhost:5000/web", "1.0.0", None, "web"),
        ("web@sha256:abc", "web", None, "sha256:abc", "web"),
        ("localhost:5000/web:latest@sha256:abc", "localhost:5000/web", "latest", "sha256:abc", "web"),
        ("web:", "web", None, None, "web"),
        ("web@", "web", None, None, "web"),
        ("", "", None, None, ""),
        ("<IMAGE1_NAME>", "<IMAGE1_NAME>", None, None, "<IMAGE1_NAME>"),
        (f"{MIRROR}:v0.49.0", MIRROR, "v0.49.0", None, "aws-otel-collector"),
        (
            "amazon/aws-otel-collector-sample-app:v1",
            "amazon/aws-otel-collector-sample-app",
            "v1",
            None,
            "aws-otel-collector-sample-app",
        ),
    ],
)
def test_an_image_is_read_in_its_parts(
    text: str, repository: str, tag: str | None, digest: str | None, name: str
) -> None:
    image = Image.parse(text)
    assert (image.repository, image.tag, image.digest, image.name) == (repository, tag, digest, name)


@pytest.mark.parametrize(
    ("text", "place", "repository"),
    [
        (
            f"{MIRROR}:v0.49.0",
            Place("123456789012", "eu-west-1"),
            "ecr-public/aws-observability/aws-otel-collector",
        ),
        (
            "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/web",
            Place("123456789012", "us-gov-west-1"),
            "web",
        ),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/web", Place("123456789012", "cn-north-1"), "web"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws/team/web", Place("123456789012", "eu-west-1"), "team/web"),
        ("public.ecr.aws/aws-observability/aws-otel-collector", None, None),
        ("amazon/aws-otel-collector", None, None),
        ("12345.dkr.ecr.eu-west-1.amazonaws.com/web", None, None),
        ("x/123456789012.dkr.ecr.eu-west-1.amazonaws.com/web", None, None),
    ],
)
def test_a_private_registry_tells_its_account_and_region(
    text: str, place: Place | None, repository: str | None
) -> None:
    image = Image.parse(text)
    assert (image.private_place, image.private_repository) == (place, repository)


@given(st.text())
def test_any_text_is_read_and_what_is_read_is_written_so_that_it_reads_the_same(text: str) -> None:
    image = Image.parse(text)
    assert Image.parse(str(image)) == image


@pytest.mark.parametrize(
    ("repository", "pattern", "wanted"),
    [
        ("public.ecr.aws/aws-observability/aws-otel-collector", "public.ecr.aws/aws-observability/*", True),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/web", "*.dkr.ecr.*.amazonaws.com/*", True),
        ("evil.io/x.dkr.ecr.y.amazonaws.com/web", "*.dkr.ecr.*.amazonaws.com/*", False),
        ("amazon/aws-otel-collector", "docker.io/amazon/aws-otel-collector", True),
        ("docker.io/amazon/aws-otel-collector", "amazon/aws-otel-collector", True),
        ("ghcr.io/acme/collector", "*/acme/collector", True),
        ("ghcr.io/acme/collector", "*", True),
        ("ghcr.io/acme/collector", "collector", False),
    ],
)
def test_a_registry_and_a_path_are_matched_apart(repository: str, pattern: str, *, wanted: bool) -> None:
    assert repository_matches(repository, (pattern,)) is wanted
