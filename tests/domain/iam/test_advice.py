"""The table of actions, the statement to add, and the grants that are too wide."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.iam import (
    ACTION_RESOURCES,
    AccessRequest,
    Decision,
    Policy,
    decide,
    decide_any,
    minimal_statement,
    resources_for,
    wildcard_actions,
)
from domain.places import partition_of
from tests.profiles import examples

HERE = {"region": "eu-west-1", "account": "111122223333"}
ORDERS = "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/orders"


@pytest.mark.parametrize(
    ("action", "parts", "expected"),
    [
        # Truth: the Service Authorization Reference, and AWS's own "not authorized … on resource" errors.
        ("ecr:GetAuthorizationToken", {}, ("*",)),
        ("ecr:BatchGetImage", {"repository": "a/b"}, ("arn:aws:ecr:eu-west-1:111122223333:repository/a/b",)),
        ("logs:CreateLogGroup", {"log_group": "/ecs/orders"}, (f"{ORDERS}:log-stream:", ORDERS)),
        ("logs:PutRetentionPolicy", {"log_group": "/ecs/orders"}, (f"{ORDERS}:log-stream:", ORDERS)),
        ("logs:CreateLogStream", {"log_group": "/ecs/orders"}, (f"{ORDERS}:log-stream:*",)),
        ("logs:PutLogEvents", {"log_group": "/ecs/orders", "log_stream": "a"}, (f"{ORDERS}:log-stream:a",)),
        ("ssm:GetParameters", {"parameter": "/a/b"}, ("arn:aws:ssm:eu-west-1:111122223333:parameter/a/b",)),
        ("ssm:GetParameters", {"parameter": "a"}, ("arn:aws:ssm:eu-west-1:111122223333:parameter/a",)),
        (
            "secretsmanager:GetSecretValue",
            {"secret": "db"},
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-??????",),
        ),
        ("secretsmanager:GetSecretValue", {"arn": "arn:x"}, ("arn:x",)),
        ("kms:Decrypt", {"key": "1-2"}, ("arn:aws:kms:eu-west-1:111122223333:key/1-2",)),
        ("aps:RemoteWrite", {"workspace": "ws-1"}, ("arn:aws:aps:eu-west-1:111122223333:workspace/ws-1",)),
        ("xray:PutTraceSegments", {}, ("*",)),
        ("ec2:DescribeInstances", {}, ("*",)),
        ("ecs:ListTasks", {"cluster": "c"}, ("arn:aws:ecs:eu-west-1:111122223333:container-instance/c/*", "*")),
        ("ecs:ListServices", {}, ("*",)),
        ("ecs:DescribeTaskDefinition", {}, ("*",)),
        ("ecs:DescribeTasks", {"cluster": "c"}, ("arn:aws:ecs:eu-west-1:111122223333:task/c/*",)),
        ("ecs:DescribeServices", {"cluster": "c"}, ("arn:aws:ecs:eu-west-1:111122223333:service/c/*",)),
        (
            "ecs:DescribeContainerInstances",
            {"cluster": "c"},
            ("arn:aws:ecs:eu-west-1:111122223333:container-instance/c/*",),
        ),
        ("sts:AssumeRole", {"role": "a/b"}, ("arn:aws:iam::111122223333:role/a/b",)),
        ("s3:GetObject", {"bucket": "b", "key": "k/l"}, ("arn:aws:s3:::b/k/l",)),
        ("kafka-cluster:Connect", {"cluster": "c"}, ("arn:aws:kafka:eu-west-1:111122223333:cluster/c/*",)),
        (
            "kafka-cluster:WriteData",
            {"cluster": "c", "uuid": "u", "topic": "t"},
            ("arn:aws:kafka:eu-west-1:111122223333:topic/c/u/t",),
        ),
        (
            "kafka-cluster:DescribeTopic",
            {"cluster": "c", "topic": "t"},
            ("arn:aws:kafka:eu-west-1:111122223333:topic/c/*/t",),
        ),
    ],
)
def test_the_resource_of_each_action(action: str, parts: dict[str, str], expected: tuple[str, ...]) -> None:
    assert resources_for(action, **HERE, **parts) == expected


def test_the_table_holds_every_action_that_tasks_need() -> None:
    """Truth: the project's facts on what each part of the collector, and the start of a task, calls."""
    needed = [
        "logs:PutLogEvents",
        "logs:CreateLogStream",
        "logs:CreateLogGroup",
        "logs:PutRetentionPolicy",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:GetSamplingStatisticSummaries",
        "aps:RemoteWrite",
        "ecs:ListTasks",
        "ecs:DescribeTasks",
        "ecs:ListServices",
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeContainerInstances",
        "ec2:DescribeInstances",
        "sts:AssumeRole",
        "kafka-cluster:Connect",
        "kafka-cluster:WriteData",
        "kafka-cluster:DescribeTopic",
        "s3:GetObject",
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
        "ssm:GetParameters",
        "secretsmanager:GetSecretValue",
        "kms:Decrypt",
    ]
    assert set(needed) <= set(ACTION_RESOURCES)


