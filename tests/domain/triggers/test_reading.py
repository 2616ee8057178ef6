"""What messages say to look at; the sample events go the whole way in tests/test_events.py."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Place
from domain.triggers.actor import Actor
from domain.triggers.reading import TriggerUnreadable, read
from domain.triggers.trigger import ServiceTrigger, TaskDefinitionTrigger

ACCOUNT, REGION = "123456789012", "eu-west-1"
BASE = {"account": ACCOUNT, "region": REGION}


def of_rule(kind: str, **members: Any) -> str:
    return json.dumps({"kind": kind} | {name: [value] for name, value in (BASE | members).items()})


def trigger(kind: str, **members: Any) -> Any:
    """As an event rule sends it."""
    return read(of_rule(kind, **members))


@pytest.mark.parametrize(
    ("service", "cluster", "title"),
    [
        (f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/shop/web", "", "shop/web"),
        (f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/web", f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop", "shop/web"),
        (f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/web", "", "default/web"),
        ("web", "shop", "shop/web"),
        ("web", "", "default/web"),
        ("service:web", f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop", "shop/web"),
    ],
)
def test_a_service_is_named_by_its_cluster_and_name_however_it_came(service: str, cluster: str, title: str) -> None:
    found = trigger(kind="service", service=service, cluster=cluster)
    assert isinstance(found, ServiceTrigger)
    assert found.title == title


@pytest.mark.parametrize(
    ("members", "family"),
    [
        ({"arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:12", "family": ""}, "web"),
        ({"arn": "", "family": "web"}, "web"),
        ({"family": "web:12"}, "web"),
        ({"family": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:12"}, "web"),
    ],
)
def test_a_family_is_named_by_arn_or_by_name_and_revision(members: dict[str, str], family: str) -> None:
    found = trigger(kind="task-definition", **members)
    assert isinstance(found, TaskDefinitionTrigger)
    assert found.subject_name == family


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "cn-north-1", "ap-southeast-5", "us-isob-east-1"])
def test_every_region_is_read(region: str) -> None:
    assert trigger(kind="parameter", name="/a", region=region).place == Place(ACCOUNT, region)


@pytest.mark.parametrize(
    ("arn", "agent", "name", "tool"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci", "HashiCorp Terraform/1.9", "deployer/ci", "Terraform"),
        (f"arn:aws:iam::{ACCOUNT}:user/ada", "signin.amazonaws.com", "ada", "the console"),
        (f"arn:aws:iam::{ACCOUNT}:root", "", "root", ""),
        ("", "cloudformation.amazonaws.com", "unknown", "CloudFormation"),
        ("", "aws-cli/2.32.3", "unknown", "the AWS CLI"),
    ],
)
def test_who_it_was(arn: str, agent: str, name: str, tool: str) -> None:
    actor = trigger(kind="parameter", name="/a", identity={"arn": arn}, agent=agent).actor
    assert (actor.name, actor.tool) == (name, tool)


def test_of_an_identity_only_the_name_is_kept() -> None:
    identity = {"arn": "arn:x", "accessKeyId": "AKIAC4NARY", "sessionContext": {"a": "c4nary"}, "invokedBy": "me"}
    found = trigger(kind="parameter", name="/a", identity=identity)
    assert found.actor == Actor("arn:x", "me")
    assert "c4nary" not in repr(found.model_dump()).lower()


@pytest.mark.parametrize(
    ("time", "when"),
    [
        ("2026-11-23T12:00:00Z", datetime(2026, 11, 23, 12, tzinfo=UTC)),
        ("2026-11-23T12:00:00", datetime(2026, 11, 23, 12, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
    ],
)
def test_a_time_is_utc_or_none(time: str, when: datetime | None) -> None:
    assert trigger(kind="parameter", name="/a", time=time).when == when


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "not JSON"),
        ("c4nary", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"identity": , "kind": "role"}', "not JSON"),
        ("[]", "no object"),
        ("{}", "kind"),
        ('{"kind": "c4nary"}', "kind"),
        (of_rule("service", service=""), "service"),
        (of_rule("parameter"), "name"),
        (of_rule("parameter", name="/a", account="c4nary"), "account"),
        (of_rule("parameter", name="/a", region="c4nary"), "region"),
        (of_rule("parameter", name="/c4nary/$x"), "no parameter of AWS"),
        (of_rule("parameter", name="/a", c4nary="x"), "an unknown key"),
        (of_rule("task-definition", arn="", family=""), "no task-definition of AWS"),
        (of_rule("run-task", platform="1.3.0"), "no run-task of AWS"),
        (of_rule("deleted-task-definitions", names=[]), "no deleted-task-definitions of AWS"),
        (of_rule("deleted-task-definitions", names=""), "names"),
        (json.dumps(BASE | {"kind": "task-definition", "arn": "c4nary"}), "kind"),
    ],
)
def test_what_is_no_trigger_is_refused_by_its_fields_without_showing_it(body: str, said: str) -> None:
    with pytest.raises(TriggerUnreadable, match=said) as caught:
        read(body)
    assert "c4nary" not in str(caught.value)
    assert caught.value.__cause__ is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["aws.ecs", "service", ACCOUNT]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["kind", "source", "detail", "detail-type", "account", "region", "service", "resources", "eventName", "time",
         "eventSource", "requestParameters", "responseElements", "userIdentity", "errorCode", "name", "group"]),
        inner, max_size=6),
    max_leaves=12,
)  # fmt: skip
messages = st.builds(
    lambda kind, content: {"kind": kind, "account": [ACCOUNT], "region": [REGION]} | content,
    st.sampled_from(["task-definition", "deleted-task-definitions", "run-task", "service", "parameter", "role"]),
    st.dictionaries(st.sampled_from(["arn", "family", "service", "cluster", "name", "names", "role", "policy", "time"]),
                    st.lists(anything, max_size=2)),
)  # fmt: skip


@given(anything | messages)
def test_any_json_is_a_trigger_ignored_or_refused(content: Any) -> None:
    with suppress(TriggerUnreadable):
        assert read(json.dumps(content)) is not None
