"""The IAM policies of `outrider doctor` and `outrider scan`, which only read.

Tests compare them with the calls that are made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.places import partition_of


@dataclass(frozen=True, slots=True)
class Allowed:
    """One statement: its Sid, and its actions and resources, in which names in capitals are for people to fill in."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]


READ_ONLY = (
    Allowed(
        "ReadTheStack",
        ("cloudformation:DescribeStacks", "cloudformation:ListStackResources"),
        ("arn:aws:cloudformation:REGION:ACCOUNT:stack/STACK/*",),
    ),
    # CloudTrail takes no resource to list trails, nor CloudWatch to read metrics.
    Allowed("ListTrailsAndReadMetrics", ("cloudtrail:DescribeTrails", "cloudwatch:GetMetricData"), ("*",)),
    Allowed(  # those of an organisation are in another account
        "ReadTrails",
        ("cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"),
        ("arn:aws:cloudtrail:*:*:trail/*",),
    ),
    Allowed("ReadTheHub", ("securityhub:DescribeHub",), ("arn:aws:securityhub:REGION:ACCOUNT:hub/default",)),
    Allowed("ReadEventRules", ("events:DescribeRule",), ("arn:aws:events:REGION:ACCOUNT:rule/STACK-*",)),
    Allowed("CountMessages", ("sqs:GetQueueAttributes",), ("arn:aws:sqs:REGION:ACCOUNT:STACK-*",)),
    Allowed("ReadRoles", ("iam:GetRole",), ("arn:aws:iam::ACCOUNT:role/STACK-*",)),
    Allowed("ListSubscriptions", ("sns:ListSubscriptionsByTopic",), ("arn:aws:sns:REGION:ACCOUNT:STACK-*",)),
    Allowed("ReadTheLedger", ("dynamodb:GetItem",), ("arn:aws:dynamodb:REGION:ACCOUNT:table/STACK-*",)),
    Allowed(
        "ReadSwitchAndStandard",
        ("ssm:GetParameter",),
        (
            "arn:aws:ssm:REGION:ACCOUNT:parameter/outrider/corrections/STACK",
            "arn:aws:ssm:REGION:ACCOUNT:parameter/STANDARD",
        ),
    ),
    Allowed("ReadStandardInS3", ("s3:GetObject",), ("arn:aws:s3:::BUCKET/KEY",)),
    Allowed("SeeTheWebhook", ("ssm:DescribeParameters",), ("arn:aws:ssm:REGION:ACCOUNT:*",)),
    Allowed(
        "SeeTheSecret", ("secretsmanager:DescribeSecret",), ("arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET-*",)
    ),
)

SCAN = (
    # ECS takes no resource to list clusters, families and services, nor to describe a task definition.
    Allowed(
        "ReadEcs",
        (
            "ecs:ListClusters", "ecs:ListServices", "ecs:ListTaskDefinitionFamilies", "ecs:ListTasks",
            "ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:DescribeTasks",
        ),
        ("*",),
    ),
    Allowed("ListLogGroups", ("logs:DescribeLogGroups",), ("*",)),
    Allowed("ReadConfigurations", ("ssm:GetParameters",), ("arn:aws:ssm:*:*:parameter/*",)),
    Allowed("SeeKeysOfParameters", ("ssm:DescribeParameters",), ("*",)),
    Allowed(
        "ReadRoles",
        (
            "iam:GetAccountAuthorizationDetails", "iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion",
        ),
        ("*",),
    ),
)  # fmt: skip
"""Add kms:Decrypt for the keys of parameters that are SecureStrings, and sts:AssumeRole for --role-name."""


def policy_of(allowed: Sequence[Allowed], stack: str, region: str) -> dict[str, object]:
    """Return the policy as IAM takes it, for a stack and a region."""

    def filled(resource: str) -> str:
        named = resource.replace("arn:aws:", f"arn:{partition_of(region)}:")
        return named.replace("STACK", stack).replace("REGION", region or "REGION")

    statements = [
        {
            "Sid": each.sid,
            "Effect": "Allow",
            "Action": _one_or_all(each.actions),
            "Resource": _one_or_all([filled(resource) for resource in each.resources]),
        }
        for each in allowed
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _one_or_all(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
