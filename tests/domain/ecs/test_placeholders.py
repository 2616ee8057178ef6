import pytest

from domain.ecs.placeholders import placeholder


@pytest.mark.parametrize(
    "text",
    ["${TAG}", "$TAG", "{{tag}}", "{tag}", "<TAG>", "%TAG%", "arn:aws:iam::<ACCOUNT>:role/web", "http://%HOST_NAME%:4317",
     "${TAG:-v0.49.0", "-v0.49.0}"],
)  # fmt: skip
def test_a_template_s_placeholder_is_enabled_wherever_it_stands(text: str) -> None:
    assert placeholder(text)


@pytest.mark.parametrize(
    "text", ["", "v0.49.0", "web-execution", "512", "http://a:p%40ss%21@host/v1%2Ftraces", "http://[fe80::1%eth0]:4317"]
)
def test_what_is_filled_in_is_none(text: str) -> None:
    assert not placeholder(text)