@pytest.mark.parametrize("action", sorted(ACTION_RESOURCES))
def test_every_form_is_an_arn_or_everything(action: str) -> None:
    fields = {name for form in ACTION_RESOURCES[action] for name in re.findall(r"{(\w+)}", form)}
    parts = dict.fromkeys(fields - {"partition", "region", "account"}, "x")
    for resource in resources_for(action, **HERE, **parts):
        assert resource == "*" or re.fullmatch(r"arn:aws:[a-z0-9-]+:(eu-west-1)?:(111122223333)?:[^{}]+", resource)


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_the_partition_follows_the_region(region: str, partition: str) -> None:
    assert partition_of(region) == partition
    assert resources_for("kms:Decrypt", region=region, account="1", key="k") == (
        f"arn:{partition}:kms:{region}:1:key/k",
    )


def test_an_action_that_the_table_lacks_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no cloudwatch:PutMetricData"):
        resources_for("cloudwatch:PutMetricData", **HERE)


def test_a_missing_part_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="'log_group' was not given"):
        resources_for("logs:CreateLogGroup", **HERE)


@pytest.mark.parametrize("resource", [f"{ORDERS}:*", ORDERS, "*", f"{ORDERS}*", "arn:aws:logs:*:*:*"])
def test_to_create_a_log_group_any_usual_way_of_writing_it_is_enough(resource: str) -> None:
    document = {"Statement": {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": resource}}
    asked = resources_for("logs:CreateLogGroup", **HERE, log_group="/ecs/orders")
    assert decide_any([Policy.parse(document, "P")], "logs:CreateLogGroup", asked).decision is Decision.ALLOWED


def test_the_statement_to_add_is_grouped_by_service_and_resources_in_a_stable_order() -> None:
    streams = f"{ORDERS}:log-stream:*"
    missing = [
        ("xray:PutTraceSegments", "*"),
        ("logs:PutLogEvents", streams),
        ("logs:CreateLogStream", streams),
        ("logs:CreateLogStream", f"{ORDERS}:log-stream:a"),
        ("logs:CreateLogGroup", ORDERS),
        ("kafka-cluster:Connect", "arn:b"),
        ("kafka-cluster:Connect", "arn:a"),
        ("logs:PutLogEvents", streams),
        ("ecr:BatchGetImage", "arn:repo"),
        ("ecr:BatchGetImage", "*"),
    ]
    expected = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "AllowEcr", "Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": "*"},
            {
                "Sid": "AllowKafkaCluster",
                "Effect": "Allow",
                "Action": "kafka-cluster:Connect",
                "Resource": ["arn:a", "arn:b"],
            },
            {"Sid": "AllowLogsPart1", "Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": ORDERS},
            {
                "Sid": "AllowLogsPart2",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": streams,
            },
            {"Sid": "AllowXray", "Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"},
        ],
    }
    assert minimal_statement(missing) == expected
    assert minimal_statement(reversed(missing)) == expected


def test_nothing_missing_needs_no_statement() -> None:
    assert minimal_statement([])["Statement"] == []


@pytest.mark.parametrize("service", ["s3", "ec2"])
def test_a_sid_is_of_letters_and_digits_and_stands_once(service: str) -> None:
    document = minimal_statement([(f"{service}:A", "arn:a"), (f"{service}:B", "arn:b"), (f"{service}:C", "arn:c")])
    assert isinstance(document["Statement"], list)
    sids = [each["Sid"] for each in document["Statement"]]
    assert len(set(sids)) == 3
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)


@examples(300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt"]),
            st.sampled_from(["*", "arn:a", "arn:a*", "arn:ab", "arn:?b", "arn:${x}", "arn:b-??????"]),
        )
    )
)
def test_the_statement_to_add_allows_what_was_missing(missing: list[tuple[str, str]]) -> None:
    policy = Policy.parse(minimal_statement(missing), "to add")
    for action, resource in missing:
        assert decide([policy], AccessRequest(action, resource)).decision is Decision.ALLOWED


@examples(200)
@given(
    st.lists(
        st.tuples(st.sampled_from(["s3:GetObject", "kms:Decrypt"]), st.sampled_from(["arn:a", "arn:b", "arn:c*"])),
        unique=True,
    )
)
def test_the_statement_to_add_allows_nothing_else(missing: list[tuple[str, str]]) -> None:
    policy = Policy.parse(minimal_statement(missing), "to add")
    for action in ("s3:GetObject", "kms:Decrypt", "s3:PutObject"):
        for resource in ("arn:a", "arn:b", "arn:c*", "arn:d"):
            allowed = decide([policy], AccessRequest(action, resource)).decision is Decision.ALLOWED
            assert allowed is ((action, resource) in missing)


@pytest.mark.parametrize(
    ("statement", "actions", "all_but"),
    [
        ({"Action": "*"}, ("*",), False),
        ({"Action": ["s3:GetObject", "logs:*", "S3:**"]}, ("logs:*", "S3:**"), False),
        ({"Action": "*:*"}, ("*:*",), False),
        ({"Action": ["s3:Get*", "logs:?*"]}, None, False),
        ({"NotAction": ["iam:*", "s3:GetObject"]}, ("iam:*", "s3:GetObject"), True),
        ({"Action": "s3:*", "Effect": "Deny"}, None, False),
        ({"NotAction": "s3:GetObject", "Effect": "Deny"}, None, False),
    ],
)
def test_grants_of_every_action(
    statement: dict[str, object], actions: tuple[str, ...] | None, *, all_but: bool
) -> None:
    document = {"Statement": [{"Effect": "Allow", "Resource": "*", **statement}]}
    grants = wildcard_actions(Policy.parse(document, "P"))
    assert [(grant.actions, grant.all_but) for grant in grants] == ([] if actions is None else [(actions, all_but)])
    assert all(str(grant.statement) == "statement 1 of P" for grant in grants)
